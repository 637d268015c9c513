"""Ends a worker whose event loop stands still: its calls then go on at another one, instead of
going on in silence here.
"""

import asyncio
import faulthandler
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

DEADLY = 3.0
"""Seconds."""
BEAT = 0.25
"""Seconds between two signs of life."""


@asynccontextmanager
async def watchdog(deadly: float = DEADLY, beat: float = BEAT) -> AsyncIterator[None]:
    """A thread in C that needs no interpreter: it writes all stacks to standard error, and exits
    with 1, unless the loop sets it back in time."""
    beating = asyncio.create_task(_beats(deadly, beat), name="watchdog")
    try:
        yield
    finally:
        beating.cancel()
        await asyncio.wait([beating])
        faulthandler.cancel_dump_traceback_later()


async def _beats(deadly: float, beat: float) -> None:
    while True:
        faulthandler.dump_traceback_later(deadly, exit=True)
        await asyncio.sleep(beat)
