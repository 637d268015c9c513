"""Our own voice come back is told from a caller's."""

import audioop

import numpy as np
import pytest

from processors.turns.echo import LIKENESS, RATE, Echo


def speech(seed: int, seconds: float = 1.0) -> bytes:
    """Noise through a moving resonance: correlates with itself only."""
    noise = np.random.default_rng(seed).normal(0, 1, int(seconds * RATE))
    time = np.arange(len(noise)) / RATE
    voiced = np.convolve(noise, np.hanning(9), "same") * (1 + np.sin(2 * np.pi * 4 * time + seed))
    return (voiced / np.abs(voiced).max() * 8000).astype(np.int16).tobytes()


def played(echo: Echo, pcm: bytes, at: float) -> None:
    for start in range(0, len(pcm), 640):
        chunk = pcm[start : start + 640]
        echo.sent(audioop.lin2ulaw(chunk, 2), at + start / 2 / RATE)


def heard(echo: Echo, pcm: bytes) -> None:
    for start in range(0, len(pcm), 320):
        echo.feed(pcm[start : start + 320])


@pytest.mark.parametrize("delay", [0.08, 0.15, 0.3, 0.45])
@pytest.mark.parametrize("gain", [0.1, 0.03])
def test_a_delayed_quieter_copy_of_ours_is_an_echo(delay: float, gain: float) -> None:
    echo, ours = Echo(), speech(1)
    played(echo, ours, at=10.0)
    back = audioop.ulaw2lin(audioop.lin2ulaw(audioop.mul(ours, 2, gain), 2), 2)
    heard(echo, back[: int(0.5 * RATE) * 2])
    assert echo.active(10.5 + delay)
    assert echo.likeness(10.5 + delay) > LIKENESS + 0.2


def test_another_voice_is_none_even_over_an_echo() -> None:
    echo, ours = Echo(), speech(1)
    played(echo, ours, at=10.0)
    caller = speech(2)
    heard(echo, caller[: int(0.5 * RATE) * 2])
    assert echo.likeness(10.6) < LIKENESS - 0.1
    both = audioop.add(caller, audioop.mul(ours, 2, 0.1), 2)
    heard(echo, both[: int(0.5 * RATE) * 2])
    assert echo.likeness(10.6) < LIKENESS


def test_silence_and_long_past_speech_are_no_echo() -> None:
    echo = Echo()
    assert not echo.active(10.0)
    played(echo, speech(1), at=10.0)
    assert echo.likeness(10.5) == 0.0
    assert not echo.active(12.0)
