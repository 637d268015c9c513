"""What the journal forgets, in PostgreSQL and SQLite; and that nothing of it comes back."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import select

from knowledge import erasure, tables
from knowledge.database import Database, migrate
from knowledge.erasure import ANONYMOUS, of_call, of_caller
from knowledge.events import Began, CallBack, Decided, Ended, Event, Learned, ToolUsed, Turn
from knowledge.forgetting import Forgetting
from knowledge.identity import fresh
from knowledge.ledger import Ledger
from knowledge.lessons import Lessons
from knowledge.outbox.segments import Folder, Segments
from knowledge.posting import post
from knowledge.records import Record, concerns, packed, unpacked
from knowledge.relay import Relay
from tests.knowledge.history import create
from tests.postgres import Postgres

BEGAN = datetime(2026, 6, 1, 12, 34, 56, tzinfo=UTC)
ANA, BOB = "a" * 64, "b" * 64
_numbers = count()


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/answerline.db"
    server: Postgres = request.getfixturevalue("postgres")
    return server.create(f"erasure{next(_numbers)}")


@pytest.fixture
async def database(address: str) -> AsyncIterator[Database]:
    database = Database(address, pool=4)
    await migrate(address)
    yield database
    await database.close()


def happened(call: str, caller: str, *, at: datetime = BEGAN) -> list[Record]:
    ticket = f"T-{call}"
    events: list[Event] = [
        Began(call, resumed=False, caller=caller),
        Decided(call, ticket, "knowledge", 0.97, "e", "claims", "en", 0.001, arm="x:y"),
        Turn(call, 1, "en", "knowledge", 0.97, "e", ticket, "a", False, 0, 0.1, 0.1, 0.1, 0.1, 0.1),
        Learned("", ticket, "claims"),
        CallBack(call, "claims"),
        ToolUsed(call, "claim_status", "done", 0.3),
        Ended(call, "hung_up", 60.0),
    ]
    moment = at.timestamp()
    return [
        unpacked(packed(e, id=ticket if isinstance(e, Decided) else fresh(moment), at=moment))
        for e in events
    ]


async def write(database: Database, *records: Record) -> None:
    async with database.writing() as connection:
        await post(connection, records)


async def everything(database: Database) -> str:
    """Every row of every table but what says that something was erased."""
    found = []
    async with database.reading() as connection:
        for table in tables.metadata.sorted_tables:
            if table.name not in {"erased", "erasures"}:
                found += [repr(row) for row in await connection.execute(select(table))]
    return "\n".join(found)


async def erase(database: Database, caller: str) -> int:
    journal = Forgetting(database)
    calls = await journal.mark(caller, (), datetime.now(UTC))
    rows = await journal.forget(calls)
    return rows + await journal.dismiss(calls)


async def test_nothing_leads_to_an_erased_caller_and_others_stay(database: Database) -> None:
    await write(database, *happened("CA1", ANA), *happened("CA2", BOB), *happened("CA3", ANA))
    assert await Forgetting(database).count(["CA1", "CA3"]) == 8
    assert await erase(database, ANA) == 10
    left = await everything(database)
    for trace in ("CA1", "CA3", ANA):
        assert trace not in left
    assert "T-CA2" in left
    assert await Ledger(database).decision("T-CA1") is None
    assert await erase(database, ANA) == 0, "safe to repeat"


async def test_learning_loses_no_decision(database: Database) -> None:
    await write(database, *happened("CA1", ANA), *happened("CA2", ANA))
    since = BEGAN - timedelta(days=1)
    before = await Lessons(database).accuracy(since)
    await erase(database, ANA)
    assert await Lessons(database).accuracy(since) == before
    rows = await Ledger(database).decisions(since)
    assert [row.actual_outcome for row in rows] == ["claims", "claims"]
    assert {row.created_at for row in rows} == {BEGAN.replace(hour=0, minute=0, second=0)}
    assert all((row.call or "").startswith(ANONYMOUS) for row in rows)
    assert len({row.call for row in rows}) == 2, "an experiment counts calls"


async def test_a_record_that_comes_late_does_not_come_back(database: Database) -> None:
    records = happened("CA1", ANA)
    await write(database, *records[:2])
    await erase(database, ANA)
    await write(database, *records)
    await write(database, *reversed(records))
    left = await everything(database)
    assert "CA1" not in left.replace("T-CA1", "")
    assert ANA not in left


async def test_a_call_whose_beginning_still_waited_is_erased_with_the_others(
    database: Database,
) -> None:
    began, *others = happened("CA1", ANA)
    await write(database, *others)
    await erase(database, ANA)
    assert "CA1" in await everything(database), "nobody knows yet whose call it is"
    await write(database, began)
    await write(database, *happened("CA9", ANA, at=datetime.now(UTC) + timedelta(seconds=5)))
    left = await everything(database)
    assert "'CA1'" not in left
    assert "'CA9'" in left, "who calls again is a new caller"


async def test_what_waits_in_a_file_is_dropped_by_whichever_relay_reads_it(
    database: Database, address: str, tmp_path: Path
) -> None:
    outbox = Segments(tmp_path / "outbox", "w1")
    lines = [
        packed(event, id=fresh(), at=BEGAN.timestamp())
        for event in (Began("CA1", False, ANA), CallBack("CA1", "claims"), CallBack("CA2", "x"))
    ]
    await outbox.write(lines)
    await write(database, unpacked(lines[0]))
    await erase(database, ANA)
    await outbox.close()
    relay = Relay(Database(address), [Folder(tmp_path / "outbox")])
    await relay.start()
    await relay.close()
    left = await everything(database)
    assert "CA1" not in left
    assert "CA2" in left
    assert not list((tmp_path / "outbox").iterdir())


async def test_who_writes_while_somebody_erases_leaves_nothing(database: Database) -> None:
    records = [record for number in range(20) for record in happened(f"CA{number}", ANA)]
    await write(database, *records[:7])

    async def writing() -> None:
        for start in range(7, len(records), 7):
            await write(database, *records[start : start + 7])

    await asyncio.gather(writing(), erase(database, ANA), erase(database, ANA))
    assert ANA not in await everything(database)


async def test_what_was_kept_long_enough_goes_a_batch_at_a_time(database: Database) -> None:
    old, new = BEGAN - timedelta(days=40), BEGAN
    for number in range(3):
        await write(database, *happened(f"CA-old-{number}", ANA, at=old))
    await write(database, *happened("CA-new", ANA, at=new))
    journal = Forgetting(database)
    assert await journal.expire(BEGAN - timedelta(days=30), within=20.0) == (3, 15)
    left = await everything(database)
    assert "CA-old" not in left
    assert "CA-new" in left
    assert await journal.expire(BEGAN - timedelta(days=30), within=20.0) == (0, 0)


async def test_of_two_who_expire_at_once_one_does_it(postgres: Postgres) -> None:
    address = postgres.create(f"erasure{next(_numbers)}")
    database = Database(address, pool=4)
    await create(database)
    await write(database, *happened("CA1", ANA))
    before = BEGAN + timedelta(days=1)
    journal = Forgetting(database)
    done = await asyncio.gather(*(journal.expire(before, within=20.0) for _ in range(3)))
    assert sum(calls for calls, _ in done) == 1
    await database.close()


async def test_sqlite_keeps_nothing_of_it_on_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "answerline.db"
    database = Database(f"sqlite:///{path}")
    await database.prepare()
    await write(database, *happened("CAcanary", ANA))
    on_disk = [path, path.with_name(f"{path.name}-wal")]

    def found() -> bool:
        data = b"".join(file.read_bytes() for file in on_disk if file.exists())
        return b"CAcanary" in data or ANA.encode() in data

    assert found()
    await erase(database, ANA)
    assert not found()
    await database.close()


@pytest.mark.parametrize(
    ("line", "theirs"),
    [
        (packed(CallBack("CA1", "x"), id="1", at=1.0), True),
        (packed(Began("CA7", False, ANA), id="1", at=1.0), True),
        (packed(Began("CA7", False, BOB), id="1", at=1.0), False),
        (packed(Began("CA7", False), id="1", at=1.0), False),
        (b"no record", False),
    ],
)
def test_a_waiting_record_says_whose_it_is(line: bytes, theirs: bool) -> None:
    assert concerns(line, {"CA1"}, ANA) is theirs


def test_a_tombstone_does_not_tell_whose_it_is() -> None:
    assert "CA1" not in of_call("CA1")
    assert of_call("x") != of_caller("x")
    known = erasure.Erased(most=2)
    known.add(of_call(call) for call in ("CA1", "CA2", "CA3"))
    assert [known.call(call) for call in ("CA1", "CA2", "CA3")] == [False, True, True]
