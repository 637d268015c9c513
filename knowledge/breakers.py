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

from knowledge.chain import PROBING, Breaker, Fault, Kind, sane
from knowledge.events import Closed, Emit, Opened
from knowledge.store import faults

LOOK = 0.5
"""Seconds between two looks at what other workers have found out."""
WITHIN = 2.0
"""Seconds that a probe may take."""
SPARE = 10.0
"""Seconds for which a shared breaker outlives its next probe: its worker may die."""
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
        self._asking: dict[Watched, asyncio.Task[None]] = {}
        self._task: asyncio.Task[None] | None = None
        self._closing = False

    def start(self) -> None:
        now = time.monotonic()
        for one in self._watched:
            one.breaker.watch(self._news.set, now)
        self._task = asyncio.create_task(self._run(), name="breakers")
        self._task.add_done_callback(self._ended)

    def follow(self, watched: Sequence[Watched]) -> None:
        """From now on these, for clients with other keys. Whose breaker was watched before stays as
        it is known; the others are probed no more, and what is shared of them is withdrawn."""
        known = {id(one.breaker): one for one in self._watched}
        self._asking = {one: task for one, task in self._asking.items() if not task.done()}
        former = self._watched
        self._watched = tuple(known.get(id(one.breaker), one) for one in watched)
        shared = {one.key for one in former if one not in self._watched and self._leave(one)}
        now, running = time.monotonic(), self._task is not None and not self._task.done()
        for one in self._watched:
            if one not in former:
                one.shared = one.key in shared
                if running:
                    one.breaker.watch(self._news.set, now)
        self._news.set()

    def _leave(self, one: Watched) -> bool:
        """Whether others were told that it is left alone."""
        one.breaker.unwatch()
        if one in self._asking:
            self._asking[one].cancel()
        if one.told:
            self._emit(Closed("", one.service, one.provider, time.monotonic() - one.breaker.since))
        return one.shared

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
            one.breaker.unwatch()
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
                asking = self._asking.get(one)
                if due and (asking is None or asking.done()):
                    self._asking[one] = asyncio.create_task(self._probe(one), name="probe")
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK):
                    await self._news.wait()

    async def _probe(self, one: Watched) -> None:
        breaker = one.breaker
        if not await self._first(one):
            # another worker asks, and tells
            breaker.until = max(breaker.until, time.monotonic() + LOOK)
            return
        began = time.monotonic()
        try:
            async with asyncio.timeout(WITHIN):
                await one.probe()
        except Exception as error:  # noqa: BLE001 (whatever a client raises, it does not work)
            fault = error if isinstance(error, Fault) else Fault("broken", type(error).__name__)
            breaker.trip(fault, time.monotonic())
            await self._publish(one)
        else:
            if breaker.closes(began):
                await self._withdraw(one)
            breaker.proved(began)

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
        watched = self._watched
        if self._redis is None or not watched:
            return
        try:
            async with asyncio.timeout(BUDGET):
                with faults():
                    found = await self._redis.mget([one.key for one in watched])
        except (Fault, TimeoutError):
            return
        for one, value in zip(watched, found, strict=True):
            if one not in self._watched:
                continue
            if value is not None:
                await self._heed(one, value)
            elif one.shared:
                one.shared = False
                if one.breaker.open:  # another worker has found that it works; clocks may differ
                    one.breaker.proved(time.monotonic() + LOOK)
            elif one.breaker.open:
                await self._publish(one)

    async def _heed(self, one: Watched, value: bytes | str) -> None:
        """What Redis holds of it: a fault, when it may be asked again, and how long its provider
        wants to be left alone."""
        breaker = one.breaker
        if one.shared and not breaker.open:
            await self._withdraw(one)  # it has worked in a turn
            return
        one.shared = True
        kind, until, banned = [*_text(value).split(" "), "", ""][:3]
        left, ban, now = _left(until), _left(banned), time.monotonic()
        longer = breaker.banned > now + ban + LOOK
        if ban > 0:
            breaker.ban(now + ban)
        if left > 0 or not breaker.open:
            known: Kind = next((name for name in get_args(Kind) if name == kind), "broken")
            breaker.leave(known, now + max(left, LOOK), now)
        if longer:
            await self._publish(one)

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
        breaker = one.breaker
        if self._redis is None or not breaker.open or one not in self._watched:
            return
        now, clock = time.monotonic(), time.time()
        left, ban = sane(breaker.until - now), sane(breaker.banned - now)
        with suppress(Fault, TimeoutError):
            async with asyncio.timeout(BUDGET):
                with faults():
                    value = f"{breaker.fault} {clock + left:.2f} {clock + ban:.2f}"
                    await self._redis.set(one.key, value, px=int(1000 * (left + SPARE)))
                    one.shared = True

    async def _withdraw(self, one: Watched) -> None:
        if self._redis is None or one not in self._watched:
            return
        one.shared = False
        with suppress(Fault, TimeoutError):
            async with asyncio.timeout(BUDGET):
                with faults():
                    await self._redis.delete(one.key)


def _left(until: str) -> float:
    """Seconds, of a moment in Unix time that another worker has named; 0 where it is none."""
    try:
        return sane(float(until) - time.time())
    except ValueError:
        return 0.0


def _text(value: bytes | str) -> str:
    return value if isinstance(value, str) else value.decode("ascii", "replace")
