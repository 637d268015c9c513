"""The spectrogram as the model expects it."""

import numpy as np
import pytest

from processors.ears.mel import RATE, Mel


def tone(hertz: float, seconds: float = 1.0) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE).astype(np.float32)


def test_the_window_sets_the_number_of_frames() -> None:
    assert Mel()(tone(440), 10.0).shape == (80, 1000)
    assert Mel(128)(tone(440, 11.0), 12.0).shape == (128, 1200)


@pytest.mark.parametrize(("hertz", "band"), [(200, 4), (1000, 26), (4000, 62)])
def test_a_tone_sounds_in_its_band(hertz: float, band: int) -> None:
    frames = Mel()(tone(hertz), 2.0)
    assert abs(int(frames[:, 50].argmax()) - band) <= 1


def test_silence_lies_eight_tens_of_a_decade_below_the_loudest() -> None:
    frames = Mel()(tone(440), 2.0)
    assert frames.max() - frames[:, 150].min() == pytest.approx(2.0, abs=1e-3)
