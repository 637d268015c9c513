"""A deadline for who is asked, not for us: while the event loop was held, nobody looked whether an
answer had come."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

STRETCH = 0.005
"""Seconds: as long as anything may hold the event loop. A longer stretch counts for no more."""
PATIENCE = 2.0
"""Seconds at most by the clock, for whoever gives such a deadline to Redis."""


@asynccontextmanager
async def deadline(seconds: float) -> AsyncIterator[None]:
    """As `asyncio.timeout`, in time for which the event loop was awake. Raises TimeoutError."""
    loop = asyncio.get_running_loop()
    handle: asyncio.TimerHandle
    async with asyncio.timeout(None) as end:

        def wait(left: float) -> None:
            nonlocal handle
            handle = loop.call_later(min(left, STRETCH / 2), look, left, loop.time())

        def look(left: float, since: float) -> None:
            left -= min(loop.time() - since, STRETCH)
            if left > 0:
                wait(left)
            else:
                end.reschedule(loop.time())

        wait(seconds)
        try:
            yield
        finally:
            handle.cancel()
