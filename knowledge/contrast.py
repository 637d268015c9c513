"""Which phrasings say something else than a question, however alike the two look."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from knowledge.words import Reading

Bools = NDArray[np.bool_]


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
        self._numbers = dict(numbers)
        self._members = dict(members)

    def of(self, reading: Reading) -> Bools:
        """Per phrasing: whether polarity, a number or a word that excludes ours differs."""
        differs: Bools = np.not_equal(self._negated, reading.negated)
        if reading.numbers:
            for numbers, rows in self._numbers.items():
                if numbers != reading.numbers:
                    differs[rows] = True
        for group, own in reading.members.items():
            for stem, rows in self._members.get(group, {}).items():
                if stem != own:
                    differs[rows] = True
        return differs
