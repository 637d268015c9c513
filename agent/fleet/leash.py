"""A worker ends with its supervisor, however that one dies: it holds the other end of a pipe."""

import asyncio
import os

PIPE = 0
"""Standard input, of which a worker needs nothing else."""


async def parted(pipe: int = PIPE) -> None:
    """Returns when nobody holds the other end."""
    loop, gone = asyncio.get_running_loop(), asyncio.Event()

    def read() -> None:
        if not os.read(pipe, 64):
            gone.set()

    loop.add_reader(pipe, read)
    try:
        await gone.wait()
    finally:
        loop.remove_reader(pipe)
