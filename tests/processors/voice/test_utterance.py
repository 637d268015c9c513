"""What is left of a sentence when a voice fails in the middle of it."""

import pytest

from processors.voice.client import SECOND, Sound, Word
from processors.voice.utterance import Utterance, spread

TEXT = "The part that you pay."


def second(seconds: float = 1.0) -> bytes:
    return bytes(int(seconds * SECOND))


def test_a_voice_with_word_times_is_taken_at_its_word() -> None:
    utterance = Utterance(TEXT)
    utterance.begin()
    assert utterance.take(Sound(second(), (Word("The", 0.1), Word("part", 0.4)), done=8)) == [
        Word("The", 0.1),
        Word("part", 0.4),
    ]
    assert utterance.broke() == []
    assert utterance.rest == "that you pay."


def test_the_next_voices_times_follow_on() -> None:
    utterance = Utterance(TEXT)
    utterance.begin()
    utterance.take(Sound(second(), (Word("The", 0.1), Word("part", 0.4)), done=8))
    utterance.broke()
    utterance.begin()
    assert utterance.take(Sound(second(0.5), (Word("that", 0.1),), done=4)) == [Word("that", 1.1)]
    assert utterance.rest == "you pay."


def test_a_voice_without_times_is_estimated_down_to_a_whole_word() -> None:
    utterance = Utterance(TEXT)
    utterance.begin()
    utterance.take(Sound(second(0.8)))  # 11 characters: «The part th»
    assert [word.text for word in utterance.broke()] == ["The", "part"]
    assert utterance.rest == "that you pay."


def test_a_voice_that_breaks_before_the_first_word_has_said_nothing() -> None:
    utterance = Utterance(TEXT)
    utterance.begin()
    utterance.take(Sound(second(0.1)))
    assert utterance.broke() == []
    assert utterance.rest == TEXT
    assert not utterance.told


def test_a_sentence_of_one_voice_without_times_stays_whole() -> None:
    utterance = Utterance(TEXT)
    utterance.begin()
    utterance.take(Sound(second()))
    assert utterance.complete() == []
    assert not utterance.told


def test_words_of_a_second_voice_without_times_are_spread_over_its_audio() -> None:
    utterance = Utterance(TEXT)
    utterance.begin()
    utterance.take(Sound(second(), (Word("The", 0.1), Word("part", 0.4)), done=8))
    utterance.broke()
    utterance.begin()
    utterance.take(Sound(second(1.3)))
    words = utterance.complete()
    assert [word.text for word in words] == ["that", "you", "pay."]
    assert words[0].at == pytest.approx(1.0)
    assert words[2].at == pytest.approx(1.0 + 1.3 * 9 / 13)


def test_an_accepted_request_has_said_nothing() -> None:
    utterance = Utterance(TEXT)
    utterance.begin()
    utterance.take(Sound(b""))
    assert utterance.broke() == []
    assert utterance.rest == TEXT


def test_nothing_is_spread_over_no_text() -> None:
    assert spread("", 0.0, 1.0) == []
