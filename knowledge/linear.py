"""One weight per feature and entry, learned where an entry has many phrasings."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from knowledge.cosine import Floats, Sparse

Halves = NDArray[np.float16]


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
