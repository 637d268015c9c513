"""Calls that are over: whichever worker Twilio asks, none of them opens a stream for one again."""

import asyncio
from collections import OrderedDict
from contextlib import suppress
from typing import Any

from redis.asyncio import Redis

from knowledge.chain import Fault
from knowledge.store import BUDGET, faults

KEPT = 3600
"""Seconds: Twilio's webhooks of a call come within minutes of its end."""
REMEMBERED = 10_000
"""Calls whose end this process knows."""


def key(call: str) -> str:
    return f"answerline:call:{{{call}}}:over"


class Endings:
    """Neither method raises; each waits 50 ms for Redis at most."""

    def __init__(self, redis: Redis | None) -> None:
        self._redis: Any = redis
        self._known: OrderedDict[str, None] = OrderedDict()

    async def note(self, call: str) -> None:
        """To be awaited before its stream is closed: Twilio asks at once."""
        self.note_here(call)
        if self._redis is not None:
            with suppress(Fault, TimeoutError):
                async with asyncio.timeout(BUDGET):
                    with faults():
                        await self._redis.set(key(call), b"1", ex=KEPT)

    def note_here(self, call: str) -> None:
        self._known[call] = None
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    async def knows(self, call: str) -> bool:
        if call in self._known or self._redis is None:
            return call in self._known
        with suppress(Fault, TimeoutError):
            async with asyncio.timeout(BUDGET):
                with faults():
                    return bool(await self._redis.exists(key(call)))
        return False
