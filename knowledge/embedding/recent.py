"""The latest questions' vectors, for an embedding that lies behind a network."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from math import inf

from knowledge.chain import Fault
from knowledge.embedding import Embedding, Floats
from knowledge.embedding.vectors import mark

MOST = 256
"""Questions that are remembered, by hash; the oldest goes first."""


class Recent:
    """Asks once for a question that several ask: who prepares an answer, and the next provider.

    Who gives up waiting leaves the request to whoever asks next. Its owner calls `aclose`.
    """

    def __init__(self, embedding: Embedding, *, patience: float = inf) -> None:
        """`patience`: seconds for which a question's vector is waited for, by all who ask for it
        together; what comes later is there for the next turn."""
        self.name = embedding.name
        self.size = embedding.size
        self._embedding = embedding
        self._patience = patience
        self._known: dict[str, tuple[asyncio.Task[Floats], float]] = {}
        """With the loop's time at which it was asked for."""

    async def embed(self, texts: Sequence[str]) -> Floats:
        """Raises Fault."""
        if len(texts) != 1:
            return await self._embedding.embed(texts)
        key, now = mark(texts[0], self.name), asyncio.get_running_loop().time()
        if key not in self._known:
            if len(self._known) >= MOST:
                self._known.pop(next(iter(self._known)))
            task = asyncio.create_task(self._asked(key, texts))
            self._known[key] = task, now
            task.add_done_callback(_seen)
        task, since = self._known[key]
        left = None if self._patience == inf else max(0.0, since + self._patience - now)
        done, _ = await asyncio.wait({task}, timeout=left)
        if not done:
            raise Fault("late", "no vector yet")
        return task.result()

    async def aclose(self) -> None:
        tasks = [task for task, _ in self._known.values()]
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
