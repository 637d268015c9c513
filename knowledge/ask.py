"""One question to the knowledge, with the decision that the router would take: `kb ask`."""

import os
import time
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from knowledge.answers import Answer, Question
from knowledge.language import Detector
from knowledge.routing import Decision, Route, Thresholds, choose, ticket, to_person


class Knowing(Protocol):
    def best(self, question: Question) -> Answer | None:
        """The best answer, however unsure; None where nothing at all is shared."""
        ...


@dataclass(frozen=True, slots=True)
class Asked:
    """Field for field what `kb ask --jsonl` prints."""

    ticket_id: str
    route: str
    confidence: float
    entry: str
    """Of the best entry, whatever the route; "" where nothing at all was shared."""
    department: str
    language: str
    answer: str
    """What would be spoken: "" unless the route is `knowledge`."""
    seconds: float


class Found(NamedTuple):
    asked: Asked
    best: Answer | None
    """The entry behind it, which says why it was not answered."""


def ask(
    index: Knowing,
    text: str,
    language: str | None = None,
    *,
    detector: Detector,
    thresholds: Thresholds,
    model_available: bool,
) -> Found:
    """`language` of the caller; None: as detected."""
    began = time.perf_counter()
    spoken = language or detector.detect(text).language
    best = index.best(Question(text, spoken))
    decision = decide(text, best, thresholds, model_available=model_available)
    return Found(told(decision, spoken, time.perf_counter() - began), best)


def decide(
    text: str, best: Answer | None, thresholds: Thresholds, *, model_available: bool
) -> Decision:
    """As a call would, of which this is the first turn."""
    number = ticket(time.time(), os.urandom(10))
    if to_person(text):
        return Decision(number, Route.PERSON, best)
    return choose(best, thresholds, model_available=model_available, ticket_id=number)


def told(decision: Decision, spoken: str, seconds: float) -> Asked:
    """`spoken`: the language of the question."""
    best = decision.answer
    return Asked(
        ticket_id=decision.ticket_id,
        route=decision.route.value,
        confidence=round(decision.confidence, 4),
        entry=best.entry if best else "",
        department=best.department if best else "",
        language=best.language if best else spoken,
        answer=decision.said,
        seconds=round(seconds, 6),
    )
