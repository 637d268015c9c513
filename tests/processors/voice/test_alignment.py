"""How much of a stream with character times may leave."""

import pytest

from knowledge.chain import Fault
from processors.voice.alignment import Aligner, Timed
from processors.voice.client import SECOND, Sound, Word

TEXT = "Yes, two cars."
EACH = 0.1
"""Seconds a character."""


def times(start: int, end: int) -> Timed:
    at = [round(i * EACH, 3) for i in range(start, end + 1)]
    return Timed(list(TEXT[start:end]), at[:-1], at[1:])


def audio(characters: int) -> bytes:
    return bytes(int(characters * EACH * SECOND))


def test_the_first_word_leaves_as_it_comes() -> None:
    aligner = Aligner(TEXT)
    assert aligner.feed(audio(3), times(0, 3)) == Sound(audio(3), (), 0)
    sound = aligner.feed(audio(4), times(3, 7))
    assert sound == Sound(audio(1), (Word("Yes,", 0.0),), len("Yes,"))


def test_after_it_only_whole_words_leave() -> None:
    aligner = Aligner(TEXT)
    aligner.feed(audio(5), times(0, 5))
    assert aligner.feed(audio(2), times(5, 7)) is None
    sound = aligner.feed(audio(3), times(7, 10))
    assert sound is not None
    assert sound.words == (Word("two", 0.5),)
    assert TEXT[: sound.done] == "Yes, two"
    assert len(sound.pcm) == len(audio(4))


def test_the_end_lets_the_rest_go() -> None:
    aligner = Aligner(TEXT)
    aligner.feed(audio(7), times(0, 7))
    aligner.feed(audio(7), times(7, 14))
    sound = aligner.close()
    assert sound is not None
    assert [word.text for word in sound.words] == ["cars."]
    assert sound.done == len(TEXT)


def test_nothing_is_lost_or_doubled() -> None:
    aligner, whole = Aligner(TEXT), b""
    for start in range(0, 14, 2):
        sound = aligner.feed(audio(2), times(start, start + 2))
        whole += sound.pcm if sound else b""
    sound = aligner.close()
    assert sound is not None
    assert len(whole + sound.pcm) == len(audio(14))


def test_times_ahead_of_the_audio_wait_for_it() -> None:
    aligner = Aligner(TEXT)
    aligner.feed(audio(2), times(0, 14))
    sound = aligner.feed(audio(6), None)
    assert sound is not None
    assert [word.text for word in sound.words] == ["Yes,", "two"]
    assert len(sound.pcm) == len(audio(6))


def test_an_end_before_the_text_is_a_cut() -> None:
    aligner = Aligner(TEXT)
    aligner.feed(audio(7), times(0, 7))
    with pytest.raises(Fault) as caught:
        aligner.close()
    assert caught.value.kind == "cut"


def test_times_that_stop_before_the_audio_do_no_harm() -> None:
    aligner = Aligner(TEXT)
    aligner.feed(audio(7), times(0, 7))
    aligner.feed(audio(7), None)
    sound = aligner.close()
    assert sound is not None
    assert sound.done == len(TEXT)


def test_no_audio_is_empty() -> None:
    with pytest.raises(Fault) as caught:
        Aligner(TEXT).close()
    assert caught.value.kind == "empty"


def test_audio_without_any_time_passes_after_a_moment() -> None:
    aligner = Aligner(TEXT)
    assert aligner.feed(audio(2), None) is None
    assert aligner.feed(audio(2), None) == Sound(audio(4), (), None)
    assert aligner.feed(audio(1), None) == Sound(audio(1), (), None)
    assert aligner.close() is None


def test_spaces_and_signs_may_differ_from_the_text() -> None:
    aligner = Aligner("«Yes», two")
    signs = list(" Yes, ")
    at = [round(i * EACH, 3) for i in range(7)]
    sound = aligner.feed(audio(6), Timed(signs, at[:-1], at[1:]))
    assert sound is not None
    assert sound.done == len("«Yes»,")
