"""How many talking calls one core carries before 1 % of the frames they hear are late."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agent.simulators.twilio import Clip
from benchmarks.sides.burden import GREETED
from benchmarks.sides.callers import Callers, Window
from benchmarks.sides.server import Server

LATE = 0.01
"""Share of late frames that is too much."""
TRUSTED = 0.01
"""Share of the callers' own late packets beyond which they are the ones who are too slow."""
MOST = 160
"""Calls; more than one caller process can play."""
DRAIN = 6.0
"""Seconds that an overloaded server has before fewer calls are tried."""


@dataclass(frozen=True, slots=True)
class Capacity:
    calls: int
    """The most that were carried; 0: not even the first number."""
    bounded: bool
    """Whether a higher number was seen to fail; else there may be more to it."""
    steps: tuple[Window, ...]


async def measure(
    server: Server,
    clips: Sequence[Clip],
    *,
    first: int,
    growth: float,
    halvings: int,
    seconds: float,
    tell: Callable[[str], None],
) -> Capacity:
    good = bad = 0
    steps: list[Window] = []
    async with Callers(server, clips, talk=True) as callers:

        async def carried(calls: int) -> bool:
            fewer = bool(steps) and calls < steps[-1].calls
            await callers.be(calls)
            await callers.watch(GREETED + (DRAIN if fewer else 0.0))
            steps.append(await callers.watch(seconds))
            tell(_line(steps[-1]))
            return steps[-1].late_share <= LATE

        calls = first
        while not bad and calls <= MOST:
            if not await carried(calls):
                bad = calls
            elif steps[-1].own_late_share > TRUSTED:
                break
            else:
                good, calls = calls, max(calls + 2, math.ceil(calls * growth))
        while not good and bad > 1:
            if await carried(middle := bad // 2):
                good = middle
            else:
                bad = middle
        for _ in range(halvings):
            if bad - good > 1:
                middle = (good + bad) // 2
                good, bad = (middle, bad) if await carried(middle) else (good, middle)
    trusted = not bad or steps[-1].own_late_share <= TRUSTED
    return Capacity(good, bool(bad) and trusted, tuple(steps))


def _line(step: Window) -> str:
    waits = step.waits
    middle = f"{waits[len(waits) // 2]:.2f} s" if waits else "–"
    return (
        f"{step.calls} calls: {100 * step.late_share:.2f} % of the frames late, "
        f"voice-to-voice {middle}, {step.unanswered} unanswered, "
        f"CPU {step.cpu * step.calls / 60:.0%}, "
        f"callers' own {100 * step.own_late_share:.2f} %"
    )
