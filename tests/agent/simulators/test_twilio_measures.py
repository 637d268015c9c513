"""What is read off the caller's ear, to the sample."""

import pytest

from agent.simulators.twilio import Clip
from agent.simulators.twilio.earpiece import Earpiece
from agent.simulators.twilio.measures import gaps, turns
from agent.simulators.twilio.mouth import Utterance
from tests.agent.simulators.reference import mulaw, tone


def ear(*sounds: tuple[float, float], clear: float | None = None) -> Earpiece:
    """Heard at these moments, each chunk sent when it was to be played."""
    piece = Earpiece()
    for start, end in sounds:
        piece.receive(mulaw(tone(end - start)), start)
        if clear is not None and start <= clear < end:
            piece.clear(clear)
    piece.advance(100.0)
    return piece


def said(start: float, end: float, *, wants_answer: bool = True) -> Utterance:
    return Utterance(Clip("q", tone(end - start), speech=(0.0, end - start)), wants_answer, start)


def test_voice_to_voice_is_from_the_last_sample_to_the_first() -> None:
    (turn,) = turns([said(11.0, 12.0)], ear((10.0, 10.5), (12.34, 13.0)), zero=10.0)
    assert (turn.began, turn.ended, turn.answered) == (1.0, 2.0, pytest.approx(2.34))
    assert turn.voice_to_voice == pytest.approx(0.34)
    assert not turn.interrupted
    assert not turn.early


def test_a_turn_without_an_answer_has_no_latency() -> None:
    (turn,) = turns([said(11.0, 12.0)], ear((10.0, 10.5)), zero=10.0)
    assert (turn.answered, turn.voice_to_voice) == (None, None)


def test_an_answer_after_the_next_question_is_not_this_ones() -> None:
    first, second = turns([said(11.0, 12.0), said(13.0, 14.0)], ear((14.3, 15.0)), zero=10.0)
    assert first.voice_to_voice is None
    assert second.voice_to_voice == pytest.approx(0.3)


def test_an_interruption_is_measured_to_the_agents_last_sample() -> None:
    (turn,) = turns([said(11.0, 12.0)], ear((10.0, 15.0), (12.5, 13.0), clear=11.31), zero=10.0)
    assert turn.interrupted
    assert turn.silenced == pytest.approx(0.31, abs=0.001)
    assert turn.voice_to_voice == pytest.approx(0.5)
    assert not turn.resumed


def test_an_agent_that_goes_on_after_a_hold_resumed() -> None:
    (turn,) = turns([said(11.0, 12.0)], ear((10.0, 11.3), (11.7, 14.0)), zero=10.0)
    assert turn.interrupted
    assert turn.resumed


def test_an_answer_in_the_middle_of_the_question_is_early() -> None:
    (turn,) = turns([said(11.0, 13.0)], ear((12.0, 14.0)), zero=10.0)
    assert turn.early
    assert turn.voice_to_voice is None


def test_a_gap_is_a_silence_for_which_the_buffer_ran_dry() -> None:
    (gap,) = gaps(ear((10.0, 10.5), (10.65, 11.0)), [], zero=10.0)
    assert gap.start == pytest.approx(0.5)
    assert gap.seconds == pytest.approx(0.15)
    assert not gap.during_speech


def test_a_silence_that_the_agent_sent_is_no_gap() -> None:
    piece = Earpiece()
    piece.receive(mulaw(tone(0.5)) + b"\xff" * 2400 + mulaw(tone(0.5)), 10.0)
    piece.advance(20.0)
    assert gaps(piece, [], zero=10.0) == ()


def test_a_short_underrun_is_not_noticed() -> None:
    assert gaps(ear((10.0, 10.5), (10.55, 11.0)), [], zero=10.0) == ()


def test_a_new_utterance_and_a_reply_are_no_gaps() -> None:
    assert gaps(ear((10.0, 10.5), (12.0, 13.0)), [], zero=10.0) == ()
    assert gaps(ear((10.0, 10.5), (11.2, 12.0)), [said(10.4, 10.9)], zero=10.0) == ()


def test_a_hold_for_a_murmur_is_told_apart() -> None:
    murmur = said(10.3, 10.6, wants_answer=False)
    (gap,) = gaps(ear((10.0, 10.5), (10.9, 12.0)), [murmur], zero=10.0)
    assert gap.during_speech
