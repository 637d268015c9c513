"""What the tables say: asked by learning, by the admin API and by `doctor`. Every call may raise
Fault: the database may be away, and nobody on the phone waits for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Select, Table, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from knowledge.database import Database
from knowledge.tables import experiments, routing_accuracy, routing_history, thresholds

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Decision:
    """A row of `routing_history`; None where it is not known."""

    ticket_id: str
    call: str | None
    department: str | None
    method: str | None
    """The route: cache, knowledge, model, clarify, person."""
    probability: float | None
    entry: str | None
    language: str | None
    arm: str | None
    calibrated: bool | None
    leaning: bool | None
    differing: bool | None
    """Likely right, and yet not spoken: by a rule it was another question."""
    band: str | None
    """High, Medium, Low, as the thresholds cut it then."""
    cached: str | None
    """own, shared, or "" where the decision was made."""
    sources: list[str] | None
    """Entries and documents that the answer, or the model's passages, were taken from."""
    seconds: float | None
    created_at: datetime
    actual_outcome: str | None
    resolution_time_hours: float | None
    customer_satisfaction: float | None


@dataclass(frozen=True, slots=True)
class Change:
    """Of a department's threshold."""

    id: str
    department: str
    before: float
    after: float
    why: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Trial:
    """A row of `experiments`."""

    name: str
    department: str
    arms: Mapping[str, Any]
    started: datetime
    stopped: datetime | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Accuracy:
    """A row of `routing_accuracy`."""

    department: str
    total_predictions: int
    correct_predictions: int
    last_updated: datetime


class Ledger:
    def __init__(self, database: Database) -> None:
        """`database` is closed by its owner."""
        self._database = database

    async def decision(self, ticket_id: str) -> Decision | None:
        found = await self._all(
            Decision, _decisions().where(routing_history.c.ticket_id == ticket_id)
        )
        return found[0] if found else None

    async def of_call(self, call: str) -> list[Decision]:
        """In the order in which they were made."""
        return await self._all(Decision, _decisions().where(routing_history.c.call == call))

    async def decisions(
        self, since: datetime, *, department: str = "", known: bool = False, most: int = 100_000
    ) -> list[Decision]:
        """The latest `most` of them, oldest first. `known`: only those with an actual outcome."""
        asked = select(*_columns(Decision, routing_history)).where(
            routing_history.c.created_at >= since
        )
        if department:
            asked = asked.where(routing_history.c.department == department)
        if known:
            asked = asked.where(func.coalesce(routing_history.c.actual_outcome, "") != "")
        newest = asked.order_by(routing_history.c.created_at.desc(), routing_history.c.id.desc())
        return (await self._all(Decision, newest.limit(most)))[::-1]

    async def thresholds(self) -> dict[str, float]:
        """Those in force, by department; a department that is not in it has the shipped one."""
        return {change.department: change.after for change in await self.changes()}

    async def changes(self, department: str = "") -> list[Change]:
        """Of thresholds, oldest first: the last one of a department is in force."""
        asked = select(*_columns(Change, thresholds)).order_by(thresholds.c.at, thresholds.c.id)
        if department:
            asked = asked.where(thresholds.c.department == department)
        return await self._all(Change, asked)

    async def trials(self, *, running: bool = True) -> list[Trial]:
        asked = select(*_columns(Trial, experiments)).order_by(experiments.c.started)
        if running:
            asked = asked.where(experiments.c.stopped.is_(None))
        return await self._all(Trial, asked)

    async def begin(self, trial: Trial) -> bool:
        """False where a trial of this name exists: what ran is never written over."""
        values = {field.name: getattr(trial, field.name) for field in fields(trial)}
        async with self._database.writing() as connection:
            new = self._insert(experiments).values(values).on_conflict_do_nothing()
            return bool((await connection.execute(new)).rowcount)

    async def stop(self, name: str, *, at: datetime, why: str) -> bool:
        """False where none of this name runs."""
        async with self._database.writing() as connection:
            ended = await connection.execute(
                update(experiments)
                .where(experiments.c.name == name, experiments.c.stopped.is_(None))
                .values(stopped=at, why=why)
            )
            return bool(ended.rowcount)

    async def accuracy(self) -> list[Accuracy]:
        asked = select(*_columns(Accuracy, routing_accuracy))
        return await self._all(Accuracy, asked.order_by(routing_accuracy.c.department))

    async def measured(self, accuracy: Accuracy) -> None:
        """In place of what was measured before."""
        total, right = accuracy.total_predictions, accuracy.correct_predictions
        values = {
            "department": accuracy.department,
            "total_predictions": total,
            "correct_predictions": right,
            "accuracy_rate": round(right / total, 4) if total else None,
            "last_updated": accuracy.last_updated,
        }
        new = self._insert(routing_accuracy).values(values)
        newer = new.excluded.last_updated >= routing_accuracy.c.last_updated
        async with self._database.writing() as connection:
            await connection.execute(
                new.on_conflict_do_update(
                    index_elements=[routing_accuracy.c.department], set_=values, where=newer
                )
            )

    def _insert(self, table: Table) -> Any:
        """Both know ON CONFLICT, each by a function of its own."""
        return (sqlite if self._database.sqlite else postgresql).insert(table)

    async def _all(self, kind: type[R], asked: Select[Any]) -> list[R]:
        async with self._database.reading() as connection:
            return [kind(**row) for row in (await connection.execute(asked)).mappings()]


def _decisions() -> Select[Any]:
    return select(*_columns(Decision, routing_history)).order_by(
        routing_history.c.created_at, routing_history.c.id
    )


def _columns(kind: type[Any], table: Table) -> list[Any]:
    return [table.c[field.name] for field in fields(kind)]
