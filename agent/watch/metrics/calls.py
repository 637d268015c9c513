"""Calls and their turns."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from agent.watch.metrics.buckets import COLLECTED, HEARD, LONG
from agent.watch.metrics.counted import Handlers
from knowledge.events import (
    Began,
    CallBack,
    Collected,
    Ended,
    Flooded,
    Late,
    Malformed,
    Refused,
    TakenOver,
    ToolUsed,
    Transferred,
    Turn,
    Wished,
)


class Calls:
    def __init__(self, registry: CollectorRegistry) -> None:
        self.running = Gauge("answerline_calls_in_progress", "Calls now.", registry=registry)
        self._began = Counter(
            "answerline_streams_begun", "Media streams that began.", ["resumed"], registry=registry
        )
        self._ended = Counter(
            "answerline_calls", "Calls that ended, by outcome.", ["outcome"], registry=registry
        )
        self._refused = Counter(
            "answerline_calls_refused",
            "Calls that did not get to the agent, by why.",
            ["why"],
            registry=registry,
        )
        self._taken_over = Counter(
            "answerline_calls_taken_over",
            "Calls that no worker looked after, by what came of it.",
            ["outcome"],
            registry=registry,
        )
        self._length = Histogram(
            "answerline_call_seconds", "Length of calls.", buckets=LONG, registry=registry
        )
        self._flooded = Counter(
            "answerline_messages_dropped",
            "Messages on the line that came faster than anybody speaks.",
            registry=registry,
        )
        self._malformed = Counter(
            "answerline_malformed_messages",
            "Messages on the line that meant nothing.",
            ["reason"],
            registry=registry,
        )
        self._late = Counter(
            "answerline_late_frames",
            "Messages sent over 20 ms after their slot.",
            registry=registry,
        )
        self._name_wishes(registry)
        self._name_turn(registry)

    def _name_wishes(self, registry: CollectorRegistry) -> None:
        self._wishes = Counter(
            "answerline_wishes", "Wishes about the call itself.", ["wish"], registry=registry
        )
        self._transfers = Counter(
            "answerline_transfers",
            "Callers that were to be put through.",
            ["department", "outcome"],
            registry=registry,
        )
        self._call_backs = Counter(
            "answerline_call_backs", "Callers to call back.", ["department"], registry=registry
        )
        self._tools = Histogram(
            "answerline_tool_seconds",
            "What the model asked of systems behind.",
            ["tool", "outcome"],
            buckets=HEARD,
            registry=registry,
        )
        self._collected = Histogram(
            "answerline_number_seconds",
            "Numbers asked of callers: from the question to the end.",
            ["kind", "by", "outcome"],
            buckets=COLLECTED,
            registry=registry,
        )

    def _name_turn(self, registry: CollectorRegistry) -> None:
        self._turns = Counter(
            "answerline_turns", "Turns, by who answered.", ["route", "language"], registry=registry
        )
        self._voice_to_voice = Histogram(
            "answerline_voice_to_voice_seconds",
            "From the caller's last sound to the agent's first.",
            ["route"],
            buckets=HEARD,
            registry=registry,
        )
        self._turn_decision = Histogram(
            "answerline_turn_decision_seconds",
            "From the caller's last sound to the end of the turn.",
            buckets=HEARD,
            registry=registry,
        )
        self._answer = Histogram(
            "answerline_answer_seconds",
            "From the end of the turn to the agent's first sound.",
            ["route"],
            buckets=HEARD,
            registry=registry,
        )
        self._interrupted = Counter(
            "answerline_turns_interrupted", "Answers that the caller stopped.", registry=registry
        )

    @property
    def handlers(self) -> Handlers:
        return {
            Began: self._begin,
            Ended: self._end,
            Turn: self._turn,
            ToolUsed: self._tool,
            Collected: self._collect,
            TakenOver: lambda event: self._taken_over.labels(event.outcome).inc(),
            Refused: lambda event: self._refused.labels(event.why).inc(),
            Flooded: lambda event: self._flooded.inc(event.messages),
            Late: lambda _event: self._late.inc(),
            Malformed: lambda event: self._malformed.labels(event.reason).inc(),
            Wished: lambda event: self._wishes.labels(event.wish).inc(),
            Transferred: lambda event: self._transfers.labels(
                event.department, event.outcome
            ).inc(),
            CallBack: lambda event: self._call_backs.labels(event.department).inc(),
        }

    def _begin(self, event: Began) -> None:
        self._began.labels("yes" if event.resumed else "no").inc()

    def _end(self, event: Ended) -> None:
        self._ended.labels(event.outcome).inc()
        self._length.observe(event.seconds)

    def _tool(self, event: ToolUsed) -> None:
        self._tools.labels(event.tool, event.outcome).observe(event.seconds)

    def _collect(self, event: Collected) -> None:
        self._collected.labels(event.kind, event.by, event.outcome).observe(event.seconds)

    def _turn(self, turn: Turn) -> None:
        self._turns.labels(turn.route, turn.language).inc()
        self._turn_decision.observe(turn.decision)
        if turn.interrupted:
            self._interrupted.inc()
        if turn.answer > 0:
            self._answer.labels(turn.route).observe(turn.answer)
            self._voice_to_voice.labels(turn.route).observe(turn.voice_to_voice)
