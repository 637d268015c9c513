"""What is counted of what happened."""

from collections.abc import Sequence

import pytest
from prometheus_client.parser import text_string_to_metric_families

from agent.watch.metrics import Metrics
from knowledge.events import (
    Acknowledged,
    Adjusted,
    Answered,
    Began,
    CallBack,
    Closed,
    Collected,
    Decided,
    Drifted,
    Ended,
    Event,
    Guarded,
    Judged,
    Late,
    Learned,
    Malformed,
    Opened,
    Switched,
    ToolUsed,
    Transferred,
    Turn,
    Unacknowledged,
    Waited,
    Wished,
)


def counted(metrics: Metrics) -> dict[str, float]:
    families = text_string_to_metric_families(metrics.exposition().decode())
    return {
        ",".join([sample.name, *sample.labels.values()]): sample.value
        for family in families
        for sample in family.samples
        if not sample.name.endswith(("_bucket", "_created"))
    }


def turn(*, answer: float = 0.25, interrupted: bool = False) -> Turn:
    return Turn(
        call="CA1",
        number=1,
        language="en",
        route="knowledge",
        confidence=0.97,
        entry="what-is-a-deductible",
        ticket_id="t",
        agent="",
        interrupted=interrupted,
        backchannels=0,
        decision=0.35,
        routing=0.01,
        text=0.02,
        audio=0.2,
        answer=answer,
    )


DECIDED = Decided("CA1", "t", "model", 0.2, "e", "claims", "en", 0.004)
FIRST = Answered("CA1", "voice", "local", 0.1)
SWITCHED = Switched("CA1", "ears", "deepgram", "late")
OPENED = Opened("", "ears", "deepgram", "late", "here")
CLOSED = Closed("", "ears", "deepgram", 5.2)


@pytest.mark.parametrize(
    ("events", "name", "value"),
    [
        ([turn()], "answerline_turns_total,en,knowledge", 1),
        ([turn()], "answerline_voice_to_voice_seconds_sum,knowledge", 0.6),
        ([turn()], "answerline_answer_seconds_sum,knowledge", 0.25),
        ([turn()], "answerline_turn_decision_seconds_sum", 0.35),
        ([turn(interrupted=True)], "answerline_turns_interrupted_total", 1),
        ([DECIDED], "answerline_decision_seconds_sum", 0.004),
        ([FIRST], "answerline_provider_first_byte_seconds_count,local,voice", 1),
        ([SWITCHED], "answerline_provider_switched_total,late,deepgram,ears", 1),
        ([OPENED], "answerline_provider_left_alone,deepgram,ears", 1),
        ([OPENED, CLOSED], "answerline_provider_left_alone,deepgram,ears", 0),
        ([Guarded("CA1", "instructions")], "answerline_guarded_total,instructions", 1),
        ([Waited("CA1", "whisper", 0.3)], "answerline_wait_seconds_sum,whisper", 0.3),
        ([Late("CA1", 0.03)] * 2, "answerline_late_frames_total", 2),
        ([Malformed("CA1", "not json")], "answerline_malformed_messages_total,not json", 1),
        ([Wished("CA1", "person")], "answerline_wishes_total,person", 1),
        ([Began("CA1", resumed=True)], "answerline_streams_begun_total,yes", 1),
        ([Ended("CA1", "goodbye", 61.0)], "answerline_calls_total,goodbye", 1),
        ([Ended("CA1", "goodbye", 61.0)], "answerline_call_seconds_sum", 61.0),
    ],
)
def test_an_event_is_counted(events: Sequence[Event], name: str, value: float) -> None:
    metrics = Metrics()
    for event in events:
        metrics.record(event)
    assert counted(metrics)[name] == pytest.approx(value)


def test_a_turn_without_an_answer_has_no_answering_time() -> None:
    metrics = Metrics()
    metrics.record(turn(answer=0.0))
    assert "answerline_answer_seconds_count,knowledge" not in counted(metrics)
    assert counted(metrics)["answerline_turns_total,en,knowledge"] == 1


def test_an_event_that_nothing_is_counted_of_does_no_harm() -> None:
    Metrics().record(Event("CA1"))


def test_calls_in_progress_are_asked_for_at_each_scrape() -> None:
    metrics, calls = Metrics(), [0]
    metrics.count_calls(lambda: calls[0])
    calls[0] = 3
    assert counted(metrics)["answerline_calls_in_progress"] == 3


def test_the_process_itself_is_measured() -> None:
    metrics = Metrics()
    metrics.lag(0.02)
    metrics.gc_pause(2, 0.004)
    assert counted(metrics)["answerline_event_loop_lag_seconds_count"] == 1
    assert counted(metrics)["answerline_gc_pause_seconds_sum,2"] == pytest.approx(0.004)
    assert "process_resident_memory_bytes" in counted(metrics)


def test_two_processes_worth_of_metrics_know_nothing_of_each_other() -> None:
    one, two = Metrics(), Metrics()
    one.record(Wished("CA1", "person"))
    assert "answerline_wishes_total,person" not in counted(two)


def test_decisions_and_what_came_of_them_are_counted() -> None:
    metrics = Metrics()
    for event in (
        Decided("CA1", "t", "cache", 0.97, "hail", "claims", "en", 0.001, True, "own", band="High"),
        Learned("CA1", "t", customer_satisfaction=4.0),
        Learned("CA1", "t", actual_outcome="claims"),
        Judged("", "claims", 100, 0.97, 0.93, 0.91),
        Adjusted("", "claims", 0.9, 0.92, "learned"),
        Drifted("", "accuracy", "claims", 0.8),
        Transferred("CA1", "claims", "busy", 12.0),
        CallBack("CA1", "claims"),
        ToolUsed("CA1", "status", "done", 0.4),
        Collected("CA1", "policy", "keys", "confirmed", 1, 21.0),
        Acknowledged("", "file"),
        Unacknowledged("", "full"),
    ):
        metrics.record(event)
    found = counted(metrics)
    assert found["answerline_decisions_total,own,claims,cache"] == 1
    assert found["answerline_decision_bands_total,High,claims"] == 1
    assert found["answerline_confidence_sum,yes"] == pytest.approx(0.97)
    assert found["answerline_satisfaction_count"] == 1
    assert found["answerline_accuracy,low,claims"] == 0.93
    assert found["answerline_answer_threshold,claims"] == 0.92
    assert found["answerline_thresholds_adjusted_total,learned"] == 1
    assert found["answerline_drift_warnings_total,accuracy"] == 1
    assert found["answerline_transfers_total,claims,busy"] == 1
    assert found["answerline_call_backs_total,claims"] == 1
    assert found["answerline_number_seconds_sum,keys,policy,confirmed"] == 21.0
    assert found["answerline_tool_seconds_sum,done,status"] == 0.4
    assert found["answerline_journal_acknowledged_total,file"] == 1
    assert found["answerline_journal_unacknowledged_total,full"] == 1
