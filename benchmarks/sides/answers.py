"""Answer: from our end-of-turn decision to the first sound at the caller's ear, in sure turns.

The decision's moment stands in the server's own log (milliseconds of the wall clock), the sound's
is the caller's; both processes run on one machine. The stock bot knows nothing, hence no ratio.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson

from agent.load.report import Spread, spread
from agent.simulators.twilio import Account, CallReport, Clip, Listen, Say, Step, Twilio
from agent.simulators.twilio.call import Call
from benchmarks.sides.providers import Providers
from benchmarks.sides.server import Server, Side, server
from knowledge.ingest import ingest, shipped

CALLERS = 2
"""At once; each asks its share of the questions."""
SURE = frozenset({"knowledge", "cache"})
"""Routes on which the knowledge base answers."""
LENGTHS = range(15, 60)
"""Characters of a question: one breath."""
LOGGED = 1.0
"""Seconds in which the last line has reached the log."""


@dataclass(frozen=True, slots=True)
class Answers:
    ahead: Spread | None
    """Seconds, where the answer was spoken ahead."""
    live: Spread | None
    """Where it was not."""
    turns: int
    """That were measured, of both."""
    doubtful: int
    """Turns that the knowledge base was not sure of: they say nothing here."""


async def questions(count: int) -> list[Clip]:
    """Of the shipped content, in its own words, by another voice than the agent's."""
    from processors.voice.local import Local  # noqa: PLC0415

    today = datetime.now(UTC).date()
    entries = await asyncio.to_thread(lambda: ingest(shipped(), today).entries)
    asked = [entry.wordings["en"].question for entry in entries if "en" in entry.wordings]
    fit = [text for text in asked if len(text) in LENGTHS]
    mouth = await asyncio.to_thread(Local, ["en"])
    try:
        return [
            Clip(text, await mouth.synthesize(text, "en", speaker="caller"), text, "en").trimmed()
            for text in fit[:: max(1, len(fit) // count)][:count]
        ]
    finally:
        mouth.close()


async def measure(
    providers: Providers, clips: Sequence[Clip], *, core: int, tell: Callable[[str], None]
) -> Answers:
    tell("answer: nothing is spoken ahead")
    async with server(Side.ANSWERLINE, providers, core=core, logs=True) as one:
        live, doubtful = await _asked(one, clips)
    tell("answer: everything is asked twice, and was spoken ahead then")
    async with server(Side.ANSWERLINE, providers, core=core, logs=True, archive=True) as one:
        await _asked(one, clips)
        ahead, doubtful_ahead = await _asked(one, clips)
    return Answers(spread(ahead), spread(live), len(ahead) + len(live), doubtful + doubtful_ahead)


class _Clocks:
    """When each call began: its report counts from there."""

    def __init__(self) -> None:
        self.zero: dict[str, float] = {}

    def enter(self, call: Call) -> None:
        self.zero[call.sid] = call.zero

    def employ(self, exchange: Twilio) -> None:
        """They are called by nobody."""


async def _asked(one: Server, clips: Sequence[Clip]) -> tuple[list[float], int]:
    """The answers' seconds, and how many turns were not sure."""
    clocks = _Clocks()
    async with Twilio(Account(), rest=clocks) as twilio:
        calls = []
        for number in range(CALLERS):
            script: list[Step] = [Listen(within=30.0)]
            for clip in clips[number::CALLERS]:
                script += [Say(clip), Listen()]
            calls.append(asyncio.create_task(twilio.call(one.voice, script)))
            await asyncio.sleep(0.7)
        reports = await asyncio.gather(*calls)
    await asyncio.sleep(LOGGED)
    decided = decisions(await asyncio.to_thread(Path.read_bytes, one.log))
    shift = time.time() - time.monotonic()
    waits: list[float] = []
    doubtful = 0
    for report in reports:
        found = answered(report, decided.get(report.call_sid, ()), clocks.zero[report.call_sid])
        for route, began, heard in found:
            doubtful += route not in SURE
            waits += [heard + shift - began] if route in SURE else []
    return waits, doubtful


@dataclass(frozen=True, slots=True)
class Decision:
    at: float
    """Unix seconds at which the turn was over."""
    route: str


def decisions(log: bytes) -> Mapping[str, Sequence[Decision]]:
    """By call, oldest first."""
    found: defaultdict[str, list[Decision]] = defaultdict(list)
    for line in log.splitlines():
        if b'"decided"' not in line:
            continue
        event = orjson.loads(line)
        labels = event["labels"]
        at = datetime.fromisoformat(event["@timestamp"]).timestamp() - labels["seconds"]
        found[event["call"]["id"]].append(Decision(at, labels["route"]))
    return found


def answered(
    report: CallReport, decided: Iterable[Decision], zero: float
) -> Iterable[tuple[str, float, float]]:
    """Of each turn that was answered: route, decision (Unix), first sound (monotonic)."""
    shift = time.time() - time.monotonic()
    for turn in report.turns:
        if turn.answered is None or turn.early:
            continue
        heard = zero + turn.answered
        began = zero + turn.began
        during = [one for one in decided if began < one.at - shift < heard]
        if during:
            yield during[-1].route, during[-1].at, heard
