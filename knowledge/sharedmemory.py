"""Memory in Redis for all workers, and in the own process for when Redis is away."""

import asyncio
import time
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from loguru import logger
from redis.asyncio import Redis

from knowledge.chain import Breaker, Fault, one
from knowledge.erasure import Erased
from knowledge.events import Emit, Event, Switched
from knowledge.leeway import PATIENCE, deadline
from knowledge.memory import LocalMemory
from knowledge.recollection import Exchange, Recollection, decode, encode, epoch_key, key
from knowledge.store import BUDGET, KEPT, faults, sharing

REACH = 1.0
"""Seconds to connect again, which nobody waits for."""
MOST = 5000
"""Calls of which it is known which of their streams is here."""
STORE = """
if tonumber(redis.call('GET', KEYS[1]) or '0') > tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
"""
"""The number of a call's stream as a fencing token. KEYS: epoch, memory, in one slot."""
AGAIN = 10
"""Times the budget, in time for which the event loop is awake, that a call is worth which was here
before: without its memory nobody knows what it was about. Redis is asked for it also where it was
late for others."""
_Known = tuple[Recollection, int]
"""With the number of the call's stream; 0 where nobody counts."""


@dataclass(frozen=True, slots=True)
class Unwritten(Event):
    """What a call said will not be found by another worker: too many calls wait to be written."""


@dataclass(frozen=True, slots=True)
class Outdated(Event):
    """What an older stream of a call would have written was not taken: a newer one has it."""


class RedisMemory:
    """Redis for all workers, the own process for when Redis is away.

    What could not be written waits, one entry a call, and is written when Redis is back.
    """

    def __init__(
        self,
        redis: Redis,
        *,
        ttl: float,
        emit: Emit,
        waiting: int = 1000,
        budget: float = BUDGET,
        clock: Callable[[], float] = time.time,
        erased: Erased | None = None,
    ) -> None:
        """`redis` is closed by its owner. `waiting`: calls; of more the oldest is given up.
        `budget`: seconds for an operation."""
        self._here = _Here("local", Breaker(), LocalMemory(ttl=ttl, clock=clock, erased=erased))
        self._redis = _Stored("redis", Breaker(), redis, ttl)
        self._patient = _Stored("redis", Breaker(), sharing(redis, budget=PATIENCE), ttl)
        """For what nobody waits for, or a call cannot do without."""
        self._emit = emit
        self._waiting = waiting
        self._budget = budget
        self._unwritten: OrderedDict[str, None] = OrderedDict()
        self._writing = ""
        """The call that is no longer among them and not stored yet."""
        self._epochs: OrderedDict[str, int] = OrderedDict()
        """Of the calls that began here: which of their streams that was."""
        self._streams: Counter[str] = Counter()
        """That are here now, by call."""
        self._work = asyncio.Event()
        self._written = asyncio.Event()
        self._written.set()
        self._writer: asyncio.Task[None] | None = None
        self._away = False

    async def start(self) -> None:
        """Returns at once, whether Redis is there or not."""
        self._writer = asyncio.create_task(self._write(), name="memory")

    async def close(self) -> None:
        """Writes what is waiting, for ten times the budget at most: half a second."""
        if self._writer is None:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(10 * self._budget):
                await self._written.wait()
        self._writer.cancel()
        await asyncio.wait([self._writer])
        self._writer = None

    def remember(self, call: str, exchange: Exchange) -> None:
        self._here.memory.remember(call, exchange)
        self._wait(call)

    def greeted(self, call: str, language: str) -> None:
        self._here.memory.greeted(call, language)
        self._wait(call)

    def asked(self, call: str, text: str, sealed: str) -> None:
        self._here.memory.asked(call, text, sealed)
        self._wait(call)

    def over(self, call: str) -> None:
        self._here.memory.over(call)
        self._wait(call)

    def left(self, call: str) -> None:
        self._streams[call] -= 1
        if self._streams[call] <= 0:
            del self._streams[call]

    def written(self, call: str) -> bool:
        return not (call in self._unwritten or call == self._writing)

    async def begin(self, call: str, *, again: bool = False) -> Recollection:
        self._streams[call] += 1
        self._epochs.pop(call, None)  # while Redis is away nobody knows
        if again:
            stored, epoch = await self._insisted(call)
        else:
            stored, epoch = await self._asked_for(call, lambda place: place.begin(call))
        if epoch:
            self._note(call, epoch)
        return self._here.memory.merge(call, stored)

    async def recall(self, call: str) -> Recollection:
        stored, _ = await self._asked_for(call, lambda place: place.recall(call))
        return self._here.memory.merge(call, stored)

    async def _asked_for(
        self, call: str, ask: "Callable[[_Stored | _Here], Awaitable[_Known]]"
    ) -> _Known:
        places: list[_Stored | _Here] = [self._redis, self._here]
        return await one(places, ask, within=self._budget, report=self._reporting(call))

    async def _insisted(self, call: str) -> _Known:
        """Where nobody can be asked, it was greeted: that is nearly always so."""
        try:
            async with deadline(AGAIN * self._budget):
                return await self._patient.begin(call)
        except (Fault, TimeoutError) as error:
            fault = error if isinstance(error, Fault) else Fault("late")
            self._reporting(call)(self._patient, fault)
            known, epoch = await self._here.begin(call)
            return replace(known, greeted=True), epoch

    def _reporting(self, call: str) -> "Callable[[_Stored | _Here, Fault], None]":
        def report(place: _Stored | _Here, fault: Fault) -> None:
            self._emit(Switched(call, "memory", place.name, fault.kind))
            self._work.set()  # the writer finds out when Redis is back

        return report

    def _note(self, call: str, epoch: int) -> None:
        self._epochs[call] = epoch
        self._epochs.move_to_end(call)
        while len(self._epochs) > MOST:
            self._epochs.popitem(last=False)

    def forget(self) -> list[str]:
        """In Redis too: it may be that this worker was just writing there."""
        gone = self._here.memory.forget()
        for call in gone:
            self._wait(call)
        return gone

    def _wait(self, call: str) -> None:
        self._unwritten[call] = None
        if len(self._unwritten) > self._waiting:
            lost, _ = self._unwritten.popitem(last=False)
            self._emit(Unwritten(lost))
        self._written.clear()
        self._work.set()

    async def _write(self) -> None:
        pause = BUDGET
        await self._reach()
        while True:
            if self._unwritten and await self._store_next():
                pause = BUDGET
            elif self._unwritten or self._redis.breaker.open:
                await asyncio.sleep(pause)
                pause = min(2 * pause, REACH)
                await self._reach()
            else:
                pause = BUDGET
                self._written.set()
                self._work.clear()
                await self._work.wait()

    async def _store_next(self) -> bool:
        """With patience where it was late: a machine that is busy for minutes is never in time."""
        self._writing, _ = self._unwritten.popitem(last=False)
        late = self._redis.breaker.open
        try:
            if not late and await self._store(self._writing, self._redis, self._budget):
                return True
            if await self._store(self._writing, self._patient, PATIENCE):
                return True
            self._unwritten.setdefault(self._writing)
            self._gone()
            return False
        finally:
            self._writing = ""

    async def _store(self, call: str, place: "_Stored", within: float) -> bool:
        """Adds to what is stored: another worker may have had the call before."""
        try:
            if self._here.memory.erased(call):
                await one([place], lambda r: r.forget(call), within=within)
                return True
            if call not in self._epochs and call in self._streams:
                _, begun = await one([place], lambda r: r.begin(call), within=within)
                self._note(call, begun)
            epoch = self._epochs.get(call, 0)  # of one that has left: any newer stream has more
            stored, _ = await one([place], lambda r: r.recall(call), within=within)
            known = self._here.memory.merge(call, stored)
            newest = await one([place], lambda r: r.store(call, known, epoch), within=within)
        except Fault:
            return False
        if not newest:
            self._here.memory.drop(call)
            self._emit(Outdated(call))
        self._away = False
        return True

    async def _reach(self) -> None:
        with suppress(Fault):
            await one([self._redis], _Stored.reach, within=REACH, report=lambda *_: self._gone())

    def _gone(self) -> None:
        """Said once for each time that Redis goes away."""
        if not self._away:
            self._away = True
            self._emit(Switched("", "memory", self._redis.name, "refused"))


@dataclass(frozen=True, slots=True)
class _Here:
    """The own process as one of two places to ask."""

    name: str
    breaker: Breaker
    memory: LocalMemory

    async def begin(self, call: str) -> tuple[Recollection, int]:
        return self.memory.known(call), 0

    async def recall(self, call: str) -> tuple[Recollection, int]:
        return self.memory.known(call), 0


@dataclass(frozen=True, slots=True)
class _Stored:
    """Redis as the other. One key a call, so that a call is read and written in one piece."""

    name: str
    breaker: Breaker
    redis: Redis
    ttl: float

    async def begin(self, call: str) -> tuple[Recollection, int]:
        """With the number of the call's stream, from 1."""
        with faults():
            async with self.redis.pipeline(transaction=True) as batch:
                batch.incr(epoch_key(call))
                batch.pexpire(epoch_key(call), int(self.ttl * 1000))
                batch.get(key(call))
                epoch, _, value = await batch.execute()
        return self._read(call, value), int(epoch)

    async def recall(self, call: str) -> tuple[Recollection, int]:
        with faults():
            value = await self.redis.get(key(call))
        return self._read(call, value), 0

    def _read(self, call: str, value: bytes | str | None) -> Recollection:
        try:
            return decode(value) if value else Recollection()
        except ValueError:  # it would be as useless the next time: the call's next words replace it
            logger.bind(call=call).warning("memory record is not readable")
            return Recollection()

    async def store(self, call: str, known: Recollection, epoch: int) -> bool:
        """False where a newer stream of the call has begun: then nothing is written."""
        redis: Any = self.redis
        with faults():
            keys = (epoch_key(call), key(call))
            ttl = int(self.ttl * 1000)
            return bool(await redis.eval(STORE, len(keys), *keys, epoch, encode(known), ttl))

    async def forget(self, call: str) -> int:
        with faults():
            return int(await self.redis.delete(key(call), epoch_key(call)))

    async def reach(self) -> None:
        """Opens ahead what is kept open."""
        with faults():
            await asyncio.gather(*(self.redis.ping() for _ in range(KEPT)))
