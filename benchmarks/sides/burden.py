"""What calls cost: CPU by the minute, memory by the call, idle and talking."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from agent.simulators.twilio import Clip
from benchmarks.sides.callers import PERIOD, Callers, Window
from benchmarks.sides.machine import Memory, memory, threads
from benchmarks.sides.server import Server

GREETED = 7.0
"""Seconds after which a new caller has heard the greeting."""


@dataclass(frozen=True, slots=True)
class Load:
    calls: int
    window: Window
    memory: Memory
    threads: int


@dataclass(frozen=True, slots=True)
class Burden:
    empty: Memory
    """Ready, with no call on the line."""
    loads: tuple[Load, ...]

    @property
    def each(self) -> float:
        """Megabytes for one more call, from the fewest to the most."""
        first, last = self.loads[0], self.loads[-1]
        return (last.memory.resident - first.memory.resident) / (last.calls - first.calls)

    @property
    def own_late(self) -> float:
        return max(load.window.own_late_share for load in self.loads)


async def measure(
    server: Server, clips: Sequence[Clip], *, loads: Sequence[int], seconds: float, talk: bool
) -> Burden:
    """In a fresh process, from few calls to many: memory is not given back at once."""
    empty = memory(server.pid)
    taken = []
    async with Callers(server, clips, talk=talk) as callers:
        for before, calls in pairwise((0, *loads)):
            assert calls > before
            await callers.be(calls)
            await callers.watch(GREETED + (PERIOD if talk else 0.0) / 2)
            window = await callers.watch(seconds)
            taken.append(Load(calls, window, memory(server.pid), threads(server.pid)))
    return Burden(empty, tuple(taken))
