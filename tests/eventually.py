"""Waiting for what another task or process is about to do."""

import asyncio
from collections.abc import Awaitable, Callable


async def until(condition: Callable[[], bool], *, within: float = 15.0) -> None:
    """Raises TimeoutError after `within` seconds: more than a busy machine takes."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def eventually(holds: Callable[[], Awaitable[bool]], *, within: float = 15.0) -> None:
    """The same, for what has to be asked for."""
    async with asyncio.timeout(within):
        while not await holds():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
