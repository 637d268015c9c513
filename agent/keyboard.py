"""Standard input, line by line, inside an event loop."""

import asyncio
import os
from collections.abc import AsyncGenerator

_MOST = 1 << 16


async def lines(file: int) -> AsyncGenerator[str]:
    """As they come, without their ends. Ctrl-C ends this wait; a thread's it would not."""
    rest = b""
    while piece := await _piece(file):
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield line.decode("utf-8", "replace").rstrip("\r")
    if rest:
        yield rest.decode("utf-8", "replace")


async def _piece(file: int) -> bytes:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    try:
        loop.add_reader(file, ready.set)
    except (OSError, NotImplementedError):  # a file on disk is always ready
        return os.read(file, _MOST)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(file)
    return os.read(file, _MOST)
