"""One look at everything that came back: accuracy written down, thresholds moved, drift told.

All that it decides, the pure modules decide; it fetches for them. It keeps nothing between two
looks, so any worker may take the next one.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from knowledge import drift, ledger
from knowledge.accuracy import Accuracy
from knowledge.database import Database
from knowledge.events import Adjusted, Drifted, Event, Judged
from knowledge.experiments import BadExperiment, Comparison, Experiment, compare, experiment
from knowledge.ledger import Change, Ledger, Trial
from knowledge.lessons import Lessons
from knowledge.thresholds import Promise, Standing, review

DAYS = 90
"""How far back outcomes count."""
OUTCOMES = 2000
"""The newest of a department that its threshold is learned from."""
QUIET = timedelta(hours=24)
"""The same drift is told once in this time."""


@dataclass(frozen=True, slots=True)
class Course:
    """What a study goes by."""

    shipped: float
    """The answer threshold of the settings."""
    low: float
    """Confidence below which a decision counts as of low confidence."""
    promise: Promise = field(default_factory=Promise)
    pending: frozenset[str] = frozenset()
    """Departments whose last change is not in the database yet: they are left alone."""


@dataclass(frozen=True, slots=True)
class Studied:
    events: tuple[Event, ...] = ()
    judged: tuple[Judged, ...] = ()
    """How each department stands."""
    """What has changed, for the journal and for whoever watches."""


async def study(database: Database, course: Course, now: datetime, *, every: timedelta) -> Studied:
    """Nothing where another worker studies, or did so less than `every` ago. Raises Fault."""
    lessons, books = Lessons(database), Ledger(database)
    async with lessons.alone() as alone:
        last = await lessons.learned_at() if alone else now
        if last is not None and now - last < every:
            return Studied()
        since = now - timedelta(days=DAYS)
        measured = await lessons.accuracy(since)
        departments = await lessons.departments(since)
        events: list[Event] = []
        changes = await books.changes()
        busy = await _experimenting(lessons, books, course, now)
        for department in departments:
            own = [change for change in changes if change.department == department]
            if department not in course.pending and not busy.intersection({department, ""}):
                events += await _moved(lessons, department, own, course, since)
            events += await _drifted(lessons, department, course, now)
        judged = [_judged(name, found, changes, course) for name, found in measured.items()]
        for department in departments:  # last of all: it says that the study was made
            await books.measured(_row(department, measured.get(department), now))
        return Studied(tuple(events), tuple(judged))


def _judged(department: str, found: Accuracy, changes: list[Change], course: Course) -> Judged:
    own = [change for change in changes if change.department == department]
    threshold = _in_force(own, course)
    return Judged("", department, found.total, found.rate or 0.0, found.lower, threshold)


def _row(department: str, accuracy: Accuracy | None, now: datetime) -> ledger.Accuracy:
    found = accuracy or Accuracy(0, 0)
    return ledger.Accuracy(department, found.total, found.right, now)


def previous(changes: list[Change]) -> float | None:
    """What an undone change would go back to; changes of one department, oldest first."""
    before: list[float] = []
    for change in changes:
        if change.why == "rolled_back" and before:
            before.pop()
        elif change.why != "rolled_back":
            before.append(change.before)
    return before[-1] if before else None


def _in_force(changes: list[Change], course: Course) -> float:
    """Changes of one department, oldest first; they may be of a time with a lower floor."""
    return max(changes[-1].after, course.promise.floor) if changes else course.shipped


async def _moved(
    lessons: Lessons,
    department: str,
    changes: list[Change],
    course: Course,
    since: datetime,
) -> list[Event]:
    labelled = await lessons.labelled(department, since, OUTCOMES)
    last = changes[-1] if changes else None
    threshold = _in_force(changes, course)
    later = await lessons.labelled(department, last.at, OUTCOMES) if last else None
    standing = Standing(threshold, previous(changes), last.why if last else "", later)
    coverage = await lessons.coverage(
        department, since, floor=course.promise.floor, threshold=threshold
    )
    change = review(standing, labelled, course.promise, coverage)
    if change is None:
        return []
    return [Adjusted("", department, threshold, change.threshold, change.why)]


async def _drifted(lessons: Lessons, department: str, course: Course, now: datetime) -> list[Event]:
    since = now - timedelta(days=DAYS)
    most = drift.REFERENCE + drift.WATCHED
    probabilities = await lessons.probabilities(department, since, most)
    found = {
        "confidence": drift.low_confidence(probabilities, course.low),
        "accuracy": drift.inaccurate(await lessons.judged(department, since, OUTCOMES)),
    }
    return [
        Drifted("", what, department, alarm.rate if what == "confidence" else 1.0 - alarm.rate)
        for what, alarm in found.items()
        if alarm is not None and not await lessons.warned(what, department, now - QUIET)
    ]


async def _experimenting(
    lessons: Lessons, books: Ledger, course: Course, now: datetime
) -> frozenset[str]:
    """Departments whose threshold an experiment holds fast; one that does harm is stopped."""
    held: set[str] = set()
    for trial in await books.trials():
        made = read(trial)
        if made is None:
            continue
        if any(found.harmful for found in await compared(lessons, trial, made, course.promise)):
            await books.stop(trial.name, at=now, why="harm")
        elif made.subject == "threshold":
            held.add(made.department)
    return frozenset(held)


async def compared(
    lessons: Lessons, trial: Trial, made: Experiment, promise: Promise
) -> tuple[Comparison, ...]:
    tallies = await lessons.tallies(made, trial.started)
    return compare(made, tallies, precision=promise.precision)


def read(trial: Trial) -> Experiment | None:
    """None where a newer version wrote what this one cannot read: nobody takes part in it."""
    try:
        return experiment(trial.name, trial.department, trial.arms)
    except BadExperiment:
        return None
