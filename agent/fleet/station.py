"""A worker's place in the fleet, furnished: what `agent.reception` builds a house with."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from redis.asyncio import Redis
from starlette.websockets import WebSocket

from agent.fleet.arrivals import Arrivals
from agent.fleet.commands import Commands
from agent.fleet.elsewhere import Elsewhere
from agent.fleet.feed import Feed
from agent.fleet.fleet import Fleet
from agent.fleet.front import Front
from agent.fleet.identity import WorkerId, identity
from agent.fleet.takeover import Lost, Takeover
from agent.line.protocol import Start
from agent.settings import Settings
from agent.switchboard import Switchboard
from agent.web.limit import Limits, counting
from agent.web.routes.fleet import Control
from knowledge.events import FINAL, Emit
from knowledge.store import connect

Answer = Callable[[WebSocket, Start], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Wires:
    """What exists before any call can."""

    redis: Redis | None
    """With the worker's only connections for questions: who has another budget shares them."""
    worker: WorkerId
    feed: Feed
    limits: Limits


@asynccontextmanager
async def wires(settings: Settings, key: bytes, emit: Emit) -> AsyncIterator[Wires]:
    """`key`: of callers' names."""
    redis = connect(settings.redis_url.get_secret_value()) if settings.redis_url else None
    worker = identity(settings.port)
    feed = Feed(redis, worker)
    try:
        async with feed.flowing(), counting(redis, key, emit) as limits:
            yield Wires(redis, worker, feed, limits)
    finally:
        if redis is not None:
            await redis.aclose()


@dataclass(frozen=True, slots=True)
class Station:
    front: Front
    control: Control
    answer: Answer
    """The switchboard's, with the call entered as this worker's."""


@asynccontextmanager
async def station(
    settings: Settings,
    wires: Wires,
    switchboard: Switchboard,
    shut: Callable[[], bool],
) -> AsyncIterator[Station]:
    """`shut`: no new call is wanted here."""
    fleet = Fleet(wires.redis, wires.worker, most=settings.max_calls, shut=shut)
    fleet.lost, fleet.switched = switchboard.superseded, switchboard.to_people
    commands = Commands(fleet, wires.redis, switchboard.obey)
    elsewhere = _elsewhere(settings, switchboard)
    takeover = Takeover(
        lambda: switchboard.rest,
        settings.public,
        redis=wires.redis,
        person=elsewhere.person,
        emit=switchboard.emit,
    )
    lost = Lost(fleet, takeover, alone=wires.redis is None)
    fleet.found = lost.found

    async def answer(socket: WebSocket, start: Start) -> None:
        async with fleet.having(start.call):
            outcome = await switchboard.answer(socket, start)
        if outcome in FINAL or outcome == "relayed":  # then Twilio speaks, for as long as it takes
            fleet.over(start.call)
        elif outcome != "superseded":
            lost.left(start.call)

    async def returns(call: str) -> None:
        fleet.expect(call)
        await fleet.admit(call, known=True)

    control = Control(fleet, commands, wires.feed, tuple(settings.departments))
    arrivals = Arrivals(fleet.admit, people=lambda: fleet.people, limits=wires.limits)
    async with fleet.member():
        front = Front(arrivals, elsewhere, returns, fleet.over, lambda: fleet.crowded)
        try:
            yield Station(front, control, answer)
        finally:
            await lost.close()


def _elsewhere(settings: Settings, switchboard: Switchboard) -> Elsewhere:
    return Elsewhere(
        settings.public,
        switchboard.say,
        settings.languages,
        settings.departments,
        settings.when_full,
    )
