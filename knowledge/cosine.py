"""Texts as counted features, each the heavier the rarer it is (TF-IDF)."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from knowledge.words import Reading, Word

Floats = NDArray[np.float32]
Ints = NDArray[np.intp]
Name = tuple[str, str]
"""Of a feature: what stands before it, `ALONE` where nothing does, and the feature."""
ALONE = ""
_START, _END = "^", "$"
_BOUND = -1
"""The number of both, for want of a feature of their own."""
_WIDE = 1 << 32
"""More than any number of a feature."""

_GROUP = 3
"""Letters in a group."""
_SINGLE = np.float32(0.3)
"""What a word counts beside a pair of neighbours that is told with its small words."""
_DENSE = 12_000_000
"""Numbers up to which a whole table is kept for the sake of speed: 48 MB."""


class Sparse(NamedTuple):
    """Some features and what they count; 0 is the feature that nothing has."""

    ids: Ints
    values: Floats


class Features:
    """The features of a fixed set of texts: their numbers, and how rare each is."""

    def __init__(self, texts: Sequence[Mapping[Name, float]]) -> None:
        known: dict[Name, int] = {}
        ids: list[int] = []
        for text in texts:
            ids += [known.setdefault(name, len(known) + 1) for name in text]
        self.alone = {name: number for (before, name), number in known.items() if not before}
        """By name, from 1."""
        of = self.alone | {_START: _BOUND, _END: _BOUND}
        self._together = {
            of[before] * _WIDE + of[name]: number
            for (before, name), number in known.items()
            if before
        }
        """By the numbers of two neighbours: nobody puts words together to ask for them."""
        self.size = len(known) + 1
        self.lengths: Ints = np.fromiter(map(len, texts), dtype=np.intp, count=len(texts))
        self.owners: Ints = np.repeat(np.arange(len(texts)), self.lengths)
        self.ids: Ints = np.array(ids, dtype=np.intp)
        spread = np.bincount(self.ids, minlength=self.size)
        self.rarity: Floats = np.log1p(len(texts) / np.maximum(spread, 1)).astype(np.float32)
        """By number; at 0 of what no text has."""
        counts = np.array([count for text in texts for count in text.values()], dtype=np.float32)
        values = counts * self.rarity[self.ids]
        norms = np.sqrt(np.bincount(self.owners, values * values, minlength=len(texts)))
        self.values: Floats = values / np.maximum(norms, 1e-9).astype(np.float32)[self.owners]
        """Of all texts one after another, each of length 1."""

    def neighbours(self, numbers: Sequence[int]) -> list[int]:
        """Of what stands together, by the numbers of what stands alone; 0: no text has it."""
        known = self._together
        return [known.get(before * _WIDE + after, 0) for before, after in pairwise(numbers)]


class Centres:
    """Per feature and entry: the mean over the entry's texts, all of length 1."""

    def __init__(self, features: Features, owners: Ints, counts: Ints) -> None:
        """`owners`: of each text; `counts`: of each entry's texts."""
        self._width = len(counts)
        keys = features.ids * self._width + owners[features.owners]
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        firsts = np.flatnonzero(np.diff(keys, prepend=-1))
        names, entries = np.divmod(keys[firsts], self._width)
        sums = np.add.reduceat(features.values[order], firsts) if len(firsts) else np.zeros(0)
        means = (sums / counts[entries]).astype(np.float32)
        self._dense: Floats | None = None
        if features.size * self._width <= _DENSE:
            self._dense = np.zeros((features.size, self._width), dtype=np.float32)
            self._dense[names, entries] = means
            return
        self._entries = entries
        self._means = means
        self._counts = np.bincount(names, minlength=features.size)
        self._firsts = np.cumsum(self._counts) - self._counts

    def products(self, asked: Sparse) -> Floats:
        """Per entry: the product with what is asked."""
        if self._dense is not None:
            return asked.values @ self._dense.take(asked.ids, axis=0)
        counts = self._counts[asked.ids]
        ends = np.cumsum(counts)
        at = np.repeat(self._firsts[asked.ids] - ends + counts, counts) + np.arange(counts.sum())
        weights = self._means[at] * np.repeat(asked.values, counts)
        return np.bincount(self._entries[at], weights, minlength=self._width).astype(np.float32)


def pairs(reading: Reading, weigh: Callable[[Word], float]) -> dict[Name, float]:
    """What is said, as stems, neighbouring stems and letter groups: misspellings share most."""
    features: defaultdict[Name, float] = defaultdict(float)
    before = ALONE
    for word in reading.words:
        weight = weigh(word)
        for name in groups(word.stem):
            features[ALONE, name] += weight
        if before:
            features[before, word.stem] += weight
        before = word.stem
    return features


def turns(words: Sequence[str]) -> dict[Name, float]:
    """How it is said: every word, and every two neighbours, the small words too."""
    alone = {(ALONE, word): float(_SINGLE) for word in words}
    return alone | dict.fromkeys(pairwise((_START, *words, _END)), 1.0)


def asked_in(features: Features, words: Sequence[str]) -> Sparse:
    """A text that is compared by its `turns`, of length 1."""
    known = features.alone
    singles = [known.get(word, 0) for word in words]
    doubles = features.neighbours((_BOUND, *singles, _BOUND))
    if len(set(words)) < len(words):  # each counts once
        singles = list(dict(zip(words, singles, strict=True)).values())
        both = pairwise((_START, *words, _END))
        doubles = list(dict(zip(both, doubles, strict=True)).values())
    ids = np.array(singles + doubles, dtype=np.intp)
    values = features.rarity.take(ids)
    values[: len(singles)] *= _SINGLE
    length = float(values @ values) ** 0.5
    values *= np.float32(1.0 / (length or 1.0))
    return Sparse(ids, values)


def groups(stem: str) -> Iterator[str]:
    """The stem itself and its letters by threes."""
    yield stem
    padded = f"^{stem}$"
    for at in range(len(padded) - _GROUP + 1):
        yield padded[at : at + _GROUP]
