"""What a worker forgets by itself."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from agent.housekeeping import Follow, Kept, Retention
from knowledge import tables
from knowledge.callers import Callers
from knowledge.database import Database
from knowledge.erasure import Erased
from knowledge.events import Began, Event, Forgotten, nowhere
from knowledge.forgetting import Forgetting
from knowledge.glossary import Glossary
from knowledge.memory import LocalMemory
from knowledge.posting import post
from knowledge.recollection import Exchange
from knowledge.records import packed, unpacked
from knowledge.translation import Translations
from tests.postgres import free_port

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


async def journal(path: Path, **calls: datetime) -> Database:
    """With these calls and when they began."""
    database = Database(f"sqlite:///{path / 'answerline.db'}")
    await database.prepare()
    for call, at in calls.items():
        record = unpacked(packed(Began(call, False, "ana"), id=call, at=at.timestamp()))
        async with database.writing() as connection:
            await post(connection, [record])
    return database


async def test_after_its_days_nothing_says_any_more_who_called(tmp_path: Path) -> None:
    database = await journal(tmp_path, old=NOW - 31 * DAY, young=NOW - 29 * DAY)
    events: list[Event] = []
    retention = Retention(f"sqlite:///{tmp_path}/answerline.db", 30, emit=events.append)
    assert await retention.tick() == 1
    async with database.reading() as connection:
        left = (await connection.execute(select(tables.calls.c.call))).scalars().all()
    assert left == ["young"]
    assert events == [Forgotten("", "retention", 1, 1)]
    assert await retention.tick() == 0
    assert len(events) == 1
    await database.close()


async def test_where_no_words_are_kept_calls_go_after_a_day(tmp_path: Path) -> None:
    database = await journal(tmp_path, old=NOW - 2 * DAY, young=NOW)
    retention = Retention(f"sqlite:///{tmp_path}/answerline.db", 0, emit=nowhere)
    assert await retention.tick() == 1
    await database.close()


async def test_while_the_database_is_away_it_waits() -> None:
    address = f"postgresql://nobody@127.0.0.1:{free_port()}/none"
    assert await Retention(address, 30, emit=nowhere).tick() == 0
    database = Database(address)
    erased = Erased()
    callers = Callers(None, ttl=60.0, erased=erased)
    memory = LocalMemory(ttl=60.0, erased=erased)
    kept = Kept(memory, callers, Translations([], Glossary(()), emit=nowhere), erased)
    await Follow(database, kept).tick()
    await database.close()


async def test_a_worker_that_starts_later_knows_what_was_erased_before(tmp_path: Path) -> None:
    """A call that was erased may be on, and break, and come back at the new one."""
    database = await journal(tmp_path, CA1=NOW)
    await Forgetting(database).mark("ana", (), NOW - timedelta(hours=1))
    erased = Erased()
    callers = Callers(None, ttl=60.0, erased=erased)
    memory = LocalMemory(ttl=60.0, erased=erased)
    kept = Kept(memory, callers, Translations([], Glossary(()), emit=nowhere), erased)
    await Follow(database, kept).tick()
    for call in ("CA1", "CA2"):
        memory.remember(call, Exchange(1.0, "Who pays?", "We do.", "en"))
        callers.met("ana", call, "en" if call == "CA2" else "es")
    assert [(await memory.recall(call)).turns for call in ("CA1", "CA2")] == [0, 1]
    assert await callers.language("ana") == "en"
    await database.close()
