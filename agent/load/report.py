"""What a load test found: counts, and the spread of each clock at the caller's ear."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from agent.simulators.twilio import CallReport, Code

TRUSTED = 0.01
"""Share of late packets above which the load tester itself was too slow."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Seconds, by nearest rank."""

    count: int
    p50: float
    p95: float
    max: float


def spread(values: Sequence[float]) -> Spread | None:
    """None for no values."""
    if not values:
        return None
    ranked = sorted(values)

    def rank(share: float) -> float:
        return ranked[max(0, math.ceil(share * len(ranked)) - 1)]

    return Spread(len(ranked), rank(0.5), rank(0.95), ranked[-1])


@dataclass(frozen=True, slots=True)
class Report:
    users: int
    seconds: float
    calls: int
    completed: int
    failed: int
    cut_short: int
    """Still running when the time and the grace were over."""
    most_at_once: int
    failures: dict[str, int]
    """Reason and how often."""
    voice_to_voice: Spread | None
    greeting: Spread | None
    """From `start` to the first sound."""
    ready: Spread | None
    """From the websocket being accepted to the agent's first message."""
    barge_in: Spread | None
    """From the caller's first sample of speech to the agent's silence."""
    gaps: Spread | None
    """Silences inside an utterance, the ones during the caller's speech left out."""
    turns: int
    unanswered: int
    early: int
    """Turns into which the agent spoke before the caller had finished."""
    packets: int
    late: int
    """Packets that this side sent late: the tester's own health."""
    warnings: dict[str, int]
    """By Twilio's code and its name."""

    @property
    def trusted(self) -> bool:
        """Whether the machine was fast enough for the figures to mean the agent."""
        return self.late <= self.packets * TRUSTED

    def json(self) -> bytes:
        return orjson.dumps({**_fields(self), "trusted": self.trusted}, option=orjson.OPT_INDENT_2)


def _fields(report: Report) -> dict[str, object]:
    return {name: getattr(report, name) for name in Report.__dataclass_fields__}


class Tally:
    """Folds calls as they end; keeps figures, no audio."""

    def __init__(self) -> None:
        self.begun = self.running = self.most_at_once = 0
        self.completed = self.failed = self.cut_short = 0
        self.voice_to_voice: list[float] = []
        self.packets = self.late = 0
        self._greeting: list[float] = []
        self._ready: list[float] = []
        self._silenced: list[float] = []
        self._gaps: list[float] = []
        self._failures: Counter[str] = Counter()
        self._warnings: Counter[str] = Counter()
        self._turns = self._unanswered = self._early = 0

    def begin(self) -> None:
        self.begun += 1
        self.running += 1
        self.most_at_once = max(self.most_at_once, self.running)

    def cut(self) -> None:
        self.running -= 1
        self.cut_short += 1

    def add(self, call: CallReport) -> None:
        self.running -= 1
        self.completed += not call.failure
        self.failed += bool(call.failure)
        if call.failure:
            self._failures[call.failure] += 1
        self._warnings.update(_named(notice.code) for notice in call.warnings)
        self.packets += call.packets
        self.late += call.late
        if call.greeting is not None:
            self._greeting.append(call.greeting)
        if call.ready is not None:
            self._ready.append(call.ready)
        self._gaps += [gap.seconds for gap in call.gaps if not gap.during_speech]
        self._count_turns(call)

    def _count_turns(self, call: CallReport) -> None:
        for turn in call.turns:
            if not turn.wants_answer:
                continue
            self._turns += 1
            self._early += turn.early
            if turn.voice_to_voice is not None:
                self.voice_to_voice.append(turn.voice_to_voice)
            elif not turn.early:
                self._unanswered += 1
            if turn.silenced is not None:
                self._silenced.append(turn.silenced)

    def report(self, *, users: int, seconds: float) -> Report:
        return Report(
            users=users,
            seconds=seconds,
            calls=self.begun,
            completed=self.completed,
            failed=self.failed,
            cut_short=self.cut_short,
            most_at_once=self.most_at_once,
            failures=dict(self._failures.most_common()),
            voice_to_voice=spread(self.voice_to_voice),
            greeting=spread(self._greeting),
            ready=spread(self._ready),
            barge_in=spread(self._silenced),
            gaps=spread(self._gaps),
            turns=self._turns,
            unanswered=self._unanswered,
            early=self._early,
            packets=self.packets,
            late=self.late,
            warnings=dict(self._warnings.most_common()),
        )


def _named(code: int) -> str:
    try:
        return f"{code} {Code(code).name.lower()}"
    except ValueError:
        return str(code)
