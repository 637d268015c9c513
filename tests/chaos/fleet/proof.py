"""What the stores have of finished calls, compared with what their callers heard."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence

from redis.asyncio import Redis
from sqlalchemy import func, select

from knowledge import tables
from knowledge.chain import Fault
from knowledge.database import Database
from knowledge.outbox.stream import GROUP, STREAM
from knowledge.recollection import decode, key
from tests.chaos.fleet.log import Log
from tests.chaos.fleet.site import Site
from tests.chaos.fleet.told import Told

WRITTEN = 90.0
"""Seconds until the database has everything, on a busy machine."""
BETWEEN = 0.05
"""Seconds from the end of a stream to the end of its call, where the caller hung up with both."""
LATEST = 0.5
"""Seconds before a kill in which a decision may not have been acknowledged yet."""


async def written(site: Site) -> None:
    """When no record waits any more. Raises AssertionError, with what does."""
    deadline, waited = time.monotonic() + WRITTEN, list[int]()
    async with Redis(port=site.valkey.port) as redis:
        while True:
            length, files = await redis.xlen(STREAM), list(site.data.glob("outbox/*.jsonl"))
            if not length and not files:
                return
            waited.append(length)
            taken = await redis.xpending(STREAM, GROUP) if length else 0
            assert time.monotonic() < deadline, (
                f"records wait still: {waited[::50]}, taken by {taken}, in {files}"
            )
            await asyncio.sleep(0.2)


async def forgotten(port: int, told: Sequence[Told]) -> int:
    """Turns whose answer was heard to its end, and that memory, at this port, does not have."""
    missing = 0
    async with Redis(port=port) as redis:
        for one in told:
            value = await redis.get(key(one.call))
            turns = decode(value).turns if value else 0
            missing += max(0, one.heard - turns)
    return missing


def _fitting(one: Told) -> set[str]:
    """Outcomes; a caller may hang up while there is no stream, or just when the call is moved."""
    last = one.legs[-1] if one.legs else None
    between = last is not None and last.closed is not None and last.closed < one.ended - BETWEEN
    cut = last is not None and last.ended_by == "lost"
    return {"hung_up", "lost"} if between and cut else {"hung_up", "moved"}


class Journal:
    """Of one database."""

    def __init__(self, address: str, log: Log | None = None) -> None:
        """`log`: of the workers, with the decisions that they have made."""
        self._address = address
        self._log = log

    async def problems(self, told: Sequence[Told], kills: Sequence[float] = ()) -> list[str]:
        """`kills`: when a worker was killed."""
        calls = [one.call for one in told]
        database = Database(self._address)
        try:
            found = await self._outcomes(database, told)
            found += await self._turns(database, told)
            return found + await self._decisions(database, calls, kills)
        except Fault as fault:
            return [f"the journal cannot be read: {fault}"]
        finally:
            await database.close()

    async def _outcomes(self, database: Database, told: Sequence[Told]) -> list[str]:
        table = tables.calls
        query = select(table.c.call, table.c.outcome).where(
            table.c.call.in_([one.call for one in told])
        )
        async with database.reading() as connection:
            rows = {row.call: row.outcome for row in await connection.execute(query)}
        return [
            f"{one.call}: outcome {rows.get(one.call, 'missing')}"
            for one in told
            if not (one.lost or one.refused) and rows.get(one.call) not in _fitting(one)
        ]

    async def _turns(self, database: Database, told: Sequence[Told]) -> list[str]:
        table = tables.turns
        query = (
            select(table.c.call, func.count().label("turns"))
            .where(table.c.call.in_([one.call for one in told]))
            .group_by(table.c.call)
        )
        async with database.reading() as connection:
            rows = {row.call: row.turns for row in await connection.execute(query)}
        return [
            f"{one.call}: {rows.get(one.call, 0)} turns, {one.heard} heard"
            for one in told
            if rows.get(one.call, 0) < one.heard
        ]

    async def _decisions(
        self, database: Database, calls: Sequence[str], kills: Sequence[float]
    ) -> list[str]:
        """Each that a worker has logged is there once; what it logged last may not be there."""
        decided = self._log.lines("decided") if self._log is not None else ()
        wanted = {line.labels["ticket_id"]: line.at for line in decided if line.call in set(calls)}
        table = tables.routing_history
        query = select(table.c.ticket_id).where(table.c.call.in_(calls))
        async with database.reading() as connection:
            rows = Counter((await connection.execute(query)).scalars())
        late = {
            ticket
            for ticket, at in wanted.items()
            if any(0 <= kill - at <= LATEST for kill in kills)
        }
        missing = set(wanted) - set(rows) - late
        doubled = [ticket for ticket, count in rows.items() if count > 1]
        return [f"decision {ticket} is missing" for ticket in missing] + [
            f"decision {ticket} is there twice" for ticket in doubled
        ]
