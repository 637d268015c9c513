"""Who has the floor: the decisions, in microseconds."""

import pytest

from processors.turns.floor import GOING_ON, VOICED, Act, BargeIn, Floor


def speaking(barge_in: BargeIn = "words") -> Floor:
    floor = Floor(barge_in)
    floor.agent_started()
    floor.said("The deductible is the part of a claim that you pay yourself.")
    return floor


def test_while_the_agent_is_silent_speech_begins_a_turn_at_once() -> None:
    assert Floor("words").speech_started() is Act.TAKE


def test_while_it_speaks_speech_is_only_watched() -> None:
    floor = speaking()
    assert floor.speech_started() is Act.NONE
    assert floor.watching


@pytest.mark.parametrize("words", ["wait", "no", "what about my car?", "stop", "pero espere"])
def test_a_word_that_is_no_backchannel_takes_the_floor(words: str) -> None:
    floor = speaking()
    floor.speech_started()
    assert floor.interim(words) is Act.TAKE


@pytest.mark.parametrize("words", ["uh-huh", "Okay.", "right", "ajá", "Vale, vale", "mm-hmm"])
def test_a_backchannel_lets_the_agent_go_on_and_is_recorded(words: str) -> None:
    floor = speaking()
    floor.speech_started()
    assert floor.interim(words) is Act.RELEASE
    assert floor.voiced(VOICED + 0.2) is Act.NONE
    assert floor.final(words) is Act.BACKCHANNEL


def test_a_backchannel_that_goes_on_takes_the_floor_after_all() -> None:
    floor = speaking()
    floor.speech_started()
    assert floor.interim("okay") is Act.RELEASE
    assert floor.interim("okay but wait") is Act.TAKE


def test_enough_voice_takes_the_floor_without_a_word() -> None:
    floor = speaking()
    floor.speech_started()
    assert floor.voiced(VOICED - 0.1) is Act.NONE
    assert floor.voiced(VOICED) is Act.TAKE


def test_a_cough_releases_and_its_late_word_may_still_interrupt() -> None:
    floor = speaking()
    floor.speech_started()
    assert floor.speech_quiet() is Act.RELEASE
    assert floor.final("no") is Act.TAKE


def test_our_own_sentence_come_back_is_nobody() -> None:
    floor = speaking()
    assert floor.interim("the") is Act.NONE
    assert floor.final("part of a claim that you pay") is Act.DISCARD


def test_an_echo_that_arrives_after_the_agent_stopped_begins_no_turn() -> None:
    floor = speaking()
    floor.agent_stopped()
    assert floor.final("that you pay yourself") is Act.DISCARD


def test_a_caller_may_repeat_a_word_of_ours() -> None:
    floor = speaking()
    floor.speech_started()
    assert floor.final("deductible") is Act.TAKE


def test_an_owed_answer_is_not_lost_to_a_cough() -> None:
    floor = Floor("words")
    floor.turn_started()
    floor.turn_stopped(answered=True)
    assert floor.busy
    assert floor.speech_started() is Act.NONE
    assert floor.speech_quiet() is Act.RELEASE


def test_a_caller_who_had_only_paused_goes_on() -> None:
    floor = Floor("words")
    floor.turn_started()
    floor.turn_stopped(answered=True)
    floor.speech_started()
    assert floor.voiced(GOING_ON - 0.1) is Act.NONE
    assert floor.voiced(GOING_ON) is Act.TAKE


def test_a_yes_to_an_owed_answer_is_the_callers_turn() -> None:
    floor = Floor("words")
    floor.turn_started()
    floor.turn_stopped(answered=True)
    floor.speech_started()
    assert floor.final("yes") is Act.TAKE


def test_any_speech_interrupts_where_it_is_told_to() -> None:
    assert speaking("speech").speech_started() is Act.TAKE


def test_with_barge_in_off_words_wait_until_the_agent_has_finished() -> None:
    floor = speaking("off")
    assert floor.speech_started() is Act.NONE
    assert not floor.watching
    assert floor.final("what about my car") is Act.NONE
    assert floor.agent_stopped() is Act.TAKE


def test_a_guarded_sentence_is_not_stopped_and_what_was_said_meanwhile_counts_after_it() -> None:
    floor = speaking()
    floor.guard(on=True)
    floor.speech_started()
    assert floor.final("I have a question") is Act.NONE
    assert floor.guard(on=False) is Act.TAKE


def test_within_a_turn_nothing_is_decided() -> None:
    floor = speaking()
    floor.turn_started()
    assert floor.speech_started() is Act.NONE
    assert floor.interim("anything") is Act.NONE
