"""What the benchmark makes of a server's log and a caller's report."""

import json
import time
from datetime import UTC, datetime

import pytest

from agent.simulators.twilio.measures import CallReport, Turn
from benchmarks.sides.answers import Decision, answered, decisions


def line(at: float, **labels: object) -> bytes:
    moment = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    event = {"@timestamp": moment, "message": "decided", "call": {"id": "CA1"}, "labels": labels}
    return json.dumps(event).encode()


def report(*turns: Turn) -> CallReport:
    return CallReport(
        call_sid="CA1",
        ended_by="caller",
        failure="",
        seconds=9.0,
        ready=None,
        greeting=None,
        turns=turns,
        gaps=(),
        spans=(),
        marks=(),
        clears=(),
        most_buffered=0.0,
        packets=0,
        late=0,
        streams=(),
        warnings=(),
        webhooks=(),
    )


def test_a_decision_is_the_end_of_a_turn_not_of_the_routers_work() -> None:
    log = b'{"message": "began"}\n' + line(1000.25, route="knowledge", seconds=0.05) + b"\n"
    [decision] = decisions(log)["CA1"]
    assert decision.route == "knowledge"
    assert decision.at == pytest.approx(1000.2)


def test_an_answer_counts_from_the_last_decision_of_its_turn() -> None:
    zero, shift = 100.0, time.time() - time.monotonic()
    turns = [
        Turn("a", "a", 1.0, 2.0, wants_answer=True, answered=2.5),
        Turn("b", "b", 4.0, 5.0, wants_answer=True, answered=5.4),
        Turn("unanswered", "", 6.0, 7.0, wants_answer=True),
        Turn("too early", "", 8.0, 9.0, wants_answer=True, answered=8.5, early=True),
    ]
    decided = [
        Decision(zero + shift + at, route)
        for at, route in ((2.2, "model"), (4.5, "x"), (5.3, "cache"))
    ]
    found = list(answered(report(*turns), decided, zero))
    assert [route for route, _, _ in found] == ["model", "cache"]
    assert [heard - at + shift for _, at, heard in found] == pytest.approx([0.3, 0.1], abs=0.01)
