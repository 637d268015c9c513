"""Who is left alone is asked again without a caller's turn, and all workers know it."""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from redis.asyncio import Redis

from knowledge import breakers as module
from knowledge import chain
from knowledge.breakers import Breakers, Watched
from knowledge.chain import Breaker, Fault
from knowledge.events import Closed, Event, Opened
from knowledge.store import connect
from tests.eventually import until

SLOW = 0.4
"""Seconds in place of five."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same, sixteen times as fast."""
    monkeypatch.setattr(chain, "PROBING", SLOW)
    monkeypatch.setattr(chain, "MENDING", 2 * SLOW)
    monkeypatch.setattr(module, "PROBING", SLOW)
    monkeypatch.setattr(module, "LOOK", 0.03)
    monkeypatch.setattr(module, "WITHIN", 0.1)


@dataclass
class Provider:
    """Asked by nobody but probes."""

    breaker: Breaker = field(default_factory=Breaker)
    fault: Exception | None = None
    hangs: bool = False
    probes: list[float] = field(default_factory=list)

    async def probe(self) -> None:
        self.probes.append(time.monotonic())
        if self.hangs:
            await asyncio.Event().wait()
        if self.fault:
            raise self.fault

    def fail(self, *faults: Fault) -> None:
        self.fault = faults[-1]
        for fault in faults:
            self.breaker.failed(fault, time.monotonic())

    def free(self) -> bool:
        return self.breaker.admits(time.monotonic())


def watched(provider: Provider, number: int) -> Watched:
    return Watched("model", f"provider{number}", provider.breaker, provider.probe)


@asynccontextmanager
async def worker(*providers: Provider, redis: Redis | None = None) -> AsyncIterator[list[Event]]:
    events: list[Event] = []
    all_of_them = [watched(provider, number) for number, provider in enumerate(providers)]
    breakers = Breakers(all_of_them, events.append, redis=redis)
    breakers.start()
    try:
        yield events
    finally:
        await breakers.close()


async def test_an_open_provider_is_probed_and_comes_back_without_a_turn() -> None:
    provider = Provider()
    async with worker(provider) as events:
        provider.fail(Fault("late"), Fault("late"))
        assert not provider.free()
        began = time.monotonic()
        await until(lambda: len(provider.probes) == 2)
        assert provider.probes[0] - began >= SLOW * 0.9
        assert provider.probes[1] - provider.probes[0] >= SLOW * 0.9
        assert not provider.free()
        provider.fault = None
        await until(provider.free)
        await until(lambda: len(events) == 2)
    opened, closed = events
    assert opened == Opened("", "model", "provider0", "late", "here")
    assert isinstance(closed, Closed)
    assert closed.seconds >= 2 * SLOW


async def test_what_works_is_not_probed() -> None:
    well, ill = Provider(), Provider()
    async with worker(well, ill):
        ill.fail(Fault("late"), Fault("late"))
        await until(lambda: len(ill.probes) == 2)
        assert well.probes == []


async def test_a_key_that_was_mended_comes_back_too() -> None:
    provider = Provider()
    async with worker(provider):
        provider.fail(Fault("denied", permanent=True))
        began = time.monotonic()
        provider.fault = None
        await until(provider.free)
        assert time.monotonic() - began >= 2 * SLOW * 0.9


async def test_who_named_a_time_is_not_probed_before_it() -> None:
    provider = Provider()
    async with worker(provider):
        provider.fail(Fault("limited", retry_after=3 * SLOW))
        began = time.monotonic()
        provider.fault = None
        await until(provider.free)
        assert provider.probes[0] - began >= 3 * SLOW * 0.9


async def test_a_probe_that_hangs_is_given_up_and_holds_up_no_other() -> None:
    stuck, well = Provider(hangs=True), Provider()
    async with worker(stuck, well):
        stuck.fail(Fault("late"), Fault("late"))
        well.fail(Fault("late"), Fault("late"))
        well.fault = None
        await until(well.free)
        await until(lambda: len(stuck.probes) == 2)
        assert not stuck.free()


async def test_whoever_is_doubted_is_probed_and_still_asked() -> None:
    provider = Provider()
    async with worker(provider) as events:
        provider.breaker.doubt(time.monotonic())
        assert provider.free()
        await until(lambda: provider.breaker.proofs == 1)
        assert events == []
        provider.fault = ValueError("not what was promised")
        provider.breaker.doubt(time.monotonic())
        await until(lambda: not provider.free())


async def test_another_worker_skips_what_one_has_found_out(redis: Redis) -> None:
    mine, yours = Provider(), Provider()
    async with worker(mine, redis=redis), worker(yours, redis=redis) as events:
        mine.fail(Fault("late"), Fault("late"))
        await until(lambda: not yours.free())
        yours.fault = mine.fault
        await until(lambda: bool(events))
        assert events == [Opened("", "model", "provider0", "late", "elsewhere")]
        mine.fault = yours.fault = None
        await until(lambda: mine.free() and yours.free())
    assert not await redis.keys("*:provider0")


async def test_of_all_workers_one_asks(redis: Redis) -> None:
    providers = [Provider() for _ in range(4)]
    async with (
        worker(providers[0], redis=redis),
        worker(providers[1], redis=redis),
        worker(providers[2], redis=redis),
        worker(providers[3], redis=redis),
    ):
        providers[0].fail(Fault("late"), Fault("late"))
        await until(lambda: not any(one.free() for one in providers))
        for one in providers:
            one.fault = Fault("late")
        began = time.monotonic()
        await until(lambda: sum(len(one.probes) for one in providers) >= 3)
        assert time.monotonic() - began >= SLOW * 1.5
        for one in providers:
            one.fault = None
        await until(lambda: all(one.free() for one in providers))


async def test_a_time_that_was_named_holds_for_all_workers(redis: Redis) -> None:
    mine, yours = Provider(), Provider()
    async with worker(mine, redis=redis), worker(yours, redis=redis):
        mine.fail(Fault("limited", retry_after=3 * SLOW))
        began = time.monotonic()
        mine.fault = None
        await until(lambda: not yours.free())
        await until(lambda: mine.free() and yours.free())
        assert min([*mine.probes, *yours.probes]) - began >= 3 * SLOW * 0.9


async def test_what_works_in_a_turn_is_told_too(redis: Redis) -> None:
    mine, yours = Provider(), Provider(fault=Fault("late"))
    async with worker(mine, redis=redis), worker(yours, redis=redis):
        mine.fail(Fault("denied", permanent=True))
        await until(lambda: not yours.free())
        mine.breaker.worked(time.monotonic())
        await until(yours.free)
        assert mine.free()


async def test_an_answer_from_before_withdraws_no_named_time(redis: Redis) -> None:
    mine, yours = Provider(), Provider()
    async with worker(mine, redis=redis), worker(yours, redis=redis):
        began = time.monotonic()
        mine.fail(Fault("limited", retry_after=3 * SLOW))
        mine.fault = None
        await until(lambda: not yours.free())
        for one in (mine, yours):
            one.breaker.worked(began)
            one.breaker.worked(time.monotonic())
        assert [mine.free(), yours.free()] == [False, False]
        await until(lambda: mine.free() and yours.free())
        assert min([*mine.probes, *yours.probes]) - began >= 3 * SLOW * 0.9


async def test_no_other_worker_ends_a_time_that_was_named_here(redis: Redis) -> None:
    provider = Provider()
    async with worker(provider, redis=redis):
        provider.fail(Fault("late"), Fault("late"))
        await until(lambda: provider.probes != [])  # it is shared by now
        provider.probes.clear()
        began = time.monotonic()
        provider.fail(Fault("limited", retry_after=3 * SLOW))
        provider.fault = None
        await redis.delete("answerline:{breakers}:model:provider0")  # it has worked elsewhere
        await until(provider.free)
        assert provider.probes[0] - began >= 3 * SLOW * 0.9


async def test_a_longer_time_that_was_named_later_holds_for_all_workers(redis: Redis) -> None:
    mine, yours = Provider(), Provider()
    async with worker(mine, redis=redis), worker(yours, redis=redis):
        mine.fail(Fault("late"), Fault("late"))
        await until(lambda: not yours.free())
        began = time.monotonic()
        yours.fail(Fault("limited", retry_after=3 * SLOW))  # it was all that was left to ask
        mine.fault = yours.fault = None
        await until(lambda: mine.free() or yours.free())
        assert min([*mine.probes, *yours.probes]) - began >= 3 * SLOW * 0.9


@pytest.mark.parametrize("named", [math.inf, math.nan, 1e300])
async def test_a_time_that_makes_no_sense_ends_no_probes(redis: Redis, named: float) -> None:
    odd, ill = Provider(), Provider()
    async with worker(odd, ill, redis=redis):
        odd.fail(Fault("limited", retry_after=named), Fault("late"))
        await until(lambda: not odd.free())
        ill.fail(Fault("late"), Fault("late"))
        await until(lambda: len(ill.probes) == 2)
        assert 0 < await redis.pttl("answerline:{breakers}:model:provider0") <= 3_610_000


@pytest.mark.parametrize("value", ["limited nan", "limited inf inf", "late -inf nan more", ""])
async def test_nonsense_in_redis_is_survived(redis: Redis, value: str) -> None:
    provider, other = Provider(), Provider()
    await redis.set("answerline:{breakers}:model:provider0", value, px=1000)
    async with worker(provider, other, redis=redis):
        await until(lambda: not provider.free())
        other.fail(Fault("late"), Fault("late"))
        await until(lambda: len(other.probes) == 2)


async def test_who_was_given_up_before_there_were_probes_is_probed_too() -> None:
    provider = Provider()
    provider.fail(Fault("denied", permanent=True))
    provider.fault = None
    async with worker(provider):
        await until(provider.free)


async def test_a_client_with_a_new_key_takes_the_place_of_the_old_one(redis: Redis) -> None:
    old, new, kept = Provider(), Provider(), Provider()
    events: list[Event] = []
    breakers = Breakers([watched(old, 0), watched(kept, 1)], events.append, redis=redis)
    breakers.start()
    elsewhere = Provider()
    async with worker(elsewhere, redis=redis):
        kept.fail(Fault("limited", retry_after=60.0))
        old.fail(Fault("denied", permanent=True))
        await until(lambda: not elsewhere.free())
        elsewhere.fault = None

        breakers.follow([watched(new, 0), watched(kept, 1)])
        await until(elsewhere.free)
        assert new.free()
        assert not kept.free(), "its key is the same, and so is what it has asked for"
        assert [type(event) for event in events] == [Opened, Opened, Closed]

        new.fail(Fault("denied", permanent=True))
        await until(lambda: not elsewhere.free())
        new.fault = None
        await until(new.free)
        assert old.probes == []
        await until(lambda: len(events) == 5)
    await breakers.close()


async def test_a_probe_with_a_key_that_is_gone_tells_nobody(redis: Redis) -> None:
    old, new, other = Provider(hangs=True), Provider(), Provider()
    breakers = Breakers([watched(old, 0)], lambda _event: None, redis=redis)
    breakers.start()
    old.fail(Fault("late"), Fault("late"))
    await until(lambda: len(old.probes) == 1)
    breakers.follow([watched(new, 0), watched(other, 1)])
    other.fail(Fault("late"), Fault("late"))
    await until(lambda: len(other.probes) == 1)  # by now the old one's has ended
    assert new.free()
    assert not await redis.keys("*:provider0")
    await breakers.close()


async def test_a_worker_that_has_died_leaves_no_breaker_behind(redis: Redis) -> None:
    mine, yours = Provider(), Provider()
    async with worker(mine, redis=redis):
        mine.fail(Fault("late"), Fault("late"))
        async with worker(yours, redis=redis):
            await until(lambda: not yours.free())
    assert 0 < await redis.pttl("answerline:{breakers}:model:provider0") < 15_000


async def test_where_nobody_probes_any_more_turns_find_out_for_themselves() -> None:
    provider = Provider()
    async with worker(provider):
        provider.fail(Fault("late"), Fault("late"))
        assert not provider.breaker.admits(time.monotonic() + 60.0)
    await until(lambda: provider.breaker.admits(time.monotonic() + 60.0))


async def test_without_redis_each_process_finds_out_for_itself() -> None:
    nowhere = connect("redis://127.0.0.1:1")
    provider = Provider()
    async with worker(provider, redis=nowhere):
        provider.fail(Fault("late"), Fault("late"))
        provider.fault = None
        await until(provider.free)
    await nowhere.aclose()
