"""How alike a question is to each known phrasing: weighted words, misspelt ones included."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from knowledge.cosine import Cosine, pairs, turns
from knowledge.words import FULL, Reading, Word

Floats = NDArray[np.float32]
Ints = NDArray[np.intp]

_CLOSE = 0.6
"""Dice coefficient of letter pairs from which two words may be the same, misheard."""
_CLOSER = 0.75
"""The same for short words, where a letter makes another word."""
_SHORT = 5
_SHORTEST_MISHEARD = 4
_NEAREST = 4
_REMEMBERED = 4096
"""Words whose likes are kept."""
_NEGATING = ("un", "in", "im", "il", "dis", "non", "des")
_TELLING = 0.3
"""Weight from which a word tells what is asked."""
_KNOWN = 0.5
"""Share of common words above which a sentence of the background is no stranger."""
_WIDEST = 40
"""Words of one question that are compared: its last ones."""


@dataclass(frozen=True, slots=True)
class Row:
    """A known phrasing of an entry."""

    entry: int
    reading: Reading


@dataclass(frozen=True, slots=True)
class Likeness:
    """A question against all rows of a table; weights are shares of the text's own total."""

    asked: Floats
    """Per row: share of the question that the phrasing holds."""
    known: Floats
    """Per row: share of the phrasing that the question holds."""
    pairs: Floats
    """Per row: cosine of neighbouring words and letter groups."""
    turns: Floats
    """Per row: cosine of all words and neighbours, the small words too."""
    topic: Floats
    """Per entry: share of the question that anything of the entry holds."""
    held: Floats
    """Per entry: weight of the telling words of the question that anything of it holds."""
    strange: float
    """Share of the question that stands nowhere in the table."""
    foreign: float
    """Cosine with the nearest sentence of the background."""
    mass: float
    """Weight of the question: how much it says at all."""
    matched: Floats
    """Question's words x rows: how well each word is met."""
    topics: Floats
    """Question's words x entries: how well each word is met."""
    weights: Floats
    """Of the question's words."""
    best: Mapping[int, float]
    """Of the table's words that are met: how well."""


class Vocabulary:
    """The table's words, and which of them a word of the question may be."""

    def __init__(self, stems: Sequence[str]) -> None:
        self.ids = {stem: number for number, stem in enumerate(stems)}
        self._stems = tuple(stems)
        self._sizes = np.array([len(_letters(stem)) for stem in stems], dtype=np.float32)
        postings: defaultdict[str, list[int]] = defaultdict(list)
        for number, stem in enumerate(stems):
            for pair in _letters(stem):
                postings[pair].append(number)
        self._found: dict[str, list[tuple[int, float]]] = {}
        self._postings = {pair: np.array(ids, dtype=np.intp) for pair, ids in postings.items()}

    def like(self, stem: str) -> list[tuple[int, float]]:
        """Ids and how alike, in (0, 1], best first."""
        found = self._found.get(stem)
        if found is None:
            if len(self._found) >= _REMEMBERED:
                self._found.clear()
            found = self._found[stem] = self._search(stem)
        return found

    def _search(self, stem: str) -> list[tuple[int, float]]:
        own = self.ids.get(stem)
        found = [] if own is None else [(own, 1.0)]
        if len(stem) < _SHORTEST_MISHEARD or stem[0].isdigit():
            return found
        letters = _letters(stem)
        hits = [self._postings[pair] for pair in letters if pair in self._postings]
        if not hits:
            return found
        shared = np.bincount(np.concatenate(hits), minlength=len(self._stems))
        dice = 2.0 * shared / (self._sizes + len(letters))
        near = np.flatnonzero(dice >= (_CLOSE if len(stem) > _SHORT else _CLOSER))
        best = near[np.argsort(-dice[near], kind="stable")][:_NEAREST]
        return found + [
            (int(number), float(dice[number]) ** 0.5)
            for number in best
            if number != own and not _denies(stem, self._stems[number])
        ]


class Table:
    """All phrasings that a caller of one language is compared with."""

    def __init__(
        self,
        rows: Sequence[Row],
        topics: Sequence[Mapping[str, float]],
        background: Sequence[Reading] = (),
    ) -> None:
        """`topics`: of each entry, the stems of its longer texts and what they count.

        `background`: what people say to nobody in particular.
        """
        self.rows = tuple(rows)
        readings = [row.reading for row in rows]
        self.entries = len(topics)
        stems = {word.stem for row in rows for word in row.reading.words}.union(*topics)
        self.vocabulary = Vocabulary(sorted(stems))
        ids = self.vocabulary.ids
        held: list[set[int]] = [set() for _ in topics]
        where: defaultdict[int, list[int]] = defaultdict(list)
        for number, row in enumerate(rows):
            for word in row.reading.words:
                held[row.entry].add(ids[word.stem])
                where[ids[word.stem]].append(number)
        spread = np.zeros(len(ids), dtype=np.float32)
        for number, words in enumerate(held):
            spread[list(words | {ids[stem] for stem in topics[number]})] += 1
        most = np.log1p(self.entries)
        self._rarity = (0.4 + 0.6 * np.log1p(self.entries / np.maximum(spread, 1)) / most).astype(
            np.float32
        )
        self._where = [np.array(where[number], dtype=np.intp) for number in range(len(ids))]
        self._held = self._holders(held, topics)
        self._words = np.array(
            [self._weight(word) for row in rows for word in row.reading.words], dtype=np.float32
        )
        lengths = [len(row.reading.words) for row in rows]
        owner = np.repeat(np.arange(len(rows)), lengths)
        self._totals = np.bincount(owner, self._words, minlength=len(rows)).astype(np.float32)
        self._base = self._base_weights()
        strangers = self._strangers(background)
        self._pairs = Cosine([pairs(reading, self._weight) for reading in (*readings, *strangers)])
        self._turns = Cosine(
            [turns(reading) for reading in readings], [turns(reading) for reading in strangers]
        )

    def compare(self, reading: Reading) -> Likeness:
        words = reading.words[-_WIDEST:]
        weights = np.array([self._weight(word) for word in words], dtype=np.float32)
        matched = np.zeros((len(words), len(self.rows)), dtype=np.float32)
        topic = np.zeros((len(words), self.entries), dtype=np.float32)
        best: dict[int, float] = {}
        for number, word in enumerate(words):
            for known, alike in reversed(self.vocabulary.like(word.stem)):
                where = self._where[known]
                matched[number, where] = np.maximum(matched[number, where], alike)
                entries, strength = self._held[known]
                topic[number, entries] = np.maximum(topic[number, entries], strength * alike)
                best[known] = max(best.get(known, 0.0), alike)
        cosines = self._pairs.compare(pairs(reading, self._weight))
        covered = np.zeros(len(self.rows), dtype=np.float32)
        for known, alike in best.items():
            covered[self._where[known]] += alike * self._base[known]
        mass = float(weights.sum())
        share: Floats = weights / np.float32(mass or 1.0)
        return Likeness(
            asked=share @ matched,
            known=np.minimum(covered / np.maximum(self._totals, 1e-6), 1.0),
            pairs=cosines[: len(self.rows)],
            turns=self._turns.compare(turns(reading)),
            topic=share @ topic,
            held=np.where(weights >= _TELLING, weights, np.float32(0)) @ topic,
            foreign=float(cosines[len(self.rows) :].max(initial=0.0)),
            strange=float(share @ (1.0 - matched.max(axis=1, initial=0.0))),
            mass=mass,
            matched=matched,
            topics=topic,
            weights=weights,
            best=best,
        )

    def swapped(self, likeness: Likeness, row: int) -> float:
        """The lesser of the heaviest words that question and row do not share; 0 is none."""
        return min(_heaviest(likeness, likeness.matched[:, row]), self._unsaid(likeness, row))

    def replaced(self, likeness: Likeness, row: int) -> float:
        """The same, where nothing that the entry says holds the question's word."""
        held = likeness.topics[:, self.rows[row].entry]
        return min(_heaviest(likeness, held), self._unsaid(likeness, row))

    def _unsaid(self, likeness: Likeness, row: int) -> float:
        """The heaviest word of the row that the question does not say."""
        ids = self.vocabulary.ids
        return max(
            (
                self._weight(word) * (1.0 - likeness.best.get(ids[word.stem], 0.0))
                for word in self.rows[row].reading.words
            ),
            default=0.0,
        )

    def _strangers(self, background: Sequence[Reading]) -> list[Reading]:
        """Without what an entry asks too."""
        known = [{word.stem for word in row.reading.words} for row in self.rows]
        strangers = []
        for reading in background:
            said = {word.stem for word in reading.words}
            if not any(len(said & stems) > _KNOWN * len(said | stems) for stems in known):
                strangers.append(reading)
        return strangers

    def _weight(self, word: Word) -> float:
        known = self.vocabulary.ids.get(word.stem)
        return word.weight * (FULL if known is None else float(self._rarity[known]))

    def _base_weights(self) -> Floats:
        base = np.zeros(len(self.vocabulary.ids), dtype=np.float32)
        for row in self.rows:
            for word in row.reading.words:
                base[self.vocabulary.ids[word.stem]] = self._weight(word)
        return base

    def _holders(
        self, held: Sequence[set[int]], topics: Sequence[Mapping[str, float]]
    ) -> list[tuple[Ints, Floats]]:
        """Per known word: the entries that hold it, and how much that counts."""
        ids = self.vocabulary.ids
        holders: list[dict[int, float]] = [{} for _ in ids]
        for entry, words in enumerate(topics):
            for stem, strength in words.items():
                holders[ids[stem]][entry] = strength
        for entry, known in enumerate(held):
            for number in known:
                holders[number][entry] = 1.0
        return [
            (
                np.fromiter(of, dtype=np.intp, count=len(of)),
                np.fromiter(of.values(), dtype=np.float32, count=len(of)),
            )
            for of in holders
        ]


def _heaviest(likeness: Likeness, met: Floats) -> float:
    """Of the question's words, so far as they are not met."""
    return float((likeness.weights * (1.0 - met)).max(initial=0.0))


def _letters(stem: str) -> set[str]:
    padded = f"^{stem}$"
    return {padded[at : at + 2] for at in range(len(padded) - 1)}


def _denies(one: str, other: str) -> bool:
    """Whether one is the other with a negating prefix."""
    long, short = (one, other) if len(one) > len(other) else (other, one)
    return any(long == prefix + short for prefix in _NEGATING)
