"""What a voice is to the service: text in, sound out, a `Fault` when it cannot."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol

from knowledge.chain import Breaker

RATE = 8000
"""Samples a second of everything that leaves a voice: 16-bit little-endian mono."""
SECOND = 2 * RATE
"""Bytes in a second of it."""


@dataclass(frozen=True, slots=True)
class Script:
    """What is to be spoken; whole words, usually one sentence."""

    text: str
    language: str
    """Two letters, ISO 639-1."""
    pace: float = 1.0
    """1.0 is the voice's own speed, 0.8 is slower."""
    call: str = ""


@dataclass(frozen=True, slots=True)
class Word:
    text: str
    at: float
    """Seconds from the first sample of the stream that it came with."""


@dataclass(frozen=True, slots=True)
class Sound:
    """A piece of speech. An empty one means «accepted»: the clock of the first sound stops."""

    pcm: bytes
    words: tuple[Word, ...] = ()
    """Those that begin in `pcm`; () throughout where the voice has no word times."""
    done: int | None = None
    """Characters of the script that have been spoken when `pcm` ends; None: not known."""


class Client(Protocol):
    """One voice, thin: no retry and no fallback inside; ending early is `Fault("cut")`."""

    @property
    def name(self) -> str: ...
    @property
    def breaker(self) -> Breaker: ...
    @property
    def patience(self) -> float:
        """Seconds to its first audio, once it has said that it is at work."""
        ...

    @property
    def metered(self) -> bool:
        """Each request is paid for, wherever it is broken off."""
        ...

    def recipe(self, script: Script) -> str:
        """Everything that the sound of it depends on: voice, model, spelling, pace."""
        ...

    def speak(self, script: Script) -> AsyncGenerator[Sound]:
        """Closing the generator ends the work and the connection at once."""
        ...
