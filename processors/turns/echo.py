"""Is that the caller, or our own voice coming back? Cross-correlation of what comes with what went.

An echo is a delayed, quieter copy of our output: over a fifth of a second its waveform correlates
with ours at one delay, as nobody's own speech does. Both are differenced first, which flattens
speech's spectrum and makes the peak sharp.
"""

import audioop

import numpy as np
import numpy.typing as npt

RATE = 8000
WINDOW = 1600
"""Samples compared: 0.2 s."""
REACH = 0.6
"""Longest delay looked for, seconds: 80 to 300 ms of echo, and the network's part."""
LIKENESS = 0.4
"""Normalised correlation from which it is an echo; unrelated speech reaches 0.25."""
_RING = 16384
_SIZE = 8192
"""Of the transform: window and reach, rounded up."""


class Echo:
    def __init__(self) -> None:
        self._out = np.zeros(_RING, dtype=np.float32)
        self._end = 0
        """Sample (of the monotonic clock) behind the last one sent."""
        self._in = bytearray(2 * WINDOW)

    def sent(self, mulaw: bytes, at: float) -> None:
        """Audio that the caller hears from `at` on, monotonic seconds."""
        samples = np.frombuffer(audioop.ulaw2lin(mulaw, 2), np.int16)
        start = int(at * RATE)
        if abs(start - self._end) <= RATE // 50:
            start = self._end  # pacing jitter: the audio itself has no gap
        elif start > self._end:
            self._blank(self._end, start)
        self._write(start, samples)
        self._end = start + len(samples)

    def active(self, now: float) -> bool:
        """Whether anything was played so lately that an echo of it may still come."""
        return now * RATE - self._end < REACH * RATE

    def feed(self, pcm: bytes) -> None:
        """Samples from the caller; call it while `active`."""
        self._in += pcm
        del self._in[: -2 * WINDOW]

    def likeness(self, now: float) -> float:
        """In [0, 1]: how much the last 0.2 s are a copy of what was played. About 0.3 ms."""
        heard = np.diff(np.frombuffer(bytes(self._in), np.int16).astype(np.float32))
        power = float(np.dot(heard, heard))
        if power == 0.0:
            return 0.0
        length = WINDOW + int(REACH * RATE)
        played = np.diff(self._read(int(now * RATE) - length, length))
        spectrum = np.fft.rfft(played, _SIZE) * np.conj(np.fft.rfft(heard, _SIZE))
        lags = np.fft.irfft(spectrum, _SIZE)[: len(played) - len(heard) + 1]
        sums = np.concatenate(([0.0], np.cumsum(played * played)))
        energies = sums[len(heard) :] - sums[: -len(heard)]
        floor = 1e-3 * max(float(energies.max()), 1.0)
        return float(np.max(np.abs(lags) / np.sqrt(np.maximum(energies, floor) * power)))

    def _write(self, start: int, samples: npt.NDArray[np.int16]) -> None:
        place = start % _RING
        room = min(len(samples), _RING - place)
        self._out[place : place + room] = samples[:room]
        self._out[: len(samples) - room] = samples[room:]

    def _blank(self, start: int, end: int) -> None:
        self._write(max(start, end - _RING), np.zeros(min(end - start, _RING), dtype=np.int16))

    def _read(self, start: int, length: int) -> npt.NDArray[np.float32]:
        if start + length > self._end:
            self._blank(self._end, start + length)
            # what is not yet sent is silence; the next `sent` writes over it
        index = np.arange(start, start + length) % _RING
        return self._out[index]
