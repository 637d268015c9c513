"""The playout buffer: what is heard when, marks in order, clear."""

import pytest

from agent.simulators.twilio.earpiece import Earpiece
from tests.agent.simulators.reference import mulaw, tone

BEEP = mulaw(tone(0.2))
"""1600 samples, audible from first to last."""


def heard(ear: Earpiece) -> list[tuple[float, float]]:
    return [(round(sound.start, 6), round(sound.end, 6)) for sound in ear.sounds]


def test_plays_from_the_moment_a_chunk_comes() -> None:
    ear = Earpiece()
    ear.receive(BEEP, 10.0)
    ear.advance(11.0)
    assert heard(ear) == [(10.0, 10.2)]


def test_a_chunk_waits_for_the_one_before_it() -> None:
    ear = Earpiece()
    ear.receive(BEEP, 10.0)
    ear.receive(BEEP, 10.01)
    ear.advance(11.0)
    assert heard(ear) == [(10.0, 10.4)]
    assert ear.most == pytest.approx(0.39)


def test_silence_at_the_edges_is_not_heard() -> None:
    ear = Earpiece()
    ear.receive(b"\xff" * 400 + BEEP + b"\xff" * 400, 5.0)
    ear.advance(6.0)
    assert heard(ear) == [(5.05, 5.25)]


def test_below_minus_fifty_decibels_is_silence() -> None:
    ear = Earpiece()
    ear.receive(mulaw(tone(0.2, amplitude=90)), 1.0)
    ear.advance(2.0)
    assert heard(ear) == []


def test_a_silence_of_more_than_sixty_milliseconds_parts_two_sounds() -> None:
    ear = Earpiece()
    ear.receive(BEEP + b"\xff" * 400 + BEEP + b"\xff" * 560 + BEEP, 1.0)
    ear.advance(3.0)
    assert heard(ear) == [(1.0, 1.45), (1.52, 1.72)]


def test_an_empty_buffer_is_a_drought_until_the_next_chunk() -> None:
    ear = Earpiece()
    ear.receive(BEEP, 1.0)
    ear.receive(BEEP, 1.5)
    assert ear.droughts == [(pytest.approx(1.2), 1.5)]


def test_a_mark_comes_back_when_the_audio_before_it_was_played() -> None:
    ear = Earpiece()
    ear.receive(BEEP, 1.0)
    ear.mark("one", 1.0)
    ear.receive(BEEP, 1.0)
    ear.mark("two", 1.0)
    assert ear.advance(1.19) == []
    assert ear.advance(1.21) == ["one"]
    assert ear.advance(1.39) == []
    assert ear.advance(1.41) == ["two"]


def test_a_mark_in_an_empty_buffer_comes_back_at_once() -> None:
    ear = Earpiece()
    ear.mark("now", 3.0)
    assert ear.advance(3.0) == ["now"]


def test_clear_empties_the_buffer_and_returns_all_marks_in_order() -> None:
    ear = Earpiece()
    ear.receive(BEEP, 1.0)
    ear.mark("one", 1.0)
    ear.receive(BEEP, 1.0)
    ear.mark("two", 1.0)
    assert ear.clear(1.1) == ["one", "two"]
    assert ear.advance(5.0) == []
    assert heard(ear) == [(1.0, 1.1)]
    assert [mark.cleared for mark in ear.marks] == [True, True]


def test_a_mark_that_was_reached_before_the_clear_was_heard() -> None:
    ear = Earpiece()
    ear.receive(BEEP, 1.0)
    ear.mark("one", 1.0)
    ear.receive(BEEP, 1.0)
    ear.mark("two", 1.0)
    assert ear.clear(1.3) == ["one", "two"]
    assert [mark.cleared for mark in ear.marks] == [False, True]


def test_after_a_clear_the_next_chunk_plays_at_once() -> None:
    ear = Earpiece()
    ear.receive(BEEP * 10, 1.0)
    ear.clear(1.1)
    ear.receive(BEEP, 1.3)
    ear.advance(9.0)
    assert heard(ear) == [(1.0, 1.1), (1.3, 1.5)]


def test_what_was_not_played_when_the_stream_closes_is_lost() -> None:
    ear = Earpiece()
    ear.receive(BEEP, 1.0)
    ear.mark("never", 1.0)
    ear.close(1.05)
    assert ear.advance(9.0) == []
    assert heard(ear) == [(1.0, 1.05)]


def test_the_onset_is_where_an_utterance_began() -> None:
    ear = Earpiece()
    ear.receive(BEEP + b"\xff" * 2400 + BEEP, 1.0)
    ear.receive(BEEP, 4.0)
    ear.advance(2.0)
    assert ear.onset(0.8) == 1.0
    ear.advance(5.0)
    assert ear.onset(0.8) == 4.0


def test_played_audio_can_be_read_back_for_the_echo() -> None:
    ear = Earpiece()
    ear.receive(BEEP, 1.0)
    ear.advance(1.2)
    assert ear.between(1.1, 160) == BEEP[800:960]
    assert ear.between(2.0, 160) == b""
