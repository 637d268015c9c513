"""A recorded call as it lies on the disk, read to be run again."""

import audioop
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.replaying import happened
from agent.replaying.happened import Happened, NoRecording
from agent.replaying.stretches import RATE, Stretch, stretches
from agent.replaying.turns import Turn, turns

EXPECTED = "expected a recording of a call, a WAV of 8000 Hz, 16 bit and 2 channels, caller left"
LONGEST = 2 * 3600.0
"""Seconds of a recording that is read."""


@dataclass(frozen=True, slots=True)
class Recording:
    seconds: float
    stretches: tuple[Stretch, ...]
    events: tuple[Happened, ...]
    """Empty where there is no file of them."""
    turns: tuple[Turn, ...]

    def sayable(self) -> list[bool]:
        """Of each stretch: whether it is whole, with nothing masked in its turn."""
        return [not self._masked(stretch) for stretch in self.stretches]

    def _masked(self, stretch: Stretch) -> bool:
        return any(turn.masked and stretch.within(turn.spans) for turn in self.turns)


def read(path: Path) -> Recording:
    """With the events beside it, where there are some. Raises `NoRecording`."""
    try:
        stereo = _stereo(path)
        beside = path.with_suffix(".jsonl")
        events = happened.read(beside) if beside.exists() else ()
    except OSError as error:
        raise NoRecording(f"{error.filename or path}: {error.strerror}; {EXPECTED}") from error
    caller, agent = (audioop.tomono(stereo, 2, left, 1 - left) for left in (1, 0))
    found = tuple(stretches(caller, agent))
    return Recording(len(caller) / 2 / RATE, found, events, tuple(turns(events)))


def summary(one: Recording) -> str:
    """What there is to run again."""
    sayable = one.sayable()
    known = f"{len(one.turns)} turns" if one.events else "no .jsonl beside it"
    out = sayable.count(False)
    rest = f", {out} left out" if out else ""
    return f"{one.seconds:.0f} s, {known}; the caller speaks {len(sayable)} times{rest}"


def _stereo(path: Path) -> bytes:
    try:
        with wave.open(str(path), "rb") as file:
            rate, width, channels = file.getframerate(), file.getsampwidth(), file.getnchannels()
            if (rate, width, channels) != (RATE, 2, 2):
                found = f"{rate} Hz, {8 * width} bit, {channels} channel{'s' * (channels != 1)}"
                raise NoRecording(f"{path}: {found}; {EXPECTED}")
            if file.getnframes() / RATE > LONGEST:
                raise NoRecording(f"{path}: expected a call of at most {LONGEST / 3600:g} hours")
            return file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise NoRecording(f"{path}: {EXPECTED}") from error


def said_in(turn: Turn, said: Sequence[Stretch | None], moved: Sequence[float]) -> frozenset[int]:
    """Which stretches a turn is made of, by their index; None was not said."""
    return frozenset(
        index
        for index, (stretch, by) in enumerate(zip(said, moved, strict=True))
        if stretch is not None and stretch.within(turn.spans, moved=by)
    )
