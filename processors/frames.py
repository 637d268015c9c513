"""Our frames, the typed metadata that rides on frames, and the only way to copy one."""

import copy
from asyncio import Future
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from pipecat.frames.frames import (
    ControlFrame,
    Frame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    SystemFrame,
)

from knowledge.rough import Rough
from knowledge.translation import Translation

F = TypeVar("F", bound=Frame)
V = TypeVar("V")


class Key(Generic[V]):
    """A typed entry of `Frame.metadata`."""

    def __init__(self, name: str, default: V) -> None:
        self.name = name
        self.default = default

    def of(self, frame: Frame) -> V:
        value: V = frame.metadata.get(self.name, self.default)
        return value

    def on(self, frame: F, value: V) -> F:
        """Sets the value on the frame itself and hands the frame back."""
        frame.metadata[self.name] = value
        return frame


CONFIDENCE = Key[float]("confidence", 1.0)
"""Of a transcript, in [0, 1]."""
LANGUAGE = Key[str]("language", "")
"""Two letters, ISO 639-1: of a transcript, of a turn's context, of a text to be spoken."""
DOUBTFUL = Key[bool]("doubtful", False)
"""Of a transcript and of a turn's context: it is not to be acted on, the caller is asked again."""
STRANGE = Key[str]("strange", "")
"""On a turn's context: the language that the caller spoke, where it is none of ours."""
READING = Key[Translation | None]("reading", None)
"""On a turn's context: the turn in the language of router and knowledge, where there is one."""
ROUGH = Key[tuple[Future[Rough | None], ...]]("rough", ())
"""Of a final transcript and of a turn's context: what the ears themselves make of it in English, or
are still making; a turn has none that is not whole."""
WANTED = Key[str]("wanted", "")
"""On text to be spoken: the caller's language, where the text is in another."""
PROTECTED = Key[bool]("protected", False)
"""On text to be spoken: the caller's voice does not stop this sentence (a legal text)."""
REMEMBERED = Key[bool]("remembered", True)
"""On text to be spoken: False keeps it out of the conversation's memory (a filler)."""
PACE = Key[float]("pace", 1.0)
"""On text to be spoken: 1.0 is the voice's own speed, 0.8 is slower."""
SPAN = Key[tuple[int, int] | None]("span", None)
"""Of a final transcript: the samples of the call's clock that it was made from, [first, after)."""
MASKED = Key[bool]("masked", True)
"""On a transcript: something personal was in it, or nobody has looked."""
TURN = Key[int]("turn", 0)
"""Number of the exchange, from 1, on a turn's context and on the text that answers it."""
ROUTE = Key[str]("route", "")
"""Who answered: on the text to be spoken."""
FILLER = "filler"
"""The route of what answers nothing: an answer that comes before its sound takes its place."""


def rewrite(frame: F, **changes: Any) -> F:
    """A copy with other field values: same id, pts and metadata, which `dataclasses.replace` loses.

    Raises AttributeError on a field that the frame does not have.
    """
    twin = copy.copy(frame)
    twin.metadata = dict(frame.metadata)
    for name, value in changes.items():
        if not hasattr(frame, name):
            raise AttributeError(f"{type(frame).__name__} has no field {name!r}")
        setattr(twin, name, value)
    return twin


@dataclass
class HoldReleaseFrame(SystemFrame):
    """What the caller said is no reason to stop: the held output goes on from the held sample."""


@dataclass
class HeardFrame(SystemFrame):
    """The agent's words that have left the caller's earpiece, from the output to the memory."""

    text: str = ""


@dataclass
class PauseFrame(SystemFrame):
    """The caller has fallen silent for a moment, or goes on: too short to be a stop yet, long
    enough to ask for the words so far and for a verdict on the sound of it."""

    on: bool = False


@dataclass
class TurnVerdictFrame(SystemFrame):
    """What the end-of-turn model thinks of the pause that the last VAD stop began."""

    probability: float = 0.0
    """That the turn is complete, in [0, 1]."""


@dataclass
class GuardFrame(SystemFrame):
    """From the output, upstream: whether the sentence being played must not be stopped."""

    on: bool = False


@dataclass
class PersonFrame(ControlFrame):
    """The caller is to be put through; carried out when the sentence before it was heard, or was
    interrupted: who goes on talking is put through all the same."""

    interruptible: bool = field(default=False, init=False)

    department: str = ""
    summary: str = ""


@dataclass
class HangUpFrame(ControlFrame):
    """The call is to end; carried out when the sentence before it was heard."""

    outcome: str = "goodbye"


@dataclass
class UnspokenFrame(ControlFrame):
    """No voice could speak the rest of an answer: it is to be said by other means, when what was
    spoken before it was heard."""

    text: str = ""
    language: str = ""


@dataclass
class WishFrame(ControlFrame):
    """The caller wants something of the call itself; it survives the interruption it comes with."""

    interruptible: bool = field(default=False, init=False)

    wish: str = ""
    """As in `Wished`: person, repeat, slower, wait, goodbye."""
    source: Literal["key", "words"] = "words"


def speech(
    text: str,
    language: str,
    *,
    protected: bool = False,
    remembered: bool = True,
    pace: float = 1.0,
    route: str = "",
    turn: int = 0,
) -> list[Frame]:
    """Whole sentences to be spoken as one answer: the frames a model would have produced."""
    frames: list[Frame] = [
        LLMFullResponseStartFrame(),
        LLMTextFrame(text),
        LLMFullResponseEndFrame(),
    ]
    for frame in frames:
        LANGUAGE.on(frame, language)
        PROTECTED.on(frame, protected)
        if protected:
            frame.interruptible = False
        REMEMBERED.on(frame, remembered)
        PACE.on(frame, pace)
        ROUTE.on(frame, route)
        TURN.on(frame, turn)
    return frames
