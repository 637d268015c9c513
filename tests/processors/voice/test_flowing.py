"""Speech that is made fit for the telephone while it is made."""

import numpy as np
import pytest

from processors.voice import sound
from processors.voice.flowing import Flow
from processors.voice.sound import Samples

RATE = 16000


def tone(seconds: float, hertz: float = 440.0) -> Samples:
    at = np.arange(int(seconds * RATE)) / RATE
    return np.asarray(0.14142 * np.sin(2 * np.pi * hertz * at), np.float32)  # -20 dBFS


def silence(seconds: float) -> Samples:
    return np.zeros(int(seconds * RATE), np.float32)


def flowed(samples: Samples, usual: float = -20.0, step: int = 960) -> bytes:
    flow = Flow(usual)
    made = b"".join(flow.add(samples[at : at + step]) for at in range(0, len(samples), step))
    return made + flow.end()


def test_silence_around_speech_does_not_pass() -> None:
    made = flowed(np.concatenate([silence(0.5), tone(1.0), silence(0.9)]))
    assert len(made) / 16000 == pytest.approx(1.0 + sound.AFTER, abs=0.03)


def test_a_pause_within_speech_passes() -> None:
    made = flowed(np.concatenate([tone(0.5), silence(0.4), tone(0.5), silence(0.5)]))
    assert len(made) / 16000 == pytest.approx(1.4 + sound.AFTER, abs=0.03)


def test_speech_leaves_before_it_has_ended() -> None:
    flow = Flow(-20.0)
    assert len(flow.add(tone(0.06))) > 0.04 * 16000


@pytest.mark.parametrize("usual", [-20.0, -14.0, -26.0])
def test_the_level_is_moved_by_what_the_engine_usually_has(usual: float) -> None:
    made = sound.samples(flowed(np.concatenate([tone(1.0), silence(0.3)]), usual))
    assert sound.level(made) == pytest.approx(-20.0 + sound.LEVEL - usual, abs=0.5)


def test_what_the_telephone_cannot_carry_is_filtered_and_not_folded() -> None:
    made = sound.samples(flowed(np.concatenate([tone(1.0), tone(1.0, 6000.0)])))
    folded = made[9000:15000]
    assert folded.size == 0 or sound.level(folded) < -45


def test_nothing_but_silence_is_nothing() -> None:
    assert flowed(silence(1.0)) == b""


@pytest.mark.parametrize("step", [320, 960, 4000])
def test_blocks_of_any_size_give_the_same_sound(step: int) -> None:
    speech = np.concatenate([silence(0.1), tone(0.7), silence(0.5)])
    assert flowed(speech, step=step) == flowed(speech, step=960)
