"""What happened is written down: taken at once, acknowledged when it will survive this process."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from uuid import UUID, uuid5

from loguru import logger

from knowledge.chain import Breaker, Fault, one
from knowledge.events import (
    Acknowledged,
    Decided,
    Emit,
    Event,
    Learned,
    Switched,
    Unacknowledged,
)
from knowledge.identity import fresh
from knowledge.outbox import Outbox
from knowledge.records import KINDS, Unfit, packed

WAITING = 10_000
"""Events that no outbox has taken yet; of more the newest is refused."""
BATCH = 200
"""Events that are written, and fsynced, together."""
TEND = 0.1
"""Seconds after which the outboxes are looked after while something happens."""
STILL = 1.0
"""The same once nothing was recorded for as long."""
WITHIN = 10.0
"""Seconds for one outbox to take a batch: a busy disk is slow, and only the journal waits."""
AGAIN = 0.5
"""Seconds until refused events are offered again."""
CLOSING = 5.0
"""Seconds for what is left at the end."""

_REPORTS = UUID("3d2b6a0e-6f0c-4f43-9a53-0f8d1c6a7e21")
"""Namespace of outcomes' ids (RFC 9562, 5.5), the same in every worker."""


@dataclass(slots=True)
class _Waiting:
    """One event on its way to an outbox."""

    call: str
    line: bytes
    acknowledged: bool = False
    refused: bool = False
    done: asyncio.Future[bool] | None = None
    """Of whoever waits to know."""

    def tell(self, *, safe: bool) -> None:
        if self.done is not None and not self.done.done():
            self.done.set_result(safe)


@dataclass(frozen=True, slots=True)
class _Care:
    """Looking after an outbox has a breaker of its own: it proves nothing about writing."""

    outbox: Outbox
    name: str
    breaker: Breaker = field(default_factory=Breaker)


class Journal:
    """`record` is an `Emit`; events that are not for the journal pass it by."""

    def __init__(
        self,
        outboxes: Sequence[Outbox],
        *,
        emit: Emit,
        waiting: int = WAITING,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`outboxes` in order of preference. `emit` hears what was acknowledged and what not."""
        self._outboxes = outboxes
        self._emit = emit
        self._most = waiting
        self._clock = clock
        self._queue: deque[_Waiting] = deque()
        self._work = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._closing = False
        self._away: set[str] = set()
        """Outboxes that failed, until they work again."""

    @property
    def waiting(self) -> int:
        """Events that would be lost with this process."""
        return len(self._queue)

    def record(self, event: Event) -> None:
        """Returns at once and never raises. On the event loop's thread only."""
        self._take(event)

    async def settled(self, event: Event) -> bool:
        """Recorded; whether it has been acknowledged. Who gives up waiting leaves it recorded."""
        waiting = self._take(event)
        if waiting is None:
            return False
        waiting.done = asyncio.get_running_loop().create_future()
        return await waiting.done

    def _take(self, event: Event) -> _Waiting | None:
        if KINDS.get(type(event).__name__) is not type(event):
            return None
        now = self._clock()
        try:
            line = packed(event, id=_id(event, now), at=now)
        except Unfit:
            self._emit(Unacknowledged(event.call, "unfit"))
            return None
        if len(self._queue) >= self._most or self._closing:
            self._emit(Unacknowledged(event.call, "closed" if self._closing else "full"))
            return None
        waiting = _Waiting(event.call, line)
        self._queue.append(waiting)
        self._work.set()
        return waiting

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="journal")

    async def close(self) -> None:
        """What was recorded is written first, as far as an outbox takes it."""
        self._closing = True
        if self._task is not None:
            self._work.set()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._task, CLOSING)
        for outbox in self._outboxes:
            with suppress(Fault):
                await outbox.close()
        if self._queue:
            logger.bind(events=len(self._queue)).error("journal gives up what no outbox took")

    async def _run(self) -> None:
        quiet = 0.0
        while not self._closing or self._queue:
            pause = TEND if quiet < STILL else STILL  # each look wakes the process
            try:
                async with asyncio.timeout(pause):
                    await self._work.wait()
                quiet = 0.0
            except TimeoutError:
                quiet += pause
            self._work.clear()
            await self._tend()
            while self._queue:
                if not await self._write([*islice(self._queue, BATCH)]):
                    await self._rest()
                    break
                await asyncio.sleep(0)

    async def _tend(self) -> None:
        for outbox in self._outboxes:
            with suppress(Fault):
                care = [_Care(outbox, outbox.name)]
                lines = await one(care, lambda care: care.outbox.tend(), within=WITHIN)
                self._queue.extendleft(_Waiting("", line, acknowledged=True) for line in lines)

    async def _write(self, batch: list[_Waiting]) -> bool:
        lines = [waiting.line for waiting in batch]
        try:
            where = await one(
                self._outboxes, lambda outbox: outbox.write(lines), within=WITHIN, report=self._gone
            )
        except Fault:
            self._refuse()
            return False
        for waiting in batch:
            self._queue.popleft()
            if not waiting.acknowledged:
                self._emit(Acknowledged(waiting.call, where))
            waiting.tell(safe=True)
        self._back(where)
        return True

    def _refuse(self) -> None:
        """Said once of each; they stay in the queue and are offered again."""
        for waiting in self._queue:
            if not waiting.acknowledged and not waiting.refused:
                waiting.refused = True
                self._emit(Unacknowledged(waiting.call, "refused"))
                waiting.tell(safe=False)

    async def _rest(self) -> None:
        """Until the next try; the end is in more of a hurry."""
        await asyncio.sleep(TEND if self._closing else AGAIN)

    def _gone(self, outbox: Outbox, fault: Fault) -> None:
        """Said once for each time that it goes away."""
        if outbox.name not in self._away:
            self._away.add(outbox.name)
            logger.bind(outbox=outbox.name, fault=str(fault)).warning(
                "outbox does not take records"
            )
            self._emit(Switched("", "journal", outbox.name, fault.kind))

    def _back(self, name: str) -> None:
        if name in self._away:
            self._away.discard(name)
            logger.bind(outbox=name).info("outbox takes records again")


def _id(event: Event, now: float) -> str:
    """The tables know a record by it: an outcome that is reported again is the same record."""
    if isinstance(event, Decided) and event.ticket_id:
        return event.ticket_id
    if isinstance(event, Learned):
        return str(uuid5(_REPORTS, repr(event)))
    return fresh(now)
