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
from knowledge.store import BUDGET, faults, sharing

RESERVED = 30.0
"""Seconds from a document to its stream; a token lives as long."""
HELD = 10.0
"""Seconds for which a call's place outlives its worker: it is about to be back."""
YOUNG = 2.0
"""Seconds after an answer for which Redis counts as late rather than away, where it does not give
the next one; and for which it counts what it said last of places."""
GRACE = 0.8
"""Seconds for which it is waited for while it is late: where many webhooks come at once each worker
by itself would let in what is no longer free elsewhere."""
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
local free, taken = 0, 0
for _, room in ipairs(redis.call('HVALS', KEYS[3])) do free = free + room end
"""
"""KEYS: places, workers, room. ARGV: the worker, ALIVE, its room. Whoever asks is there."""
LEFT = """
return {taken, free - redis.call('ZCARD', KEYS[1]), redis.call('ZCARD', KEYS[2])}
"""
TAKE = (
    PRESENT
    + """
if ARGV[6] == '1' or redis.call('ZSCORE', KEYS[1], ARGV[4])
    or redis.call('ZCARD', KEYS[1]) < free then
  redis.call('ZADD', KEYS[1], 'GT', now + ARGV[5], ARGV[4])
  taken = 1
end
"""
    + LEFT
)
"""Further ARGV: the call, RESERVED, whether it is let in whatever there is. Returns whether it was,
places that are free now, workers."""
HOLD = (
    PRESENT
    + """
for i = 5, #ARGV do redis.call('ZADD', KEYS[1], now + ARGV[4], ARGV[i]) end
"""
    + LEFT
)
"""Further ARGV: HELD, the worker's calls. Returns as `TAKE` does."""
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
        self._redis: Any = sharing(redis, budget=PATIENCE)
        self._room = room
        self._told = -RESERVED
        self._share = 0
        """Of the places that were free when Redis said so, those that this worker may give away."""
        # each call asks again: an outage costs a webhook 50 ms, never the return to Redis
        self.breaker = Breaker(failures=1 << 30)

    async def take(self, call: str, *, known: bool) -> bool:
        try:
            answer = await self._ask(call, known=known)
        except Fault:
            if known or self._may_give():
                raise
            return False
        self.told(answer)
        return bool(answer[0])

    async def _ask(self, call: str, *, known: bool) -> list[int]:
        """Raises Fault."""
        room = self._room
        arguments = (room.worker, ALIVE, room.size, call, RESERVED, int(known))
        try:
            async with deadline(max(BUDGET, GRACE if self._late else 0.0)):
                with faults():
                    answer: list[int] = await self._redis.eval(TAKE, len(KEYS), *KEYS, *arguments)
        except TimeoutError as error:
            raise Fault("late") from error
        return answer

    def told(self, answer: Sequence[int]) -> None:
        """What either script has returned."""
        _, free, workers = answer
        self._told = time.monotonic()
        self._share = max(free, 0) // max(workers, 1)

    @property
    def _late(self) -> bool:
        return time.monotonic() - self._told <= YOUNG

    def _may_give(self) -> bool:
        """Whether this worker may let one more in without asking: what Redis said last of free
        places is long ago, or leaves one for it."""
        if not self._late:
            return True
        self._share -= 1
        return self._share >= 0

    def hold(self, batch: Any, left: Sequence[str]) -> int:
        """This worker's calls, and that it is there: to be sent again before `ALIVE` is over.
        Returns which of the batch's answers is to be `told`."""
        if left:
            batch.zrem(PLACES, *left)
        room = self._room
        calls, place = room.running(), len(batch)
        batch.eval(HOLD, len(KEYS), *KEYS, room.worker, ALIVE, room.size, HELD, *calls)
        return place
