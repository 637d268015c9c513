"""A caller's side cut into what is said at once, each piece with the moment it belongs to.

A moment is told by what the agent does, never by the clock: an answer that comes sooner or later
than it did is not talked into.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from agent.replaying.turns import Span

RATE = 8000
WINDOW = 80
"""Samples of 10 ms."""
BREATH = 1.5
"""Seconds of a pause within what is said at once, where the agent is silent meanwhile."""
PAUSE = 0.8
"""Seconds of silence after which the agent seems to have finished."""
SHORTEST = 0.1
"""Seconds: what is shorter is no speech."""
EDGE = 0.1
"""Seconds of the recording before and after the speech that are said too."""
_FAINTEST = -50.0
"""dBFS."""


@dataclass(frozen=True, slots=True)
class Cue:
    """When the caller speaks."""

    kind: Literal["after", "into", "again", "next"]
    """after: the agent's last sound; into: the agent's speech, after its first sound; again: after
    the caller's own last sound, or the call's beginning, and the agent said nothing since; next: as
    soon as the agent is silent, where what came before cannot be said."""
    seconds: float


@dataclass(frozen=True, slots=True)
class Stretch:
    start: float
    end: float
    """Of the speech, in seconds of the recording."""
    cue: Cue
    pcm: bytes = field(repr=False)
    """With an edge before and after it."""

    @property
    def speech(self) -> Span:
        """Within `pcm`."""
        lead = min(EDGE, self.start)
        return lead, lead + self.end - self.start

    def within(self, spans: Sequence[Span], *, moved: float = 0.0) -> bool:
        """Whether these are its words; `moved`: seconds by which it is said later here."""
        start, end = self.start + moved, self.end + moved
        shared = sum(max(0.0, min(end, until) - max(start, since)) for since, until in spans)
        return shared >= min(0.3, (end - start) / 2)


def stretches(caller: bytes, agent: bytes) -> list[Stretch]:
    """Of both legs, 16-bit at 8 kHz, as long as each other."""
    answers = _sounds(agent)
    speeches = _joined(answers, PAUSE)
    found = []
    before = 0.0
    for start, end in _utterances(_sounds(caller), answers):
        first = max(0, round((start - EDGE) * RATE))
        pcm = caller[2 * first : 2 * round((end + EDGE) * RATE)]
        found.append(Stretch(start, end, _cue(start, before, speeches), pcm))
        before = end
    return found


def _cue(start: float, before: float, speeches: Sequence[Span]) -> Cue:
    """`before`: when the caller was last heard."""
    for since, until in reversed(speeches):
        if since < start < until:
            return Cue("into", start - since)
        if before < until <= start:
            return Cue("after", start - until)
    return Cue("again", start - before)


def _utterances(sounds: Sequence[Span], answers: Sequence[Span]) -> list[Span]:
    found: list[Span] = []
    for start, end in sounds:
        if found and start - found[-1][1] <= _longest(found[-1][1], start, answers):
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return [(start, end) for start, end in found if end - start >= SHORTEST]


def _longest(since: float, until: float, answers: Sequence[Span]) -> float:
    """A pause of this caller's between two sounds."""
    alone = not any(start < until and end > since for start, end in answers)
    return BREATH if alone else PAUSE


def _joined(sounds: Sequence[Span], pause: float) -> list[Span]:
    found: list[Span] = []
    for start, end in sounds:
        if found and start - found[-1][1] <= pause:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


def _sounds(pcm: bytes) -> list[Span]:
    """What is loud; on a noisy line, louder than its noise by 12 dB."""
    samples = np.frombuffer(pcm, "<i2").astype(np.float32)
    count = len(samples) // WINDOW
    power = (samples[: count * WINDOW].reshape(count, WINDOW) ** 2).mean(axis=1)
    heard = power > 0  # what was masked, or nobody understood, is nothing at all
    if not heard.any():
        return []
    decibels: NDArray[np.float32] = 10 * np.log10(power / 32768**2 + 1e-18)
    floor, loud = np.percentile(decibels[heard], (10, 99))
    (windows,) = np.nonzero(decibels > max(_FAINTEST, min(floor + 12, loud - 20)))
    spans = [(at * WINDOW / RATE, (at + 1) * WINDOW / RATE) for at in windows.tolist()]
    return _joined(spans, 2 * WINDOW / RATE)
