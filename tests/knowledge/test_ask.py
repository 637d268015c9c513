import uuid
from dataclasses import asdict
from functools import cache

import pytest

from knowledge.ask import Asked, ask
from knowledge.index import Index
from knowledge.language import Detector
from knowledge.routing import Thresholds
from tests.knowledge.examples import content


@cache
def index() -> Index:
    return Index.build(content())


@cache
def detector() -> Detector:
    return Detector.build(content(), ["en", "es"])


def asked(text: str, language: str | None = None, *, model: bool = False) -> Asked:
    thresholds = Thresholds()
    found = ask(
        index(), text, language, detector=detector(), thresholds=thresholds, model_available=model
    )
    assert found.asked.entry == (found.best.entry if found.best else "")
    return found.asked


def test_the_fields_are_those_of_the_command() -> None:
    asked("hello")  # makes the index of English callers
    reply = asdict(asked("What is a deductible?"))
    assert list(reply) == [
        "ticket_id",
        "route",
        "confidence",
        "entry",
        "department",
        "language",
        "answer",
        "seconds",
    ]
    assert uuid.UUID(reply["ticket_id"]).version == 7
    assert reply["route"] == "knowledge"
    assert reply["entry"] == "what-is-a-deductible"
    assert reply["department"] == "claims"
    assert reply["confidence"] >= 0.95
    assert 0 < reply["seconds"] < 1


@pytest.mark.parametrize(
    ("text", "language"), [("¿Qué es el deducible?", "es"), ("how do I cancel my policy", "en")]
)
def test_the_language_is_heard_from_the_words(text: str, language: str) -> None:
    reply = asked(text)
    assert (reply.route, reply.language) == ("knowledge", language)


def test_a_given_language_is_believed() -> None:
    assert asked("deducible", "es").language == "es"


@pytest.mark.parametrize(("model", "route"), [(True, "model"), (False, "person")])
def test_the_best_entry_is_named_whatever_the_route(model: bool, route: str) -> None:
    reply = asked("what is the capital of France", model=model)
    assert reply.route == route
    assert reply.entry
    assert reply.confidence < 0.4
    assert reply.answer == ""


def test_where_nothing_is_shared_nothing_is_named() -> None:
    reply = asked("xyzzy")
    assert (reply.entry, reply.department, reply.confidence, reply.answer) == ("", "", 0.0, "")


@pytest.mark.parametrize(
    "text", ["I want to speak to a person about my deductible", "my house is on fire, what now"]
)
def test_who_wants_or_needs_a_person_is_answered_from_no_entry(text: str) -> None:
    reply = asked(text)
    assert (reply.route, reply.answer) == ("person", "")
