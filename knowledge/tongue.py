"""The index as a caller of one language meets it: the best entry and how sure it is."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from knowledge import confidence
from knowledge.answers import Answer, Question
from knowledge.confidence import Signals
from knowledge.contrast import Contrast
from knowledge.ingest import Entry
from knowledge.passages import Passages
from knowledge.similarity import Likeness, Row, Table
from knowledge.words import ASPECT, Lexicon, Reading

Floats = NDArray[np.float32]

_MISMATCH = 0.6
"""What likeness is left to a phrasing that differs in polarity, a number, an exclusive word."""
_RANKING = np.array(
    (2.97, 6.20, -0.57, -3.28, 1.57, 4.29, 8.44, 0.06, 0.37, 7.50), dtype=np.float32
)
"""Weights of `Tongue.features`; fitted by benchmarks/ranking.py."""
_FAR = 10.0
"""Score by which a best entry leads when nothing else comes near."""
_ANSWERED = 0.6
"""What a word counts that stands in an entry's answer only."""
_TOLD = 0.3
"""What a word counts that stands in an entry's body only."""


@dataclass(frozen=True, slots=True)
class Match:
    """The best entry for a question."""

    entry: int
    signals: Signals
    probability: float
    likeness: Floats
    """Of every entry, in [0, 1]."""
    fixed: bool
    """A rule set the probability, not the signals."""


class Tongue:
    """All entries; those without this language stand in another."""

    def __init__(
        self,
        entries: Sequence[Entry],
        language: str,
        lexicons: Mapping[str, Lexicon],
        background: Sequence[Reading] = (),
    ) -> None:
        self._entries = tuple(entries)
        self._spoken = tuple(_spoken(entry, language) for entry in entries)
        self._lexicon = lexicons[language]
        rows, topics = [], []
        for number, (entry, spoken) in enumerate(zip(entries, self._spoken, strict=True)):
            wording, words = entry.wordings[spoken], lexicons[spoken]
            rows += [Row(number, words.read(text)) for text in wording.asked]
            topics.append(_topic(entry, spoken, lexicons))
        self._table = Table(rows, topics, background)
        self._passages = Passages(entries, self._spoken, lexicons)
        self._entry = np.array([row.entry for row in rows], dtype=np.intp)
        self._counts = np.bincount(self._entry, minlength=len(entries)).astype(np.float32)
        self._firsts = np.flatnonzero(np.diff(self._entry, prepend=-1))
        self._verbatim = _by(rows, lambda reading: reading.plain)
        self._same = _by(rows, _telling)
        self._contrast = Contrast([row.reading for row in rows])

    def best(self, question: Question) -> Answer | None:
        reading = self._lexicon.read(question.text)
        match = self.match(reading)
        if match is None:
            return None
        entry, spoken = self._entries[match.entry], self._spoken[match.entry]
        return Answer(
            text=entry.wordings[spoken].answer,
            confidence=confidence.heard(match.probability, question.heard),
            entry=entry.id,
            department=entry.department,
            language=spoken,
            protected=entry.protected,
            passages=self._passages.best(reading, match.likeness, match.entry),
        )

    def match(self, reading: Reading) -> Match | None:
        verbatim = self._verbatim.get(reading.plain, frozenset())
        likeness = self._table.compare(reading)
        if not verbatim and not likeness.topic.any() and not likeness.pairs.any():
            return None
        differs = self._contrast.of(reading)
        alike = _alike(likeness, differs)
        scores: Floats = _RANKING @ self._features(likeness, alike)
        entry = min(verbatim) if verbatim else int(np.argmax(scores))
        signals, row = self._signals(likeness, alike, scores, entry)
        same = self._same.get(_telling(reading), frozenset())
        chance, fixed = confidence.probability(signals), True
        if verbatim:
            chance = confidence.VERBATIM / len(verbatim)
        elif differs[row]:
            chance = min(chance, confidence.DIFFERENT)
        elif entry in same:
            chance = max(chance, confidence.SAME_WORDS) / len(same)
        else:
            fixed = False
        near = (self._most(alike) + likeness.topic) / np.float32(2)
        return Match(entry, signals, chance, near, fixed)

    def features(self, reading: Reading) -> Floats:
        """What the ranking weighs: a row per feature, a column per entry."""
        likeness = self._table.compare(reading)
        return self._features(likeness, _alike(likeness, self._contrast.of(reading)))

    def _features(self, likeness: Likeness, alike: Floats) -> Floats:
        return np.stack(
            (
                self._most(alike),
                self._most(likeness.turns),
                self._most(likeness.pairs),
                self._most(likeness.asked),
                self._most(likeness.known),
                self._usual(alike),
                self._usual(likeness.turns),
                self._usual(likeness.pairs),
                self._usual(likeness.asked),
                likeness.topic,
            )
        )

    def _most(self, rows: Floats) -> Floats:
        """Per entry: the best of its rows."""
        best: Floats = np.maximum.reduceat(rows, self._firsts)
        return best

    def _usual(self, rows: Floats) -> Floats:
        """Per entry: the mean of its rows."""
        return (np.add.reduceat(rows, self._firsts) / self._counts).astype(np.float32)

    def _signals(
        self, likeness: Likeness, alike: Floats, scores: Floats, entry: int
    ) -> tuple[Signals, int]:
        first = int(self._firsts[entry])
        own = slice(first, first + int(self._counts[entry]))
        row = first + int(np.argmax(alike[own]))
        odds = np.exp(scores - scores[entry])
        others = np.delete(scores, entry)
        signals = Signals(
            asked=float(likeness.asked[row]),
            known=float(likeness.known[row]),
            alike=float(alike[row]),
            pairs=float(likeness.pairs[row]),
            turns=float(likeness.turns[own].max()),
            topic=float(likeness.topic[entry]),
            usual=float(alike[own].mean()),
            share=float(1.0 / odds.sum()),
            margin=float(np.clip((scores[entry] - others.max(initial=0.0)) / _FAR, 0.0, 1.0)),
            held=float(likeness.held[entry]),
            strange=likeness.strange,
            foreign=likeness.foreign,
            swapped=self._table.swapped(likeness, row),
            replaced=self._table.replaced(likeness, row),
            examples=float(self._counts[entry]),
            entries=float(len(self._entries)),
            mass=likeness.mass,
        )
        return signals, row


def _alike(likeness: Likeness, differs: NDArray[np.bool_]) -> Floats:
    """Per row: the harmonic mean of the shares, less where the row says something else."""
    both = likeness.asked + likeness.known
    alike = 2 * likeness.asked * likeness.known / np.maximum(both, np.float32(1e-6))
    less: Floats = np.where(differs, alike * np.float32(_MISMATCH), alike)
    return less


def _spoken(entry: Entry, language: str) -> str:
    """The language in which this entry serves callers of another."""
    if language in entry.wordings:
        return language
    return "en" if "en" in entry.wordings else next(iter(entry.wordings))


def _topic(entry: Entry, spoken: str, lexicons: Mapping[str, Lexicon]) -> dict[str, float]:
    """The stems of an entry's longer texts and what they count."""
    told = "en" if "en" in entry.wordings else spoken
    stems = {}
    if told == spoken:
        stems = {word.stem: _TOLD for word in lexicons[told].read_all(entry.body)}
    answer = lexicons[spoken].read_all(entry.wordings[spoken].answer)
    return stems | {word.stem: _ANSWERED for word in answer}


def _telling(reading: Reading) -> str:
    """The words said, "" where none of them says much."""
    enough = max((word.weight for word in reading.words), default=0.0) >= ASPECT
    return reading.said if enough else ""


def _by(rows: Iterable[Row], key: Callable[[Reading], str]) -> dict[str, frozenset[int]]:
    found: defaultdict[str, set[int]] = defaultdict(set)
    for row in rows:
        found[key(row.reading)].add(row.entry)
    found.pop("", None)
    return {text: frozenset(entries) for text, entries in found.items()}
