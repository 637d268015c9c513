"""Figures of many calls."""

import io

import orjson
import pytest
from rich.console import Console

from agent.load.report import Report, Tally, spread
from agent.load.table import line, table, watch
from agent.simulators.twilio import CallReport, Turn
from agent.simulators.twilio.measures import Gap
from agent.simulators.twilio.notices import Notice


def call(*turns: Turn, failure: str = "", late: int = 0, gaps: tuple[Gap, ...] = ()) -> CallReport:
    return CallReport(
        call_sid="CA1",
        ended_by="caller",
        failure=failure,
        seconds=10.0,
        ready=0.1,
        greeting=0.5,
        turns=turns,
        gaps=gaps,
        spans=(),
        marks=(),
        clears=(),
        most_buffered=0.1,
        packets=500,
        late=late,
        streams=(),
        warnings=(Notice(31951, "not JSON", 1.0),),
        webhooks=(),
    )


def turn(
    latency: float | None,
    *,
    wants_answer: bool = True,
    silenced: float | None = None,
    early: bool = False,
) -> Turn:
    return Turn(
        "q",
        "",
        1.0,
        2.0,
        wants_answer,
        voice_to_voice=latency,
        interrupted=silenced is not None,
        silenced=silenced,
        early=early,
    )


def report(*calls: CallReport) -> Report:
    tally = Tally()
    for one in calls:
        tally.begin()
        tally.add(one)
    return tally.report(users=2, seconds=10.0)


def test_a_spread_is_by_nearest_rank() -> None:
    found = spread([float(n) for n in range(1, 101)])
    assert found is not None
    assert (found.p50, found.p95, found.max) == (50.0, 95.0, 100.0)
    assert spread([]) is None


def test_turns_are_counted_by_what_came_of_them() -> None:
    found = report(
        call(turn(0.5), turn(None), turn(None, early=True), turn(0.7, silenced=0.4)),
        call(turn(None, wants_answer=False)),
    )
    assert (found.turns, found.unanswered, found.early) == (4, 1, 1)
    assert found.voice_to_voice is not None
    assert (found.voice_to_voice.count, found.voice_to_voice.max) == (2, 0.7)
    assert found.barge_in is not None
    assert found.barge_in.max == 0.4


def test_failures_and_warnings_are_counted_by_reason() -> None:
    found = report(call(failure="31920: HTTP 503"), call(failure="31920: HTTP 503"), call())
    assert (found.completed, found.failed) == (1, 2)
    assert found.failures == {"31920: HTTP 503": 2}
    assert found.warnings == {"31951 stream_message": 3}


def test_a_deliberate_pause_is_no_gap() -> None:
    found = report(call(gaps=(Gap(1.0, 0.2, False), Gap(2.0, 0.4, True))))
    assert found.gaps is not None
    assert (found.gaps.count, found.gaps.max) == (1, 0.2)


def test_a_slow_tester_does_not_trust_itself() -> None:
    assert report(call(late=5)).trusted
    assert not report(call(late=6)).trusted


def test_the_report_is_json() -> None:
    data = orjson.loads(report(call(turn(0.5))).json())
    assert data["voice_to_voice"]["p50"] == 0.5
    assert data["trusted"] is True


def test_a_table_names_every_clock() -> None:
    out = io.StringIO()
    Console(file=out, width=100).print(table(report(call(turn(0.5), late=100), call(failure="x"))))
    for name in (
        "voice-to-voice",
        "greeting",
        "barge-in",
        "gaps",
        "31951",
        "do not trust",
        "1 × x",
    ):
        assert name in out.getvalue()


def test_a_pipe_gets_plain_lines_every_five_seconds() -> None:
    out = io.StringIO()
    tally = Tally()
    with watch(Console(file=out, force_terminal=False)) as show:
        for second in range(11):
            show(tally.report(users=1, seconds=float(second)))
    assert len(out.getvalue().splitlines()) == 3
    assert "\x1b" not in out.getvalue()


def test_a_line_says_who_is_on_the_line() -> None:
    tally = Tally()
    tally.begin()
    assert "1 on the line" in line(tally.report(users=1, seconds=1.0))


def test_most_at_once_is_the_peak() -> None:
    tally = Tally()
    tally.begin()
    tally.begin()
    tally.add(call())
    tally.cut()
    found = tally.report(users=2, seconds=1.0)
    assert (found.most_at_once, found.cut_short) == (2, 1)
    assert found.ready == pytest.approx(found.ready)
