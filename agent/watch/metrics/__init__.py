"""Every metric's name, and what feeds it. Nothing else in the product names a metric."""

from collections.abc import Callable
from typing import Any

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.process_collector import ProcessCollector

from agent.watch.metrics.buckets import FAST
from agent.watch.metrics.calls import Calls
from agent.watch.metrics.counted import Counted
from agent.watch.metrics.decisions import Decisions
from agent.watch.metrics.keeping import Keeping
from agent.watch.metrics.providers import Providers
from knowledge.events import Event


class Metrics:
    """One set for a process. `record` is an Emit; the other methods are told directly."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._calls = Calls(registry)
        parts: list[Counted] = [
            self._calls,
            Providers(registry),
            Decisions(registry),
            Keeping(registry),
        ]
        self._handlers: dict[type[Event], Callable[[Any], None]] = {}
        for part in parts:
            self._handlers |= part.handlers
        self._lag = Histogram(
            "answerline_event_loop_lag_seconds", "Event-loop lag.", buckets=FAST, registry=registry
        )
        self._gc = Histogram(
            "answerline_gc_pause_seconds",
            "Pauses of the garbage collector.",
            ["generation"],
            buckets=FAST,
            registry=registry,
        )

    def record(self, event: Event) -> None:
        """Neither blocks nor raises; an event that nothing is counted of passes."""
        handler = self._handlers.get(type(event))
        if handler is not None:
            handler(event)

    def count_calls(self, calls: Callable[[], int]) -> None:
        """`calls` is asked at each scrape."""
        self._calls.running.set_function(calls)

    def lag(self, seconds: float) -> None:
        self._lag.observe(seconds)

    def gc_pause(self, generation: int, seconds: float) -> None:
        self._gc.labels(str(generation)).observe(seconds)

    def exposition(self) -> bytes:
        """Prometheus' text format."""
        return generate_latest(self.registry)
