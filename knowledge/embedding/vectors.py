"""The phrasings of the content as vectors, kept from one start to the next."""

import hashlib
import os
import secrets
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from knowledge import outside
from knowledge.embedding import NEAREST, NOBODY, Embedding, Floats, Near
from knowledge.entries import Entry

_AS_NEAR = 0.8
"""Cosine from which what nobody answers is something that this content speaks of."""
_TOGETHER = 128
"""Texts that are embedded before progress is told."""

Progress = Callable[[int, int], None]
"""How many are done, of how many."""


def quietly(_done: int, _of: int) -> None:
    """A `Progress` for whoever does not care."""


@dataclass(frozen=True, slots=True)
class Phrasing:
    id: str
    """Of the form `entry#language#number`; number 0 is the question itself. `NOBODY` in place of
    the entry: what no entry answers."""
    text: str


def phrasings(entries: Iterable[Entry]) -> Iterator[Phrasing]:
    for entry in entries:
        for language, wording in entry.wordings.items():
            for number, text in enumerate(wording.asked):
                yield Phrasing(f"{entry.id}#{language}#{number}", text)


def compared(entries: Iterable[Entry]) -> Iterator[Phrasing]:
    """All that a question may be near to: the phrasings, and what nobody answers."""
    yield from phrasings(entries)
    for language in outside.LANGUAGES:
        for number, text in enumerate(outside.strangers(language)):
            yield Phrasing(f"{NOBODY}#{language}#{number}", text)


def own(ids: Sequence[str], rows: Floats) -> frozenset[str]:
    """Of what nobody answers, what this content does: as near to a phrasing as those of one entry
    are to one another."""
    foreign = np.array([name.startswith(f"{NOBODY}#") for name in ids], dtype=np.bool_)
    if not foreign.any() or foreign.all():
        return frozenset()
    nearest = (rows[foreign] @ rows[~foreign].T).max(axis=1)
    places = np.flatnonzero(foreign)[nearest >= _AS_NEAR]
    return frozenset(ids[place] for place in places.tolist())


def mark(text: str, embedding: str) -> str:
    """Which text, and of which embedding, a vector is of."""
    return hashlib.blake2b(f"{embedding}\n{text}".encode(), digest_size=12).hexdigest()


@dataclass(frozen=True, slots=True)
class Vectors:
    embedding: str
    """Its name."""
    ids: tuple[str, ...]
    """Of the phrasings."""
    marks: tuple[str, ...]
    """Of their texts, in the same order."""
    rows: Floats = field(repr=False)
    """Phrasings x dimensions, each of length 1, in the same order."""

    @property
    def size(self) -> int:
        return int(self.rows.shape[1])

    @classmethod
    async def of(
        cls,
        asked: Iterable[Phrasing],
        embedding: Embedding,
        *,
        known: "Vectors | None" = None,
        tell: Progress = quietly,
    ) -> "Vectors":
        """`known`: earlier ones; a text that they hold is not embedded again. Raises Fault."""
        texts = {phrasing.id: phrasing.text for phrasing in asked}
        marks = {name: mark(text, embedding.name) for name, text in texts.items()}
        made = dict(zip(known.marks, known.rows, strict=True)) if known is not None else {}
        new = {marks[name]: text for name, text in texts.items() if marks[name] not in made}
        for first in range(0, len(new), _TOGETHER):
            some = list(new)[first : first + _TOGETHER]
            rows = await embedding.embed([new[name] for name in some])
            made.update(zip(some, rows, strict=True))
            tell(first + len(some), len(new))
        rows = np.empty((len(texts), embedding.size), dtype=np.float32)
        for row, name in enumerate(marks.values()):
            rows[row] = made[name]
        return cls(embedding.name, tuple(texts), tuple(marks.values()), rows)

    def near(self, vector: Floats, k: int = NEAREST) -> Near:
        """The k nearest, nearest first. `vector` is of length 1."""
        cosines = np.vecdot(self.rows, vector)  # in this thread: BLAS may wait for a busy core
        best = np.arange(len(cosines))
        if k < len(cosines):
            best = np.argpartition(-cosines, k - 1)[:k]
        order = best[np.argsort(-cosines[best], kind="stable")]
        return {self.ids[number]: float(cosines[number]) for number in order}

    def save(self, path: Path) -> None:
        """Whole or not at all, whoever reads meanwhile. Raises OSError."""
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
        try:
            with beside.open("xb") as file:
                np.savez(
                    file,
                    embedding=np.array(self.embedding),
                    ids=np.array(self.ids, dtype=np.str_),
                    marks=np.array(self.marks, dtype=np.str_),
                    rows=self.rows,
                )
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise

    @classmethod
    def load(cls, path: Path) -> "Vectors | None":
        """None where there are none, or the file is damaged: they can be made anew."""
        try:
            with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
                found = cls(
                    embedding=str(file["embedding"]),
                    ids=tuple(file["ids"].tolist()),
                    marks=tuple(file["marks"].tolist()),
                    rows=file["rows"],
                )
        except (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile):
            return None
        return found if found._whole() else None

    def _whole(self) -> bool:
        return (
            self.rows.ndim == 2  # noqa: PLR2004
            and self.rows.dtype == np.float32
            and len(self.ids) == len(self.marks) == len(self.rows)
            and bool(np.isfinite(self.rows).all())
        )
