import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from itertools import count
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, select, text

from knowledge import tables
from knowledge.chain import Fault
from knowledge.database import Database, migrate
from knowledge.events import (
    Adjusted,
    Began,
    CallBack,
    Consent,
    Decided,
    Drifted,
    Ended,
    Event,
    Gone,
    Learned,
    ToolUsed,
    Transferred,
    Turn,
)
from knowledge.identity import fresh
from knowledge.ledger import Accuracy, Ledger, Trial
from knowledge.posting import post
from knowledge.records import Record, Unfit, packed, unpacked
from tests.postgres import Postgres, free_port

EMPTY = {"experiments", "routing_accuracy", "erased", "erasures"}
"""Tables that no event becomes a row of."""
BEGAN = 1_790_000_000.0
"""Unix time of the first event of a test."""
_numbers = count()


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/answerline.db"
    return empty(request.getfixturevalue("postgres"))


def empty(postgres: Postgres) -> str:
    return postgres.create(f"test{next(_numbers)}")


@pytest.fixture
async def database(address: str) -> AsyncIterator[Database]:
    await migrate(address)
    async with opened(address) as database:
        yield database


@asynccontextmanager
async def opened(address: str, *, pool: int = 2) -> AsyncIterator[Database]:
    database = Database(address, pool=pool)
    try:
        yield database
    finally:
        await database.close()


def decided(ticket: str, *, department: str = "claims", confidence: float = 0.987) -> Decided:
    return Decided(
        "CA1", ticket, "knowledge", confidence, "deductible", department, "en", 0.0004,
        sources=("deductible", "handbook.pdf"), band="High",
    )  # fmt: skip


def record(event: Event, at: float = BEGAN, name: str = "") -> Record:
    ticket = event.ticket_id if isinstance(event, Decided) else name or fresh(at)
    return unpacked(packed(event, id=ticket, at=at))


async def write(database: Database, *records: Record) -> None:
    async with database.writing() as connection:
        await post(connection, records)


class TestMigrating:
    async def test_it_makes_the_tables_that_the_code_knows(self, address: str) -> None:
        assert await migrate(address) == ("", tables.REVISION)

        def differences(connection: Connection) -> list[object]:
            return list(compare_metadata(MigrationContext.configure(connection), tables.metadata))

        async with opened(address) as database, database.reading() as connection:
            assert await connection.run_sync(differences) == []

    async def test_of_several_at_once_one_does_it(self, address: str) -> None:
        done = await asyncio.gather(*(migrate(address) for _ in range(4)))
        assert sorted(done) == [("", tables.REVISION), *[(tables.REVISION, tables.REVISION)] * 3]

    def test_the_newest_revision_is_the_one_that_the_code_wants(self) -> None:
        config = Config()
        config.set_main_option("script_location", str(files("knowledge") / "migrations"))
        config.set_main_option("path_separator", "os")
        assert ScriptDirectory.from_config(config).get_current_head() == tables.REVISION

    async def test_sqlite_is_made_ready_by_whoever_needs_it(self, tmp_path: Path) -> None:
        async with opened(f"sqlite:///{tmp_path}/new/answerline.db") as database:
            await database.prepare()
            assert await database.revision() == tables.REVISION

    async def test_an_empty_postgresql_says_what_to_do(self, postgres: Postgres) -> None:
        async with opened(empty(postgres)) as database:
            with pytest.raises(Fault, match="answerline migrate") as raised:
                await database.prepare()
            assert raised.value.kind == "denied"

    async def test_a_worker_that_is_older_than_the_schema_goes_on(self, database: Database) -> None:
        async with database.writing() as connection:
            await connection.execute(text("UPDATE alembic_version SET version_num = '9000'"))
        await database.prepare()
        await write(database, record(decided("T1")))
        assert await Ledger(database).decision("T1")

    async def test_an_address_with_the_words_of_libpq_is_understood(
        self, postgres: Postgres
    ) -> None:
        async with opened(postgres.address() + "?sslmode=disable") as database:
            assert await database.revision() == ""

    @pytest.mark.parametrize("wrong", ["", "mysql://host/name", "sqlite://", "no address"])
    def test_another_address_is_refused(self, wrong: str) -> None:
        with pytest.raises(ValueError):  # noqa: PT011
            Database(wrong)


class TestPosting:
    async def test_a_decision_becomes_a_row_as_the_table_promises(self, database: Database) -> None:
        await write(database, record(decided("T1")))
        async with database.reading() as connection:
            [row] = (await connection.execute(select(tables.routing_history))).mappings()
        assert {**row, "id": 0} == {
            "id": 0,
            "ticket_id": "T1",
            "department": "claims",
            "confidence": 0.99,
            "method": "knowledge",
            "created_at": datetime.fromtimestamp(BEGAN, UTC),
            "actual_outcome": None,
            "resolution_time_hours": None,
            "customer_satisfaction": None,
            "probability": 0.987,
            "entry": "deductible",
            "language": "en",
            "call": "CA1",
            "arm": "",
            "calibrated": True,
            "leaning": False,
            "differing": False,
            "band": "High",
            "cached": "",
            "sources": ["deductible", "handbook.pdf"],
            "seconds": 0.0004,
        }

    async def test_every_kind_is_there_once_however_often_it_comes(
        self, database: Database
    ) -> None:
        happened = [
            decided("T1"),
            Learned("", "T1", "claims"),
            Turn("CA1", 1, "en", "cache", 0.9, "e", "T1", "a", False, 0, 0.1, 0.1, 0.1, 0.1, 0.1),
            Transferred("CA1", "claims", "joined", 3.0),
            CallBack("CA1", "claims"),
            Consent("CA1", "given"),
            ToolUsed("CA1", "claim_status", "done", 0.3),
            Adjusted("", "claims", 0.9, 0.85, "learned"),
            Drifted("", "accuracy", "claims", 0.8),
            Began("CA1", resumed=False),
            Ended("CA1", "hung_up", 60.0),
        ]
        records = [record(event) for event in happened]
        await write(database, *records, *records)
        await write(database, *reversed(records))
        async with database.reading() as connection:
            for table in tables.metadata.sorted_tables:
                rows = (await connection.execute(select(func.count()).select_from(table))).scalar()
                assert rows == (table.name not in EMPTY), table.name

    async def test_an_outcome_finds_its_decision_in_either_order(self, database: Database) -> None:
        early, late = record(Learned("", "T1", "billing", 2.5)), record(decided("T1"))
        await write(database, early)
        await write(database, late)
        await write(database, record(decided("T2")))
        await write(database, record(Learned("", "T2", "billing", 2.5)))
        for ticket in ("T1", "T2"):
            found = await Ledger(database).decision(ticket)
            assert found is not None
            assert (found.actual_outcome, found.resolution_time_hours) == ("billing", 2.5)

    async def test_two_outcomes_complete_each_other_and_the_later_one_is_right(
        self, database: Database
    ) -> None:
        said = record(Learned("", "T1", customer_satisfaction=4.0), BEGAN + 3)
        corrected = record(Learned("", "T1", "billing"), BEGAN + 2)
        first = record(Learned("", "T1", "claims", 1.0), BEGAN + 1)
        for one in (corrected, record(decided("T1")), said, first):
            await write(database, one)
        found = await Ledger(database).decision("T1")
        assert found is not None
        assert found.actual_outcome == "billing"
        assert (found.resolution_time_hours, found.customer_satisfaction) == (1.0, 4.0)

    async def test_an_outcome_that_is_reported_again_is_one_row_and_then_the_later_one(
        self, database: Database
    ) -> None:
        claims, billing = Learned("", "T1", "claims"), Learned("", "T1", "billing")
        said = [(claims, 1), (billing, 2), (claims, 3)]
        again = [record(event, BEGAN + at, event.actual_outcome) for event, at in said]
        await write(database, record(decided("T1")), *again[:2])
        await write(database, again[2])
        await write(database, again[0])  # a record that is read twice is as old as it was
        found = await Ledger(database).decision("T1")
        assert found is not None
        assert found.actual_outcome == "claims"
        async with database.reading() as connection:
            rows = await connection.execute(select(func.count()).select_from(tables.outcomes))
            assert rows.scalar() == 2

    async def test_a_decision_and_its_outcome_that_are_written_at_once_meet(
        self, postgres: Postgres
    ) -> None:
        address = empty(postgres)
        await migrate(address)
        async with opened(address, pool=8) as database:
            async with asyncio.TaskGroup() as group:
                for number in range(8):
                    group.create_task(write(database, record(decided(f"T{number}"))))
                    group.create_task(write(database, record(Learned("", f"T{number}", "claims"))))
            known = await Ledger(database).decisions(datetime.fromtimestamp(0, UTC), known=True)
        assert len(known) == 8

    async def test_a_resumed_call_began_with_its_first_stream_and_ended_with_its_last(
        self, database: Database
    ) -> None:
        await write(database, record(Ended("CA1", "goodbye", 40.0), BEGAN + 60))
        await write(
            database,
            record(Ended("CA1", "lost", 10.0), BEGAN + 10),
            record(Began("CA1", resumed=True), BEGAN + 20),
        )
        await write(database, record(Began("CA1", resumed=False, caller="c"), BEGAN))
        async with database.reading() as connection:
            [row] = (await connection.execute(select(tables.calls))).mappings()
        assert dict(row) == {
            "call": "CA1",
            "began_at": datetime.fromtimestamp(BEGAN, UTC),
            "ended_at": datetime.fromtimestamp(BEGAN + 60, UTC),
            "resumed": True,
            "outcome": "goodbye",
            "seconds": 40.0,
            "caller": "c",
        }

    async def test_a_call_that_was_hung_up_stays_so_whoever_says_later_that_it_ended(
        self, database: Database
    ) -> None:
        for call, outcome in (("CA1", ""), ("CA2", "lost"), ("CA3", "hung_up")):
            await write(database, record(Began(call, resumed=False), BEGAN))
            if outcome:
                await write(database, record(Ended(call, outcome, 5.0), BEGAN + 5))
        everybody = ("CA1", "CA2", "CA3", "CA4")
        await write(database, *(record(Gone(call, "hung_up"), BEGAN + 9) for call in everybody))
        await write(
            database, *(record(Ended(call, "moved", 30.0), BEGAN + 30) for call in everybody[:3])
        )
        async with database.reading() as connection:
            rows = (await connection.execute(select(tables.calls))).mappings()
            ends = {row["call"]: (row["outcome"], row["ended_at"].timestamp()) for row in rows}
        by = {"CA1": BEGAN + 9, "CA2": BEGAN + 9, "CA3": BEGAN + 5}
        assert ends == {call: ("hung_up", at) for call, at in by.items()}, "CA4 was never let in"

    async def test_what_a_newer_worker_wrote_is_taken_as_far_as_it_is_known(
        self, database: Database
    ) -> None:
        newer = record(decided("T1"))
        await write(database, replace(newer, fields={**newer.fields, "mood": "sunny"}))
        older = record(decided("T2"))
        fewer = {name: value for name, value in older.fields.items() if name != "cached"}
        await write(database, replace(older, fields=fewer))
        assert await Ledger(database).decision("T2")

    async def test_what_no_text_column_takes_is_made_to_fit(self, database: Database) -> None:
        await write(database, record(decided("T1", department="x\0" * 300)))
        found = await Ledger(database).decision("T1")
        assert found is not None
        assert found.department == "x" * 100

    async def test_what_postgresql_will_never_take_is_told_from_an_outage(
        self, postgres: Postgres
    ) -> None:
        address = empty(postgres)
        await migrate(address)
        async with opened(address) as database:
            for wrong in (
                record(Learned("", "T1", "claims", 123456.0)),
                record(Adjusted("", "claims", float("nan"), 0.9, "learned")),
                replace(record(Learned("", "T1")), fields={"call": "", "ticket_id": 7}),
                record(decided("T" * 300)),
            ):
                with pytest.raises(Unfit):
                    await write(database, wrong)
        async with opened(f"postgresql://a:secret@127.0.0.1:{free_port()}/none") as database:
            with pytest.raises(Fault) as raised:
                await write(database, record(decided("T1")))
        assert raised.value.kind == "refused"
        assert "secret" not in str(raised.value)


class TestLedger:
    async def test_the_last_change_of_a_threshold_is_in_force(self, database: Database) -> None:
        ledger = Ledger(database)
        await write(
            database,
            record(Adjusted("", "claims", 0.85, 0.8, "rolled_back"), BEGAN + 2),
            record(Adjusted("", "claims", 0.8, 0.85, "learned"), BEGAN + 1),
            record(Adjusted("", "billing", 0.9, 0.95, "admin"), BEGAN),
        )
        assert await ledger.thresholds() == {"claims": 0.8, "billing": 0.95}
        whys = [change.why for change in await ledger.changes("claims")]
        assert whys == ["learned", "rolled_back"]

    async def test_outcomes_of_a_department_since_a_moment(self, database: Database) -> None:
        ledger = Ledger(database)
        for number in range(6):
            department = "claims" if number % 2 else "billing"
            await write(
                database, record(decided(f"T{number}", department=department), BEGAN + number)
            )
        for ticket in ("T1", "T3", "T4"):
            await write(database, record(Learned("", ticket, "claims")))
        since = datetime.fromtimestamp(BEGAN + 2, UTC)
        known = await ledger.decisions(since, department="claims", known=True)
        assert [found.ticket_id for found in known] == ["T3"]
        everything = await ledger.decisions(since)
        assert [found.ticket_id for found in everything] == ["T2", "T3", "T4", "T5"]
        latest = await ledger.decisions(since, most=2)
        assert [found.ticket_id for found in latest] == ["T4", "T5"]
        assert [found.ticket_id for found in await ledger.of_call("CA1")][:2] == ["T0", "T1"]
        assert await ledger.decision("nobody's") is None

    async def test_a_trial_runs_until_it_is_stopped_and_its_name_is_taken_for_ever(
        self, database: Database
    ) -> None:
        ledger = Ledger(database)
        began = datetime.fromtimestamp(BEGAN, UTC)
        trial = Trial("bolder", "claims", {"a": 0.9, "b": 0.8}, began)
        assert await ledger.begin(trial)
        assert not await ledger.begin(replace(trial, department="billing"))
        assert await ledger.trials() == [trial]
        assert await ledger.stop("bolder", at=began + timedelta(days=1), why="harm")
        assert not await ledger.stop("bolder", at=began, why="again")
        assert await ledger.trials() == []
        [stopped] = await ledger.trials(running=False)
        assert (stopped.why, stopped.stopped) == ("harm", began + timedelta(days=1))

    async def test_accuracy_is_replaced_by_what_was_measured_later(
        self, database: Database
    ) -> None:
        ledger = Ledger(database)
        now = datetime.fromtimestamp(BEGAN, UTC)
        for measured in (
            Accuracy("claims", 10, 9, now),
            Accuracy("claims", 20, 17, now + timedelta(hours=1)),
            Accuracy("claims", 11, 1, now),
            Accuracy("billing", 0, 0, now),
        ):
            await ledger.measured(measured)
        assert [(a.department, a.total_predictions) for a in await ledger.accuracy()] == [
            ("billing", 0),
            ("claims", 20),
        ]
        async with database.reading() as connection:
            rates = await connection.execute(select(tables.routing_accuracy.c.accuracy_rate))
        assert set(rates.scalars()) == {None, 0.85}
