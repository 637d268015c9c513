"""Speech as the telephone wants it."""

import numpy as np
import pytest

from processors.voice import sound
from processors.voice.sound import Samples


def tone(seconds: float, rate: int, amplitude: float = 0.1) -> Samples:
    at = np.arange(int(seconds * rate)) / rate
    return np.asarray(amplitude * np.sin(2 * np.pi * 440 * at), np.float32)


def silence(seconds: float, rate: int) -> Samples:
    return np.zeros(int(seconds * rate), np.float32)


@pytest.mark.parametrize("rate", [16000, 24000])
def test_silence_around_a_sentence_is_cut_to_what_a_pause_needs(rate: int) -> None:
    speech = np.concatenate([silence(0.5, rate), tone(1.0, rate), silence(0.9, rate)])
    made = sound.finished(speech, rate)
    assert len(made) / 16000 == pytest.approx(1.0 + sound.BEFORE + sound.AFTER, abs=0.03)


@pytest.mark.parametrize("amplitude", [0.02, 0.1, 0.9])
def test_every_voice_has_the_same_level(amplitude: float) -> None:
    made = sound.samples(sound.finished(tone(1.0, 16000, amplitude), 16000))
    assert sound.level(made) == pytest.approx(sound.LEVEL, abs=1)


def test_silence_is_no_speech() -> None:
    assert sound.finished(silence(1.0, 16000), 16000) == b""
    assert sound.level(silence(1.0, 8000)) == sound.SILENCE


def test_peaks_are_bent_and_never_clipped() -> None:
    peaks = np.asarray([0.1, -0.5, 0.9, -3.0], np.float32)
    bent = sound.limited(peaks)
    assert bent[:2] == pytest.approx(peaks[:2])
    assert np.abs(bent).max() <= 1.0


def test_a_rate_that_fits_is_left_alone() -> None:
    speech = tone(0.1, 8000)
    assert sound.resampled(speech, 8000) is speech
