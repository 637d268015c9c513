"""Callers who stay on the line, idle or talking, as many as are wanted at the moment."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from agent.simulators.twilio import Account, Caller, CallOver, Clip, Twilio, Unmet
from agent.simulators.twilio.call import Call
from benchmarks.sides.machine import cpu_seconds
from benchmarks.sides.playout import Playout, answered_after
from benchmarks.sides.server import Server

PERIOD = 10.0
"""Seconds from one question to the next."""
GREETING = 30.0
"""Seconds a caller waits for the greeting."""
SPAWN = 0.2
"""Seconds between two calls that join."""
_GOLDEN = 0.618


@dataclass(frozen=True, slots=True)
class Reading:
    """Sums since the calls began."""

    at: float
    cpu: float
    packets: int
    late: int
    sent: int
    sent_late: int
    unanswered: int
    failed: int


@dataclass(frozen=True, slots=True)
class Window:
    """What happened between two readings."""

    calls: int
    seconds: float
    cpu: float
    """CPU seconds per call-minute."""
    packets: int
    late: int
    sent: int
    sent_late: int
    """The callers' own: their health."""
    own_cpu: float
    """Share of their core that callers and simulated providers used."""
    unanswered: int
    failed: int
    waits: tuple[float, ...]
    """Voice-to-voice of the turns, seconds."""

    @property
    def late_share(self) -> float:
        return self.late / self.packets if self.packets else 0.0

    @property
    def own_late_share(self) -> float:
        return self.sent_late / self.sent if self.sent else 0.0


class _Party:
    """One caller. What has been counted outlives the call."""

    def __init__(self, number: int, clips: Sequence[Clip], *, talks: bool) -> None:
        self.call: Call | None = None
        self.playout: Playout | None = None
        self.unanswered = 0
        self.failed = 0
        self.task: asyncio.Task[None] | None = None
        self._clips = clips
        self._number = number
        self._talks = talks

    def enter(self, call: Call) -> None:
        self.call, self.playout = call, Playout(call)

    def employ(self, exchange: Twilio) -> None:
        """It is called by nobody."""

    async def phone(self, voice: str) -> None:
        async with Twilio(Account(), rest=self) as twilio:
            report = await twilio.call(voice, self._script)
        self.failed = int(bool(report.failure) or report.ended_by != "caller")

    async def _script(self, caller: Caller) -> None:
        try:
            await caller.listen(within=GREETING)
            if not self._talks:
                await caller.silence(3600.0)
            await caller.silence(PERIOD * (self._number * _GOLDEN % 1.0))
            turn = self._number
            while True:
                began = time.monotonic()
                await caller.say(self._clips[turn % len(self._clips)])
                turn += 1
                await self._answer(caller)
                await caller.silence(max(0.0, began + PERIOD - time.monotonic()))
        except CallOver:
            return

    async def _answer(self, caller: Caller) -> None:
        try:
            await caller.hear(within=PERIOD / 2)
        except Unmet:
            self.unanswered += 1


class Callers:
    """`async with Callers(…) as callers: await callers.be(6); window = await callers.watch(20)`."""

    def __init__(self, server: Server, clips: Sequence[Clip], *, talk: bool) -> None:
        self._server = server
        self._clips = clips
        self._talk = talk
        self._parties: list[_Party] = []
        self._gone: list[_Party] = []

    async def __aenter__(self) -> "Callers":
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.be(0)

    async def be(self, count: int) -> None:
        """Joins or leaves until so many are on the line."""
        while len(self._parties) < count:
            number = len(self._parties)
            party = _Party(number, self._clips, talks=self._talk)
            party.task = asyncio.create_task(party.phone(self._server.voice))
            self._parties.append(party)
            await asyncio.sleep(SPAWN)
        leaving, self._parties = self._parties[count:], self._parties[:count]
        for party in leaving:
            if party.call is not None:
                party.call.end("caller")
        if leaving:
            self._gone += leaving
            await asyncio.gather(*(p.task for p in leaving if p.task), return_exceptions=True)

    async def watch(self, seconds: float) -> Window:
        began, spent = self._read(), time.process_time()
        await asyncio.sleep(seconds)
        ended, spent = self._read(), time.process_time() - spent
        calls, length = len(self._parties), ended.at - began.at
        waits = [
            wait
            for party in self._parties
            if party.call is not None
            for wait in answered_after(party.call, began.at)
        ]
        return Window(
            calls,
            length,
            60.0 * (ended.cpu - began.cpu) / (length * calls),
            ended.packets - began.packets,
            ended.late - began.late,
            ended.sent - began.sent,
            ended.sent_late - began.sent_late,
            spent / length,
            ended.unanswered - began.unanswered,
            ended.failed,
            tuple(sorted(waits)),
        )

    def _read(self) -> Reading:
        playouts = [party.playout for party in self._parties if party.playout is not None]
        calls = [party.call for party in self._parties if party.call is not None]
        return Reading(
            time.monotonic(),
            cpu_seconds(self._server.pid),
            sum(playout.packets for playout in playouts),
            sum(playout.late for playout in playouts),
            sum(call.packets for call in calls),
            sum(call.late for call in calls),
            sum(party.unanswered for party in self._parties),
            sum(party.failed for party in self._parties),
        )
