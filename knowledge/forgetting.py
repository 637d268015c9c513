"""The journal forgets: a caller or a call when somebody asks, every call when its time is up.

Every method may raise Fault.
"""

import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from sqlalchemy import and_, delete, func, or_, select, text

from knowledge import erasure
from knowledge.chain import Fault
from knowledge.database import Database
from knowledge.identity import fresh
from knowledge.posting import lock
from knowledge.tables import calls, erased, erasures

EXPIRING = 0x616E6578
"""The advisory lock of whoever expires: one worker of all."""
BATCH = 50
"""Calls of one transaction: nobody waits long for their rows."""
MOST = 10_000
"""Calls, or digests, that are asked for at once."""
LASTING = timedelta(days=90)
"""How long it is known what was erased: no record waits as long."""


class Forgetting:
    def __init__(self, database: Database) -> None:
        """`database` is closed by its owner."""
        self._database = database

    async def calls(self, caller: str) -> list[str]:
        """Those that are known to be this caller's."""
        await self._database.prepare()
        async with self._database.reading() as connection:
            return await erasure.calls_of(connection, caller)

    async def caller_of(self, call: str) -> list[str]:
        """None where it is not known; else one."""
        await self._database.prepare()
        asked = select(calls.c.caller).where(calls.c.call == call, calls.c.caller.is_not(None))
        async with self._database.reading() as connection:
            return [str(row.caller) for row in await connection.execute(asked)]

    async def count(self, of: Collection[str]) -> int:
        async with self._database.reading() as connection:
            return await erasure.count(connection, of)

    async def mark(self, caller: str, of: Collection[str], at: datetime) -> list[str]:
        """From now on no record of these calls, and of a caller's until now, is written down any
        more, whoever holds it. All these calls; `caller` "" for them alone."""
        await self._database.prepare()
        async with self._database.writing() as connection:
            await lock(connection, alone=True)  # else one that begins meanwhile is not among them
            found = {*of, *(await erasure.calls_of(connection, caller) if caller else ())}
            digests = {erasure.of_call(call) for call in found}
            digests |= {erasure.of_caller(caller)} if caller else set()
            await erasure.mark(connection, digests, at)
            return sorted(found)

    async def forget(self, of: Collection[str]) -> int:
        """Rows that went, or lost what leads to a call."""
        touched = 0
        for part in _parts(of):
            async with self._database.writing() as connection:
                await lock(connection, alone=True)
                touched += await erasure.forget(connection, part)
        return touched

    async def dismiss(self, of: Collection[str]) -> int:
        """The rows by which a caller's calls are found. Where SQLite wrote, its log is emptied."""
        gone = 0
        async with self._database.writing() as connection:
            for part in _parts(of):
                gone += await erasure.dismiss(connection, part)
        if self._database.sqlite:
            with suppress(Fault):  # somebody reads: the next one empties it
                async with self._database.reading() as connection:
                    await connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        return gone

    async def note(self, by: str, of: int, rows: int, at: datetime) -> None:
        """That something was erased."""
        made = {"id": fresh(at.timestamp()), "by": by, "calls": of, "rows": rows, "at": at}
        async with self._database.writing() as connection:
            await connection.execute(erasures.insert().values(made))

    async def since(self, moment: datetime) -> Mapping[str, datetime]:
        """Digests of what was erased from then on."""
        newest = select(erased).where(erased.c.at >= moment).order_by(erased.c.at.desc())
        async with self._database.reading() as connection:
            found = await connection.execute(newest.limit(MOST))
            return {str(row.digest): row.at for row in found}

    async def expire(self, before: datetime, *, within: float) -> tuple[int, int]:
        """Calls that began before then, and their rows: forgotten a batch at a time for `within`
        seconds at most. Nothing where another worker does it."""
        deadline = time.monotonic() + within
        total = rows = 0
        while time.monotonic() < deadline:
            of, touched = await self._expire(before)
            total, rows = total + of, rows + touched
            if of < BATCH:
                break
        async with self._database.writing() as connection:
            old = datetime.now(UTC) - LASTING
            await connection.execute(delete(erased).where(erased.c.at < old))
        return total, rows

    async def _expire(self, before: datetime) -> tuple[int, int]:
        ended_only = and_(calls.c.began_at.is_(None), calls.c.ended_at < before)
        due = select(calls.c.call).where(or_(calls.c.began_at < before, ended_only)).limit(BATCH)
        async with self._database.writing() as connection:
            if not self._database.sqlite:
                alone = select(func.pg_try_advisory_xact_lock(EXPIRING))
                if not await connection.scalar(alone):
                    return 0, 0
            of = [str(row.call) for row in await connection.execute(due)]
            if not of:
                return 0, 0
            touched = await erasure.forget(connection, of)
            return len(of), touched + await erasure.dismiss(connection, of)


def _parts(of: Collection[str]) -> list[list[str]]:
    """Sorted, so that two who erase at once never wait for each other in a circle."""
    listed = sorted(of)
    return [listed[start : start + BATCH] for start in range(0, len(listed), BATCH)]
