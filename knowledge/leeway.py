"""A deadline for who is asked, not for us: while the event loop was held, nobody looked whether an
answer had come."""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

STRETCH = 0.005
"""Seconds: as long as anything may hold the event loop. A longer stretch counts for no more."""


@asynccontextmanager
async def deadline(seconds: float) -> AsyncIterator[None]:
    """As `asyncio.timeout`, in time for which the event loop was awake. Raises TimeoutError."""
    loop = asyncio.get_running_loop()
    handle: asyncio.TimerHandle
    async with asyncio.timeout(None) as end:

        def pass_by(stretches: int) -> None:
            nonlocal handle
            if stretches:
                handle = loop.call_later(STRETCH, pass_by, stretches - 1)
            else:
                end.reschedule(loop.time())

        handle = loop.call_later(0, pass_by, math.ceil(seconds / STRETCH))
        try:
            yield
        finally:
            handle.cancel()
