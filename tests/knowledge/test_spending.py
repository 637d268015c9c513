"""What was spent is counted by call and by day, in all workers; the budget changes the order."""

from dataclasses import dataclass

import pytest
from redis.asyncio import Redis

from knowledge.events import Billed, Ended, Event, Used
from knowledge.prices import price
from knowledge.spending import Spending
from tests.eventually import until

NOON = 1_790_000_000.0
DAY = 86_400.0


@dataclass(frozen=True)
class Provider:
    name: str
    model: str


DEAR, CHEAP, UNLISTED = (
    Provider("dear", "gpt-4.1"),
    Provider("cheap", "gpt-4.1-nano"),
    Provider("own", "our-own-model"),
)


def used(model: str = "gpt-4.1", call: str = "CA1", read: int = 1_000_000) -> Used:
    return Used(call, "model", "openai", model, read, 0)


def test_a_model_is_priced_by_its_longest_listed_name() -> None:
    mini, whole = price("gpt-4.1-mini-2025-04-14"), price("gpt-4.1")
    assert mini is not None
    assert whole is not None
    assert mini.of(1_000_000, 1_000_000) == pytest.approx(2.00)
    assert whole.of(1_000_000, 0) == pytest.approx(2.00)
    assert price("our-own-model") is None


def test_at_the_budget_the_cheapest_is_asked_first_and_nobody_is_left_out() -> None:
    spending = Spending(2.5, clock=lambda: NOON)
    providers = [UNLISTED, DEAR, CHEAP]
    spending.record(used())
    assert spending.thrifty(providers) == providers
    spending.record(used())
    assert spending.today == pytest.approx(4.0)
    assert spending.thrifty(providers) == [CHEAP, DEAR, UNLISTED]


def test_without_a_budget_the_order_stays() -> None:
    spending = Spending(clock=lambda: NOON)
    spending.record(used(read=1_000_000_000))
    assert spending.thrifty([DEAR, CHEAP]) == [DEAR, CHEAP]


def test_a_new_day_begins_with_nothing_spent() -> None:
    now = [NOON]
    spending = Spending(1.0, clock=lambda: now[0])
    spending.record(used())
    assert spending.over
    now[0] += DAY
    assert not spending.over


def test_a_call_is_told_at_its_end_what_it_has_cost() -> None:
    told: list[Event] = []
    spending = Spending(emit=told.append, clock=lambda: NOON)
    for event in (used(), used(call="CA2"), used("our-own-model"), used()):
        spending.record(event)
    spending.record(Ended("CA1", "goodbye", 10.0))
    assert told == [Billed("CA1", pytest.approx(4.0))]
    spending.record(Ended("CA3", "goodbye", 10.0))
    assert len(told) == 1


async def test_workers_count_together(redis: Redis) -> None:
    one, other = (Spending(3.0, redis=redis, clock=lambda: NOON) for _ in range(2))
    await one.start()
    await other.start()
    one.record(used())
    other.record(used())
    await until(lambda: one.over and other.over, within=5.0)
    await one.close()
    await other.close()
    (key,) = await redis.keys("answerline:spent:*")
    assert float(await redis.get(key)) == pytest.approx(4.0)
    assert await redis.ttl(key) > DAY
