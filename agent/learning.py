"""What holds for the next turn, kept fresh in every worker; one of them studies what came back.

A study runs on a loop and a connection of its own, in a thread: no call waits for its rows.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from loguru import logger

from knowledge.chain import Fault
from knowledge.database import Database
from knowledge.events import Adjusted, Emit, Event
from knowledge.experiments import Experiment
from knowledge.ledger import Change, Ledger
from knowledge.lessons import Lessons
from knowledge.policy import Policy
from knowledge.routing import Thresholds
from knowledge.study import Course, Studied, read, study
from knowledge.thresholds import Promise

FRESH = 5.0
"""Seconds after which another worker's change holds here too."""
EVERY = 120.0
"""Seconds between two studies, whichever worker makes them."""

_SOONER = timedelta(seconds=1)
"""The journal's stamp of a change may differ from ours by as much."""

Settle = Callable[[Event], Awaitable[bool]]
"""Records an event; whether the journal has acknowledged it."""


class Learning:
    """`run` is a task of its owner's."""

    def __init__(
        self,
        address: str,
        database: Database,
        *,
        shipped: Thresholds,
        emit: Emit,
        promise: Promise | None = None,
        every: float = EVERY,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`database` is the worker's own, at `address`; `emit` reaches the journal."""
        self.promise = promise or Promise()
        self._address = address
        self._lessons, self._ledger = Lessons(database), Ledger(database)
        self._emit = emit
        self._every = every
        self._clock = clock
        self._policy = Policy(shipped)
        self._pending: dict[str, Change] = {}
        """Changes that were recorded here and are not in the database yet."""
        self._studied = float("-inf")
        self._away = False

    @property
    def policy(self) -> Policy:
        """For the next turn."""
        return self._policy

    async def run(self) -> None:
        while True:
            await self.tick()
            await asyncio.sleep(FRESH)

    async def tick(self) -> None:
        """While the database is away, what held before holds on."""
        try:
            await self.refresh()
            if self._clock() - self._studied >= self._every:
                await self.study()
        except Fault as fault:
            if not self._away:
                logger.bind(fault=str(fault)).warning("learning waits for the database")
            self._away = True
        else:
            self._away = False

    async def refresh(self) -> None:
        """Raises Fault."""
        changes = await self._lessons.in_force()
        for department, pending in list(self._pending.items()):
            change = changes.get(department)
            if change is not None and _landed(change, pending):
                del self._pending[department]
        calibrated = frozenset(
            row.department
            for row in await self._ledger.accuracy()
            if row.total_predictions >= self.promise.fewest
        )
        learned = {
            name: max(change.after, self.promise.floor)
            for name, change in (changes | self._pending).items()
            if name in calibrated or change.why != "learned"
        }
        found = [read(trial) for trial in await self._ledger.trials()]
        self._policy = replace(
            self._policy,
            learned=learned,
            experiments=tuple(
                _raised(made, self.promise.floor) for made in found if made is not None
            ),
            calibrated=calibrated,
        )

    async def study(self) -> tuple[Event, ...]:
        """What has changed by it: nothing where another worker has just made one. Raises Fault."""
        shipped = self._policy.shipped
        course = Course(
            shipped=shipped.answer,
            low=shipped.model or shipped.guess,
            promise=self.promise,
            pending=frozenset(self._pending),
        )
        now = datetime.fromtimestamp(self._clock(), UTC)
        every = timedelta(seconds=self._every)
        studied = await asyncio.to_thread(
            lambda: asyncio.run(_study(self._address, course, now, every))
        )
        self._studied = self._clock()
        for event in studied.events:
            if isinstance(event, Adjusted):
                self.adopt(event)
            self._emit(event)
        for judged in studied.judged:
            self._emit(judged)
        return studied.events

    def adopt(self, change: Adjusted) -> None:
        """Holds here from now on; whoever calls has it recorded too."""
        now = datetime.fromtimestamp(self._clock(), UTC)
        name, before, after = change.department, change.before, change.after
        self._pending[name] = Change("", name, before, after, change.why, now)
        learned = {**self._policy.learned, name: max(after, self.promise.floor)}
        self._policy = replace(self._policy, learned=learned)

    async def changes(self, department: str = "") -> list[Change]:
        """Of thresholds, oldest first, those that are not in the database yet too. Raises Fault."""
        found = await self._ledger.changes(department)
        return found + [
            pending
            for name, pending in self._pending.items()
            if department in {"", name} and not any(_landed(change, pending) for change in found)
        ]


def _landed(change: Change, pending: Change) -> bool:
    """Whether a row of the database is what was recorded here."""
    same = (change.department, change.after) == (pending.department, pending.after)
    return same and change.at >= pending.at - _SOONER


def _raised(made: Experiment, floor: float) -> Experiment:
    """As it may be in force: an arm may have been stored under a lower floor."""
    if made.subject != "threshold":
        return made
    arms = tuple(
        arm if float(arm.value) >= floor else replace(arm, value=str(floor)) for arm in made.arms
    )
    return replace(made, arms=arms)


async def _study(address: str, course: Course, now: datetime, every: timedelta) -> Studied:
    database = Database(address)
    try:
        return await study(database, course, now, every=every)
    finally:
        await database.close()
