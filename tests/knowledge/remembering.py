"""A worker's memory in Redis, and what lies there."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable

from redis.asyncio import Redis

from knowledge.events import Event
from knowledge.recollection import Exchange, Recollection, decode
from knowledge.sharedmemory import RedisMemory
from knowledge.store import BUDGET, connect

DAY = 86400.0


def exchange(at: float, agent: str = "We pay.") -> Exchange:
    return Exchange(at, "Who pays?", agent, "en")


@contextlib.asynccontextmanager
async def remembering(
    port: int,
    events: list[Event] | None = None,
    *,
    waiting: int = 1000,
    ttl: float = DAY,
    budget: float = BUDGET,
) -> AsyncIterator[RedisMemory]:
    """One worker's memory."""
    redis = connect(f"redis://127.0.0.1:{port}/0", budget=budget)
    emit = (lambda _: None) if events is None else events.append
    memory = RedisMemory(redis, ttl=ttl, emit=emit, waiting=waiting, budget=budget)
    await memory.start()
    try:
        yield memory
    finally:
        await memory.close()
        await redis.aclose()


async def stored(port: int, call: str) -> Recollection:
    async with Redis(host="127.0.0.1", port=port) as redis:
        value = await redis.get(f"answerline:call:{{{call}}}:memory")
    return decode(value) if value else Recollection()


async def turns(port: int, call: str, count: int) -> bool:
    return (await stored(port, call)).turns == count


async def took(work: Awaitable[Recollection]) -> tuple[Recollection, float]:
    clock = asyncio.get_running_loop().time
    began = clock()
    return await work, clock() - began
