"""A caller's recording: its samples, where speech begins and ends, its packets."""

import audioop
import base64
import wave
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

RATE = 8000
SLOT = 0.02
"""Seconds of a packet: 160 bytes of mu-law."""
_SLOT_BYTES = 320
_WINDOW = 80
"""Samples of a loudness window, 10 ms."""


class Unreadable(ValueError):
    """A file that is not a WAV of PCM samples."""


class Packet(NamedTuple):
    mulaw: bytes
    payload: str
    """The same in base64, made once and sent as often as needed."""


def packet(mulaw: bytes) -> Packet:
    return Packet(mulaw, base64.b64encode(mulaw).decode())


def packets(pcm: bytes) -> tuple[Packet, ...]:
    """The last one is filled up with silence."""
    pcm += bytes(-len(pcm) % _SLOT_BYTES)
    mulaw = audioop.lin2ulaw(pcm, 2)
    return tuple(packet(mulaw[at : at + 160]) for at in range(0, len(mulaw), 160))


SILENCE = packet(b"\xff" * 160)


@dataclass(frozen=True)
class Clip:
    name: str
    pcm: bytes = field(repr=False)
    """16-bit mono at 8000 Hz."""
    transcript: str = ""
    language: str = ""
    speech: tuple[float, float] | None = None
    """Seconds at which speech begins and ends, where somebody labelled it."""

    @classmethod
    def read(cls, path: Path, *, transcript: str = "", language: str = "") -> "Clip":
        """Any PCM WAV. Raises `Unreadable`."""
        try:
            with wave.open(str(path), "rb") as file:
                width, channels = file.getsampwidth(), file.getnchannels()
                rate, data = file.getframerate(), file.readframes(file.getnframes())
        except (wave.Error, EOFError, OSError) as error:
            raise Unreadable(f"{path}: not a readable WAV file") from error
        if channels > 2:
            raise Unreadable(f"{path}: {channels} channels, expected 1 or 2")
        if width == 1:
            data = audioop.bias(data, 1, -128)
        if width != 2:
            data = audioop.lin2lin(data, width, 2)
        if channels == 2:
            data = audioop.tomono(data, 2, 0.5, 0.5)
        return cls(path.stem, to_8k(data, rate), transcript, language)

    @property
    def seconds(self) -> float:
        return len(self.pcm) / 2 / RATE

    @cached_property
    def bounds(self) -> tuple[float, float]:
        """Where speech begins and ends, in seconds, to 10 ms; the whole clip if it has none."""
        return self.speech or _speech(self.pcm) or (0.0, self.seconds)

    @cached_property
    def packets(self) -> tuple[Packet, ...]:
        return packets(self.pcm)

    @cached_property
    def level(self) -> float:
        """RMS of the speech, of 32768."""
        begin, end = (int(moment * RATE) * 2 for moment in self.bounds)
        return float(audioop.rms(self.pcm[begin:end], 2)) if end > begin else 0.0

    def prepare(self) -> None:
        """Works out now what a running call would otherwise wait for."""
        _ = self.bounds, self.packets

    def trimmed(self) -> "Clip":
        """Without what lies before and after the speech."""
        begin, end = (int(moment * RATE) * 2 for moment in self.bounds)
        return replace(self, pcm=self.pcm[begin:end], speech=(0.0, (end - begin) / 2 / RATE))


def to_8k(pcm: bytes, rate: int) -> bytes:
    """A windowed sinc below 3.6 kHz, then interpolation: enough for a voice on a telephone."""
    if rate == RATE:
        return pcm
    samples: NDArray[np.float64] = np.frombuffer(pcm, "<i2").astype(np.float64)
    if rate > RATE and len(samples):
        cut = 3600 / rate
        taps = np.arange(-64, 65)
        low = 2 * cut * np.sinc(2 * cut * taps) * np.hamming(129)
        samples = np.convolve(samples, low / low.sum(), mode="same")
    count = int(len(samples) * RATE / rate)
    at = np.arange(count) * (rate / RATE)
    resampled = np.interp(at, np.arange(len(samples)), samples) if count else samples[:0]
    whole: NDArray[np.int16] = np.clip(np.round(resampled), -32768, 32767).astype("<i2")
    return whole.tobytes()


def _speech(pcm: bytes) -> tuple[float, float] | None:
    """Above −50 dBFS, and in a noisy recording above its own floor by 12 dB."""
    samples = np.frombuffer(pcm, "<i2").astype(np.float64)
    count = len(samples) // _WINDOW
    if not count:
        return None
    power = (samples[: count * _WINDOW].reshape(count, _WINDOW) ** 2).mean(axis=1)
    decibels = 10 * np.log10(power / 32768**2 + 1e-18)
    floor, loud = np.percentile(decibels, (10, 95))
    windows = np.flatnonzero(decibels > max(-50.0, min(floor + 12, loud - 20)))
    if not len(windows):
        return None
    return float(windows[0] * _WINDOW / RATE), float((windows[-1] + 1) * _WINDOW / RATE)
