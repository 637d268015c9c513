"""Every metric's name, and what feeds it. Nothing else in the product names a metric."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.process_collector import ProcessCollector

from knowledge.events import (
    Acknowledged,
    Adjusted,
    Answered,
    Began,
    CallBack,
    Consent,
    Decided,
    Drifted,
    Ended,
    Event,
    Guarded,
    Judged,
    Late,
    Learned,
    Malformed,
    Recorded,
    RecordingBegan,
    Switched,
    ToolUsed,
    Transferred,
    Turn,
    Unacknowledged,
    Waited,
    Wished,
)

FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Seconds: what should take no time."""
HEARD = (0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.2, 1.5, 2.0, 3.0, 5.0)
"""Seconds: what a caller waits through."""
SHARES = tuple(number / 20 for number in range(1, 20))
"""Probabilities."""
LONG = (5, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600)
"""Seconds: a call."""


class Metrics:
    """One set for a process. `record` is an Emit; the other methods are told directly."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._calls = Gauge("answerline_calls_in_progress", "Calls now.", registry=registry)
        self._began = Counter(
            "answerline_streams_begun", "Media streams that began.", ["resumed"], registry=registry
        )
        self._ended = Counter(
            "answerline_calls", "Calls that ended, by outcome.", ["outcome"], registry=registry
        )
        self._length = Histogram(
            "answerline_call_seconds", "Length of calls.", buckets=LONG, registry=registry
        )
        self._turns = Counter(
            "answerline_turns", "Turns, by who answered.", ["route", "language"], registry=registry
        )
        self._switched = Counter(
            "answerline_provider_switched",
            "A provider failed and the next one was asked.",
            ["service", "provider", "fault"],
            registry=registry,
        )
        self._first = Histogram(
            "answerline_provider_first_byte_seconds",
            "From the question to a provider's first event.",
            ["service", "provider"],
            buckets=HEARD,
            registry=registry,
        )
        self._guarded = Counter(
            "answerline_guarded_total",
            "Sentences of the model that were not said, by what they would have told.",
            ["what"],
            registry=registry,
        )
        self._waited = Histogram(
            "answerline_wait_seconds",
            "Waiting for something shared, such as the recogniser's queue.",
            ["what"],
            buckets=FAST,
            registry=registry,
        )
        self._malformed = Counter(
            "answerline_malformed_messages",
            "Messages on the line that meant nothing.",
            ["reason"],
            registry=registry,
        )
        self._wishes = Counter(
            "answerline_wishes", "Wishes about the call itself.", ["wish"], registry=registry
        )
        self._name_decisions(registry)
        self._name_journal(registry)
        self._name_recordings(registry)
        self._name_turn(registry)
        self._name_process(registry)

    def _name_decisions(self, registry: CollectorRegistry) -> None:
        self._decision = Histogram(
            "answerline_decision_seconds", "The router's time.", buckets=FAST, registry=registry
        )
        self._routes = Counter(
            "answerline_decisions",
            "Decisions, by who was to answer, and where the decision was found.",
            ["route", "department", "cached"],
            registry=registry,
        )
        self._confidence = Histogram(
            "answerline_confidence",
            "Probability that the best answer is right.",
            ["calibrated"],
            buckets=SHARES,
            registry=registry,
        )
        self._accuracy = Gauge(
            "answerline_accuracy",
            "Share of right decisions among those with an outcome: its rate and lower bound.",
            ["department", "bound"],
            registry=registry,
        )
        self._threshold = Gauge(
            "answerline_answer_threshold",
            "Confidence from which a department is answered without the model.",
            ["department"],
            registry=registry,
        )
        self._adjusted = Counter(
            "answerline_thresholds_adjusted", "Thresholds changed.", ["why"], registry=registry
        )
        self._drifted = Counter(
            "answerline_drift_warnings", "Drift warnings.", ["what"], registry=registry
        )
        self._satisfaction = Histogram(
            "answerline_satisfaction",
            "Callers' ratings, from 1 to 5.",
            buckets=(1, 2, 3, 4, 5),
            registry=registry,
        )

    def _name_journal(self, registry: CollectorRegistry) -> None:
        self._acknowledged = Counter(
            "answerline_journal_acknowledged",
            "Events that the journal will not lose.",
            ["where"],
            registry=registry,
        )
        self._unacknowledged = Counter(
            "answerline_journal_unacknowledged",
            "Events that the journal could not take in: alert on any.",
            ["why"],
            registry=registry,
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

    def _name_recordings(self, registry: CollectorRegistry) -> None:
        self._recordings_begun = Counter(
            "answerline_recordings_begun", "Recordings that began.", registry=registry
        )
        self._recordings = Counter(
            "answerline_recordings", "Recordings that ended.", ["outcome"], registry=registry
        )
        self._silenced = Counter(
            "answerline_recording_silenced_seconds",
            "Seconds of callers' speech that are silent on a recording.",
            registry=registry,
        )
        self._consents = Counter(
            "answerline_recording_consents",
            "What callers said to being recorded.",
            ["answer"],
            registry=registry,
        )

    def _name_turn(self, registry: CollectorRegistry) -> None:
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

    def _name_process(self, registry: CollectorRegistry) -> None:
        self._lag = Histogram(
            "answerline_event_loop_lag_seconds", "Event-loop lag.", buckets=FAST, registry=registry
        )
        self._late = Counter(
            "answerline_late_frames",
            "Messages sent over 20 ms after their slot.",
            registry=registry,
        )
        self._gc = Histogram(
            "answerline_gc_pause_seconds",
            "Pauses of the garbage collector.",
            ["generation"],
            buckets=FAST,
            registry=registry,
        )

    def record(self, event: Event) -> None:
        """Neither blocks nor raises."""
        match event:
            case Turn():
                self._exchange(event)
            case Decided():
                self._decided(event)
            case Answered(service=service, provider=provider, seconds=seconds):
                self._first.labels(service, provider).observe(seconds)
            case Switched(service=service, provider=provider, fault=fault):
                self._switched.labels(service, provider, fault).inc()
            case Guarded(what=what):
                self._guarded.labels(what).inc()
            case Waited(what=what, seconds=seconds):
                self._waited.labels(what).observe(seconds)
            case Late():
                self._late.inc()
            case Malformed(reason=reason):
                self._malformed.labels(reason).inc()
            case Acknowledged(where=where):
                self._acknowledged.labels(where).inc()
            case _:
                self._record_call(event)

    def _record_call(self, event: Event) -> None:
        """What comes a few times in a call; an event that nothing is counted of passes."""
        match event:
            case Wished(wish=wish):
                self._wishes.labels(wish).inc()
            case Began(resumed=resumed):
                self._began.labels("yes" if resumed else "no").inc()
            case Ended(outcome=outcome, seconds=seconds):
                self._ended.labels(outcome).inc()
                self._length.observe(seconds)
            case Transferred(department=department, outcome=outcome):
                self._transfers.labels(department, outcome).inc()
            case CallBack(department=department):
                self._call_backs.labels(department).inc()
            case ToolUsed(tool=tool, outcome=outcome, seconds=seconds):
                self._tools.labels(tool, outcome).observe(seconds)
            case RecordingBegan() | Recorded() | Consent():
                self._record_recording(event)
            case _:
                self._record_learning(event)

    def _record_recording(self, event: RecordingBegan | Recorded | Consent) -> None:
        match event:
            case RecordingBegan():
                self._recordings_begun.inc()
            case Recorded(outcome=outcome, silenced=silenced):
                self._recordings.labels(outcome).inc()
                self._silenced.inc(silenced)
            case Consent(answer=answer):
                self._consents.labels(answer).inc()

    def _record_learning(self, event: Event) -> None:
        match event:
            case Learned(customer_satisfaction=float(rating)):
                self._satisfaction.observe(rating)
            case Judged():
                self._accuracy.labels(event.department, "rate").set(event.rate)
                self._accuracy.labels(event.department, "low").set(event.low)
                self._threshold.labels(event.department).set(event.threshold)
            case Adjusted(department=department, after=after, why=why):
                self._adjusted.labels(why).inc()
                self._threshold.labels(department).set(after)
            case Drifted(what=what):
                self._drifted.labels(what).inc()
            case Unacknowledged(why=why):
                self._unacknowledged.labels(why).inc()

    def _decided(self, event: Decided) -> None:
        self._decision.observe(event.seconds)
        self._routes.labels(event.route, event.department, event.cached or "no").inc()
        self._confidence.labels("yes" if event.calibrated else "no").observe(event.confidence)

    def _exchange(self, turn: Turn) -> None:
        self._turns.labels(turn.route, turn.language).inc()
        self._turn_decision.observe(turn.decision)
        if turn.interrupted:
            self._interrupted.inc()
        if turn.answer > 0:
            self._answer.labels(turn.route).observe(turn.answer)
            self._voice_to_voice.labels(turn.route).observe(turn.voice_to_voice)

    def count_calls(self, calls: Callable[[], int]) -> None:
        """`calls` is asked at each scrape."""
        self._calls.set_function(calls)

    def lag(self, seconds: float) -> None:
        self._lag.observe(seconds)

    def gc_pause(self, generation: int, seconds: float) -> None:
        self._gc.labels(str(generation)).observe(seconds)

    def exposition(self) -> bytes:
        """Prometheus' text format."""
        return generate_latest(self.registry)
