"""One weight per feature and entry, learned where an entry has many phrasings."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from knowledge.cosine import Floats, Sparse

Halves = NDArray[np.float16]
Bytes = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Linear:
    """Scores are about -1 for what an entry is not asked with and up to 1 for what it is."""

    letters: Halves
    """Features of `pairs` x entries."""
    manner: Floats
    """Features of `turns` x entries; wide, for every question asks many of them."""
    bias: Floats
    """Per entry."""

    def by_letters(self, asked: Sparse) -> Floats:
        """Per entry."""
        total: Floats = asked.values @ self.letters.take(asked.ids, axis=0).astype(np.float32)
        return total

    def by_manner(self, asked: Sparse) -> Floats:
        """Per entry."""
        total: Floats = asked.values @ self.manner.take(asked.ids, axis=0)
        return total


def packed(weights: Floats | Halves) -> tuple[Bytes, Floats]:
    """For a file: a byte a weight, and what one is worth, by entry. A quarter of the size of
    halves; of 380 questions one is answered otherwise."""
    worth = np.maximum(np.abs(weights.astype(np.float32)).max(axis=0), 1e-6) / 127.0
    return np.rint(weights / worth).astype(np.int8), worth.astype(np.float32)


def unpacked(weights: Bytes, worth: Floats) -> Floats:
    """What `packed` made, but for the rounding."""
    whole: Floats = weights * worth
    return whole
