"""Recorded speech whose words are known, and where in it each word lies."""

import itertools
import json
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 8000
"""Hz."""
HOP = 160
"""Samples between two frames: 20 ms."""
WINDOW = 256
"""Samples of a frame."""
EDGES = np.geomspace(200.0, 3600.0, 13)
"""Hz: bounds of the twelve bands in which a frame's power is taken."""
VOICED = 1e-3
"""Of a recording's loudest frames: what is above is speech (-30 dB)."""
PAUSE = 12
"""Frames without speech that no word bridges."""

Frames = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Recording:
    """What a recogniser is to make of a piece of audio."""

    transcript: str
    language: str
    """Two letters."""
    pcm: bytes
    """8 kHz."""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Word:
    text: str
    """With capital and punctuation."""
    start: float
    end: float
    """Seconds."""
    language: str = "en"

    @property
    def bare(self) -> str:
        return "".join(c for c in self.text.lower() if c.isalnum() or c == "'")


def from_folder(folder: Path) -> list[Recording]:
    """Of a folder with WAV files (8 kHz, 16 bit, mono) and a manifest.json: a list of objects with
    `id` (the file's name without .wav), `transcript` and `language`. Those without words are left
    out. Raises OSError and ValueError.
    """
    recordings = []
    for entry in json.loads((folder / "manifest.json").read_text("utf-8")):
        if not entry.get("transcript"):
            continue
        with wave.open(str(folder / f"{entry['id']}.wav")) as file:
            if (file.getframerate(), file.getsampwidth(), file.getnchannels()) != (RATE, 2, 1):
                raise ValueError(f"{entry['id']}.wav: expected 8000 Hz, 16 bit, mono")
            pcm = file.readframes(file.getnframes())
        language = str(entry.get("language") or "en")[:2]
        recordings.append(Recording(entry["transcript"], language, pcm, entry["id"]))
    return recordings


def power(pcm: bytes) -> Frames:
    """(frames, bands); a frame every 20 ms."""
    samples = np.frombuffer(pcm, np.int16).astype(np.float32) / 32768.0
    if len(samples) < WINDOW:
        samples = np.pad(samples, (0, WINDOW - len(samples)))
    frames = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::HOP]
    spectrum = np.abs(np.fft.rfft(frames * _HANN, axis=1)) ** 2
    return np.asarray(spectrum @ _BANDS, np.float32)


def fingerprint(bands: Frames) -> Frames:
    """What stays of speech in noise and after mu-law: how loud each band is against the next."""
    return np.diff((bands + 1e-6) ** 0.25, axis=1)


def words(recording: Recording) -> list[Word]:
    """Timed by their letters over the voiced parts; no word bridges a pause."""
    texts = _written(recording.transcript).split()
    frames = _voiced(power(recording.pcm))
    if not texts or not len(frames):
        return []
    weights = np.array([len(text) + 2 for text in texts], float)
    bounds = np.concatenate([[0.0], np.cumsum(weights / weights.sum())]) * len(frames)
    timed = []
    for text, first, last in zip(texts, bounds, bounds[1:], strict=False):
        inside = frames[int(first) : max(int(last), int(first) + 1)]
        inside = _one_side(inside)
        start, end = int(inside[0]) * HOP / RATE, int(inside[-1] + 1) * HOP / RATE
        timed.append(Word(text, start, end, recording.language))
    return timed


def _written(transcript: str) -> str:
    """A bare transcript gets the capital and the full stop that a recogniser would write."""
    text = " ".join(transcript.split())
    if not text or text != text.lower() or text[-1] in ".?!":
        return text
    return text[0].upper() + text[1:] + "."


def _voiced(bands: Frames) -> NDArray[np.int64]:
    """Indices of the frames with speech in them, gaps inside of words closed."""
    loudness = bands.sum(axis=1)
    loud = loudness > VOICED * np.percentile(loudness, 98)
    indices = np.flatnonzero(loud)
    closed = loud.copy()
    for left, right in itertools.pairwise(indices):
        if right - left <= PAUSE:
            closed[left:right] = True
    return np.flatnonzero(closed)


def _one_side(frames: NDArray[np.int64]) -> NDArray[np.int64]:
    """The longer part of a word that a pause would tear."""
    parts = np.split(frames, np.flatnonzero(np.diff(frames) > 1) + 1)
    return max(parts, key=len)


_HANN = np.hanning(WINDOW).astype(np.float32)
_HERTZ = np.fft.rfftfreq(WINDOW, 1 / RATE)
_BANDS = np.stack(
    [(low <= _HERTZ) & (high > _HERTZ) for low, high in itertools.pairwise(EDGES)], axis=1
).astype(np.float32)
