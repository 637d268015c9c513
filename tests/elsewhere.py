"""Simulated providers on an event loop of their own, as far from the code under test as it gets
within one process: they add nothing to its loop, and outlive it."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager

from agent.simulators.server import Simulator


@contextmanager
def standing(*simulators: Simulator) -> Iterator[None]:
    """Serving inside, closed outside. Raises what a simulator raises when it opens."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    stack = AsyncExitStack()

    async def open_all() -> None:
        for simulator in simulators:
            await stack.enter_async_context(simulator)

    try:
        asyncio.run_coroutine_threadsafe(open_all(), loop).result(10)
        try:
            yield
        finally:
            asyncio.run_coroutine_threadsafe(stack.aclose(), loop).result(10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
