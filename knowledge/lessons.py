"""What the decisions and their outcomes add up to: counted by the database. Raises Fault."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select, text

from knowledge.accuracy import Accuracy, Verdict, answer_right, decided_right
from knowledge.database import Database
from knowledge.experiments import Experiment, Tally
from knowledge.ledger import Change
from knowledge.routing import Route
from knowledge.tables import drifts, routing_accuracy, routing_history, thresholds
from knowledge.thresholds import Coverage, Labelled

LEARNING = 0x616E6C65
"""The advisory lock of whoever learns: one worker of all."""
_BY_CONFIDENCE = (Route.CACHE, Route.KNOWLEDGE, Route.MODEL, Route.CLARIFY)
"""Routes that the confidence decided; a person may have been asked for, whatever it was."""
_SPOKEN = frozenset({Route.CACHE.value, Route.KNOWLEDGE.value})
_h = routing_history.c
_said = func.lower(func.trim(func.coalesce(_h.actual_outcome, "")))
_named = func.coalesce(_h.department, "") != ""


@dataclass(frozen=True, slots=True)
class Satisfaction:
    """Of the callers of a department who said how satisfied they are, from 1 to 5."""

    answers: int
    mean: float


class Lessons:
    def __init__(self, database: Database) -> None:
        """`database` is closed by its owner."""
        self._database = database

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[bool]:
        """Whether nobody else learns meanwhile. SQLite has one worker, which is alone."""
        if self._database.sqlite:
            yield True
            return
        async with self._database.reading() as connection:
            lasting = await connection.execution_options(isolation_level="AUTOCOMMIT")
            key = {"key": LEARNING}
            locked = await lasting.scalar(text("SELECT pg_try_advisory_lock(:key)"), key)
            try:
                yield bool(locked)
            finally:
                if locked:
                    await lasting.execute(text("SELECT pg_advisory_unlock(:key)"), key)

    async def learned_at(self) -> datetime | None:
        """When somebody last did."""
        rows = await self._rows(select(func.max(routing_accuracy.c.last_updated).label("at")))
        at = rows[0].at
        return at if isinstance(at, datetime) else None

    async def accuracy(self, since: datetime) -> dict[str, Accuracy]:
        """By department, of every decision that somebody judged."""
        to_entry = _said == func.lower(func.coalesce(_h.entry, ""))
        asked = (
            select(_h.department, _h.method, _said.label("said"), to_entry.label("entry"))
            .add_columns(func.count().label("count"))
            .where(_h.created_at >= since, _said != "", _named)
            .group_by(_h.department, _h.method, _said, to_entry)
        )
        right: dict[str, int] = {}
        total: dict[str, int] = {}
        for row in await self._rows(asked):
            entry = row.said if row.entry else ""
            verdict = decided_right(
                row.said, department=row.department, entry=entry, route=row.method or ""
            )
            total[row.department] = total.get(row.department, 0) + row.count
            if verdict is Verdict.RIGHT:
                right[row.department] = right.get(row.department, 0) + row.count
        return {name: Accuracy(right.get(name, 0), count) for name, count in total.items()}

    async def satisfaction(self, since: datetime) -> dict[str, Satisfaction]:
        """By department; one that nobody answered for is not in it."""
        asked = (
            select(_h.department, func.count().label("answers"))
            .add_columns(func.avg(_h.customer_satisfaction).label("mean"))
            .where(_h.created_at >= since, _h.customer_satisfaction.is_not(None), _named)
            .group_by(_h.department)
        )
        return {
            row.department: Satisfaction(row.answers, float(row.mean))
            for row in await self._rows(asked)
        }

    async def departments(self, since: datetime) -> list[str]:
        """Those that decisions were made for."""
        asked = select(_h.department).where(_h.created_at >= since, _named).distinct()
        return sorted(row.department for row in await self._rows(asked))

    async def labelled(self, department: str, since: datetime, most: int) -> Labelled:
        """The newest `most` outcomes of what the confidence decided, oldest first."""
        asked = (
            select(_h.probability, _h.actual_outcome, _h.entry)
            .where(_of(department, since), _said != "")
            .order_by(_h.created_at.desc(), _h.id.desc())
            .limit(most)
        )
        judged = [
            (row.probability, answer_right(
                row.actual_outcome, department=department, entry=row.entry or ""
            ) is Verdict.RIGHT)
            for row in await self._rows(asked)
        ]  # fmt: skip
        return Labelled.of(judged[::-1])

    async def judged(self, department: str, since: datetime, most: int) -> list[bool]:
        """Whether each of the newest `most` judged decisions was right, oldest first."""
        asked = (
            select(_h.method, _h.actual_outcome, _h.entry)
            .where(_h.department == department, _h.created_at >= since, _said != "")
            .order_by(_h.created_at.desc(), _h.id.desc())
            .limit(most)
        )
        verdicts = [
            decided_right(
                row.actual_outcome,
                department=department,
                entry=row.entry or "",
                route=row.method or "",
            )
            for row in await self._rows(asked)
        ]
        return [verdict is Verdict.RIGHT for verdict in reversed(verdicts)]

    async def coverage(
        self, department: str, since: datetime, *, floor: float, threshold: float
    ) -> Coverage:
        above = _h.probability >= threshold
        asked = (
            select(above.label("above"), func.count().label("all"))
            .add_columns(func.count().filter(_said != "").label("judged"))
            .where(_of(department, since), _h.probability >= floor)
            .group_by(above)
        )
        share = {bool(row.above): row.judged / row.all for row in await self._rows(asked)}
        return Coverage(threshold, share.get(True, 0.0), share.get(False, 0.0))

    async def probabilities(self, department: str, since: datetime, most: int) -> list[float]:
        """Of the newest `most` decisions, oldest first."""
        asked = (
            select(_h.probability)
            .where(_of(department, since))
            .order_by(_h.created_at.desc(), _h.id.desc())
            .limit(most)
        )
        return [row.probability for row in await self._rows(asked)][::-1]

    async def tallies(self, made: Experiment, since: datetime) -> dict[str, Tally]:
        """By arm: what came of each call's first judged turn."""
        labels = {f"{made.name}:{arm.name}": arm.name for arm in made.arms}
        place = func.row_number().over(
            partition_by=(_h.arm, _h.call), order_by=(_h.created_at, _h.id)
        )
        first = (
            select(_h.arm, _h.method, _h.department, _h.entry, _h.actual_outcome)
            .add_columns(place.label("place"))
            .where(_h.created_at >= since, _h.arm.in_(labels), _said != "")
            .subquery()
        )
        columns = [first.c[name] for name in ("arm", "method", "department", "entry")]
        columns.append(first.c.actual_outcome)
        asked = (
            select(*columns, func.count().label("count"))
            .where(first.c.place == 1)
            .group_by(*columns)
        )
        found = {arm.name: [0, 0, 0] for arm in made.arms}
        for row in await self._rows(asked):
            verdict = answer_right(
                row.actual_outcome, department=row.department or "", entry=row.entry or ""
            )
            kind = 1 if row.method not in _SPOKEN else 0 if verdict is Verdict.RIGHT else 2
            found[labels[row.arm]][kind] += row.count
        return {arm: Tally(*counts) for arm, counts in found.items()}

    async def in_force(self) -> dict[str, Change]:
        """The last change of each department's threshold."""
        columns = [thresholds.c[name] for name in ("id", "department", "before", "after", "why")]
        place = func.row_number().over(
            partition_by=thresholds.c.department,
            order_by=(thresholds.c.at.desc(), thresholds.c.id.desc()),
        )
        newest = select(*columns, thresholds.c.at, place.label("place")).subquery()
        asked = select(newest).where(newest.c.place == 1)
        return {
            row.department: Change(row.id, row.department, row.before, row.after, row.why, row.at)
            for row in await self._rows(asked)
        }

    async def warned(self, what: str, department: str, since: datetime) -> bool:
        """Whether this drift has been reported already."""
        asked = select(func.count().label("count")).where(
            drifts.c.what == what, drifts.c.department == department, drifts.c.at >= since
        )
        return bool((await self._rows(asked))[0].count)

    async def _rows(self, asked: Any) -> Sequence[Any]:
        async with self._database.reading() as connection:
            return (await connection.execute(asked)).all()


def _of(department: str, since: datetime) -> ColumnElement[bool]:
    return and_(
        _h.department == department,
        _h.created_at >= since,
        _h.probability.is_not(None),
        _h.leaning.is_not(True),
        _h.differing.is_not(True),
        _h.method.in_([route.value for route in _BY_CONFIDENCE]),
    )
