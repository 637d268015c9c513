"""Who finds answers by meaning: with vectors at Pinecone, or with those in this process.

Words come first: what they tell surely asks no embedding and no network. In both the index alone
decides, from words and cosines, so the same vectors give the same answers wherever they lie.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol

from knowledge.answers import Answer, Question
from knowledge.chain import Breaker
from knowledge.embedding import SURE, Embedding, Floats, Near, spoken
from knowledge.embedding.vectors import Vectors, own
from knowledge.pinecone.account import ids
from knowledge.pinecone.space import Space


class Index(Protocol):
    """What decides, from words and from what is near."""

    def best(self, question: Question, near: Near | None = None) -> Answer | None: ...


class Pinecone:
    """An `Answerer` for one edition of the content. Raises Fault."""

    name = "pinecone"

    def __init__(
        self,
        index: Index,
        vectors: Vectors,
        embedding: Embedding,
        space: Space,
        *,
        breaker: Breaker | None = None,
        sure: float = SURE,
    ) -> None:
        """`vectors`: of this edition; only what they name is used of what Pinecone holds."""
        self.breaker = breaker or Breaker()
        self._index = index
        ours = own(vectors.ids, vectors.rows)
        self._known = {
            stored: name
            for stored, name in ids(vectors.ids, vectors.marks).items()
            if name not in ours
        }
        self._embedding = embedding
        self._space = space
        self._sure = sure

    async def answer(self, question: Question) -> Answer | None:
        return await _answer(self._index, question, self._embedding, self._near, self._sure)

    async def _near(self, vector: Floats) -> Near:
        return await self._space.near(vector, self._known)


class Embedded:
    """An `Answerer` for one edition of the content; with a built-in embedding it asks no network.

    Without an embedding it goes by words alone.
    """

    def __init__(
        self,
        index: Index,
        vectors: Vectors | None = None,
        embedding: Embedding | None = None,
        *,
        name: str = "embedded",
        breaker: Breaker | None = None,
        sure: float = SURE,
    ) -> None:
        self.name = name
        self.breaker = breaker or Breaker()
        self._index = index
        self._vectors = vectors
        self._own = own(vectors.ids, vectors.rows) if vectors is not None else frozenset()
        self._embedding = embedding
        self._sure = sure

    async def answer(self, question: Question) -> Answer | None:
        if self._embedding is None or self._vectors is None:
            return self._index.best(question)
        return await _answer(self._index, question, self._embedding, self._near, self._sure)

    async def _near(self, vector: Floats) -> Near:
        assert self._vectors is not None
        near = self._vectors.near(vector)
        return {name: cosine for name, cosine in near.items() if name not in self._own}


async def _answer(
    index: Index,
    question: Question,
    embedding: Embedding,
    nearest: Callable[[Floats], Awaitable[Near]],
    sure: float,
) -> Answer | None:
    by_words = index.best(question)
    text = spoken(question.text)
    if not text or (by_words is not None and (by_words.leaning or by_words.confidence >= sure)):
        return by_words
    [vector] = await embedding.embed([text])
    return index.best(question, await nearest(vector))
