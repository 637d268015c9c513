"""A gap is counted from the last audible sample, or from the fault where nobody spoke."""

import math
from dataclasses import replace

import pytest

from tests.chaos.fleet.gaps import gap, percentile
from tests.chaos.fleet.told import Asked, Leg, Told

FIRST = Leg(0.0, 0.1, 10.0, "lost", 101)
SECOND = Leg(10.4, 10.5, 30.0, "twilio", 101)
CALL = Told("CA1", 0.0, 30.0, "caller", "", (), (FIRST, SECOND), ((1.0, 2.0),), (), (), ())


def test_in_silence_it_lasts_until_the_next_stream() -> None:
    assert gap(CALL, 9.9) == pytest.approx(0.6)


def test_while_the_agent_speaks_it_lasts_from_sample_to_sample() -> None:
    speaking = replace(CALL, spans=((8.0, 9.95), (11.0, 12.0)))
    assert gap(speaking, 9.9) == pytest.approx(1.05)


def test_speech_that_goes_on_at_once_has_the_shortest_one() -> None:
    assert gap(replace(CALL, spans=((8.0, 12.0),)), 9.9) == pytest.approx(0.2)


def test_an_owed_answer_is_waited_for() -> None:
    owed = replace(CALL, asked=(Asked(8.0, 9.5, None, heard=False),), spans=((12.0, 13.0),))
    assert gap(owed, 9.9) == pytest.approx(2.1)


def test_who_is_moved_right_after_an_answer_is_not_spoken_to() -> None:
    answered, next_one = Asked(5.0, 6.0, 6.5, heard=True), Asked(10.6, 12.1, 12.6, heard=True)
    moved = replace(CALL, asked=(answered, next_one), spans=((6.5, 9.74), (12.6, 14.0)))
    assert gap(moved, 9.9) == pytest.approx(0.6)


def test_a_question_that_was_given_up_for_another_one_is_not_owed_any_more() -> None:
    given_up, next_one = Asked(1.0, 2.0, None, heard=False), Asked(5.0, 6.0, 6.5, heard=True)
    silent = replace(CALL, asked=(given_up, next_one), spans=((6.5, 7.5), (13.0, 14.0)))
    assert gap(silent, 9.9) == pytest.approx(0.6)


def test_a_question_that_is_still_being_asked_is_lost_by_nature() -> None:
    asking = replace(CALL, asked=(Asked(9.0, 10.2, 13.0, heard=True),), spans=((13.0, 14.0),))
    assert gap(asking, 9.9) == pytest.approx(0.6)


def test_an_answer_that_was_heard_is_not_owed() -> None:
    answered = replace(CALL, asked=(Asked(5.0, 6.0, 6.5, heard=True),), spans=((6.5, 7.5),))
    assert gap(answered, 9.9) == pytest.approx(0.6)


def test_a_call_that_never_comes_back_has_no_end_of_it() -> None:
    assert gap(replace(CALL, legs=(FIRST,)), 9.9) == math.inf


def test_a_call_that_nothing_happened_to_has_none() -> None:
    assert gap(replace(CALL, legs=(SECOND,)), 20.0) is None
    assert gap(CALL, 31.0) is None


def test_percentiles_are_values_that_occurred() -> None:
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile([3.0, 1.0, 2.0], 0.95) == 3.0
    assert percentile([], 0.95) == 0.0
