"""Both legs of a call in one file: the caller left, the agent right, aligned in time."""

import audioop
import wave
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 8000


def write(
    path: Path,
    *,
    caller: Iterable[tuple[float, bytes]],
    agent: Iterable[tuple[float, bytes]],
    zero: float,
    seconds: float,
) -> None:
    """The legs are (moment, mu-law) pieces; `zero` is the moment of the file's first sample."""
    count = round(seconds * RATE)
    stereo = np.zeros((count, 2), "<i2")
    for channel, leg in enumerate((caller, agent)):
        for moment, mulaw in leg:
            _place(stereo[:, channel], round((moment - zero) * RATE), mulaw)
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(stereo.tobytes())


def _place(leg: NDArray[np.int16], at: int, mulaw: bytes) -> None:
    if at < 0:
        mulaw, at = mulaw[-at:], 0
    samples = np.frombuffer(audioop.ulaw2lin(mulaw, 2), "<i2")[: max(0, len(leg) - at)]
    leg[at : at + len(samples)] = samples
