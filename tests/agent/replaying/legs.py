"""Calls that nobody made: both legs, drawn second by second."""

import wave
from pathlib import Path

import numpy as np

RATE = 8000
Span = tuple[float, float]


def leg(*loud: Span, seconds: float, noise: float = 0.0) -> bytes:
    """A tone in these seconds; `noise`: its amplitude all along."""
    at = np.arange(round(seconds * RATE)) / RATE
    samples = np.random.default_rng(3).uniform(-noise, noise, at.size)
    for start, end in loud:
        samples += np.where((at >= start) & (at < end), 8000 * np.sin(2 * np.pi * 440 * at), 0)
    return samples.astype("<i2").tobytes()


def write(path: Path, *legs: bytes, rate: int = RATE) -> Path:
    """One channel for each."""
    stereo = np.stack([np.frombuffer(one, "<i2") for one in legs], axis=1)
    with wave.open(str(path), "wb") as file:
        file.setparams((len(legs), 2, rate, 0, "NONE", ""))
        file.writeframes(stereo.tobytes())
    return path
