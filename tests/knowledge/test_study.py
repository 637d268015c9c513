"""What the tables teach, in SQLite and in PostgreSQL."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from knowledge.accuracy import Accuracy
from knowledge.database import Database
from knowledge.events import Adjusted, Drifted, Learned
from knowledge.experiments import Arm, Experiment, Tally
from knowledge.ledger import Change, Ledger, Trial
from knowledge.lessons import Lessons
from knowledge.study import Course, Studied, previous, study
from knowledge.thresholds import Coverage
from tests.knowledge.history import NOW, History, create, mixed
from tests.postgres import Postgres

SINCE = NOW - timedelta(days=90)
EVERY = timedelta(minutes=2)
COURSE = Course(shipped=0.9, low=0.5)


@pytest.fixture(scope="module")
def address(postgres: Postgres) -> str:
    """Of a PostgreSQL."""
    return postgres.create("study")


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """Without a row."""
    own = f"sqlite:///{tmp_path / 'answerline.db'}"
    opened = Database(own if request.param == "sqlite" else request.getfixturevalue("address"))
    await create(opened)
    yield opened
    await opened.close()


async def look(database: Database, course: Course = COURSE) -> Studied:
    return await study(database, course, NOW, every=EVERY)


async def test_accuracy_is_counted_by_department_and_written_down(database: Database) -> None:
    history = History(database)
    await history.judged("claims", mixed(100, 0.95, 10))
    await history.judged("billing", mixed(30, 0.95, 0, judged=3))
    lessons = Lessons(database)
    assert await lessons.accuracy(SINCE) == {
        "claims": Accuracy(90, 100),
        "billing": Accuracy(10, 10),
    }
    await look(database)
    rows = {row.department: row for row in await Ledger(database).accuracy()}
    assert (rows["claims"].total_predictions, rows["claims"].correct_predictions) == (100, 90)
    assert rows["billing"].last_updated == NOW


async def test_a_route_or_an_entry_is_an_outcome_too(database: Database) -> None:
    history = History(database)
    await history.judged("claims", [(0.95, None)] * 4 + [(0.5, None)])
    said = ("E", "cache", "model", "  Claims ", "model")
    tickets = [decision.ticket_id for decision in await Ledger(database).decisions(SINCE)]
    await history.write(
        Learned("", ticket, outcome) for ticket, outcome in zip(tickets, said, strict=True)
    )
    lessons = Lessons(database)
    assert await lessons.accuracy(SINCE) == {"claims": Accuracy(4, 5)}
    assert await lessons.judged("claims", SINCE, 10) == [True, True, False, True, True]
    labelled = await lessons.labelled("claims", SINCE, 10)
    assert labelled.right.tolist() == [True, True, False, True, False]


async def test_a_threshold_moves_by_what_came_of_its_decisions(database: Database) -> None:
    await History(database).judged("claims", mixed(300, 0.8, 0) + mixed(300, 0.95, 0))
    assert (await look(database)).events == (
        Adjusted("", "claims", 0.9, pytest.approx(0.85), "learned"),
    )


async def test_nobody_studies_what_has_just_been_studied(database: Database) -> None:
    await History(database).judged("claims", mixed(300, 0.8, 0) + mixed(300, 0.95, 0))
    assert (await look(database)).events
    assert (await look(database)).events == ()
    later = await study(database, COURSE, NOW + EVERY, every=EVERY)
    assert later.events, "the change was never written down, so it is found again"


async def test_of_several_workers_one_studies_at_a_time(address: str) -> None:
    database = Database(address)
    lessons = Lessons(database)
    async with lessons.alone() as first, lessons.alone() as second:
        assert (first, second) == (True, False)
    async with lessons.alone() as again:
        assert again
    await database.close()


async def test_a_change_on_its_way_to_the_database_is_waited_for(database: Database) -> None:
    await History(database).judged("claims", mixed(300, 0.8, 0) + mixed(300, 0.95, 0))
    course = Course(shipped=0.9, low=0.5, pending=frozenset({"claims"}))
    assert (await look(database, course)).events == ()


async def test_a_change_that_breaks_the_promise_is_undone(database: Database) -> None:
    history = History(database)
    early = NOW - timedelta(days=2)
    await history.judged("claims", mixed(300, 0.8, 0) + mixed(300, 0.95, 0), at=early)
    await history.changed("claims", 0.9, 0.75, "learned")
    await history.judged("claims", mixed(60, 0.8, 3), at=NOW + timedelta(minutes=2))
    studied = await study(database, COURSE, NOW + timedelta(minutes=3), every=EVERY)
    assert Adjusted("", "claims", 0.75, 0.9, "rolled_back") in studied.events


async def test_what_was_stored_under_a_lower_floor_is_judged_as_it_is_in_force(
    database: Database,
) -> None:
    history = History(database)
    await history.changed("claims", 0.65, 0.6, "learned")
    await history.judged("claims", mixed(60, 0.8, 3), at=NOW + timedelta(minutes=2))
    studied = await study(database, COURSE, NOW + timedelta(minutes=3), every=EVERY)
    raised = Adjusted("", "claims", 0.7, pytest.approx(0.75), "learned")
    assert [event for event in studied.events if isinstance(event, Adjusted)] == [raised]
    assert [judged.threshold for judged in studied.judged] == [0.7]


async def test_only_judged_decisions_of_the_confidence_teach_thresholds(
    database: Database,
) -> None:
    history, lessons = History(database), Lessons(database)
    await history.judged("claims", mixed(200, 0.95, 0, judged=2) + mixed(100, 0.8, 0, judged=10))
    await history.judged("claims", mixed(100, 0.95, 0), differing=True)
    labelled = await lessons.labelled("claims", SINCE, 1000)
    assert len(labelled) == 110
    assert len(await lessons.labelled("claims", SINCE, 50)) == 50
    coverage = await lessons.coverage("claims", SINCE, floor=0.7, threshold=0.9)
    assert coverage == Coverage(0.9, above=0.5, below=0.1)


async def test_an_experiment_counts_each_call_once_and_is_stopped_for_harm(
    database: Database,
) -> None:
    history, books = History(database), Ledger(database)
    arms = (Arm("usual", "0.9", 0.5), Arm("lower", "0.75", 0.5))
    made = Experiment("t", "threshold", arms, "claims")
    started = NOW - timedelta(days=1)
    assert await books.begin(Trial("t", "claims", made.document(), started))
    await history.judged("claims", mixed(40, 0.95, 0), arm="t:usual")
    await history.judged("claims", mixed(40, 0.8, 2), arm="t:lower", spoken_from=0.75)
    await history.judged("claims", mixed(5, 0.6, 0), arm="t:lower")
    assert await Lessons(database).tallies(made, started) == {
        "usual": Tally(right=40),
        "lower": Tally(right=20, passed=5, wrong=20),
    }
    await look(database)
    assert await books.trials() == []
    [stopped] = await books.trials(running=False)
    assert (stopped.stopped, stopped.why) == (NOW, "harm")


async def test_while_an_experiment_runs_its_departments_threshold_stays(
    database: Database,
) -> None:
    history, books = History(database), Ledger(database)
    await history.judged("claims", mixed(300, 0.8, 0) + mixed(300, 0.95, 0))
    arms = (Arm("usual", "0.9", 0.5), Arm("lower", "0.75", 0.5))
    made = Experiment("t", "threshold", arms)
    assert await books.begin(Trial("t", "", made.document(), NOW))
    assert await books.begin(Trial("of a newer version", "", {"subject": "?"}, NOW))
    assert (await look(database)).events == ()


async def test_drift_is_told_once_a_day(database: Database) -> None:
    history = History(database)
    usual = mixed(1500, 0.9, 0, judged=0)
    await history.judged("claims", usual + [(0.2, None)] * 100)
    await history.judged("billing", mixed(200, 0.95, 3))
    events = (await look(database)).events
    found = {(e.what, e.department) for e in events if isinstance(e, Drifted)}
    assert found == {("confidence", "claims"), ("accuracy", "billing")}
    await history.write(events)
    again = await study(database, COURSE, NOW + EVERY, every=EVERY)
    assert not [event for event in again.events if isinstance(event, Drifted)]


async def test_in_force_is_the_last_change_of_each_department(database: Database) -> None:
    history, lessons = History(database), Lessons(database)
    await history.write(
        [
            Adjusted("", "claims", 0.9, 0.85, "learned"),
            Adjusted("", "billing", 0.9, 0.95, "admin"),
            Adjusted("", "claims", 0.85, 0.8, "learned"),
        ]
    )
    found = await lessons.in_force()
    assert {name: change.after for name, change in found.items()} == {
        "claims": 0.8,
        "billing": 0.95,
    }


def test_undoing_goes_back_step_by_step() -> None:
    def change(before: float, after: float, why: str) -> Change:
        return Change("", "claims", before, after, why, NOW)

    history = [change(0.9, 0.85, "learned"), change(0.85, 0.8, "admin")]
    assert previous([]) is None
    assert previous(history) == 0.85
    history.append(change(0.8, 0.85, "rolled_back"))
    assert previous(history) == 0.9
    history.append(change(0.85, 0.9, "rolled_back"))
    assert previous(history) is None
    history.append(change(0.9, 0.95, "learned"))
    assert previous(history) == 0.9


async def test_satisfaction_is_what_callers_said(database: Database) -> None:
    history = History(database)
    await history.judged("claims", mixed(3, 0.95, 0))
    tickets = [decision.ticket_id for decision in await Ledger(database).decisions(SINCE)]
    await history.write(
        Learned("", ticket, customer_satisfaction=said)
        for ticket, said in zip(tickets, (5.0, 4.0, None), strict=True)
    )
    found = await Lessons(database).satisfaction(SINCE)
    assert (found["claims"].answers, found["claims"].mean) == (2, 4.5)
    assert "billing" not in found
