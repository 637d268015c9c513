"""A sentence as it is kept: nothing of its sound or its words is lost."""

import audioop
import math
import struct

import pytest

from processors.voice.client import RATE, SECOND, Sound, Word
from processors.voice.speech import FIRST, Speech, Unreadable, packed, unpacked, whole


def tone(seconds: float) -> bytes:
    count = round(seconds * RATE)
    samples = [round(8000 * math.sin(i * 0.4)) for i in range(count)]
    return struct.pack(f"<{count}h", *samples)


WORDS = (Word("Yes,", 0.0), Word("two", 0.5), Word("cars.", 0.9))


def test_a_voice_is_given_back_as_it_spoke() -> None:
    pcm = tone(1.2)
    sounds = [Sound(b""), Sound(pcm[:SECOND], WORDS[:2], 8), Sound(pcm[SECOND:], WORDS[2:], 14)]
    speech = whole(sounds)
    assert speech is not None
    again = list(speech.sounds())
    assert audioop.lin2ulaw(b"".join(s.pcm for s in again), 2) == audioop.lin2ulaw(pcm, 2)
    assert tuple(word for sound in again for word in sound.words) == WORDS
    assert all(sound.done is not None for sound in again)


def test_each_word_comes_with_the_sound_that_it_begins_in() -> None:
    speech = Speech(bytes(RATE), (Word("one", 0.0), Word("two", 0.05), Word("late", 0.9)))
    start = 0.0
    for sound in speech.sounds():
        end = start + len(sound.pcm) / SECOND
        assert all(start <= word.at < end for word in sound.words)
        start = end


def test_a_word_beyond_the_last_sample_is_told_all_the_same() -> None:
    sounds = list(Speech(bytes(RATE), (Word("late", 1.5),)).sounds())
    assert [word.text for word in sounds[-1].words] == ["late"]


def test_the_first_piece_is_small() -> None:
    first, second, *_ = Speech(bytes(RATE)).sounds()
    assert len(first.pcm) == 2 * FIRST < len(second.pcm)


def test_a_voice_without_word_times_has_none_afterwards() -> None:
    speech = whole([Sound(tone(0.5))])
    assert speech is not None
    assert speech.words == ()
    assert {sound.done for sound in speech.sounds()} == {None}


def test_silence_before_the_first_sound_does_not_delay_it() -> None:
    speech = whole([Sound(bytes(SECOND // 2) + tone(0.5), (Word("Yes", 0.5), Word("sir", 0.7)), 7)])
    assert speech is not None
    assert speech.size == round(0.51 * RATE)
    assert [word.at for word in speech.words] == pytest.approx([0.01, 0.21])


def test_silence_alone_is_no_speech() -> None:
    assert whole([Sound(bytes(SECOND))]) is None
    assert whole([]) is None


def test_a_file_holds_all_of_it() -> None:
    speech = Speech(bytes(range(256)), WORDS)
    assert unpacked(packed(speech)) == speech


@pytest.mark.parametrize("end", [0, 1, 20, 100, -1])
def test_half_a_file_is_none(end: int) -> None:
    with pytest.raises(Unreadable):
        unpacked(packed(Speech(bytes(range(256)), WORDS))[:end])


@pytest.mark.parametrize(
    "data", [b"\n", b"[]\nxx", b'{"words":[],"sum":0,"size":2}\nxx', b"\xff\n"]
)
def test_a_strange_file_is_none(data: bytes) -> None:
    with pytest.raises(Unreadable):
        unpacked(data)
