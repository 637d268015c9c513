"""How much the same two texts in two languages mean, by a multilingual embedding."""

from knowledge.chain import Fault
from knowledge.embedding import Embedding


class Meanings:
    def __init__(self, embedding: Embedding) -> None:
        self._embedding = embedding

    async def alike(self, one: str, other: str) -> float | None:
        """The cosine; None where nobody can tell."""
        try:
            first, second = await self._embedding.embed([one, other])
        except Fault:
            return None
        return float(first @ second)
