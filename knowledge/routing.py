"""Who answers a turn: the cheapest answerer that may be trusted with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from knowledge.alarm import alarm
from knowledge.answers import Answer, Passage
from knowledge.wishes import Wish, recognise


class Route(StrEnum):
    CACHE = "cache"
    KNOWLEDGE = "knowledge"
    MODEL = "model"
    CLARIFY = "clarify"
    PERSON = "person"


class Band(StrEnum):
    HIGH = "High"
    MEDIUM = "Medium"
    LOW = "Low"


@dataclass(frozen=True, slots=True)
class Thresholds:
    answer: float = 0.90
    """Probability from which an answer is spoken without the model."""
    model: float = 0.0
    """Below it the caller is asked back instead of the model; 0: never."""
    guess: float = 0.50
    """Without a model: from here the caller is asked back, below it a person is offered."""

    def band(self, confidence: float) -> Band:
        """High is what may be spoken as it stands, Low what the caller would be asked back for;
        where nobody is asked back, what a person would be offered for without a model."""
        if confidence >= self.answer:
            return Band.HIGH
        return Band.MEDIUM if confidence >= (self.model or self.guess) else Band.LOW


ASK_BACK = 3
"""Times in a row that a caller is asked back before a person takes over."""


@dataclass(frozen=True, slots=True)
class Decision:
    ticket_id: str
    route: Route
    answer: Answer | None
    """The best entry, spoken where the route is `knowledge` or `cache`."""
    given_up: bool = False
    """The caller was asked back often enough: put through, rather than offered a person."""

    @property
    def confidence(self) -> float:
        return self.answer.confidence if self.answer else 0.0

    @property
    def said(self) -> str:
        """What is spoken without the model; "" where somebody else has to answer."""
        spoken = self.route in {Route.KNOWLEDGE, Route.CACHE}
        return self.answer.text if self.answer and spoken else ""

    @property
    def passages(self) -> Sequence[Passage]:
        """What the model may answer from."""
        return self.answer.passages if self.answer else ()


def to_person(text: str) -> bool:
    """Whether a turn's own words put the caller through: danger, anger, the wish for a person.
    Whatever else is known of it does not matter then."""
    return alarm(text) is not None or recognise(text) is Wish.PERSON


def choose(
    answer: Answer | None,
    thresholds: Thresholds,
    *,
    model_available: bool,
    ticket_id: str,
    asked_back: int = 0,
    doubtful: bool = False,
    cached: bool = False,
) -> Decision:
    """`asked_back`: how often in a row the caller has just been asked back.
    `doubtful`: what was heard is not to be relied on, whatever the answer.
    `cached`: the answer was found where an earlier decision left it.
    """
    confidence = answer.confidence if answer else 0.0
    if answer is not None and answer.sure(thresholds.answer) and not doubtful:
        return Decision(ticket_id, Route.CACHE if cached else Route.KNOWLEDGE, answer)
    floor = thresholds.model if model_available else thresholds.guess
    unsure = Route.MODEL if model_available else Route.CLARIFY
    unknown = Route.CLARIFY if model_available else Route.PERSON
    route = unsure if confidence >= floor else unknown
    if doubtful:
        route = Route.CLARIFY
    if route is Route.CLARIFY and asked_back >= ASK_BACK:
        return Decision(ticket_id, Route.PERSON, answer, given_up=True)
    return Decision(ticket_id, route, answer)


def ticket(now: float, entropy: bytes) -> str:
    """A time-ordered UUID (RFC 9562, version 7): `now` in Unix seconds, `entropy` of 10 bytes."""
    stamp = int(now * 1000) & 0xFFFF_FFFF_FFFF
    noise = int.from_bytes(entropy[:10])
    number = stamp << 80 | noise
    number = number & ~(0xF << 76) | 0x7 << 76
    number = number & ~(0x3 << 62) | 0x2 << 62
    text = f"{number:032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
