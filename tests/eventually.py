"""Waiting for what another task or process is about to do."""

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], bool], *, within: float = 15.0) -> None:
    """Raises TimeoutError after `within` seconds: more than a busy machine takes."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)
