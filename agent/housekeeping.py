"""What a worker forgets: at once what was erased anywhere, each hour what was kept long enough."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from loguru import logger

from agent.recording.studio import Studio
from agent.settings import Settings
from knowledge.callers import Callers
from knowledge.chain import Fault
from knowledge.database import Database
from knowledge.erasure import Erased, of_call
from knowledge.events import Emit, Forgotten
from knowledge.forgetting import Forgetting
from knowledge.memory import Memory
from knowledge.translation import Translations

FRESH = 2.0
"""Seconds after which what was erased elsewhere is forgotten here: five are promised."""
EVERY = 3600.0
"""Seconds between two looks at what was kept long enough."""
WITHIN = 20.0
"""Seconds of one such look, which the end of the process waits for; what is left is the next's."""
AT_START = timedelta(days=1)
"""How far back a worker looks first: a call that was erased may still be on."""
OVERLAP = timedelta(minutes=5)
"""What was written down in this time is looked at again: its writer's clock may be behind."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What a process keeps of callers, beside the running calls themselves."""

    memory: Memory
    callers: Callers
    translations: Translations
    erased: Erased
    studio: Studio | None = None

    def forget(self, digests: frozenset[str]) -> None:
        """Readings are nobody's in particular: all of them go."""
        self.erased.add(digests)
        self.erased.add(of_call(call) for call in self.callers.forget(digests))
        self.memory.forget()
        self.translations.forget()
        if self.studio is not None:
            self.studio.erase(digests)


class Follow:
    """What was erased, by any process. `run` is a task of its owner's."""

    def __init__(
        self, database: Database, kept: Kept, *, clock: Callable[[], float] = time.time
    ) -> None:
        """`database` is the worker's own."""
        self._forgetting = Forgetting(database)
        self._kept = kept
        self._since = datetime.fromtimestamp(clock(), UTC) - AT_START
        self._seen: dict[str, datetime] = {}
        self._away = False

    async def run(self) -> None:
        while True:
            await self.tick()
            await asyncio.sleep(FRESH)

    async def tick(self) -> None:
        """While the database is away nothing can be erased, so that nothing is missed."""
        try:
            found = dict(await self._forgetting.since(self._since))
        except Fault as fault:
            if not self._away:
                logger.bind(fault=str(fault)).warning("forgetting waits for the database")
            self._away = True
            return
        self._away = False
        if new := frozenset(d for d, at in found.items() if self._seen.get(d) != at):
            self._kept.forget(new)
        self._since = max([self._since, *(at - OVERLAP for at in found.values())])
        self._seen = found


class Retention:
    """`run` is a task of its owner's. It works in a thread, on a loop of its own: no call waits."""

    def __init__(
        self, address: str, days: int, *, emit: Emit, clock: Callable[[], float] = time.time
    ) -> None:
        """`address`: of the database."""
        self._address = address
        self._days = timedelta(days=max(1, days))
        self._emit = emit
        self._clock = clock

    async def run(self) -> None:
        while True:  # not all workers at the same time, and none while it starts
            await asyncio.sleep(EVERY * random.uniform(0.1, 1.0))  # noqa: S311
            await self.tick()

    async def tick(self) -> int:
        """Calls that were forgotten; what cannot be now is the next time."""
        before = datetime.fromtimestamp(self._clock(), UTC) - self._days
        try:
            calls, rows = await asyncio.to_thread(
                lambda: asyncio.run(_expire(self._address, before))
            )
        except Fault as fault:
            logger.bind(fault=str(fault)).warning("retention waits for the database")
            return 0
        if calls:
            self._emit(Forgotten("", "retention", calls, rows))
        return calls


async def _expire(address: str, before: datetime) -> tuple[int, int]:
    database = Database(address)
    try:
        await database.prepare()
        return await Forgetting(database).expire(before, within=WITHIN)
    finally:
        await database.close()


@asynccontextmanager
async def keeping_house(
    settings: Settings, database: Database, address: str, kept: Kept, emit: Emit
) -> AsyncIterator[Follow]:
    """`database` and `address` are the journal's."""
    follow = Follow(database, kept)
    retention = Retention(address, settings.retention_days, emit=emit)
    tasks = {
        asyncio.create_task(follow.run(), name="forgetting"),
        asyncio.create_task(retention.run(), name="retention"),
    }
    try:
        yield follow
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
