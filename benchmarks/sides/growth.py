"""Whether memory grows with calls that are over."""

import asyncio
from dataclasses import dataclass

from agent.simulators.twilio import Account, Hear, Silence, Step, Twilio
from benchmarks.sides.machine import memory
from benchmarks.sides.server import Server

AT_ONCE = 10
BEFORE = 160
"""Calls that are not counted: a process reaches its working size with them."""
REST = 11.0
"""Seconds in which a server may put things in order."""


@dataclass(frozen=True, slots=True)
class Growth:
    calls: int
    first: float
    last: float
    """Megabytes."""

    @property
    def grown(self) -> float:
        """Megabytes over 100 calls."""
        return 100 * (self.last - self.first) / self.calls


async def measure(server: Server, calls: int) -> Growth:
    await _phone(server, BEFORE)
    first = await _settled(server)
    await _phone(server, calls)
    return Growth(calls, first, await _settled(server))


async def _phone(server: Server, calls: int) -> None:
    async with Twilio(Account()) as twilio:
        for _ in range(calls // AT_ONCE):
            script: list[Step] = [Hear(within=30.0), Silence(0.3)]
            await asyncio.gather(*(twilio.call(server.voice, script) for _ in range(AT_ONCE)))


async def _settled(server: Server) -> float:
    """After a rest and one more call: some collect their garbage when a call ends."""
    await asyncio.sleep(REST)
    async with Twilio(Account()) as twilio:
        await twilio.call(server.voice, [Hear(within=30.0)])
    await asyncio.sleep(1.5)
    return memory(server.pid).resident
