"""What any worker has found out already, in Redis: read within a budget, written in the background.

What cannot be read is not found, and what cannot be written is not kept: nobody waits for either.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis

from knowledge.chain import Breaker, Fault, one
from knowledge.store import BUDGET, faults

WAITING = 256
"""Values that wait to be written; of more the newest is not kept."""
REACH = 1.0
"""Seconds to find out whether Redis is back, which nobody waits for."""

Report = Callable[[Fault], None]
"""Told why Redis was given up for one question."""


@dataclass(frozen=True, slots=True)
class _Nothing:
    """Who is asked after Redis, and instead of it while it is left alone."""

    name: str = "nothing"
    breaker: Breaker = field(default_factory=Breaker)

    async def get(self, _key: str) -> bytes | None:
        return None


class Cache:
    """No method raises. While the breaker is open no question waits for Redis: whether it is back
    is found out in the background."""

    name = "redis"

    def __init__(self, redis: Redis, *, budget: float = BUDGET) -> None:
        """`redis` is closed by its owner, later than this. `budget`: seconds for an operation."""
        self.breaker = Breaker(probed=True)
        self._redis: Any = redis
        self._budget = budget
        self._nothing = _Nothing()
        self._waiting: deque[tuple[str, bytes, int]] = deque()
        self._working: asyncio.Task[None] | None = None
        self._closed = False

    async def find(self, key: str, report: Report) -> bytes | None:
        if self.breaker.open and time.monotonic() >= self.breaker.until:
            self._begin()
        places: list[Cache | _Nothing] = [self, self._nothing]
        return await one(
            places,
            lambda place: place.get(key),
            within=self._budget,
            report=lambda _place, fault: report(fault),
        )

    async def get(self, key: str) -> bytes | None:
        """Redis itself. Raises Fault."""
        with faults():
            value = await self._redis.get(key)
        return value if isinstance(value, bytes) else None

    def keep(self, key: str, value: bytes, *, ttl: int) -> None:
        """For `ttl` seconds. Returns at once."""
        if self.breaker.open or len(self._waiting) >= WAITING:
            return
        self._waiting.append((key, value, ttl))
        self._begin()

    async def close(self) -> None:
        """What still waits is not written."""
        self._closed = True
        self._waiting.clear()  # the client of Redis may swallow a cancellation
        if self._working is not None:
            self._working.cancel()
            await asyncio.wait({self._working})

    def _begin(self) -> None:
        if not self._closed and (self._working is None or self._working.done()):
            self._working = asyncio.create_task(self._work(), name="cache")

    async def _work(self) -> None:
        if self.breaker.open:
            await self._attempt(self._redis.ping, REACH)
        while self._waiting:
            key, value, ttl = self._waiting.popleft()
            if not self.breaker.open:
                write = self._redis.set
                await self._attempt(lambda: write(key, value, ex=ttl), self._budget)  # noqa: B023

    async def _attempt(self, operation: Callable[[], Awaitable[object]], within: float) -> None:
        async def attempt(_redis: Cache) -> None:
            with faults():
                await operation()

        with suppress(Fault):
            await one([self], attempt, within=within)
