"""Who is asked, when, and who is charged: failing over, hedging, stalling, breakers, closing."""

import asyncio
import gc
import time
import weakref
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

import pytest

from knowledge.chain import Breaker, Deadline, Fault, one, relay

pytestmark = pytest.mark.own_clock

FIRST, HEDGE, GAP = 0.15, 0.05, 0.05
Step = str | float | asyncio.Event | Exception
"""An event, seconds of silence, a signal to wait for, or how the stream breaks."""
EVER = 60.0


@dataclass
class Scripted:
    name: str
    script: Sequence[Step]
    breaker: Breaker = field(default_factory=Breaker)
    asked: int = 0
    closed: int = 0
    closing: float = 0.0
    """Seconds that it takes to close, and it cannot be hurried."""

    async def stream(self) -> AsyncGenerator[str]:
        self.asked += 1
        try:
            for step in self.script:
                if isinstance(step, Exception):
                    raise step
                if isinstance(step, float):
                    await asyncio.sleep(step)
                elif isinstance(step, asyncio.Event):
                    await step.wait()
                else:
                    yield step
        finally:
            self.closed += 1
            if self.closing:
                await asyncio.sleep(self.closing)


@dataclass
class Run:
    """What came out of a relay, and who was blamed for what."""

    events: list[str] = field(default_factory=list)
    faults: list[tuple[str, str]] = field(default_factory=list)

    async def relay(
        self,
        *providers: Scripted,
        hedge: float | None = None,
        gap: float | None = None,
        spare: Callable[[Scripted], bool] = lambda _: True,
    ) -> "Run":
        stream = relay(
            providers,
            Scripted.stream,
            first=FIRST,
            gap=(lambda: gap) if gap else None,
            hedge=hedge,
            spare=spare,
            report=lambda provider, fault: self.faults.append((provider.name, fault.kind)),
        )
        async with aclosing(stream) as events:
            async for event in events:
                self.events.append(event)
        return self


def good(name: str = "good", *before: Step) -> Scripted:
    return Scripted(name, [*before, name, "end"])


async def test_the_first_provider_is_enough_when_it_works() -> None:
    first, second = good("first"), good("second")
    run = await Run().relay(first, second, hedge=HEDGE, gap=GAP)
    assert (run.events, run.faults) == (["first", "end"], [])
    assert (second.asked, first.closed) == (0, 1)


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        ([Fault("refused")], "refused"),
        ([Fault("denied", permanent=True)], "denied"),
        ([], "empty"),
        ([EVER], "late"),
        ([RuntimeError("a bug")], "broken"),
        ([TimeoutError()], "late"),
    ],
)
async def test_a_provider_that_never_begins_is_followed_by_the_next(
    script: list[Step], kind: str
) -> None:
    bad = Scripted("bad", script)
    run = await Run().relay(bad, good())
    assert (run.events, run.faults) == (["good", "end"], [("bad", kind)])
    assert bad.closed == 1


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (["a", Fault("cut")], "cut"),
        (["a", EVER], "stalled"),
        (["a", ValueError("caller said so")], "broken"),
    ],
)
async def test_a_stream_that_breaks_is_continued_by_the_next(script: list[Step], kind: str) -> None:
    bad = Scripted("bad", script)
    run = await Run().relay(bad, good(), gap=GAP)
    assert (run.events, run.faults) == (["a", "good", "end"], [("bad", kind)])
    assert bad.closed == 1


async def test_a_fault_never_repeats_what_an_exception_said() -> None:
    reports: list[str] = []
    bad = Scripted("bad", [ValueError("my card is 4111")])
    await one(
        [bad, good()],
        lambda provider: anext(provider.stream()),
        within=FIRST,
        report=lambda _, fault: reports.append(str(fault)),
    )
    assert reports == ["broken: ValueError"]


async def test_when_nobody_is_left_the_chain_says_so() -> None:
    run = Run()
    with pytest.raises(Fault, match="exhausted"):
        await run.relay(Scripted("a", [Fault("refused")]), Scripted("b", ["half", Fault("cut")]))
    assert run.events == ["half"]
    with pytest.raises(Fault, match="exhausted"):
        await run.relay()


async def test_beside_a_late_provider_the_next_is_asked_and_the_quicker_wins() -> None:
    late, quick = Scripted("late", [EVER]), good("quick")
    run = await Run().relay(late, quick, hedge=HEDGE)
    assert (run.events, run.faults) == (["quick", "end"], [("late", "late")])
    assert late.closed == 1


async def test_hedges_are_limited_and_the_step_to_the_next_is_not() -> None:
    late, quick = Scripted("late", [EVER]), good("quick")
    late.breaker.failures = 100
    late.breaker.allowance.least = 2
    loop = asyncio.get_running_loop()
    waits = []
    for _ in range(4):
        began = loop.time()
        await Run().relay(late, quick, hedge=HEDGE)
        waits.append(loop.time() - began)
    assert waits == pytest.approx([HEDGE, HEDGE, FIRST, FIRST])


async def test_a_hedge_that_loses_is_closed_and_not_charged() -> None:
    slow, slower = good("slow", HEDGE + 0.03), Scripted("slower", [EVER])
    run = await Run().relay(slow, slower, hedge=HEDGE)
    assert (run.events, run.faults) == (["slow", "end"], [])
    assert (slower.asked, slower.closed) == (1, 1)


async def test_a_loser_is_asked_again_when_the_winner_breaks() -> None:
    first = good("first", HEDGE + 0.03)
    second = Scripted("second", ["second", Fault("cut")])
    run = await Run().relay(first, second, hedge=HEDGE)
    assert run.events == ["second", "first", "end"]
    assert run.faults == [("first", "late"), ("second", "cut")]


@pytest.mark.parametrize(
    ("first", "winner", "faults"),
    [(["first"], "first", []), ([Fault("limited")], "second", [("first", "limited")])],
)
async def test_of_two_in_the_same_moment_the_preferred_one_counts(
    first: list[Step], winner: str, faults: list[tuple[str, str]]
) -> None:
    now = asyncio.Event()
    asyncio.get_running_loop().call_later(HEDGE * 2, now.set)
    racing = Scripted("first", [now, *first]), Scripted("second", [now, "second"])
    run = await Run().relay(*racing, hedge=HEDGE)
    assert (run.events, run.faults) == ([winner], faults)
    assert [provider.closed for provider in racing] == [1, 1]


async def test_one_that_is_no_spare_waits_until_the_others_have_failed() -> None:
    late, last = Scripted("late", [EVER]), good("last")
    began = asyncio.get_running_loop().time()
    run = await Run().relay(late, last, hedge=HEDGE, spare=lambda p: p is not last)
    assert run.events == ["last", "end"]
    assert asyncio.get_running_loop().time() - began >= FIRST - 0.01


async def test_a_slow_loser_does_not_hold_up_the_winner() -> None:
    stubborn = Scripted("stubborn", [EVER], closing=EVER)
    async with asyncio.timeout(1):
        run = await Run().relay(stubborn, good(), hedge=HEDGE)
    assert run.events == ["good", "end"]


async def test_a_client_that_cancels_itself_is_broken_and_nobody_else() -> None:
    class Cancels(Scripted):
        async def stream(self) -> AsyncGenerator[str]:
            raise asyncio.CancelledError
            yield ""

    async with aclosing(
        relay([Cancels("odd", []), good()], lambda provider: provider.stream(), first=FIRST)
    ) as events:
        assert [event async for event in events] == ["good", "end"]


@pytest.mark.parametrize("script", [[EVER], ["a", EVER]])
async def test_cancelling_closes_every_stream(script: list[Step]) -> None:
    first, second = Scripted("first", script), Scripted("second", [EVER])
    run = Run()
    task = asyncio.create_task(run.relay(first, second, hedge=HEDGE, gap=EVER))
    await asyncio.sleep(HEDGE * 1.5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (first.closed, second.closed) == (first.asked, second.asked)
    assert first.closed == 1
    assert run.faults == []


async def test_closing_the_relay_closes_the_stream() -> None:
    first = good("first")
    events = relay([first], Scripted.stream, first=FIRST)
    assert await anext(events) == "first"
    await events.aclose()
    assert first.closed == 1
    assert not first.breaker.recent


async def test_a_deadline_can_be_armed_while_somebody_waits() -> None:
    deadline = Deadline()
    quiet = Scripted("quiet", ["connected", EVER])
    faults = []

    async def consume() -> list[str]:
        stream = relay(
            [quiet, good()],
            Scripted.stream,
            first=FIRST,
            deadline=deadline,
            report=lambda _, fault: faults.append((fault.kind, fault.proven)),
        )
        async with aclosing(stream) as events:
            return [event async for event in events]

    task = asyncio.create_task(consume())
    await asyncio.sleep(0.02)
    deadline.within(0.02)
    assert await task == ["connected", "good", "end"]
    assert faults == [("silent", False)]
    assert not quiet.breaker.recent  # silence proves nothing


async def test_a_deadline_can_be_lifted() -> None:
    deadline = Deadline()
    deadline.within(0.03)
    waiting = asyncio.create_task(deadline.next(good("word", 0.06).stream(), "silent"))
    await asyncio.sleep(0.01)
    deadline.within(None)
    assert await waiting == "word"


async def test_one_gives_the_first_answer_and_counts_it_as_work() -> None:
    async def ask(provider: Scripted) -> str:
        return await anext(provider.stream())

    flaky = good("flaky")
    flaky.breaker = Breaker(failures=1, rest=0.0)
    flaky.breaker.failed(Fault("late"), time.monotonic())
    assert await one([flaky, good()], ask, within=FIRST) == "flaky"
    assert not flaky.breaker.open
    assert await one([Scripted("bad", [EVER]), good()], ask, within=0.02) == "good"


async def test_what_was_late_leaves_nothing_to_the_garbage_collector() -> None:
    late: list[weakref.ref[Fault]] = []

    async def answer(provider: Scripted) -> str:
        await asyncio.sleep(EVER if provider.name == "late" else 0)
        return provider.name

    gc.disable()
    try:
        providers = [Scripted("late", ()), Scripted("quick", ())]
        tell = lambda _provider, fault: late.append(weakref.ref(fault))  # noqa: E731
        assert await one(providers, answer, within=FIRST, report=tell) == "quick"
        await asyncio.sleep(0)
        assert [fault() for fault in late] == [None]
    finally:
        gc.enable()


async def test_an_open_provider_is_skipped_while_there_is_another() -> None:
    bad = Scripted("bad", [Fault("broken")])
    for _ in range(3):
        await Run().relay(bad, good())
    assert (bad.asked, bad.breaker.open) == (2, True)


async def test_open_or_not_the_last_hope_is_asked() -> None:
    only = good("only")
    only.breaker.failed(Fault("denied", permanent=True), 0.0)
    assert (await Run().relay(only)).events == ["only", "end"]
    assert not only.breaker.open


async def test_who_fails_every_second_time_is_left_alone() -> None:
    flaky = Scripted("flaky", ["flaky"])
    for fails in (True, False, True):
        flaky.script = [Fault("broken")] if fails else ["flaky"]
        await Run().relay(flaky, good())
    assert flaky.breaker.open


async def test_an_answer_that_was_under_way_when_it_opened_proves_nothing() -> None:
    end = asyncio.Event()
    limited = Scripted("limited", ["begun", end])
    under_way = asyncio.create_task(Run().relay(limited, gap=EVER))
    await asyncio.sleep(0.01)
    limited.breaker.failed(Fault("limited", retry_after=30.0), time.monotonic())
    end.set()
    assert (await under_way).events == ["begun"]
    assert limited.breaker.open


def test_a_fault_reads_well_in_a_log() -> None:
    assert str(Fault("limited", "429 rate_limit_exceeded")) == "limited: 429 rate_limit_exceeded"
    assert str(Fault("empty")) == "empty"
