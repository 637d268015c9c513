"""The latest questions' vectors, for an embedding that lies behind a network."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from knowledge.embedding import Embedding, Floats
from knowledge.embedding.vectors import mark

MOST = 256
"""Questions that are remembered, by hash; the oldest goes first."""


class Recent:
    """Asks once for a question that several ask: who prepares an answer, and the next provider.

    Who gives up waiting leaves the request to whoever asks next. Its owner calls `aclose`.
    """

    def __init__(self, embedding: Embedding) -> None:
        self.name = embedding.name
        self.size = embedding.size
        self._embedding = embedding
        self._known: dict[str, asyncio.Task[Floats]] = {}

    async def embed(self, texts: Sequence[str]) -> Floats:
        """Raises Fault."""
        if len(texts) != 1:
            return await self._embedding.embed(texts)
        key = mark(texts[0], self.name)
        task = self._known.get(key)
        if task is None:
            if len(self._known) >= MOST:
                self._known.pop(next(iter(self._known)))
            task = asyncio.create_task(self._asked(key, texts))
            self._known[key] = task
            task.add_done_callback(_seen)
        return await asyncio.shield(task)

    async def aclose(self) -> None:
        tasks = list(self._known.values())
        self._known.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _asked(self, key: str, texts: Sequence[str]) -> Floats:
        try:
            return await self._embedding.embed(texts)
        except BaseException:
            self._known.pop(key, None)  # a failure is not remembered
            raise


def _seen(task: asyncio.Task[Floats]) -> None:
    """It may be that nobody waits for it any more."""
    with suppress(asyncio.CancelledError):
        task.exception()
