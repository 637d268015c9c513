"""Which phrasings say something else than a question, however alike the two look."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from knowledge.words import ASPECT, FULL, Reading, Word

Bools = NDArray[np.bool_]
Ints = NDArray[np.intp]
Codes = NDArray[np.int16]
_STEM = 4
"""Letters by which a word that is denied is known in another form."""
_SHORT = 3
"""Words that say anything: of so few a negation may deny all."""


class Contrast:
    """ "Is it covered" and "is it not covered", 200 and 500, the car and the boat.

    A negation is a difference where the other text says what it denies: "the car won't start" says
    nothing else than "the car only clicks". Of another language only whether it denies is known.
    """

    def __init__(self, readings: Sequence[Reading], foreign: Sequence[bool]) -> None:
        self._foreign: Bools = np.array(foreign, dtype=np.bool_)
        self._negated: Bools = np.array([reading.negated for reading in readings], dtype=np.bool_)
        self._abroad = bool(self._foreign.any())
        self._said = [_stems(reading.words) for reading in readings]
        self._known = frozenset().union(*self._said)
        self._around = [_window(reading) for reading in readings]
        self._deniers: dict[str, Bools] = {}
        """The rows that deny a word."""
        for row, reading in enumerate(readings):
            for stem in () if foreign[row] else self._denied(reading):
                if stem not in self._deniers:
                    self._deniers[stem] = np.zeros(len(readings), dtype=np.bool_)
                self._deniers[stem][row] = True
        self._numbers: dict[frozenset[str], int] = {frozenset(): 0}
        numbered = [self._numbers.setdefault(r.numbers, len(self._numbers)) for r in readings]
        self._numbered: Ints = np.array(numbered, dtype=np.intp)
        """Which numbers a row says; 0: none."""
        self._codes: defaultdict[int, dict[str, int]] = defaultdict(dict)
        members: dict[int, Codes] = {}
        for row, reading in enumerate(readings):
            if self._foreign[row]:  # car is no other thing than coche
                continue
            for group, stem in reading.members.items():
                if group not in members:
                    members[group] = np.zeros(len(readings), dtype=np.int16)
                codes = self._codes[group]
                members[group][row] = codes.setdefault(stem, len(codes) + 1)
        self._members = members

    def of(self, reading: Reading, rows: Ints) -> Bools | None:
        """Of these phrasings: whether polarity, a number or an exclusive word differs; None: no."""
        differs: Bools | None = None
        for opposed in self._opposed(reading, rows):
            differs = _either(differs, opposed)
        if reading.numbers and len(self._numbers) > 1:
            told = self._numbered.take(rows)
            own = self._numbers.get(reading.numbers, -1)
            differs = _either(differs, (told != 0) & (told != own))
        for group, stem in reading.members.items():
            if group in self._members:
                member = self._members[group].take(rows)
                own = self._codes[group].get(stem, -1)
                differs = _either(differs, (member != 0) & (member != own))
        return differs if differs is not None and np.count_nonzero(differs) else None

    def _opposed(self, reading: Reading, rows: Ints) -> Iterator[Bools]:
        """Those that deny what the question says, and the other way round."""
        about = _window(reading) if reading.negated else frozenset[str]()
        for word in reading.words:
            stem = word.stem[:_STEM]
            if stem in self._deniers and stem not in about:
                yield self._deniers[stem].take(rows)
        foreign = self._foreign.take(rows)
        if reading.negated and (denied := self._denied(reading)):
            said = [bool(denied & self._said[at] - self._around[at]) for at in rows.tolist()]
            yield np.array(said) & ~foreign
        if self._abroad:
            yield foreign & (self._negated.take(rows) != reading.negated)

    def _denied(self, reading: Reading) -> frozenset[str]:
        """What it denies, of all that any phrasing says: to the first word of full weight; a short
        text to its end."""
        found = set()
        short = len(reading.words) <= _SHORT
        for denial in reading.denials:
            telling = [word for word in denial if word.weight >= ASPECT] or denial
            for word in telling:
                if (stem := word.stem[:_STEM]) in self._known:
                    found.add(stem)
                    if word.weight == FULL and not short:
                        break
        return frozenset(found)


def _stems(words: Iterable[Word]) -> frozenset[str]:
    return frozenset(word.stem[:_STEM] for word in words)


def _window(reading: Reading) -> frozenset[str]:
    """All that it may deny."""
    return _stems(word for denial in reading.denials for word in denial)


def _either(*differs: Bools | None) -> Bools | None:
    found = [one for one in differs if one is not None]
    return np.logical_or.reduce(found) if found else None
