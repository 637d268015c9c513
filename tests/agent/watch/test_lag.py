"""How the event loop's lag is noticed, and the collector's policy."""

import asyncio
import gc
import time
from collections.abc import Iterator
from typing import Any

import pytest
from loguru import logger

from agent.watch import heap
from agent.watch.lag import Collector, LoopLag
from tests.agent.web.conftest import until


@pytest.fixture
def logged() -> Iterator[list[Any]]:
    records: list[Any] = []
    logger.remove()
    sink = logger.add(lambda message: records.append(message.record))
    yield records
    logger.remove(sink)


def hold_the_loop(seconds: float) -> None:
    time.sleep(seconds)


def hold_it_again(seconds: float) -> None:
    time.sleep(seconds)


async def test_a_stall_is_measured_and_logged_with_what_held_the_loop(logged: list[Any]) -> None:
    lags: list[float] = []
    async with LoopLag(lags.append) as lag:
        await until(lambda: len(lags) == 1)
        hold_the_loop(0.8)
        await until(lambda: bool(logged))
        assert lag.recent() > 0.5
    stall = logged[0]
    assert stall["message"] == "event loop stalled"
    assert 0.5 < stall["extra"]["seconds"] < 5.0, "0.7, and what a busy machine adds"
    assert any("hold_the_loop" in place for place in stall["extra"]["stack"])


async def test_what_held_the_loop_is_known_of_the_shortest_stall_too(logged: list[Any]) -> None:
    lags: list[float] = []
    async with LoopLag(lags.append):
        for number in range(4):
            probes = len(lags)
            await until(lambda probes=probes: len(lags) > probes)  # type: ignore[misc]
            hold_the_loop(0.5)
            await until(lambda number=number: len(logged) > number)  # type: ignore[misc]
    stacks = [stall["extra"]["stack"] for stall in logged]
    assert all(any("hold_the_loop" in place for place in stack) for stack in stacks), stacks


async def test_what_held_the_loop_before_is_no_reason_for_a_later_stall(logged: list[Any]) -> None:
    lags: list[float] = []
    async with LoopLag(lags.append):
        await until(lambda: len(lags) == 1)
        hold_the_loop(0.38)
        await until(lambda: len(lags) == 2)
        stalls = len(logged)
        hold_it_again(0.6)
        await until(lambda: len(logged) > stalls)
    assert any("hold_it_again" in place for place in logged[-1]["extra"]["stack"])


async def test_a_loop_that_runs_has_no_lag_to_speak_of(logged: list[Any]) -> None:
    lags: list[float] = []
    async with LoopLag(lags.append) as lag:
        assert lag.recent() == 0.0
        await until(lambda: len(lags) >= 2 and min(lags) < 0.1)
    assert not any(task.get_name() == "loop lag" for task in asyncio.all_tasks())


@pytest.fixture
def pauses() -> list[tuple[int, float]]:
    return []


@pytest.fixture
def collector(pauses: list[tuple[int, float]]) -> Iterator[Collector]:
    thresholds = gc.get_threshold()
    made = Collector(lambda generation, seconds: pauses.append((generation, seconds)))
    yield made
    made.stop()
    assert gc.get_threshold() == thresholds
    assert gc.get_freeze_count() == 0


def test_what_was_loaded_at_the_start_is_not_looked_at_again(collector: Collector) -> None:
    collector.start()
    assert gc.get_freeze_count() > 1000
    assert gc.get_threshold()[2] > 1_000_000


def test_pauses_are_measured(collector: Collector, pauses: list[tuple[int, float]]) -> None:
    collector.start()
    gc.collect(0)
    assert pauses[-1][0] == 0
    assert pauses[-1][1] >= 0


def test_the_oldest_generation_is_collected_when_no_call_runs_or_after_a_great_many(
    collector: Collector, pauses: list[tuple[int, float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    collector.start()

    def full() -> int:
        return sum(generation == 2 for generation, _ in pauses)

    collector.call_left(0)
    assert full() == 0, "it has just begun"
    now += Collector.QUIET + 1
    collector.call_left(0)
    assert full() == 1, "nobody is on the line"
    now += 3600
    for _ in range(Collector.MANY - 1):
        collector.call_left(3)
    assert full() == 1, "calls are going on, and what has ended is free already"
    collector.call_left(3)
    assert full() == 2, "not never"
    collector.call_left(0)
    assert full() == 2, "it was just now"


def test_a_process_that_grows_is_looked_through_sooner(
    collector: Collector, pauses: list[tuple[int, float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    resident = 0
    monkeypatch.setattr(heap, "resident", lambda: resident)
    collector.start()
    for grown, times in ((Collector.MUCH, 0), (1, 1), (1, 0)):
        resident += grown
        pauses.clear()
        for _ in range(Collector.SOME):
            collector.call_left(3)
        assert sum(generation == 2 for generation, _ in pauses) == times


def test_before_the_start_and_after_the_end_nothing_is_collected(
    collector: Collector, pauses: list[tuple[int, float]]
) -> None:
    collector.call_left(0)
    collector.start()
    collector.stop()
    collector.stop()
    gc.collect(0)
    assert pauses == []
