"""A call that nobody looks after is found and asked for; one that is over is not."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
from redis.asyncio import Redis

from agent.fleet import owners
from agent.fleet.endings import Endings
from agent.fleet.fleet import Fleet
from agent.fleet.identity import WorkerId
from agent.fleet.takeover import ATTEMPTS, Lost, Takeover
from agent.line.rest import TwilioRest
from agent.simulators.rest import RestCall
from agent.simulators.rest import TwilioRest as SimulatedRest
from knowledge.events import Event, Gone, TakenOver
from knowledge.store import connect
from tests.eventually import until

PUBLIC = "https://voice.example"


@pytest.fixture
async def twilio() -> AsyncIterator[SimulatedRest]:
    async with SimulatedRest() as simulator:
        yield simulator


@pytest.fixture
async def rest(twilio: SimulatedRest) -> AsyncIterator[TwilioRest]:
    async def at_once(_seconds: float) -> None: ...

    async with aiohttp.ClientSession() as session:
        account = twilio.account
        yield TwilioRest(session, twilio.url, account.sid, account.token, sleep=at_once)


def takeover(rest: TwilioRest, events: list[Event], redis: Redis | None = None) -> Takeover:
    return Takeover(
        lambda: rest, PUBLIC, redis=redis, person=lambda _called: "<Response/>", emit=events.append
    )


@pytest.mark.parametrize("shared", [True, False])
async def test_a_call_is_asked_for_some_times_and_then_goes_to_a_person(
    twilio: SimulatedRest, rest: TwilioRest, redis: Redis, shared: bool
) -> None:
    call, events = RestCall("CA1"), list[Event]()
    twilio.enter(call)
    workers = [takeover(rest, events, redis if shared else None)]
    workers += [takeover(rest, events, redis)] if shared else []
    for attempt in range(ATTEMPTS):
        assert await workers[attempt % len(workers)].take("CA1")
    assert all(f"{PUBLIC}/twilio/stream-ended" in document for document in call.redirects)
    assert not await workers[0].take("CA1")
    assert call.redirects[-1] == "<Response/>"
    assert not await workers[0].take("CA1"), "and then no more"
    assert len(call.redirects) == ATTEMPTS + 1
    outcomes = [event.outcome for event in events if isinstance(event, TakenOver)]
    assert outcomes == ["asked"] * ATTEMPTS + ["person"]


async def test_a_caller_who_has_hung_up_is_left_alone(rest: TwilioRest) -> None:
    events: list[Event] = []
    assert not await takeover(rest, events).take("CA-unknown")
    assert events == [TakenOver("CA-unknown", "gone"), Gone("CA-unknown", "hung_up")]


async def test_the_calls_of_a_worker_that_died_are_found_and_its_ended_ones_are_not(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("leases", "fleet"):
        monkeypatch.setattr(f"agent.fleet.{module}.LEASE", 0.8)
    dead, alive = (Fleet(redis, WorkerId(name), most=9) for name in ("dead", "alive"))
    found: list[str] = []
    alive.found = found.append
    async with alive.member():
        dying = asyncio.create_task(_hold(dead, ["CA1", "CA2"], over=["CA3"]))
        await until(lambda: alive._settled)
        assert found == [], "as long as somebody looks after them"
        dying.cancel()
        await asyncio.wait({dying})
        await until(lambda: {"CA1", "CA2"} <= set(found))
        assert "CA3" not in found


async def test_a_call_of_a_version_that_renews_no_leases_is_left_to_it(
    twilio: SimulatedRest, rest: TwilioRest, redis: Redis
) -> None:
    call = RestCall("CA1")
    twilio.enter(call)
    fleet = Fleet(redis, WorkerId("new"), most=9)
    lost = Lost(fleet, takeover(rest, [], redis), alone=False)
    await owners.Owners(redis, WorkerId("older")).claim("CA1")
    lost.found("CA1")
    await until(lambda: not lost._tasks)
    assert call.redirects == []
    await redis.pexpire(owners.key("CA1"), 7000)  # it has been dead for three seconds
    lost.found("CA1")
    await until(lambda: call.redirects != [])
    await lost.close()


async def test_who_is_back_first_when_redis_was_away_takes_no_call_of_the_others(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("leases", "fleet"):
        monkeypatch.setattr(f"agent.fleet.{module}.LEASE", 0.1)
    other, first = (Fleet(redis, WorkerId(name), most=9) for name in ("other", "first"))
    found: list[str] = []
    first.found = found.append
    other._calls["CA1"] += 1
    await other._beat()
    await first._beat()
    await until(lambda: first._settled)
    async with connect("redis://127.0.0.1:1/0") as away:
        first._patient, there = away, first._patient
        await first._beat()
        first._patient = there
    await first._beat()
    assert found == [], "the other one has not had the time to say that it has its call"
    await until(lambda: first._settled)
    await first._beat()
    assert found == ["CA1"]


async def _hold(fleet: Fleet, calls: list[str], over: list[str]) -> None:
    """A worker with these calls, until it is killed: then nothing of it is put away."""
    for call in [*calls, *over]:
        fleet._calls[call] += 1
    await fleet._beat()
    for call in over:
        del fleet._calls[call]
        fleet.over(call)
    while True:
        await fleet._beat()
        await asyncio.sleep(0.1)


async def test_without_redis_a_worker_asks_for_its_own_lost_calls(
    twilio: SimulatedRest, rest: TwilioRest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.fleet.takeover.LEASE", 0.05)
    back, gone = RestCall("CA1"), RestCall("CA2")
    twilio.enter(back)
    twilio.enter(gone)
    fleet = Fleet(None, WorkerId("only"), most=9)
    lost = Lost(fleet, takeover(rest, []), alone=True)
    async with fleet.having("CA1"):
        lost.left("CA1")
        lost.left("CA2")
        await until(lambda: bool(gone.redirects))
    assert back.redirects == []
    await lost.close()


async def test_the_end_of_a_call_is_known_to_all_workers(redis: Redis) -> None:
    one, other = Endings(redis), Endings(redis)
    await one.note("CA1")
    assert await other.knows("CA1")
    assert not await other.knows("CA2")
    away = connect("redis://127.0.0.1:1/0")
    alone = Endings(away)
    await alone.note("CA3")
    assert await alone.knows("CA3")
    assert not await alone.knows("CA4")
    await away.aclose()
