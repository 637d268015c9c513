"""Everything by a caller, or of a call, is made gone, and it is said where and where not.

First a tombstone: from then on no worker remembers or writes down anything more of these calls,
also of those that are on. Then what they left, place by place. Last of all the ways by which a
caller's calls are found: while a place could not be reached they stay, so that it can be repeated.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Literal, Protocol

import orjson

from knowledge import callers
from knowledge.callers import Directory
from knowledge.chain import Fault
from knowledge.events import Emit, Forgotten
from knowledge.forgetting import Forgetting

WITHIN = 10.0
"""Seconds for one place."""
_LONGEST_SID = 64

State = Literal["done", "counted", "failed", "left", "refused"]
"""left: until what failed can be reached. refused: not permitted here, and nothing is undone."""


@dataclass(frozen=True, slots=True)
class Order:
    """A `caller` or a `call`, as it was given."""

    by: str
    """The role that asks, or command."""
    caller: str = ""
    call: str = ""
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Whom:
    callers: tuple[str, ...]
    """As `knowledge.callers` names them."""
    calls: tuple[str, ...]
    whole: bool
    """Everything by these callers, or of these calls alone."""


@dataclass(frozen=True, slots=True)
class Place:
    place: str
    state: State
    erased: int = 0
    """Keys, rows or records; in a dry run, what there is."""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    done: bool
    calls: int
    places: tuple[Place, ...]
    seconds: float


class Eraser(Protocol):
    """One place. Both may raise Fault."""

    @property
    def name(self) -> str: ...

    async def count(self, whom: Whom) -> int: ...

    async def erase(self, whom: Whom) -> int:
        """What is not there is erased already."""
        ...


@dataclass(frozen=True, slots=True)
class Places:
    journal: Forgetting
    directory: Directory | None
    contents: Sequence[Eraser]
    ways: Sequence[Eraser]
    """By which contents are found: erased when all of these are."""
    rewrite: Callable[[], Awaitable[Place]] | None = None
    """Has Redis write its file anew, without what was erased."""


Erase = Callable[[Order], Awaitable[Report]]


async def _nobody() -> None:
    """Is to be told."""


class Erasing:
    def __init__(
        self,
        places: Places,
        key: bytes,
        *,
        emit: Emit,
        told: Callable[[], Awaitable[None]] = _nobody,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`key`: of callers' names. `told`: what this process itself keeps is forgotten."""
        self._places = places
        self._key = key
        self._emit = emit
        self._told = told
        self._clock = clock

    async def __call__(self, order: Order) -> Report:
        """Raises NoNumber, NoCall. Two at once are safe, and so is to repeat it."""
        began = time.monotonic()
        caller = named(order, self._key)
        given = {order.call} if order.call else set()
        known, places = await self._directory(caller)
        whom: Whom | None = None
        try:
            async with _deadline():
                whom = await self._whom(caller, given | known, order)
        except Fault as fault:
            places.append(Place("journal", "failed", why=f"{fault}; nothing was begun"))
        if whom is not None:
            places += await (self._count(whom) if order.dry_run else self._erase(whom, not places))
        done = not any(place.state in {"failed", "left"} for place in places)
        calls = len(whom.calls) if whom is not None else 0
        if done and not order.dry_run:
            rows = sum(place.erased for place in places if place.place in {"journal", "calls"})
            places += await self._note(order.by, calls, rows)
            done = not any(place.state == "failed" for place in places)
        return Report(done, calls, tuple(places), round(time.monotonic() - began, 3))

    async def _directory(self, caller: str) -> tuple[set[str], list[Place]]:
        """Calls that Redis knows of, or that it could not be asked."""
        directory = self._places.directory
        if directory is None or not caller:
            return set(), []
        try:
            async with _deadline():
                return set(await directory.calls(caller)), []
        except Fault as fault:
            return set(), [Place("redis", "failed", why=str(fault))]

    async def _whom(self, caller: str, calls: set[str], order: Order) -> Whom:
        """Marked as erased, unless it is a dry run. Raises Fault: then nothing is begun."""
        journal = self._places.journal
        names = (caller,) if caller else tuple(await journal.caller_of(order.call))
        if order.dry_run:
            found = calls | set(await journal.calls(caller) if caller else ())
            return Whom(names, tuple(sorted(found)), whole=bool(caller))
        moment = datetime.fromtimestamp(self._clock(), UTC)
        marked = await journal.mark(caller, calls, moment)
        return Whom(names, tuple(marked), whole=bool(caller))

    async def _count(self, whom: Whom) -> list[Place]:
        every = [*self._places.contents, *self._places.ways]
        return [await _visit(eraser.name, "counted", eraser.count(whom)) for eraser in every]

    async def _erase(self, whom: Whom, known: bool) -> list[Place]:
        """`known`: whether all calls of theirs could be found."""
        await self._told()
        contents, ways = self._places.contents, self._places.ways
        places = [await _visit(eraser.name, "done", eraser.erase(whom)) for eraser in contents]
        if known and not any(place.state == "failed" for place in places):
            places += [await _visit(way.name, "done", way.erase(whom)) for way in ways]
        else:
            places += [Place(way.name, "left", why="until it is repeated") for way in ways]
        if self._places.rewrite is not None:
            places.append(await self._places.rewrite())
        return places

    async def _note(self, by: str, calls: int, rows: int) -> list[Place]:
        """That it happened, and nothing of whom it was about."""
        self._emit(Forgotten("", by, calls, rows))
        now = datetime.fromtimestamp(self._clock(), UTC)
        try:
            async with _deadline():
                await self._places.journal.note(by, calls, rows, now)
        except Fault as fault:
            return [Place("record of it", "failed", why=str(fault))]
        return []


class NoCall(ValueError):
    """Its text is safe to show."""


def named(order: Order, key: bytes) -> str:
    """The caller, where it is about one. Raises NoNumber, NoCall."""
    if not order.call:
        return callers.name(callers.number(order.caller), key)
    if not (order.call.isascii() and order.call.isalnum() and len(order.call) <= _LONGEST_SID):
        raise NoCall("expected a CallSid, such as CA0123456789abcdef0123456789abcdef")
    return ""


async def _visit(name: str, state: State, work: Awaitable[int]) -> Place:
    try:
        async with _deadline():
            return Place(name, state, await work)
    except Fault as fault:
        return Place(name, "failed", why=str(fault))


def line(report: Report) -> str:
    return orjson.dumps(asdict(report)).decode()


def told(report: Report) -> str:
    """For people."""
    found = "1 call" if report.calls == 1 else f"{report.calls} calls"
    lines = [f"{found}, {'done' if report.done else 'not done: repeat it'}"]
    for place in report.places:
        words = f"{place.place:18} {place.state:8} {place.erased:6}  {place.why}"
        lines.append(words.rstrip())
    return "\n".join(lines)


@asynccontextmanager
async def _deadline() -> AsyncIterator[None]:
    """A place that does not answer in time has failed."""
    try:
        async with asyncio.timeout(WITHIN):
            yield
    except TimeoutError as error:
        raise Fault("late") from error
