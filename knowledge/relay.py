"""From the outboxes to the database: whatever happens, each record once.

The one place beside a call, a stage, the chain and the web app that catches every exception: what
it reads must not end it, and what it cannot write now it writes later.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import suppress

from loguru import logger

from knowledge.chain import Fault
from knowledge.database import Database
from knowledge.outbox import Entry, Source
from knowledge.posting import post
from knowledge.records import Record, Unfit, unpacked

BATCH = 100
"""Records of one transaction: more of them would hold the loop for too long."""
IDLE = (0.1, 0.5)
"""Seconds until a source that had nothing is asked again; the longer it has nothing, the more."""
SHORTEST, LONGEST = 0.1, 10.0
"""Seconds between two tries while the database, or the source, is away."""
CLOSING = 3.0
"""Seconds to write down what is in the outboxes before the process ends."""


class Relay:
    """One task for each source, so that one that is away does not hold up the other."""

    def __init__(
        self,
        database: Database,
        sources: Sequence[Source],
        *,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """The database and the sources are the relay's own: it closes them."""
        self._database = database
        self._sources = sources
        self._chance = chance
        self._prepared = False
        self._closing = False
        self._tasks: list[asyncio.Task[None]] = []
        self.trouble = ""
        """Why nothing is written at the moment, for people; "" while all is well."""

    async def start(self) -> None:
        self._tasks = [
            asyncio.create_task(self._serve(source), name=f"relay {source.name}")
            for source in self._sources
        ]

    async def close(self) -> None:
        """After the outboxes were closed: what is in them is written first, if it can be soon."""
        self._closing = True
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=CLOSING)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        for source in self._sources:
            with suppress(Fault):
                await source.close()
        await self._database.close()

    async def _serve(self, source: Source) -> None:
        """Until the end, and then until nothing is left or the first trouble."""
        entries: list[Entry] = []
        failures = idle = 0
        while True:
            try:
                entries = entries or await source.take(BATCH)
                if entries:
                    await self._write(source, entries)
                    await source.done(entries)
            except Exception as error:  # noqa: BLE001 - the journal's relay outlives everything
                failures += 1
                self._troubled(source, error)
                if self._closing:
                    return
                await self._pause(failures)
                continue
            if failures:
                self._well(source)
            failures = 0
            if not entries:
                if self._closing:
                    return
                shortest, longest = IDLE
                await asyncio.sleep(min(shortest + idle * shortest / 10, longest))
            idle = 0 if entries else idle + 1
            entries = []

    async def _write(self, source: Source, entries: Sequence[Entry]) -> None:
        if not self._prepared:
            await self._database.prepare()
            self._prepared = True
        records: list[tuple[Entry, Record]] = []
        for entry in entries:
            try:
                records.append((entry, unpacked(entry.line)))
            except Unfit as why:
                await self._aside(source, entry, str(why))
        await self._post(source, records)

    async def _post(self, source: Source, records: Sequence[tuple[Entry, Record]]) -> None:
        """A batch that the database refuses is halved until the one is found that is at fault."""
        if not records:
            return
        try:
            async with self._database.writing() as connection:
                await post(connection, [record for _, record in records])
        except Unfit as why:
            if len(records) == 1:
                await self._aside(source, records[0][0], str(why))
                return
            middle = len(records) // 2
            await self._post(source, records[:middle])
            await self._post(source, records[middle:])

    async def _aside(self, source: Source, entry: Entry, why: str) -> None:
        await source.aside(entry, why)
        logger.bind(source=source.name, place=entry.place, why=why).error("record put aside")

    async def _pause(self, failures: int) -> None:
        """Twice as long each time; by chance, so that not all relays come back at once."""
        longest = min(SHORTEST * 2.0 ** min(failures, 10), LONGEST)
        await asyncio.sleep(longest * (0.5 + self._chance() / 2))

    def _troubled(self, source: Source, error: Exception) -> None:
        """Said when it begins and when it changes."""
        self._prepared = False
        why = str(error) if isinstance(error, Fault) else type(error).__name__
        if why != self.trouble:
            logger.bind(source=source.name, why=why).warning("journal waits in its outbox")
        self.trouble = why

    def _well(self, source: Source) -> None:
        logger.bind(source=source.name).info("journal is written again")
        self.trouble = ""
