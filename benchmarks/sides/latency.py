"""What a caller waits for: the answer after a question, silence after an interruption."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from agent.load.report import Spread, spread
from agent.simulators.twilio import Account, CallReport, Clip, Interrupt, Listen, Say, Step, Twilio
from benchmarks.sides.providers import own_delay
from benchmarks.sides.server import Server

AFTER = 1.2
"""Seconds into an answer at which the caller interrupts."""


@dataclass(frozen=True, slots=True)
class Latency:
    added: Spread | None
    """Voice-to-voice less what the providers take by themselves, seconds."""
    silence: Spread | None
    """From the first sample of an interruption to the agent's silence, seconds."""
    turns: int
    unanswered: int
    early: int
    """Turns whose end the agent did not wait for."""
    own_late: float
    """Share of the callers' packets that were late by themselves."""


async def measure(server: Server, clips: Sequence[Clip], *, callers: int, pairs: int) -> Latency:
    async with Twilio(Account()) as twilio:
        calls = []
        for number in range(callers):
            script = _script(clips, number, pairs)
            calls.append(asyncio.create_task(twilio.call(server.voice, script)))
            await asyncio.sleep(0.7)
        return _latency(await asyncio.gather(*calls))


def _script(clips: Sequence[Clip], number: int, pairs: int) -> list[Step]:
    """The same for both sides; all callers together go through all clips."""
    steps: list[Step] = [Listen(within=30.0)]
    for pair in range(pairs):
        first = (number * pairs + pair) * 2
        asked, cutting = (clips[(first + step) % len(clips)] for step in (0, 1))
        steps += [Say(asked), Interrupt(cutting, after=AFTER), Listen()]
    return steps


def _latency(reports: Sequence[CallReport]) -> Latency:
    turns = [turn for report in reports for turn in report.turns]
    own = own_delay()
    packets = sum(report.packets for report in reports)
    waits = [turn.voice_to_voice for turn in turns if not turn.early]
    return Latency(
        spread([wait - own for wait in waits if wait is not None]),
        spread([turn.silenced for turn in turns if turn.silenced is not None]),
        len(turns),
        sum(wait is None for wait in waits),
        sum(turn.early for turn in turns),
        sum(report.late for report in reports) / packets if packets else 0.0,
    )
