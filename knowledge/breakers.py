"""The breakers of a process: probed without a caller's turn, shared with the other workers.

A provider that is left alone is asked something small every few seconds, by one worker for all of
them where there is Redis. Nothing here is ever waited for by a call.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import get_args

from loguru import logger
from redis.asyncio import Redis

from knowledge.chain import PROBING, Breaker, Fault, Kind
from knowledge.events import Closed, Emit, Opened
from knowledge.store import faults

LOOK = 0.5
"""Seconds between two looks at what other workers have found out."""
WITHIN = 2.0
"""Seconds that a probe may take."""
SPARE = 10.0
"""Seconds for which a shared breaker outlives its next probe: its worker may die."""
LONGEST = 3600.0
"""Seconds for which another worker is believed that a provider wants to be left alone."""
BUDGET = 0.25
"""Seconds for one look at Redis."""


@dataclass(slots=True, eq=False)
class Watched:
    """One provider."""

    service: str
    provider: str
    breaker: Breaker
    probe: Callable[[], Awaitable[None]]
    """Asks it something small, as a turn would. Raises Fault."""
    told: bool = False
    """Its opening was an event."""
    shared: bool = False
    """Redis was seen to know that it is open."""

    @property
    def key(self) -> str:
        """All keys of breakers lie in one slot: they are read together."""
        return f"answerline:{{breakers}}:{self.service}:{self.provider}"


class Breakers:
    """One per process; `close` ends what `start` began."""

    def __init__(
        self, watched: Sequence[Watched], emit: Emit, *, redis: Redis | None = None
    ) -> None:
        """`redis`: the process's own; None or away: each process finds out for itself."""
        self._watched = tuple(watched)
        self._emit = emit
        self._redis = redis
        self._news = asyncio.Event()
        self._asking: dict[str, asyncio.Task[None]] = {}
        self._task: asyncio.Task[None] | None = None
        self._closing = False

    def start(self) -> None:
        for one in self._watched:
            one.breaker.probed = True
            one.breaker.changed = self._news.set
        self._task = asyncio.create_task(self._run(), name="breakers")
        self._task.add_done_callback(self._ended)

    async def close(self) -> None:
        self._closing = True  # the client of Redis may swallow a cancellation
        tasks = [*self._asking.values(), *([self._task] if self._task else [])]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=2 * WITHIN)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Without probes turns find out for themselves."""
        for one in self._watched:
            one.breaker.probed = False
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.bind(error=type(error).__name__).error("nobody probes providers any more")

    async def _run(self) -> None:
        while not self._closing:
            self._news.clear()
            self._tell("here")
            await self._share()
            self._tell("elsewhere")
            now = time.monotonic()
            for one in self._watched:
                breaker = one.breaker
                due = (breaker.open or breaker.doubted) and now >= breaker.until
                asking = self._asking.get(one.key)
                if due and (asking is None or asking.done()):
                    probe = self._probe(one)
                    self._asking[one.key] = asyncio.create_task(probe, name="probe")
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK):
                    await self._news.wait()

    async def _probe(self, one: Watched) -> None:
        breaker = one.breaker
        if not await self._first(one):
            breaker.until = time.monotonic() + LOOK  # another worker asks, and tells
            return
        try:
            async with asyncio.timeout(WITHIN):
                await one.probe()
        except Exception as error:  # noqa: BLE001 (whatever a client raises, it does not work)
            fault = error if isinstance(error, Fault) else Fault("broken", type(error).__name__)
            breaker.trip(fault, time.monotonic())
            await self._publish(one)
        else:
            await self._withdraw(one)
            breaker.proved()

    def _tell(self, where: str) -> None:
        for one in self._watched:
            breaker = one.breaker
            if breaker.open and not one.told:
                self._emit(Opened("", one.service, one.provider, breaker.fault, where))
            elif one.told and not breaker.open:
                seconds = time.monotonic() - breaker.since
                self._emit(Closed("", one.service, one.provider, seconds))
            one.told = breaker.open

    async def _share(self) -> None:
        """What this process has found out is told, what others have found out is believed."""
        if self._redis is None or not self._watched:
            return
        try:
            async with asyncio.timeout(BUDGET):
                with faults():
                    found = await self._redis.mget([one.key for one in self._watched])
        except (Fault, TimeoutError):
            return
        for one, value in zip(self._watched, found, strict=True):
            if value is not None:
                await self._heed(one, value)
            elif one.shared:
                one.shared = False
                if one.breaker.open:
                    one.breaker.proved()  # another worker has found that it works
            elif one.breaker.open:
                await self._publish(one)

    async def _heed(self, one: Watched, value: bytes | str) -> None:
        """What Redis holds of it: a fault, and when it may be asked again."""
        if one.shared and not one.breaker.open:
            await self._withdraw(one)  # it has worked in a turn
            return
        one.shared = True
        kind, _, until = _text(value).partition(" ")
        try:
            left = min(float(until) - time.time(), LONGEST)
        except ValueError:
            left = 0.0
        if left > 0 or not one.breaker.open:
            known: Kind = next((name for name in get_args(Kind) if name == kind), "broken")
            one.breaker.trip(Fault(known, retry_after=max(left, LOOK)), time.monotonic())

    async def _first(self, one: Watched) -> bool:
        """Whether this worker is the one that asks now."""
        if self._redis is None:
            return True
        lasting = int(1000 * (PROBING - LOOK / 2))
        try:
            async with asyncio.timeout(BUDGET):
                with faults():
                    return bool(
                        await self._redis.set(f"{one.key}:probe", b"1", nx=True, px=lasting)
                    )
        except (Fault, TimeoutError):
            return True

    async def _publish(self, one: Watched) -> None:
        if self._redis is None or not one.breaker.open:
            return
        left = max(0.0, one.breaker.until - time.monotonic())
        with suppress(Fault, TimeoutError):
            async with asyncio.timeout(BUDGET):
                with faults():
                    value = f"{one.breaker.fault} {time.time() + left:.2f}"
                    await self._redis.set(one.key, value, px=int(1000 * (left + SPARE)))
                    one.shared = True

    async def _withdraw(self, one: Watched) -> None:
        if self._redis is None:
            return
        one.shared = False
        with suppress(Fault, TimeoutError):
            async with asyncio.timeout(BUDGET):
                with faults():
                    await self._redis.delete(one.key)


def _text(value: bytes | str) -> str:
    return value if isinstance(value, str) else value.decode("ascii", "replace")
