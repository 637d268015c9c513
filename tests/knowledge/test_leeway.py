"""Who is late: the one that is asked, or we?"""

import asyncio
import time

import pytest

from knowledge.leeway import deadline

SHORT = 0.05
"""Seconds; ten stretches."""


async def busy(passes: int) -> None:
    """Each of them takes longer than the deadline."""
    for _ in range(passes):
        time.sleep(1.2 * SHORT)  # noqa: ASYNC251
        await asyncio.sleep(0)


async def asked() -> str:
    """An answer that is there at once, for who looks: on a real socket."""

    def say(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"yes")
        writer.close()

    async with await asyncio.start_server(say, "127.0.0.1", 0) as server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        answer = await reader.read()
        writer.close()
    return answer.decode()


async def test_an_answer_to_a_busy_loop_is_in_time() -> None:
    hog = asyncio.create_task(busy(5))
    await asyncio.sleep(0)
    async with deadline(SHORT):
        assert await asked() == "yes"
    await hog


async def test_who_does_not_answer_is_late() -> None:
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        async with deadline(SHORT):
            await asyncio.Event().wait()
    assert time.monotonic() - began >= SHORT


async def test_what_was_in_time_is_not_interrupted_later() -> None:
    async with deadline(SHORT):
        pass
    async with asyncio.timeout(5):
        await busy(3)
        await asyncio.sleep(2 * SHORT)


async def test_a_cancellation_from_outside_stays_one() -> None:
    async def wait() -> None:
        async with deadline(60):
            await asyncio.Event().wait()

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
