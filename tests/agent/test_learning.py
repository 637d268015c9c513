"""What holds for the next turn, in this worker."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from agent.learning import Learning
from knowledge.database import Database
from knowledge.events import Adjusted, Event, Judged
from knowledge.experiments import Arm, Experiment
from knowledge.ledger import Ledger, Trial
from knowledge.routing import Thresholds
from tests.knowledge.history import NOW, History, create, mixed

SHIPPED = Thresholds(0.9, 0.4)


@asynccontextmanager
async def learner(folder: Path, events: list[Event]) -> AsyncIterator[tuple[Learning, History]]:
    address = f"sqlite:///{folder / 'answerline.db'}"
    database = Database(address)
    await create(database)
    learning = Learning(address, database, shipped=SHIPPED, emit=events.append, clock=NOW.timestamp)
    try:
        yield learning, History(database)
    finally:
        await database.close()


async def test_what_a_study_finds_holds_at_once_and_is_told(tmp_path: Path) -> None:
    events: list[Event] = []
    async with learner(tmp_path, events) as (learning, history):
        await history.judged("claims", mixed(300, 0.8, 0) + mixed(300, 0.95, 0))
        await learning.tick()
        change, judged = events
        assert isinstance(change, Adjusted)
        assert isinstance(judged, Judged)
        assert (judged.department, judged.outcomes) == ("claims", 600)
        assert judged.low < judged.rate
        assert learning.policy.answer("claims") == change.after < 0.9
        await learning.refresh()
        assert learning.policy.answer("claims") == change.after, "not yet in the database"
        assert "claims" in learning.policy.calibrated
        assert [found.after for found in await learning.changes("claims")] == [change.after]
        await history.write([change])
        await learning.refresh()
        assert learning.policy.answer("claims") == change.after
        assert [found.after for found in await learning.changes("claims")] == [change.after]


async def test_what_another_worker_learned_holds_here_too(tmp_path: Path) -> None:
    events: list[Event] = []
    async with learner(tmp_path, events) as (learning, history):
        await history.judged("claims", mixed(100, 0.95, 0))
        await learning.tick()
        await history.changed("claims", 0.9, 0.8, "learned")
        await learning.tick()
        assert learning.policy.answer("claims") == 0.8
        assert not [event for event in events if isinstance(event, Adjusted)]


async def test_a_department_without_enough_outcomes_has_the_shipped_threshold(
    tmp_path: Path,
) -> None:
    async with learner(tmp_path, []) as (learning, history):
        await history.judged("claims", mixed(59, 0.95, 0))
        await history.changed("claims", 0.9, 0.8, "learned")
        await history.changed("billing", 0.9, 0.85, "admin")
        await learning.tick()
        assert learning.policy.answer("claims") == 0.9
        assert learning.policy.answer("billing") == 0.85, "set by hand"
        assert learning.policy.calibrated == frozenset()


async def test_what_was_stored_under_a_lower_floor_holds_at_the_floor_of_now(
    tmp_path: Path,
) -> None:
    async with learner(tmp_path, []) as (learning, history):
        await history.judged("travel", mixed(100, 0.95, 0))
        for department, why in (
            ("travel", "learned"), ("claims", "admin"), ("billing", "rolled_back"),
        ):  # fmt: skip
            await history.changed(department, 0.9, 0.6, why)
        arms = (Arm("usual", "0.9", 0.5), Arm("lower", "0.65", 0.5))
        made = Experiment("lower-motor", "threshold", arms, "motor")
        models = Experiment("models", "model", (Arm("a", "0.1", 0.5), Arm("b", "large", 0.5)))
        for trial in (made, models):
            asked = Trial(trial.name, trial.department, trial.document(), NOW)
            await Ledger(history.database).begin(asked)
        await learning.tick()
        await learning.refresh()
        policy = learning.policy
        assert {policy.answer(name) for name in ("travel", "claims", "billing")} == {0.7}
        tried = {policy.thresholds("motor", f"CA{k}").answer for k in range(40)}
        assert tried == {0.7, 0.9}
        assert {policy.chosen("model", f"CA{k}") for k in range(40)} == {"0.1", "large"}
        assert {change.after for change in await learning.changes()} == {0.6}, "as it was written"
        learning.adopt(Adjusted("", "motor", 0.9, 0.65, "experiment"))
        assert learning.policy.answer("motor") == 0.7


async def test_while_the_database_is_away_what_held_before_holds_on(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'answerline.db'}"
    database = Database(address)
    learning = Learning(address, database, shipped=SHIPPED, emit=lambda _event: None)
    learning.adopt(Adjusted("", "claims", 0.9, 0.85, "admin"))
    for _ in range(2):
        await learning.tick()
    assert learning.policy.answer("claims") == 0.85
    await create(database)
    await learning.tick()
    assert learning.policy.answer("claims") == 0.85
    assert (await learning.changes())[0].at <= datetime.now(UTC)
    await database.close()
