"""From what an engine makes to what the telephone wants: trimmed, levelled, at 8 kHz."""

import numpy as np
import soxr
from numpy.typing import NDArray

from processors.voice.client import RATE

LEVEL = -20.0
"""dBFS of the speech itself, pauses left out."""
PAUSE = 30.0
"""dB below the loudest 10 ms: what is softer does not count for the level."""
ONSET = 38.0
"""dB below the level where speech begins: an f is that soft."""
END = 28.0
"""dB below the level where it ends: the echo that the engines leave behind is softer."""
SILENCE = -100.0
"""dBFS, by convention, of what holds no speech."""
NOTHING = -70.0
"""dBFS: no engine's speech is that soft."""
BEFORE = 0.01
"""Seconds of silence left before the first sound: more of it is answering late."""
AFTER = 0.18
"""Seconds left after the last sound: the pause between two sentences."""
CEILING = 0.7
"""Of full scale: above it peaks are bent, so that none is clipped."""
BOOST = 18.0
"""dB of gain at most: a whisper of noise is not made speech."""

Samples = NDArray[np.float32]
"""Mono, full scale is 1.0."""


def finished(samples: Samples, rate: int) -> bytes:
    """A whole sentence as 8 kHz PCM; b"" where there is no sound in it."""
    speech = trimmed(samples, rate)
    if not speech.size:
        return b""
    return pcm(limited(levelled(resampled(speech, rate))))


def trimmed(samples: Samples, rate: int) -> Samples:
    levels = loudness(samples, rate)
    level = _level(levels)
    begun = np.flatnonzero(levels > max(level - ONSET, NOTHING))
    ended = np.flatnonzero(levels > max(level - END, NOTHING))
    if not ended.size:
        return samples[:0]
    step = rate // 100
    start = int(begun[0]) * step - int(BEFORE * rate)
    end = (int(ended[-1]) + 1) * step + int(AFTER * rate)
    return samples[max(start, 0) : end]


def levelled(samples: Samples, rate: int = RATE) -> Samples:
    gain = min(LEVEL - level(samples, rate), BOOST)
    return np.asarray(samples * np.float32(10 ** (gain / 20)), np.float32)


def level(samples: Samples, rate: int = RATE) -> float:
    """dBFS over the stretches that hold speech."""
    return _level(loudness(samples, rate))


def limited(samples: Samples) -> Samples:
    """Peaks above `CEILING` are bent towards full scale, everything below stays as it is."""
    over = np.abs(samples) > CEILING
    if not over.any():
        return samples
    room = np.float32(1 - CEILING)
    bent = CEILING + room * np.tanh((np.abs(samples[over]) - CEILING) / room)
    result = samples.copy()
    result[over] = np.sign(samples[over]) * bent
    return result


def resampled(samples: Samples, rate: int) -> Samples:
    """Whole sentences only: a streaming resampler gives nothing for its first 120 ms."""
    if rate == RATE:
        return samples
    result: Samples = soxr.resample(samples, rate, RATE, quality="HQ")
    return result


def pcm(samples: Samples) -> bytes:
    return (np.clip(samples, -1.0, 1.0) * 32767).astype("<i2").tobytes()


def samples(audio: bytes) -> Samples:
    """16-bit little-endian PCM as samples."""
    return np.frombuffer(audio, "<i2").astype(np.float32) / np.float32(32768)


def _level(levels: NDArray[np.float64]) -> float:
    if not levels.size or levels.max() < NOTHING:
        return SILENCE
    active = levels[levels > levels.max() - PAUSE]
    return float(10 * np.log10(np.mean(10 ** (active / 10))))


def loudness(samples: Samples, rate: int) -> NDArray[np.float64]:
    """dBFS of each 10 ms."""
    step = rate // 100
    whole = samples[: len(samples) // step * step].reshape(-1, step)
    power: NDArray[np.float64] = np.mean(np.square(whole, dtype=np.float64), axis=1)
    return 10 * np.log10(power + 1e-10)
