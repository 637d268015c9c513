"""Somebody else who uses the processor."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_BURN = """
import sys, time
share = float(sys.argv[1])
while True:
    end = time.monotonic() + 0.1 * share
    while time.monotonic() < end:
        pass
    time.sleep(0.1 * (1 - share))
"""


@asynccontextmanager
async def burning(share: float) -> AsyncIterator[None]:
    """Of each core, by a process for each."""
    processes = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", _BURN, str(share))
        for _ in os.sched_getaffinity(0)
    ]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            await process.wait()
