"""A stream that is begun only as long as nothing else has happened."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import TypeVar

T = TypeVar("T")


async def unless(event: asyncio.Event, stream: AsyncGenerator[T]) -> AsyncGenerator[T]:
    """Everything of the stream; nothing where the event comes before its first item."""
    async with aclosing(stream):
        if event.is_set():
            return
        first = asyncio.ensure_future(anext(stream))
        happened = asyncio.ensure_future(event.wait())
        try:
            await asyncio.wait({first, happened}, return_when=asyncio.FIRST_COMPLETED)
            if not first.done():
                return
        finally:
            for task in (first, happened):
                task.cancel()
            await asyncio.wait({first, happened})
        with suppress(StopAsyncIteration):
            yield first.result()
            async for item in stream:
                yield item
