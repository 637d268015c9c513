"""A signal that is shaped like speech, from text: the same text always sounds the same."""

import zlib

import numpy as np
from numpy.typing import NDArray

PACE = 14.0
"""Characters a second."""
LEVEL = -20.0
"""dBFS where it sounds."""
_SONORITY = {**dict.fromkeys("aeiouyáéíóú", 1.0), **dict.fromkeys("lmnrwñ", 0.6)}


def syllables(text: str, rate: int, *, pace: float = PACE) -> bytes:
    """16-bit mono PCM; each character lasts `1 / pace` seconds, spaces are pauses."""
    step = round(rate / pace)
    heights = [_height(sign) for sign in text.lower()]
    envelope = _smooth(np.repeat(np.array(heights, np.float64), step), step)
    sound = _voiced(text, step, rate) * envelope
    active = sound[envelope > 0.2]
    if active.size:
        sound *= 10 ** (LEVEL / 20) / np.sqrt(np.mean(active**2))
    return (np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes()


def _height(sign: str) -> float:
    return _SONORITY.get(sign, 0.35) if sign.isalnum() else 0.0


def _smooth(envelope: NDArray[np.float64], step: int) -> NDArray[np.float64]:
    if not envelope.size:
        return envelope
    window = np.hanning(max(step // 2, 3))
    return np.convolve(envelope, window / window.sum(), "same")[: envelope.size]


def _voiced(text: str, step: int, rate: int) -> NDArray[np.float64]:
    """Harmonics of a voice whose pitch moves from word to word."""
    pitches = [
        np.full(step * (len(word) + 1), 115 + zlib.crc32(word.encode()) % 60)
        for word in text.split(" ")
    ]
    phase = np.cumsum(np.concatenate(pitches)[: step * len(text)]) * (2 * np.pi / rate)
    harmonics = np.arange(1, 16)[:, None]
    voice: NDArray[np.float64] = np.sum(np.sin(harmonics * phase) / harmonics, axis=0)
    return voice
