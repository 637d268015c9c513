"""Which phrasings say something else than a question, however alike the two look."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from knowledge.cosine import Floats
from knowledge.words import ASPECT, FULL, Reading, Word

Bools = NDArray[np.bool_]
Ints = NDArray[np.intp]
_ANY = ""
_NOTHING: frozenset[str] = frozenset()
LESS = np.float32(0.4)
"""What likeness is lost to a phrasing that differs in polarity, a number, an exclusive word."""
_AS_ALIKE = (0.6, 0.85)
"""Likeness of a phrasing that does not differ, as part of that of one that does, from which it
counts instead; of a question that denies something."""
_ABOUT, _DENIERS = 0.3, 0.06
"""Shares of an entry's phrasings: so many say what the entry is about; and where so many deny the
same as the question, it is no difference."""
_DENIED = 0.5
"""Share of a question that is denied from which there is hardly more in it."""
_ALL = 0.75
"""The same, from which there is nothing else: seven in eight of those who deny say so much."""
_MEANT = 0.6
"""Cosine from which a phrasing means what was asked."""
_TELLING = 2
"""Words of full weight that a negation denies, the first ones behind it."""
_SHORT = 3
"""Words that say anything: of so few a negation may deny all."""


class Contrast:
    """ "Is it covered" and "is it not covered", 200 and 500, the car and the boat.

    A negation is a difference where the other text says what it denies: "the car won't start" says
    nothing else than "the car only clicks". Of another language only whether it denies is known.
    """

    def __init__(self, readings: Sequence[Reading], foreign: Sequence[bool]) -> None:
        abroad: Bools = np.array(foreign, dtype=np.bool_)
        negated: Bools = np.array([reading.negated for reading in readings], dtype=np.bool_)
        self._abroad = (abroad & negated, abroad & ~negated)
        """Rows of another language that differ from a question without a negation, and with one."""
        sayers: dict[str, list[int]] = {}
        for row, reading in enumerate(readings):
            around = _window(reading)
            for root in _roots(reading.words):
                rows = sayers.setdefault(root, [])
                if not (foreign[row] or root in around):
                    rows.append(row)
        self._sayers = _arrays(sayers)
        """Of each word that any row says: those that say and do not deny it."""
        deniers: defaultdict[str, list[int]] = defaultdict(list)
        for row, reading in enumerate(readings):
            for root in () if foreign[row] else self._denied(reading):
                deniers[root].append(row)
        self._deniers = _arrays(deniers)
        self._numbers: dict[frozenset[str], int] = {frozenset(): 0}
        numbered = [self._numbers.setdefault(r.numbers, len(self._numbers)) for r in readings]
        self._numbered = np.flatnonzero(numbered)
        """Rows that say any; and which."""
        self._said = np.array(numbered, dtype=np.intp)[self._numbered]
        members: defaultdict[int, defaultdict[str, list[int]]]
        members = defaultdict(lambda: defaultdict(list))
        for row, reading in enumerate(readings):
            for group, stem in () if foreign[row] else reading.members.items():
                members[group][stem].append(row)  # car is no other thing than coche
        self._members = {group: _others(rows) for group, rows in members.items()}

    def of(self, reading: Reading, rows: Sequence[slice]) -> Bools | None:
        """Of these phrasings: whether polarity, a number or an exclusive word differs; None: no."""
        opposed = self._opposed(reading)
        differs = np.concatenate([opposed[part] for part in rows])
        return differs if np.count_nonzero(differs) else None

    def another(
        self,
        reading: Reading,
        rows: slice,
        differs: Bools,
        alike: Floats,
        meant: Floats | None,
    ) -> bool:
        """Whether the question is another than the one that these phrasings of an entry ask.

        Per phrasing, whether it differs, how alike it is, less if it differs, and its cosine where
        meaning was measured. One that differs says little where another, nearly as alike, does not.
        """
        other = float(_highest(alike, differs)) / (1 - LESS)
        less = _highest(alike, ~differs) < other * _AS_ALIKE[reading.negated]
        if other > 0.0 and less and not _means(reading, differs, meant):
            return True
        return self._denies(reading, rows, differs)

    def _denies(self, reading: Reading, rows: slice, differs: Bools) -> bool:
        """Whether it denies what the entry is about: many of its phrasings say it, hardly any
        denies it. "I don't need a rental car while mine is in the shop": some of them speak of the
        shop alone, and are as alike."""
        about = np.count_nonzero(differs) >= _ABOUT * len(differs)
        if not reading.negated or not about:
            return False
        return self._denying(reading, rows) < _DENIERS * len(differs)

    def _denying(self, reading: Reading, rows: slice) -> int:
        """How many of these phrasings deny what it denies."""
        found: set[int] = set()
        for root in self._denied(reading):
            found.update(self._deniers.get(root, ()))
        return sum(rows.start <= row < rows.stop for row in found)

    def _opposed(self, reading: Reading) -> Bools:
        """Of all rows: those that deny what the question says, the other way round, and those that
        say other numbers or name another thing."""
        opposed: Bools = self._abroad[reading.negated].copy()
        about = _window(reading) if reading.negated else _NOTHING
        for word in reading.words:
            if word.root in self._deniers and word.root not in about:
                opposed[self._deniers[word.root]] = True
        for root in self._denied(reading) if reading.negated else ():
            opposed[self._sayers[root]] = True
        if reading.numbers and len(self._numbered):
            own = self._numbers.get(reading.numbers, -1)
            opposed[self._numbered[self._said != own]] = True
        for group, stem in reading.members.items():
            if group in self._members:
                others = self._members[group]
                opposed[others.get(stem, others[_ANY])] = True
        return opposed

    def _denied(self, reading: Reading) -> frozenset[str]:
        """What it denies, of all that any phrasing says: to the second word of full weight; a short
        text to its end."""
        found = set()
        short = len(reading.words) <= _SHORT
        for denial in reading.denials:
            told = 0
            for word in [word for word in denial if word.weight >= ASPECT] or denial:
                if (root := word.root) in self._sayers:
                    found.add(root)
                    told += word.weight == FULL
                if told == _TELLING and not short:
                    break
        return frozenset(found)


def _means(reading: Reading, differs: Bools, meant: Floats | None) -> bool:
    """Whether what lies nearest in meaning does not differ, and more is said than what is denied:
    "there's a hole in my tire and I don't have a spare"."""
    if meant is None or _share_denied(reading) > _DENIED:
        return False
    return float(_highest(meant, ~differs)) > max(float(_highest(meant, differs)), _MEANT)


def denies(reading: Reading) -> bool:
    """Whether the text denies almost all that it says: "I don't want to cancel"."""
    return reading.negated and _share_denied(reading) >= _ALL


def _share_denied(reading: Reading) -> float:
    """Share of the words, by weight, that the text may deny, in [0, 1]."""
    about, words = _window(reading), reading.words
    total = sum(word.weight for word in words)
    return sum(word.weight for word in words if word.root in about) / total if total else 1.0


def _highest(values: Floats, among: Bools) -> np.float32:
    highest: np.float32 = np.maximum.reduce(values, initial=0.0, where=among)
    return highest


def _roots(words: Iterable[Word]) -> frozenset[str]:
    return frozenset([word.root for word in words])


def _window(reading: Reading) -> frozenset[str]:
    """All that it may deny."""
    return _roots(word for denial in reading.denials for word in denial)


def _arrays(rows: Mapping[str, Sequence[int]]) -> dict[str, Ints]:
    return {stem: np.array(of, dtype=np.intp) for stem, of in rows.items()}


def _others(rows: Mapping[str, Sequence[int]]) -> dict[str, Ints]:
    """By member of a group: the rows that name another; by `_ANY`: all that name one."""
    return {
        stem: np.array([row for other in rows if other != stem for row in rows[other]], np.intp)
        for stem in (*rows, _ANY)
    }
