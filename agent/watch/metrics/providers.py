"""Providers: who failed, how quick they are, what they cost."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from agent.watch.metrics.buckets import FAST, HEARD
from agent.watch.metrics.counted import Handlers
from knowledge.events import (
    Answered,
    Closed,
    Guarded,
    Opened,
    Quota,
    Switched,
    Used,
    Waited,
)
from knowledge.prices import price


class Providers:
    def __init__(self, registry: CollectorRegistry) -> None:
        self._switched = Counter(
            "answerline_provider_switched",
            "A provider failed and the next one was asked.",
            ["service", "provider", "fault"],
            registry=registry,
        )
        self._left_alone = Gauge(
            "answerline_provider_left_alone",
            "1 while a provider is not asked by any turn: its breaker is open.",
            ["service", "provider"],
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
        self._name_costs(registry)

    def _name_costs(self, registry: CollectorRegistry) -> None:
        self._spent = Counter(
            "answerline_spent_usd",
            "US dollars by list prices.",
            ["service", "provider"],
            registry=registry,
        )
        self._tokens = Counter(
            "answerline_tokens",
            "Tokens, as the provider counts them.",
            ["service", "provider", "way"],
            registry=registry,
        )
        self._quota = Gauge(
            "answerline_quota_left",
            "What a provider said is left of its limit.",
            ["provider", "what"],
            registry=registry,
        )

    @property
    def handlers(self) -> Handlers:
        return {
            Answered: self._answer,
            Switched: self._switch,
            Used: self._use,
            Opened: lambda event: self._left_alone.labels(event.service, event.provider).set(1),
            Closed: lambda event: self._left_alone.labels(event.service, event.provider).set(0),
            Guarded: lambda event: self._guarded.labels(event.what).inc(),
            Waited: lambda event: self._waited.labels(event.what).observe(event.seconds),
            Quota: lambda event: self._quota.labels(event.provider, event.what).set(event.left),
        }

    def _answer(self, event: Answered) -> None:
        self._first.labels(event.service, event.provider).observe(event.seconds)

    def _switch(self, event: Switched) -> None:
        self._switched.labels(event.service, event.provider, event.fault).inc()

    def _use(self, event: Used) -> None:
        listed = price(event.model)
        if listed is not None:
            spent = listed.of(event.read, event.written)
            self._spent.labels(event.service, event.provider).inc(spent)
        for way, tokens in (("read", event.read), ("written", event.written)):
            self._tokens.labels(event.service, event.provider, way).inc(tokens)
