"""The one question the product asks of its knowledge, and the form of every reply."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, overload

FLAWLESS = 0.9
"""Confidence from which a reading says what was said."""


@dataclass(frozen=True, slots=True)
class Question:
    """A caller's finished turn."""

    text: str
    language: str
    """Two letters, ISO 639-1."""
    heard: float = 1.0
    """Confidence of the transcript, in [0, 1]."""
    reading: str = ""
    """The same in the language that the knowledge is kept in, where a translator made one."""
    sure: float = 1.0
    """Confidence of the reading, in [0, 1]."""

    @property
    def read(self) -> bool:
        """Whether the reading says what was said, and decides alone."""
        return bool(self.reading) and self.sure >= FLAWLESS


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of content for the model to answer from."""

    entry: str
    text: str
    score: float


class Told(Sequence[Passage]):
    """Looked for when the first of them is asked for: a sure answer needs none."""

    __slots__ = ("_found", "_look")

    def __init__(self, look: Callable[[], tuple[Passage, ...]]) -> None:
        self._look: Callable[[], tuple[Passage, ...]] | None = look
        self._found: tuple[Passage, ...] = ()

    @property
    def found(self) -> tuple[Passage, ...]:
        if self._look is not None:
            self._found, self._look = self._look(), None
        return self._found

    @overload
    def __getitem__(self, at: int) -> Passage: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Passage, ...]: ...
    def __getitem__(self, at: int | slice) -> Passage | tuple[Passage, ...]:
        return self.found[at]

    def __len__(self) -> int:
        return len(self.found)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self.found == tuple(other)

    def __hash__(self) -> int:
        return hash(self.found)

    def __repr__(self) -> str:
        return repr(self.found)


@dataclass(frozen=True, slots=True)
class Answer:
    text: str
    """"" where no entry answers and only `passages` say something."""
    confidence: float
    """The probability, in [0, 1], that this answer is right for the question."""
    entry: str
    """Id of the knowledge entry: the answer's source."""
    department: str
    language: str
    protected: bool = False
    """To be spoken to its end, whatever the caller says meanwhile."""
    passages: Sequence[Passage] = ()
    """The best few pieces of content for this question, this entry's own first."""
    interval: tuple[float, float] = (0.0, 1.0)
    """Within which the confidence lies, as sure as its calibration was."""
    calibrated: bool = False
    """Whether the confidence was calibrated on this very content."""
    leaning: bool = False
    """The question leans on what was said before: no answer without the conversation."""
    differing: bool = False
    """The question denies what the entry says, or has another number, name or thing in it: most
    such questions mean the entry all the same, but none is answered without the model."""

    def sure(self, wanted: float) -> bool:
        """Whether it may be spoken as it stands, from a confidence of `wanted` on."""
        return bool(self.text) and not self.barred and self.confidence >= wanted

    @property
    def barred(self) -> str:
        """Why it may not be spoken without the model, however probable; "" where it may."""
        if self.leaning:
            return "the question leans on what was said before"
        return "the question differs from the entry's" if self.differing else ""


class Answerer(Protocol):
    async def answer(self, question: Question) -> Answer | None:
        """The best answer with its confidence; None: "I do not know". Raising: "I am broken"."""
        ...
