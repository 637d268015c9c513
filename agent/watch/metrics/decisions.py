"""Decisions of the router, and what is learned from them."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from agent.watch.metrics.buckets import FAST, SHARES
from agent.watch.metrics.counted import Handlers
from knowledge.events import Adjusted, Decided, Drifted, Judged, Learned


class Decisions:
    def __init__(self, registry: CollectorRegistry) -> None:
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
        self._bands = Counter(
            "answerline_decision_bands",
            "Decisions by how sure they were, as the two thresholds cut it: High, Medium, Low.",
            ["band", "department"],
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

    @property
    def handlers(self) -> Handlers:
        return {
            Decided: self._decide,
            Learned: self._learn,
            Judged: self._judge,
            Adjusted: self._adjust,
            Drifted: lambda event: self._drifted.labels(event.what).inc(),
        }

    def _decide(self, event: Decided) -> None:
        self._decision.observe(event.seconds)
        self._routes.labels(event.route, event.department, event.cached or "no").inc()
        self._confidence.labels("yes" if event.calibrated else "no").observe(event.confidence)
        self._bands.labels(event.band, event.department).inc()

    def _learn(self, event: Learned) -> None:
        if event.customer_satisfaction is not None:
            self._satisfaction.observe(event.customer_satisfaction)

    def _judge(self, event: Judged) -> None:
        self._accuracy.labels(event.department, "rate").set(event.rate)
        self._accuracy.labels(event.department, "low").set(event.low)
        self._threshold.labels(event.department).set(event.threshold)

    def _adjust(self, event: Adjusted) -> None:
        self._adjusted.labels(event.why).inc()
        self._threshold.labels(event.department).set(event.after)
