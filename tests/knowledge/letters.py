"""An embedding of a few microseconds: how often each letter stands in a text."""

from collections.abc import Sequence

import numpy as np

from knowledge.embedding import Floats, unit


class Letters:
    """Remembers what it was asked."""

    size = 27

    def __init__(self, name: str = "letters/27") -> None:
        self.name = name
        self.asked: list[str] = []

    async def embed(self, texts: Sequence[str]) -> Floats:
        self.asked += texts
        rows = np.zeros((len(texts), self.size), dtype=np.float32)
        rows[:, -1] = 0.1  # a text without letters has a direction too
        for row, text in zip(rows, texts, strict=True):
            for letter in text.lower():
                if "a" <= letter <= "z":
                    row[ord(letter) - ord("a")] += 1
        return unit(rows)
