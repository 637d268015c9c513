"""Sentences as vectors: near where they mean the same, in whatever language they are said."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

Near = Mapping[str, float]
"""The nearest phrasings of a question: the cosine, in [-1, 1], by the phrasing's id."""

NOBODY = ""
"""Whose sentence it is that no entry answers: in place of an entry's name, in an id."""
NEAREST = 100
"""Phrasings that a question is compared with, wherever the vectors lie: an entry has about ten."""
SURE = 0.96
"""Probability from which words alone are enough, and no vector is asked for."""
SPOKEN = 400
"""Characters of a question, its last ones, that are made a vector: an encoder's time grows with
them, and what a caller wants comes last."""


class Embedding(Protocol):
    @property
    def name(self) -> str:
        """Model and size: vectors of another name are no more comparable than words of two tongues.

        No address and no key: it is written beside the vectors.
        """
        ...

    @property
    def size(self) -> int: ...

    async def embed(self, texts: Sequence[str]) -> Floats:
        """Rows of length 1, in the texts' order. Raises Fault."""
        ...


def unit(rows: Floats) -> Floats:
    """The same rows, each of length 1. Raises ValueError where one holds no direction."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    if not np.isfinite(lengths).all() or (lengths == 0).any():
        raise ValueError("a vector of no length, or with values that are no numbers")
    return np.asarray(rows / lengths, dtype=np.float32)


def spoken(text: str) -> str:
    """What of a question is made a vector; "" where nothing was said."""
    return " ".join(text[-SPOKEN:].split())
