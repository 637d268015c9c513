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
TRIES = 2
"""Times that a step is tried whose failure is the callers' own."""
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
    search = _Search(seconds, tell)
    async with Callers(server, clips, talk=True) as callers:
        calls = first
        while calls <= MOST and await search.carries(callers, calls):
            calls = max(calls + 2, math.ceil(calls * growth))
        while not search.good and search.bad > 1:
            await search.carries(callers, search.bad // 2)
        for _ in range(halvings):
            if search.bad - search.good > 1:
                await search.carries(callers, (search.good + search.bad) // 2)
    return Capacity(search.good, bool(search.bad), tuple(search.steps))


class _Search:
    def __init__(self, seconds: float, tell: Callable[[str], None]) -> None:
        self.good = self.bad = 0
        """The most that were carried, the fewest that were not; 0: none yet."""
        self.steps: list[Window] = []
        self._seconds = seconds
        self._tell = tell

    async def carries(self, callers: Callers, calls: int) -> bool:
        """False also where the callers were too slow to tell, again and again."""
        for _ in range(TRIES):
            fewer = bool(self.steps) and calls < self.steps[-1].calls
            await callers.be(calls)
            await callers.watch(GREETED + (DRAIN if fewer else 0.0))
            step = await callers.watch(self._seconds)
            self.steps.append(step)
            self._tell(_line(step))
            if step.late_share <= LATE:
                self.good = calls
                return True
            if step.own_late_share <= TRUSTED:
                self.bad = calls
                return False
        return False


def _line(step: Window) -> str:
    waits = step.waits
    middle = f"{waits[len(waits) // 2]:.2f} s" if waits else "–"
    return (
        f"{step.calls} calls: {100 * step.late_share:.2f} % of the frames late, "
        f"voice-to-voice {middle}, {step.unanswered} unanswered, "
        f"CPU {step.cpu * step.calls / 60:.0%}, "
        f"callers {step.own_cpu:.0%} and {100 * step.own_late_share:.2f} % late themselves"
    )
