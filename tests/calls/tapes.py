"""Recordings as a test listens to them: ours beside what was heard at the caller's ear."""

import sqlite3
import wave
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from tests.calls.house import Played

RATE = 8000
LOUD = 300
"""Of 32768: speech, not a recogniser's noise."""
PAUSE = 0.7
"""Seconds of silence between two utterances."""

Leg = NDArray[np.float64]


def files(one: Played) -> list[Path]:
    """Ours, of this call, WAV last."""
    folder: Path = one.more["data"] / "recordings"
    return sorted(folder.glob(f"*{one.report.call_sid}*"))


def legs(path: Path) -> tuple[Leg, Leg]:
    with wave.open(str(path)) as file:
        stereo = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    return stereo[:, 0].astype(float), stereo[:, 1].astype(float)


def heard(one: Played) -> tuple[Leg, Leg]:
    """What was said and heard at the caller's telephone."""
    assert one.report.recording is not None
    return legs(one.report.recording)


def utterances(leg: Leg) -> list[tuple[float, float]]:
    """Where there is speech, in seconds."""
    (loud,) = np.nonzero(np.abs(leg) > LOUD)
    if not loud.size:
        return []
    breaks = np.nonzero(np.diff(loud) > PAUSE * RATE)[0]
    firsts = [loud[0], *loud[breaks + 1]]
    lasts = [*loud[breaks], loud[-1]]
    return [(first / RATE, last / RATE) for first, last in zip(firsts, lasts, strict=True)]


def shift(ours: Leg, theirs: Leg) -> float:
    """Seconds by which the same sounds are later in `theirs`."""
    size = 1 << (len(ours) + len(theirs) - 1).bit_length()
    product = np.fft.rfft(theirs, size) * np.conj(np.fft.rfft(ours, size))
    best = int(np.argmax(np.fft.irfft(product, size)))
    return (best - size if best > size // 2 else best) / RATE


def events(one: Played) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in files(one)[0].read_bytes().splitlines()]


def consents(one: Played) -> list[str]:
    """As the journal has them."""
    with closing(sqlite3.connect(one.more["data"] / "answerline.db")) as database:
        rows = database.execute(
            "SELECT answer FROM consents WHERE call = ? ORDER BY at", (one.report.call_sid,)
        )
        return [answer for (answer,) in rows]
