"""How late the event loop came back, and when: what the machine did to the calls of a time."""

import asyncio
from typing import Self

BEAT = 0.02
"""Seconds between two beats, which is a packet's length."""
CALM = 0.12
"""Seconds of punctual beats after which the machine has time for another call."""
RESIGNED = 3.0
"""Seconds after which the next one comes all the same."""
WINDOW = 0.3
"""Seconds in which delays add up: a loop that is busy all the time is as late as one held once."""


class Pulse:
    def __init__(self) -> None:
        self._late: list[tuple[float, float]] = []
        """When, and by how much, in seconds."""

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._beat(), name="pulse")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])

    @property
    def delays(self) -> list[float]:
        """By how much each beat was late, in seconds."""
        return [late for _, late in self._late]

    def latest(self, since: float) -> float:
        """The most that the loop was late in any window since then, by its clock."""
        beats = [(at, late) for at, late in self._late if at >= since]
        most = total = 0.0
        first = 0
        for at, late in beats:
            total += late
            while at - beats[first][0] > WINDOW:
                total -= beats[first][1]
                first += 1
            most = max(most, total)
        return most

    def late(self, since: float) -> float:
        """Seconds by which the loop was late in all, since then by its clock."""
        return sum(late for at, late in self._late if at >= since)

    async def calm(self) -> None:
        """Waits until the loop keeps time, or until it is clear that it is not going to."""
        loop = asyncio.get_running_loop()
        until = loop.time() + RESIGNED
        while loop.time() < until:
            since = loop.time()
            await asyncio.sleep(CALM)
            if self.latest(since) < 2 * BEAT:
                return

    async def _beat(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + BEAT
            await asyncio.sleep(BEAT)
            self._late.append((loop.time(), loop.time() - due))
