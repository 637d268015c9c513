"""Log-mel spectrogram as Whisper was trained on it (Radford et al. 2022, section 2.2)."""

import numpy as np
from numpy.typing import NDArray

RATE = 16000
"""Hz."""
FRAME = 400
"""Samples, 25 ms."""
HOP = 160
"""Samples, 10 ms."""

Spectrum = NDArray[np.float32]

KNEE = 1000.0
"""Hz: Slaney's mel scale is linear below and logarithmic above."""
LINEAR = 3 / 200
"""Mels per Hz below the knee."""
STEP = float(np.log(6.4) / 27)
"""Natural logarithm of the frequency ratio of one mel above the knee."""


class Mel:
    """Audio at 16 kHz to what the encoder takes. Its tables are made once and shared."""

    def __init__(self, bands: int = 80) -> None:
        self._window = np.hanning(FRAME + 1)[:-1].astype(np.float32)
        self._filters = np.ascontiguousarray(_filters(bands).T)

    def __call__(self, audio: Spectrum, seconds: float) -> Spectrum:
        """(bands, frames) of `audio` in [-1, 1], padded with silence to `seconds`."""
        frames = round(seconds * RATE) // HOP
        edge = FRAME // 2
        padded = np.zeros(max(frames * HOP, len(audio)) + FRAME, np.float32)
        padded[edge : edge + len(audio)] = audio
        padded[:edge] = padded[2 * edge : edge : -1]
        cut = np.lib.stride_tricks.sliding_window_view(padded, FRAME)[::HOP][:frames]
        power = np.abs(np.fft.rfft(cut * self._window, axis=1)) ** 2
        log = np.log10(np.maximum(power.astype(np.float32) @ self._filters, 1e-10))
        log = np.maximum(log, log.max() - 8.0)
        return np.ascontiguousarray(((log + 4.0) / 4.0).T, dtype=np.float32)


def _filters(bands: int) -> Spectrum:
    """Triangles of equal area on Slaney's mel scale, (bands, FFT bins)."""
    edges = _hertz(np.linspace(0.0, _mels(RATE / 2), bands + 2))
    bins = np.linspace(0.0, RATE / 2, FRAME // 2 + 1)
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rise, fall = (bins - low) / (middle - low), (high - bins) / (high - middle)
    weights = np.maximum(0.0, np.minimum(rise, fall)) * (2.0 / (high - low))
    return np.asarray(weights, np.float32)


def _mels(hertz: float) -> float:
    if hertz < KNEE:
        return hertz * LINEAR
    return KNEE * LINEAR + float(np.log(hertz / KNEE)) / STEP


def _hertz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    knee = KNEE * LINEAR
    above: NDArray[np.float64] = KNEE * np.exp(STEP * (mels - knee))
    return np.where(mels < knee, mels / LINEAR, above)
