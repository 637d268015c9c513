"""Which phrasings say something else than a question, however alike the two look."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from knowledge.words import Reading

Bools = NDArray[np.bool_]
Ints = NDArray[np.intp]


class Contrast:
    """ "Is it covered" and "is it not covered", 200 and 500, the car and the boat."""

    def __init__(self, readings: Sequence[Reading]) -> None:
        self._negated: Bools = np.array([reading.negated for reading in readings], dtype=np.bool_)
        numbers: defaultdict[frozenset[str], list[int]] = defaultdict(list)
        members: defaultdict[int, dict[str, list[int]]] = defaultdict(dict)
        for row, reading in enumerate(readings):
            if reading.numbers:
                numbers[reading.numbers].append(row)
            for group, stem in reading.members.items():
                members[group].setdefault(stem, []).append(row)
        self._denying = bool(self._negated.any())
        self._numbers = dict(numbers)
        self._members = dict(members)

    def of(self, reading: Reading, rows: Ints) -> Bools | None:
        """Of these phrasings: whether polarity, a number or an exclusive word differs; None: no."""
        if not (self._denying or reading.negated or reading.numbers or reading.members):
            return None
        differs: Bools = np.not_equal(self._negated, reading.negated)
        if reading.numbers:
            for numbers, those in self._numbers.items():
                if numbers != reading.numbers:
                    differs[those] = True
        for group, own in reading.members.items():
            for stem, those in self._members.get(group, {}).items():
                if stem != own:
                    differs[those] = True
        chosen = differs[rows]
        return chosen if chosen.any() else None
