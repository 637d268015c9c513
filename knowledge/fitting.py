"""Fits a content's confidence to its own phrasings: `python -m knowledge.fitting`, a child process.

Each phrasing is asked once of an index that knows neither it nor its twins: as it is written and as
a recogniser might mishear it; and with them what no entry answers. scikit-learn takes seconds and
160 MB to load, which no worker has to spare.
"""

import asyncio
import os
import random
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import orjson

from knowledge import edition
from knowledge.answers import Answer, Question
from knowledge.calibration import Bounds
from knowledge.confidence import VERBATIM
from knowledge.embedding import Floats
from knowledge.embedding.vectors import Vectors, mark, phrasings
from knowledge.entries import Entry
from knowledge.evaluation import Case, strangers
from knowledge.fitted import Curve, Fitted, log_odds
from knowledge.index import Index
from knowledge.kept import Kept
from knowledge.noise import Noise
from knowledge.shelf import still
from knowledge.twins import splits

PARTS = 5
"""Of the phrasings; each is held out once."""
MISHEARD = 0.1
"""Share of the words that a recogniser gets wrong, in the noised copies."""
OUTSIDE = 0.15
"""Share of what is asked that no entry answers."""
SHY = 60
"""Held-out questions that the shipped confidence counts for: few change it little."""
LONGEST = 900.0
"""Seconds for a fit."""
_SEED = 20261121


class Unfitted(Exception):
    """The text says why; the shipped confidence goes on."""


@dataclass(frozen=True, slots=True)
class Job:
    """What the child is told, as JSON on its standard input."""

    folder: str
    """"" for the shipped content."""
    place: str
    """DATA_DIR."""
    languages: tuple[str, ...]
    vectors: str
    """File of the vectors; "" for none."""
    out: str


@dataclass(frozen=True, slots=True)
class Seen:
    confidence: float
    right: bool


async def fit(job: Job) -> None:
    """In a child, with all else before it. Raises Unfitted."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "knowledge.fitting"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(LONGEST):
            _, told = await process.communicate(orjson.dumps(job))
    except TimeoutError as error:
        raise Unfitted(f"took longer than {LONGEST:.0f} s") from error
    finally:
        with suppress(ProcessLookupError):
            process.kill()
    if process.returncode:
        lines = told.decode(errors="replace").strip().splitlines()
        raise Unfitted(lines[-1] if lines else "the child process died")


def fitted(content: edition.Content, languages: Sequence[str], vectors: Vectors | None) -> Fitted:
    """Raises Unfitted where there is too little to learn from."""
    words: list[Seen] = []
    near: list[Seen] = []
    labelled: Counter[str] = Counter()
    of = {entry.id: entry.department for entry in content.entries}
    rows = _rows(vectors, content.entries) if vectors is not None else {}
    for language in languages:
        for known, held in splits(content.entries, language, PARTS, _dice()):
            index = Index.build(known)
            labelled.update(of[case.entry] for case in held)
            some = still(vectors, known) if vectors is not None else None
            for case in _asked(known, held, language):
                question = Question(case.text, language)
                words.append(_seen(index.best(question), case))
                if some is not None and (row := rows.get(case.text)) is not None:
                    near.append(_seen(index.best(question, some.near(row)), case))
    if len(words) < SHY:
        raise Unfitted("too few phrasings to learn from")
    version = edition.version(content)
    return Fitted(version, curve(words), curve(near) if len(near) >= SHY else None, labelled)


def curve(seen: Sequence[Seen]) -> Curve:
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 (in the child alone)

    doubtful = [one for one in seen if one.confidence < VERBATIM]
    right = np.array([one.right for one in doubtful])
    odds = np.array([log_odds(one.confidence) for one in doubtful])
    slope, shift = 1.0, 0.0
    if 0 < right.sum() < len(right):
        model = LogisticRegression(C=10.0).fit(odds[:, None], right)
        trust = len(right) / (len(right) + SHY)
        slope = 1.0 + trust * (max(float(model.coef_[0, 0]), 0.1) - 1.0)
        shift = trust * float(model.intercept_[0])
    plain = Curve(slope, shift)
    sure = [plain(one.confidence) for one in doubtful]
    return Curve(slope, shift, Bounds.of(sure, right.tolist()))


def _asked(known: Sequence[Entry], held: Sequence[Case], language: str) -> Iterator[Case]:
    """As written, misheard, and what no entry answers."""
    rng = _dice()
    noise = Noise(_texts(known, language), rng)
    yield from held
    for case in held:
        yield Case(noise(case.text, MISHEARD), case.entry, language)
    outside = strangers(language)
    some = round(2 * len(held) * OUTSIDE / (1 - OUTSIDE))
    for text in rng.sample(outside, min(some, len(outside))):
        yield Case(text, "", language)


def _dice() -> random.Random:
    """Always the same: the same content is fitted the same."""
    return random.Random(_SEED)  # noqa: S311


def _texts(known: Iterable[Entry], language: str) -> Iterator[str]:
    for entry in known:
        if wording := entry.wordings.get(language):
            yield from wording.asked


def _seen(answer: Answer | None, case: Case) -> Seen:
    return Seen(answer.confidence if answer else 0.0, bool(answer and answer.entry == case.entry))


def _rows(vectors: Vectors, entries: Iterable[Entry]) -> dict[str, Floats]:
    """By text: its vector, where there is one. Misheard ones have none."""
    known = dict(zip(vectors.marks, vectors.rows, strict=True))
    texts = {phrasing.text for phrasing in phrasings(entries)}
    marks = {text: mark(text, vectors.embedding) for text in texts}
    return {text: known[name] for text, name in marks.items() if name in known}


def main() -> None:
    os.nice(19)
    told = orjson.loads(sys.stdin.buffer.read())
    job = Job(**told | {"languages": tuple(told["languages"])})
    content = edition.gather(
        Path(job.folder) if job.folder else None,
        datetime.now(UTC).date(),
        languages=job.languages,
        kept=Kept(Path(job.place) / "kept"),
    )
    vectors = Vectors.load(Path(job.vectors)) if job.vectors else None
    try:
        fitted(content, job.languages, vectors).save(Path(job.out))
    except ImportError:
        sys.exit('scikit-learn is not installed (pip install "answerline[fit]")')
    except Unfitted as why:
        sys.exit(str(why))


if __name__ == "__main__":
    main()
