"""The journal as the settings want it: where it is written, and what `doctor` asks of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agent.doctor import Check
from agent.settings import Settings
from knowledge.database import Database
from knowledge.events import Emit
from knowledge.journal import Journal
from knowledge.ledger import Ledger
from knowledge.outbox import Outbox, Source
from knowledge.outbox.segments import Folder, Segments
from knowledge.outbox.stream import Group, Stream, fit
from knowledge.relay import Relay

OUTBOX = "outbox"
"""Folder under DATA_DIR; a disk of this machine: locks of a network's are nobody's promise."""
DATABASE = "answerline.db"
DAY = 86400
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Books:
    """One worker's. `journal.record` is an `Emit`; `ledger` answers what was written."""

    journal: Journal
    relay: Relay
    ledger: Ledger
    database: Database
    """Of the ledger; the relay has connections of its own."""

    async def start(self) -> None:
        """Waits for nothing: a database that is away is tried again and again."""
        await self.journal.start()
        await self.relay.start()

    async def close(self) -> None:
        """In this order, so that what was recorded last is written if the database is there."""
        await self.journal.close()
        await self.relay.close()
        await self.database.close()


def open_books(settings: Settings, emit: Emit) -> Books:
    """On a running loop. `emit` hears what was acknowledged. Raises ValueError for the address."""
    worker = f"worker-{settings.port}"
    folder = settings.data_dir / OUTBOX
    outboxes: list[Outbox] = [Segments(folder, worker)]
    sources: list[Source] = [Folder(folder)]
    if settings.redis_url is not None:
        url = settings.redis_url.get_secret_value()
        outboxes.insert(0, Stream(url))
        sources.insert(0, Group(url, worker))
    own = min(2, settings.database_pool // 2)
    asked = Database(address(settings), pool=settings.database_pool - own)
    writing = Database(address(settings), pool=own) if own else asked
    return Books(Journal(outboxes, emit=emit), Relay(writing, sources), Ledger(asked), asked)


def address(settings: Settings) -> str:
    """Of the database; it may hold a password."""
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    return f"sqlite:///{Path(settings.data_dir).absolute() / DATABASE}"


def kept(settings: Settings) -> int:
    """Seconds for which it is known who called: a day where no words are kept, for erasing."""
    return max(1, settings.retention_days) * DAY


def checks(settings: Settings) -> Iterator[Check]:
    """Rows of `doctor`: the database with its schema, and where records wait for it."""
    database = Database(address(settings), pool=1)

    async def ask() -> None:
        try:
            await database.check()
        finally:
            await database.close()

    chosen = "DATABASE_URL is set" if settings.database_url else "DATABASE_URL is not set"
    yield Check("journal", database.name, chosen, ask)
    if settings.redis_url is None:
        yield Check("outbox", f"DATA_DIR/{OUTBOX}", "REDIS_URL is not set")
        return
    url = settings.redis_url.get_secret_value()
    yield Check("outbox", "Redis Stream", "REDIS_URL is set", lambda: fit(url))
