"""What is kept: the journal, recordings; and what is forgotten."""

from prometheus_client import CollectorRegistry, Counter

from agent.watch.metrics.counted import Handlers
from knowledge.events import (
    Acknowledged,
    Consent,
    Forgotten,
    Recorded,
    RecordingBegan,
    Unacknowledged,
)


class Keeping:
    def __init__(self, registry: CollectorRegistry) -> None:
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
        self._forgotten = Counter(
            "answerline_forgotten_calls",
            "Calls whose traces were erased, by who wanted it.",
            ["by"],
            registry=registry,
        )
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

    @property
    def handlers(self) -> Handlers:
        return {
            Acknowledged: lambda event: self._acknowledged.labels(event.where).inc(),
            Unacknowledged: lambda event: self._unacknowledged.labels(event.why).inc(),
            Forgotten: lambda event: self._forgotten.labels(event.by).inc(event.calls),
            RecordingBegan: lambda _event: self._recordings_begun.inc(),
            Recorded: self._record,
            Consent: lambda event: self._consents.labels(event.answer).inc(),
        }

    def _record(self, event: Recorded) -> None:
        self._recordings.labels(event.outcome).inc()
        self._silenced.inc(event.silenced)
