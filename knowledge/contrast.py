"""Which phrasings say something else than a question, however alike the two look."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from knowledge.words import Reading

Bools = NDArray[np.bool_]
Ints = NDArray[np.intp]
Codes = NDArray[np.int16]


class Contrast:
    """ "Is it covered" and "is it not covered", 200 and 500, the car and the boat."""

    def __init__(self, readings: Sequence[Reading]) -> None:
        self._negated: Bools = np.array([reading.negated for reading in readings], dtype=np.bool_)
        self._denying = bool(self._negated.any())
        self._numbers: dict[frozenset[str], int] = {frozenset(): 0}
        numbered = [self._numbers.setdefault(r.numbers, len(self._numbers)) for r in readings]
        self._numbered: Ints = np.array(numbered, dtype=np.intp)
        """Which numbers a row says; 0: none."""
        self._codes: defaultdict[int, dict[str, int]] = defaultdict(dict)
        members: dict[int, Codes] = {}
        for row, reading in enumerate(readings):
            for group, stem in reading.members.items():
                if group not in members:
                    members[group] = np.zeros(len(readings), dtype=np.int16)
                codes = self._codes[group]
                members[group][row] = codes.setdefault(stem, len(codes) + 1)
        self._members = members

    def of(self, reading: Reading, rows: Ints) -> Bools | None:
        """Of these phrasings: whether polarity, a number or an exclusive word differs; None: no."""
        differs: Bools | None = None
        if reading.negated:
            differs = ~self._negated.take(rows)
        elif self._denying:
            differs = self._negated.take(rows)
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


def _either(*differs: Bools | None) -> Bools | None:
    found = [one for one in differs if one is not None]
    return np.logical_or.reduce(found) if found else None
