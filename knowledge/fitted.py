"""What was fitted to one very content: kept beside the index, valid for that content only."""

import hashlib
import os
import secrets
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from knowledge.calibration import Bounds
from knowledge.confidence import Signals
from knowledge.cosine import Floats
from knowledge.entries import Entry
from knowledge.kept import Kept
from knowledge.linear import Linear, packed, unpacked

ENGINE = 5
"""Of features, signals and trees: what was fitted to others is worth nothing."""
SHIPPED_FIT = Path(__file__).parent / "trees" / "content.npz"
"""`python -m knowledge.fitting --near --out knowledge/trees/content.npz`, after each change of
the shipped content."""


WORDS, NEAR = 0, 1
"""Kinds of trees: by words alone, and with vectors."""
SHIPPED = (
    "1", "odds", "either odds", "share", "alike", "topic", "margin", "strange", "manner", "near",
    "around", "learned", "leads", "well ahead", "behind", "learned and share",
    "clear", "not clear", "differing",
)  # fmt: skip
"""What a fitted curve weighs; alone, the second leaves the shipped odds as they are."""


_CLEAREST = 0.3
"""Cosine of which more or less says no more."""


@dataclass(frozen=True, slots=True)
class Fit:
    """For callers of one language."""

    linear: Linear | None
    learned: tuple[float, float]
    """What the linear model counts in the ranking: by words, and with vectors."""
    curves: Mapping[int, Floats] = field(repr=False)
    """Weights of `weighed`, by the kind of trees that they go on from."""
    bounds: Mapping[int, Bounds] = field(repr=False)
    """The same: within which the confidence lies."""
    departments: frozenset[str] = frozenset()
    """Those of whose phrasings enough were held out."""

    def odds(self, signals: Signals, odds: float, kind: int) -> float:
        """`odds`: as the shipped trees tell."""
        curve = self.curves.get(kind)
        return odds if curve is None else float(curve @ weighed(signals, odds))


def weighed(signals: Signals, odds: float) -> Floats:
    """What a fitted curve weighs: the shipped odds, and what is new in this content."""
    inside = max(-6.0, min(6.0, odds))
    learned, leads = max(-2.0, min(1.5, signals.learned)), max(-1.0, min(1.5, signals.leads))
    return np.array(
        (
            1.0,
            inside,
            abs(inside),
            signals.share,
            signals.alike,
            signals.topic,
            signals.margin,
            signals.strange,
            signals.manner,
            signals.near,
            signals.around,
            learned,
            leads,
            max(leads, 0.0) ** 0.5,
            min(leads, 0.0),
            learned * signals.share,
            max(-_CLEAREST, min(_CLEAREST, signals.clear)),
            min(signals.clear, 0.0),
            signals.differing,
        ),
        dtype=np.float32,
    )


@dataclass(frozen=True, slots=True)
class Fitted:
    content: str
    """The hash of the entries."""
    fits: Mapping[str, Fit]
    """By language."""
    engine: int = ENGINE
    whole: bool = True
    """Whether each phrasing was held out, not only some: nobody waited for it."""

    def of(self, entries: Sequence[Entry]) -> "Fitted | None":
        """Itself if it was fitted to these."""
        return self if self.engine == ENGINE and self.content == content_hash(entries) else None

    @property
    def near(self) -> bool:
        """Whether it was fitted with vectors too."""
        return all(NEAR in fit.curves for fit in self.fits.values())

    def save(self, path: Path) -> None:
        """Whole or not at all. Raises OSError."""
        arrays: dict[str, NDArray[Any]] = {}
        fits: dict[str, Any] = {}
        for language, fit in self.fits.items():
            fits[language] = {
                "learned": fit.learned,
                "curves": {str(kind): curve.tolist() for kind, curve in fit.curves.items()},
                "bounds": {
                    str(kind): [of.edges, of.least, of.most] for kind, of in fit.bounds.items()
                },
                "departments": sorted(fit.departments),
            }
            if fit.linear is not None:
                for name, weights in (
                    ("letters", fit.linear.letters),
                    ("manner", fit.linear.manner),
                ):
                    of = f"{language}.{name}"
                    arrays[of], arrays[f"{of}.worth"] = packed(weights)
                arrays[f"{language}.bias"] = fit.linear.bias
        told = {"content": self.content, "engine": self.engine, "whole": self.whole, "fits": fits}
        arrays["told"] = np.frombuffer(orjson.dumps(told), dtype=np.uint8)
        path.parent.mkdir(parents=True, exist_ok=True)
        made = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            with made.open("wb") as file:
                np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
                file.flush()
                os.fsync(file.fileno())
            made.replace(path)
        finally:
            made.unlink(missing_ok=True)

    @classmethod
    def load(cls, path: Path) -> "Fitted | None":
        """None where there is none, or none that this engine made."""
        try:
            with np.load(path, allow_pickle=False) as file:
                told = orjson.loads(file["told"].tobytes())
                if told["engine"] != ENGINE:
                    return None
                return cls(
                    told["content"],
                    {language: _fit(language, one, file) for language, one in told["fits"].items()},
                    whole=told.get("whole", True),
                )
        except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile):
            return None


def fitted_to(entries: Sequence[Entry], file: Path) -> Fitted | None:
    """What was fitted to these entries: in `file` by `kb sync`, else what comes with the product
    for the content that comes with it."""
    for place in (file, SHIPPED_FIT):
        fitted = Fitted.load(place)
        if fitted is not None and (found := fitted.of(entries)) is not None:
            return found
    return None


def _fit(language: str, told: dict[str, Any], file: "np.lib.npyio.NpzFile") -> Fit:
    linear = None
    if f"{language}.bias" in file:
        letters, manner = (
            unpacked(file[f"{language}.{of}"], file[f"{language}.{of}.worth"])
            for of in ("letters", "manner")
        )
        linear = Linear(letters.astype(np.float16), manner, file[f"{language}.bias"])
    return Fit(
        linear=linear,
        learned=tuple(told["learned"]),
        curves={int(kind): np.array(curve, np.float32) for kind, curve in told["curves"].items()},
        bounds={int(kind): Bounds(*map(tuple, of)) for kind, of in told["bounds"].items()},
        departments=frozenset(told["departments"]),
    )


def fittable(entries: Sequence[Entry]) -> list[str]:
    """The languages in which there are entries to tell apart."""
    told = Counter(language for entry in entries for language in entry.wordings)
    return sorted(language for language, count in told.items() if count > 1)


@cache
def _lexicons() -> bytes:
    """What words are read by: a word that is read in another way is another feature."""
    files = sorted((Path(__file__).parent / "lexicon").glob("*.yaml"))
    lines = (line.strip() for file in files for line in file.read_bytes().splitlines())
    return b"\n".join(line for line in lines if not line.startswith(b"#"))


def content_hash(entries: Sequence[Entry]) -> str:
    """Of all that an index is made of, and fitted to."""
    digest = hashlib.blake2b(_lexicons(), digest_size=12)
    for entry in entries:
        wordings = sorted(
            (language, wording.question, wording.phrasings, wording.answer, wording.callers)
            for language, wording in entry.wordings.items()
        )
        digest.update(repr((entry.id, entry.department, wordings, entry.body)).encode())
    return digest.hexdigest()


def fitted_file(place: Path, folder: Path | None) -> Path:
    """Where in DATA_DIR lies what was fitted to a folder."""
    of = str(folder.resolve()) if folder is not None else "shipped"
    return place / "index" / f"{Kept.key(of, 'fitted')[:16]}.npz"
