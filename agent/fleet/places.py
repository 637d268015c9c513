"""Places for calls: taken when a call comes in, kept while it lasts, free again 30 s after a
document that no stream follows. Nobody counts: a place is taken in one step or not at all.
"""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from redis.asyncio import Redis

from agent.fleet.identity import WorkerId
from knowledge.chain import Breaker, Fault
from knowledge.leeway import PATIENCE, deadline
from knowledge.store import BUDGET, faults, patient

RESERVED = 30.0
"""Seconds from a document to its stream; a token lives as long."""
HELD = 10.0
"""Seconds for which a call's place outlives its worker: it is about to be back."""
GRACE = 0.5
"""Seconds for which Redis is waited for that has just answered somebody: where many webhooks come
at once it is late, and each worker by itself would let in what is no longer free elsewhere."""
ALIVE = 3.0
"""Seconds after which a worker that has not been heard of counts as gone."""
PLACES = "answerline:{fleet}:places"
"""Sorted set: calls, by when their place is free again, in Redis' own time."""
WORKERS = "answerline:{fleet}:workers"
"""Sorted set: workers, by when they count as gone."""
ROOM = "answerline:{fleet}:room"
"""Hash: how many calls a worker would carry."""

PRESENT = """
local t = redis.call('TIME')
local now = t[1] + t[2] / 1000000
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now)) do
  redis.call('ZREM', KEYS[2], gone)
  redis.call('HDEL', KEYS[3], gone)
end
redis.call('ZADD', KEYS[2], now + ARGV[2], ARGV[1])
redis.call('HSET', KEYS[3], ARGV[1], ARGV[3])
"""
"""KEYS: places, workers, room. ARGV: the worker, ALIVE, its room. Whoever asks is there."""
TAKE = (
    PRESENT
    + """
local free = 0
for _, room in ipairs(redis.call('HVALS', KEYS[3])) do free = free + room end
if ARGV[6] == '1' or redis.call('ZSCORE', KEYS[1], ARGV[4])
    or redis.call('ZCARD', KEYS[1]) < free then
  redis.call('ZADD', KEYS[1], 'GT', now + ARGV[5], ARGV[4])
  return 1
end
return 0
"""
)
"""Further ARGV: the call, RESERVED, whether it is let in whatever there is."""
HOLD = (
    PRESENT
    + """
for i = 5, #ARGV do redis.call('ZADD', KEYS[1], now + ARGV[4], ARGV[i]) end
return redis.call('ZCARD', KEYS[1])
"""
)
"""Further ARGV: HELD, the worker's calls."""
KEYS = (PLACES, WORKERS, ROOM)


@dataclass(frozen=True, slots=True)
class Room:
    """What a worker says of itself."""

    worker: WorkerId
    most: int
    """Calls at a time."""
    running: Callable[[], Collection[str]]
    """CallSids."""
    shut: Callable[[], bool] = lambda: False
    """No new call is wanted: it drains, or its event loop is late."""

    @property
    def size(self) -> int:
        """Those that it carries while it is shut: they take their own places, and no others."""
        return min(self.most, len(self.running())) if self.shut() else self.most


class Places(Protocol):
    """Raises Fault."""

    name: str
    breaker: Breaker

    async def take(self, call: str, *, known: bool) -> bool:
        """Whether the call has a place, also where it had one. `known`: it has been let in long
        ago, and is only away for a moment."""
        ...


@dataclass(slots=True)
class OwnPlaces:
    """In this process: for one worker, and while Redis is away."""

    room: Room
    clock: Callable[[], float] = time.monotonic
    name: str = "own"
    breaker: Breaker = field(default_factory=Breaker)
    _reserved: dict[str, float] = field(default_factory=dict)
    """In order of age, as each lives equally long."""

    async def take(self, call: str, *, known: bool) -> bool:
        now, running = self.clock(), self.room.running()
        while self._reserved and next(iter(self._reserved.values())) <= now:
            del self._reserved[next(iter(self._reserved))]
        taken = self._reserved.keys() | set(running)
        if not (known or call in taken or len(taken) < self.room.size):
            return False
        self.note(call)
        return True

    def note(self, call: str) -> None:
        """It has got a place, here or in Redis: which may be away for the next one."""
        self._reserved.pop(call, None)
        self._reserved[call] = self.clock() + RESERVED

    def leave(self, call: str) -> None:
        self._reserved.pop(call, None)


class SharedPlaces:
    """In Redis: a call's stream may come to another worker than its webhook."""

    name = "redis"

    def __init__(self, redis: Redis, room: Room) -> None:
        self._redis: Any = patient(redis, budget=PATIENCE)
        self._room = room
        self._reached = -GRACE
        # each call asks again: an outage costs a webhook 50 ms, never the return to Redis
        self.breaker = Breaker(failures=1 << 30)

    async def take(self, call: str, *, known: bool) -> bool:
        room = self._room
        arguments = (room.worker, ALIVE, room.size, call, RESERVED, int(known))
        try:
            async with deadline(max(BUDGET, self._reached + GRACE - time.monotonic())):
                with faults():
                    taken = await self._redis.eval(TAKE, len(KEYS), *KEYS, *arguments)
        except TimeoutError as error:
            raise Fault("late") from error
        self.reached()
        return bool(taken)

    def reached(self) -> None:
        """Redis has answered."""
        self._reached = time.monotonic()

    async def close(self) -> None:
        await self._redis.aclose()

    def hold(self, batch: Any, left: Sequence[str]) -> None:
        """This worker's calls, and that it is there: to be sent again before `ALIVE` is over."""
        if left:
            batch.zrem(PLACES, *left)
        room = self._room
        calls = room.running()
        batch.eval(HOLD, len(KEYS), *KEYS, room.worker, ALIVE, room.size, HELD, *calls)
