"""What was said in a call, by call, recalled when its stream is opened again.

Nothing here is on the way of the audio: remembering returns at once, recalling waits 50 ms at most.
Each worker keeps its own calls in memory; Redis is where another worker finds them.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import Protocol

import orjson
from loguru import logger
from redis.asyncio import Redis

from knowledge.chain import Breaker, Fault, one
from knowledge.erasure import Erased
from knowledge.events import Emit, Event, Switched
from knowledge.store import BUDGET, faults

LAST = 10
"""Exchanges of a call that are kept."""
REACH = 1.0
"""Seconds to connect again, which nobody waits for."""
WARM = 4
"""Connections that are opened ahead: one made on demand might not fit into the budget."""
VERSION = 1


@dataclass(frozen=True, slots=True)
class Exchange:
    """One turn of the caller and what the agent answered."""

    at: float
    """Unix time at which it began. Remembering the same `at` again replaces the exchange."""
    caller: str
    agent: str
    """Only what the caller heard of it."""
    language: str
    """Two letters, ISO 639-1."""


@dataclass(frozen=True, slots=True)
class Recollection:
    """What is known of a call."""

    exchanges: tuple[Exchange, ...] = ()
    """The last ones, oldest first."""
    language: str = ""
    """The one spoken last; "" while nothing was said."""
    greeted: bool = False
    turns: int = 0
    """Exchanges since the call began, those no longer kept as well."""
    at: float = 0.0
    """Unix time of the latest change."""

    def with_exchange(self, exchange: Exchange, now: float) -> "Recollection":
        kept = {known.at: known for known in self.exchanges}
        new = exchange.at not in kept
        kept[exchange.at] = exchange
        return replace(
            self,
            exchanges=_latest(kept),
            language=exchange.language,
            turns=self.turns + new,
            at=now,
        )

    def merged(self, other: "Recollection") -> "Recollection":
        """Both together; where they differ, the later one is right."""
        older, newer = sorted((self, other), key=lambda known: known.at)
        kept = {known.at: known for known in (*older.exchanges, *newer.exchanges)}
        return Recollection(
            exchanges=_latest(kept),
            language=newer.language or older.language,
            greeted=older.greeted or newer.greeted,
            turns=max(older.turns, newer.turns, len(kept)),
            at=newer.at,
        )


def _latest(kept: dict[float, Exchange]) -> tuple[Exchange, ...]:
    return tuple(kept[at] for at in sorted(kept)[-LAST:])


@dataclass(frozen=True, slots=True)
class Unwritten(Event):
    """What a call said will not be found by another worker: too many calls wait to be written."""


class Memory(Protocol):
    def remember(self, call: str, exchange: Exchange) -> None:
        """Returns at once and never raises."""
        ...

    def greeted(self, call: str, language: str) -> None:
        """The greeting was heard: it is not to be said again. Returns at once and never raises."""
        ...

    async def recall(self, call: str) -> Recollection:
        """An empty one for a call that nobody knows. Never raises, takes 50 ms at most."""
        ...

    def forget(self) -> list[str]:
        """What was erased is dropped, and never remembered again. Returns at once; the calls."""
        ...

    async def start(self) -> None: ...
    async def close(self) -> None: ...


class LocalMemory:
    """In this process only: another worker does not know the calls."""

    def __init__(
        self,
        *,
        ttl: float,
        most: int = 2000,
        clock: Callable[[], float] = time.time,
        erased: Erased | None = None,
    ) -> None:
        """`ttl`: seconds since the last change. Of more than `most` calls the oldest goes."""
        self._ttl = ttl
        self._most = most
        self._clock = clock
        self._erased = erased or Erased()
        self._calls: OrderedDict[str, Recollection] = OrderedDict()

    def remember(self, call: str, exchange: Exchange) -> None:
        now = self._clock()
        self._keep(call, self.known(call).with_exchange(exchange, now))

    def greeted(self, call: str, language: str) -> None:
        known = self.known(call)
        self._keep(call, replace(known, greeted=True, language=language, at=self._clock()))

    async def recall(self, call: str) -> Recollection:
        return self.known(call)

    def known(self, call: str) -> Recollection:
        self._forget_old()
        return self._calls.get(call, Recollection())

    def forget(self) -> list[str]:
        gone = [call for call in self._calls if self.erased(call)]
        for call in gone:
            del self._calls[call]
        return gone

    def erased(self, call: str) -> bool:
        return self._erased.call(call)

    def merge(self, call: str, other: Recollection) -> Recollection:
        if self.erased(call):
            return Recollection()
        merged = self.known(call).merged(other)
        if merged.at:
            self._keep(call, merged)
        return merged

    async def start(self) -> None:
        """Nothing to do."""

    async def close(self) -> None:
        """Nothing to do."""

    def _keep(self, call: str, known: Recollection) -> None:
        if self.erased(call):
            return
        self._calls[call] = known
        self._calls.move_to_end(call)
        self._forget_old()

    def _forget_old(self) -> None:
        horizon = self._clock() - self._ttl
        while self._calls:
            oldest = next(iter(self._calls))
            if len(self._calls) <= self._most and self._calls[oldest].at > horizon:
                return
            del self._calls[oldest]


class Wordless:
    """Knows that a call was greeted, and in which language; nothing of what was said."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def remember(self, call: str, exchange: Exchange) -> None:
        """Nothing is."""

    def greeted(self, call: str, language: str) -> None:
        self._memory.greeted(call, language)

    async def recall(self, call: str) -> Recollection:
        return await self._memory.recall(call)

    def forget(self) -> list[str]:
        return self._memory.forget()

    async def start(self) -> None:
        await self._memory.start()

    async def close(self) -> None:
        await self._memory.close()


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
        self._emit = emit
        self._waiting = waiting
        self._budget = budget
        self._unwritten: OrderedDict[str, None] = OrderedDict()
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

    async def recall(self, call: str) -> Recollection:
        def report(provider: _Here | _Stored, fault: Fault) -> None:
            self._emit(Switched(call, "memory", provider.name, fault.kind))
            self._work.set()  # the writer finds out when Redis is back

        places: list[_Stored | _Here] = [self._redis, self._here]
        stored = await one(places, lambda p: p.recall(call), within=self._budget, report=report)
        return self._here.memory.merge(call, stored)

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
            if self._redis.breaker.open:
                await asyncio.sleep(pause)
                pause = min(2 * pause, REACH)
                await self._reach()
            elif not self._unwritten:
                self._written.set()
                self._work.clear()
                await self._work.wait()
            elif await self._store(self._unwritten.popitem(last=False)[0]):
                pause = BUDGET

    async def _store(self, call: str) -> bool:
        """Adds to what is stored: another worker may have had the call before."""
        try:
            if self._here.memory.erased(call):
                await one([self._redis], lambda r: r.forget(call), within=self._budget)
                return True
            stored = await one([self._redis], lambda r: r.recall(call), within=self._budget)
            known = self._here.memory.merge(call, stored)
            await one([self._redis], lambda r: r.store(call, known), within=self._budget)
        except Fault:
            self._unwritten.setdefault(call)
            self._gone()
            return False
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

    async def recall(self, call: str) -> Recollection:
        return self.memory.known(call)


@dataclass(frozen=True, slots=True)
class _Stored:
    """Redis as the other. One key a call, so that a call is read and written in one piece."""

    name: str
    breaker: Breaker
    redis: Redis
    ttl: float

    async def recall(self, call: str) -> Recollection:
        with faults():
            value = await self.redis.get(key(call))
        try:
            return decode(value) if value else Recollection()
        except ValueError:  # it would be as useless the next time: the call's next words replace it
            logger.bind(call=call).warning("memory record is not readable")
            return Recollection()

    async def store(self, call: str, known: Recollection) -> None:
        with faults():
            await self.redis.set(key(call), encode(known), px=int(self.ttl * 1000))

    async def forget(self, call: str) -> int:
        with faults():
            return int(await self.redis.delete(key(call)))

    async def reach(self) -> None:
        with faults():
            await asyncio.gather(*(self.redis.ping() for _ in range(WARM)))


def encode(known: Recollection) -> bytes:
    return orjson.dumps({"version": VERSION, **asdict(known)})


def decode(value: bytes | str) -> Recollection:
    """Raises ValueError for what this version did not write."""
    try:
        fields = orjson.loads(value)
        if fields.pop("version") != VERSION:
            raise ValueError("a record of another version")
        exchanges = tuple(Exchange(**exchange) for exchange in fields.pop("exchanges"))
        return Recollection(exchanges, **fields)
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError("not a record of a call") from error


def key(call: str) -> str:
    """Where Redis has it."""
    return f"answerline:call:{{{call}}}:memory"
