"""Speech at 16 kHz that comes in drops, made fit for the telephone while it flows.

A whole sentence is levelled exactly (`sound.finished`); here the engine's usual level is known,
and the first sound leaves after 60 ms of speech instead of after the sentence.
"""

import numpy as np

from processors.voice.client import RATE
from processors.voice.sound import (
    AFTER,
    END,
    LEVEL,
    ONSET,
    Samples,
    limited,
    loudness,
    pcm,
)

_TAPS = 47
_CUTOFF = 3600.0
"""Hz, below the half of 8 kHz by what the filter's slope needs."""
_FRAME = RATE // 100


class Flow:
    """One sentence: halved to 8 kHz, at the telephone's level, without silence around it."""

    def __init__(self, usual: float) -> None:
        """`usual`: dBFS of the engine's speech."""
        at = np.arange(_TAPS) - _TAPS // 2
        cutoff = _CUTOFF / RATE
        taps = np.sinc(cutoff * at) * np.hamming(_TAPS)
        gain = 10 ** ((LEVEL - usual) / 20)
        self._taps = np.asarray(gain * taps / taps.sum(), np.float32)
        self._past: Samples = np.zeros(_TAPS - 1, np.float32)
        self._held: Samples = np.zeros(0, np.float32)
        """8 kHz: silence so far, which is a pause if speech follows, and the end if none does."""
        self._begun = False

    def add(self, samples: Samples) -> bytes:
        """An even number of samples at 16 kHz; b"" while there is no speech in them."""
        waiting = np.concatenate([self._past, samples])
        self._past = waiting[len(waiting) - _TAPS + 1 :]
        halved = np.convolve(waiting, self._taps, "valid")[::2]
        self._held = np.concatenate([self._held, halved.astype(np.float32)])
        levels = loudness(self._held, RATE)
        if not self._begun:
            begun = np.flatnonzero(levels > LEVEL - ONSET)
            silent = int(begun[0]) - 1 if begun.size else len(levels) - 1
            self._held = self._held[max(silent, 0) * _FRAME :]
            if not begun.size:
                return b""
            self._begun = True
            levels = loudness(self._held, RATE)
        heard = np.flatnonzero(levels > LEVEL - END)
        return self._let((int(heard[-1]) + 1) * _FRAME) if heard.size else b""

    def end(self) -> bytes:
        """The pause after the sentence; b"" where there was no speech at all."""
        return self._let(int(AFTER * RATE)) if self._begun else b""

    def _let(self, count: int) -> bytes:
        speech, self._held = self._held[:count], self._held[count:]
        return pcm(limited(speech))
