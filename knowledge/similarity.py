"""How alike a question is to each known phrasing: weighted words, misspelt ones included."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from knowledge.cosine import (
    Centres,
    Features,
    Floats,
    Ints,
    Sparse,
    asked_in,
    groups,
    pairs,
    turns,
)
from knowledge.linear import Linear
from knowledge.spelling import Vocabulary
from knowledge.words import FULL, Reading, Word

_REMEMBERED = 4096
"""Words of questions that are kept with what they share with the table."""
_TELLING = 0.3
"""Weight from which a word tells what is asked."""
_WIDEST = 40
"""Words of one question that are compared: its last ones."""
_LONGEST = (12, 40)
"""Words and turns of one phrasing that are compared: its rarest ones."""
_SUBSTITUTED = 2
"""Words that may stand for others."""
_REPLACED = 0.5
"""Weight from which a word makes another question."""
_FULL = np.float32(1.0)
_LITTLE = np.float32(1e-6)


@dataclass(frozen=True, slots=True)
class Row:
    """A known phrasing of an entry."""

    entry: int
    reading: Reading


@dataclass(frozen=True, slots=True)
class Known:
    """A word of a question, and what it shares with the table."""

    rarity: float
    near: Floats
    """Per entry: how much its holding the word counts; then: the product of letter groups; then,
    where there is one, what a linear model says of these."""
    length: float
    """Of all the word's letter groups, squared."""
    likes: tuple[tuple[int, float], ...]
    """Words of the table that it may be, and how alike."""
    met: float
    """How alike the nearest word of any phrasing is."""
    number: int
    """Of the feature that it is; 0: of none."""


class Asked(NamedTuple):
    """A question as the table sees it; weights are shares of the question's own total."""

    weights: list[float]
    """How much each of its words says."""
    known: list[Known]
    mass: float
    """Weight of the question: how much it says at all."""
    strange: float
    """Share of the question that stands nowhere in the table."""
    met: Mapping[int, float]
    """Of the table's words that the question holds: how well."""
    shares: Sequence[float]
    """What share of the question each of them is."""
    turns: Sparse
    """How it is said, of length 1."""
    near: Floats
    """Per entry: share of the question that it holds, cosine of letter groups, of turns."""
    learned: Floats | None
    """Per entry: what a linear model says."""


class Likeness(NamedTuple):
    """A question against the phrasings of some entries."""

    rows: list[slice]
    """Those of each entry."""
    firsts: list[int]
    """Where in all of them each entry begins."""
    measures: Floats
    """Per row: the harmonic mean of the next two; share of the question that the phrasing holds;
    share of the phrasing that the question holds; cosine of all words and neighbours, the small
    words too."""


class Unlike(NamedTuple):
    """What the best entry and a question do not share."""

    held: float
    """Weight of the telling words of the question that anything of the entry holds."""
    swapped: float
    """The lesser of the heaviest words that question and row do not share; 0 is none."""
    replaced: float
    """The same, where nothing that the entry says holds the question's word."""


class Table:
    """All phrasings that a caller of one language is compared with."""

    def __init__(
        self,
        rows: Sequence[Row],
        topics: Sequence[Mapping[str, float]],
        linear: Linear | None = None,
    ) -> None:
        """`rows`: entry by entry; `topics`: of each, its longer texts' stems, what they count."""
        self.entries = len(topics)
        self._linear = linear
        stems = {word.stem for row in rows for word in row.reading.words}.union(*topics)
        self._vocabulary = Vocabulary(sorted(stems))
        self._ids = self._vocabulary.ids
        held: list[set[int]] = [set() for _ in topics]
        for row in rows:
            held[row.entry].update([self._ids[word.stem] for word in row.reading.words])
        self._asked = frozenset().union(*held)
        self._holders = self._held(held, topics)
        spread = np.array([len(of) for of in self._holders], dtype=np.float32)
        most = np.log1p(self.entries)
        rarity = 0.4 + 0.6 * np.log1p(self.entries / np.maximum(spread, 1)) / most
        self._rarity: list[float] = rarity.tolist()
        self._remembered: dict[str, Known] = {}
        owners = np.array([row.entry for row in rows], dtype=np.intp)
        self.counts = np.bincount(owners, minlength=self.entries)
        readings = [row.reading for row in rows]
        self._pairs = Features([pairs(reading, self._weight) for reading in readings])
        self._turns = Features([turns(reading.asked) for reading in readings])
        self._letters = Centres(self._pairs, owners, self.counts)
        self._manner = Centres(self._turns, owners, self.counts)
        self._owners = owners
        ends = np.cumsum(self.counts)
        self._ends = ends[:-1]
        self._rows = list(map(slice, (ends - self.counts).tolist(), ends.tolist()))
        self._words = [
            {self._ids[word.stem]: self._weight(word) for word in reading.words}
            for reading in readings
        ]
        """Of each row: how much its words say."""
        self._lay_out()

    def _lay_out(self) -> None:
        """A row per phrasing: its words, its words' shares, its turns, each run filled up."""
        size = len(self._ids)
        lengths = np.fromiter(map(len, self._words), dtype=np.intp, count=len(self._words))
        owners = np.repeat(np.arange(len(lengths)), lengths)
        words = np.array([number for row in self._words for number in row], dtype=np.intp)
        weights = np.array(
            [weight for row in self._words for weight in row.values()], dtype=np.float32
        )
        totals = np.bincount(owners, weights, minlength=len(lengths))
        shares = (weights / np.maximum(totals, 1e-6)[owners]).astype(np.float32)
        most, longest = _LONGEST
        ids, values = _filled(lengths, words + 1, shares, most)
        turns = _filled(self._turns.lengths, self._turns.ids, self._turns.values, longest)
        used = ids > 0
        self._apart = (self._turns.size - 1, self._turns.size - 1 + size)
        met, share = (np.where(used, ids + apart, 0) for apart in self._apart)
        ids_of = np.concatenate((met, share, turns[0]), axis=1)
        values_of = np.concatenate((used.astype(np.float32), values, turns[1]), axis=1)
        self._blocks: list[tuple[Ints, Floats]] = list(
            zip(np.split(ids_of, self._ends), np.split(values_of, self._ends), strict=True)
        )
        """Of each entry: the features of its rows, and what they count."""
        widths = (ids.shape[1], ids.shape[1], turns[0].shape[1])
        self._runs = np.repeat(np.eye(3, dtype=np.float32), widths, axis=1)
        self._scratch = Scratch(2 * size + self._turns.size, ids_of.shape[1])

    def teach(self, linear: Linear | None) -> None:
        """What was learned from its own `features`, before anything is asked."""
        self._linear = linear

    def ask(self, reading: Reading) -> Asked:
        words = reading.words[-_WIDEST:]
        remembered = self._remembered
        known = [remembered.get(word.stem) or self._known(word.stem) for word in words]
        weights = [word.weight * one.rarity for word, one in zip(words, known, strict=True)]
        mass = sum(weights)
        scale = 1.0 / (mass or 1.0)
        best: dict[int, float] = {}
        shares: dict[int, float] = {}
        strange = length = 0.0
        for weight, word in zip(weights, known, strict=True):
            share = weight * scale
            strange += share * (1.0 - word.met)
            length += word.length * weight * weight
            for number, alike in word.likes:
                if alike > best.get(number, 0.0):
                    best[number] = alike
                    shares[number] = alike * share
        turns = asked_in(self._turns, reading.asked)
        near = np.zeros((3, self.entries), dtype=np.float32)
        learned = None
        if words:
            rows = np.concatenate([word.near for word in known]).reshape(len(words), -1)
            sums = (np.array(weights, dtype=np.float32) @ rows).reshape(-1, self.entries)
            both, square = self._neighbours(known, weights)
            unit = 1.0 / ((length + square) ** 0.5 or 1.0)
            if both is not None:
                sums[1] += self._letters.products(both)
                if self._linear is not None:
                    sums[2] += self._linear.by_letters(both)
            np.multiply(sums[0], scale, out=near[0])
            np.multiply(sums[1], unit, out=near[1])
            if self._linear is not None:
                learned = sums[2] * np.float32(unit)
        near[2] = self._manner.products(turns)
        if self._linear is not None:
            by_manner = self._linear.by_manner(turns) + self._linear.bias
            learned = by_manner if learned is None else learned + by_manner
        held = list(shares.values())
        return Asked(weights, known, mass, strange, best, held, turns, near, learned)

    def _neighbours(
        self, known: Sequence[Known], weights: Sequence[float]
    ) -> tuple[Sparse | None, float]:
        """Known words that stand together, and the square of the lengths of all."""
        ids, values, square = [], [], 0.0
        numbers = self._pairs.neighbours([word.number for word in known])
        for number, weight in zip(numbers, weights[1:], strict=True):
            value = weight * self._pairs.rarity.item(number)
            square += value * value
            if number:
                ids.append(number)
                values.append(value)
        if not ids:
            return None, square
        return Sparse(np.array(ids, dtype=np.intp), np.array(values, dtype=np.float32)), square

    def compare(self, asked: Asked, entries: Sequence[int]) -> Likeness:
        """With every phrasing of these entries."""
        blocks = [self._blocks[entry] for entry in entries]
        firsts = [0, *accumulate([len(ids) for ids, _ in blocks])]
        last = firsts.pop()
        met, share = (apart + 1 for apart in self._apart)
        said = np.array(
            [number + met for number in asked.met] + [number + share for number in asked.met],
            dtype=np.intp,
        )
        worth = [*asked.shares, *asked.met.values()]
        told, products = self._scratch.lend(last)
        told[said] = worth
        told[asked.turns.ids] = asked.turns.values
        for first, (ids, values) in zip(firsts, blocks, strict=True):
            part = products[first : first + len(ids)]
            told.take(ids, out=part, mode="clip")
            part *= values
        told[said] = 0.0
        told[asked.turns.ids] = 0.0
        measures = np.empty((4, last), dtype=np.float32)
        alike, shares = measures[0], measures[1:]
        np.matmul(self._runs, products.T, out=shares)
        np.minimum(shares, _FULL, out=shares)
        np.multiply(shares[0], shares[1], out=alike)
        alike *= 2 / np.maximum(shares[0] + shares[1], _LITTLE)
        return Likeness([self._rows[entry] for entry in entries], firsts, measures)

    @property
    def features(self) -> tuple[Features, Features]:
        """Of the phrasings, by `pairs` and by `turns`: what a linear model learns from."""
        return self._pairs, self._turns

    @property
    def owners(self) -> Ints:
        """The entry of each phrasing."""
        return self._owners

    def unlike(self, asked: Asked, entry: int, row: int) -> Unlike:
        own, met = self._words[row], asked.met
        unsaid = max([own[number] * (1.0 - met.get(number, 0.0)) for number in own] or [0.0])
        held = swapped = replaced = 0.0
        for weight, word in zip(asked.weights, asked.known, strict=True):
            strength = word.near.item(entry)
            if weight >= _TELLING:
                held += weight * strength
            replaced = max(replaced, weight * (1.0 - strength))
            for number, alike in word.likes:  # the most alike first
                if number in own:
                    swapped = max(swapped, weight * (1.0 - alike))
                    break
            else:
                swapped = max(swapped, weight)
        return Unlike(held, min(swapped, unsaid), min(replaced, unsaid))

    def substituted(self, asked: Asked, entry: int, row: int) -> bool:
        """Whether the question is this phrasing but for a telling word or two that the entry
        never uses: another bridge, another deductible."""
        own = list(self._words[row])
        if abs(len(own) - len(asked.known)) >= _SUBSTITUTED:
            return False
        said = [[number for number, _ in word.likes] for word in asked.known]
        first = 0
        while first < min(len(own), len(said)) and own[first] in said[first]:
            first += 1
        last = 0
        while last < min(len(own), len(said)) - first and own[-1 - last] in said[-1 - last]:
            last += 1
        new = range(first, len(said) - last)
        old = own[first : len(own) - last]
        if not (first + last and 0 < len(new) <= _SUBSTITUTED and 0 < len(old) <= _SUBSTITUTED):
            return False
        strange = max(asked.weights[at] * (1.0 - float(asked.known[at].near[entry])) for at in new)
        return strange >= _REPLACED and max(self._words[row][number] for number in old) >= _REPLACED

    def _weight(self, word: Word) -> float:
        known = self._ids.get(word.stem)
        return word.weight * (FULL if known is None else self._rarity[known])

    def _known(self, stem: str) -> Known:
        if len(self._remembered) >= _REMEMBERED:
            self._remembered.clear()
        known = self._remembered[stem] = self._meet(stem)
        return known

    def _meet(self, stem: str) -> Known:
        likes = tuple(self._vocabulary.search(stem))
        near = np.zeros((2 + (self._linear is not None)) * self.entries, dtype=np.float32)
        for number, alike in likes:
            for entry, strength in self._holders[number].items():
                near[entry] = max(near[entry], strength * alike)
        told = self._pairs.alone
        ids = np.array([told.get(name, 0) for name in groups(stem)], dtype=np.intp)
        rarity = self._pairs.rarity[ids]
        letters = Sparse(ids, rarity)
        near[self.entries : 2 * self.entries] = self._letters.products(letters)
        if self._linear is not None:
            near[2 * self.entries :] = self._linear.by_letters(letters)
        own = self._ids.get(stem)
        return Known(
            rarity=FULL if own is None else self._rarity[own],
            near=near,
            length=float(rarity @ rarity),
            likes=likes,
            met=max((alike for number, alike in likes if number in self._asked), default=0.0),
            number=told.get(stem, 0),
        )

    def _held(
        self, held: Sequence[set[int]], topics: Sequence[Mapping[str, float]]
    ) -> list[dict[int, float]]:
        """Per known word: the entries that hold it, and how much that counts."""
        holders: list[dict[int, float]] = [{} for _ in self._ids]
        for entry, words in enumerate(topics):
            for stem, strength in words.items():
                holders[self._ids[stem]][entry] = strength
        for entry, known in enumerate(held):
            for number in known:
                holders[number][entry] = 1.0
        return holders


class Scratch(threading.local):
    """Memory of each thread that is used again: to ask for it anew costs more than to fill it."""

    def __init__(self, features: int, width: int) -> None:
        self._asked = np.zeros(features, dtype=np.float32)
        self._width = width
        self._products = np.empty((0, width), dtype=np.float32)

    def lend(self, rows: int) -> tuple[Floats, Floats]:
        """Zeros, by feature, to be given back as such; anything, by row and feature of a row."""
        if rows > len(self._products):
            self._products = np.empty((2 * rows, self._width), dtype=np.float32)
        return self._asked, self._products[:rows]


def _filled(counts: Ints, ids: Ints, values: Floats, most: int) -> tuple[Ints, Floats]:
    """A line per count, the heaviest first; what is left of it holds 0."""
    owners = np.repeat(np.arange(len(counts)), counts)
    order = np.lexsort((-values, owners))
    place = np.arange(len(owners)) - np.repeat(np.cumsum(counts) - counts, counts)
    shape = (len(counts), max(1, min(int(counts.max(initial=0)), most)))
    kept = place < shape[1]
    line, place, order = owners[kept], place[kept], order[kept]
    numbers = np.zeros(shape, dtype=np.intp)
    weights = np.zeros(shape, dtype=np.float32)
    numbers[line, place] = ids[order]
    weights[line, place] = values[order]
    return numbers, weights
