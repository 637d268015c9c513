"""The client that is always there: knowledge, a question back, or an honest sentence."""

import asyncio
from contextlib import aclosing
from dataclasses import replace

import pytest

from knowledge.answers import Answer, Question
from processors.model.client import Finish, Message, Piece, Prompt
from processors.model.local import Local, Phrases

pytestmark = pytest.mark.own_clock

PHRASES = {
    "en": Phrases("Could you say that differently?", "I do not know. Would you like a person?"),
    "es": Phrases("¿Lo puede decir de otra manera?", "No lo sé. ¿Quiere hablar con una persona?"),
}


class Known:
    """Answers everything with this confidence, and remembers what it was asked."""

    def __init__(self, confidence: float, language: str = "en", *, differing: bool = False) -> None:
        self.confidence = confidence
        self.differing = differing
        self.language = language
        self.asked: list[Question] = []

    async def answer(self, question: Question) -> Answer | None:
        self.asked.append(question)
        if not self.confidence:
            return None
        best = Answer("You pay it.", self.confidence, "deductible", "claims", self.language)
        return replace(best, differing=self.differing)


class Broken:
    async def answer(self, question: Question) -> Answer | None:
        raise RuntimeError(question.text)


class Hanging:
    async def answer(self, question: Question) -> Answer | None:
        del question
        await asyncio.Event().wait()
        return None


def asked(*turns: str) -> list[Message]:
    """The caller's and the agent's words in turn."""
    roles = "user", "assistant"
    return [{"role": roles[i % 2], "content": turn} for i, turn in enumerate(turns)]  # type: ignore[misc]


async def said(
    local: Local, messages: list[Message], language: str = "en", so_far: str = ""
) -> str:
    pieces: list[Piece] = []
    async with aclosing(local.write(Prompt(messages, language, so_far))) as written:
        pieces = [piece async for piece in written]
    assert pieces[1:] == [Finish()]
    return str(pieces[0])


@pytest.mark.parametrize(
    ("confidence", "sentence"),
    [
        (0.8, "You pay it."),
        (0.45, PHRASES["en"].ask_back),
        (0.1, PHRASES["en"].unknown),
        (0.0, PHRASES["en"].unknown),
    ],
)
async def test_it_says_what_it_knows_and_admits_what_not(confidence: float, sentence: str) -> None:
    local = Local(Known(confidence), PHRASES.__getitem__)
    assert await said(local, asked("What is a deductible?")) == sentence


async def test_what_a_rule_bars_is_asked_back_about_and_not_answered() -> None:
    local = Local(Known(0.8, differing=True), PHRASES.__getitem__)
    assert await said(local, asked("I don't pay a deductible")) == PHRASES["en"].ask_back


async def test_the_question_is_the_callers_last_turn() -> None:
    known = Known(0.9)
    parts: Message = {"role": "user", "content": [{"type": "text", "text": "And in Spain?"}]}
    told: Message = {"role": "developer", "content": "Use the passages."}
    await said(Local(known, PHRASES.__getitem__), [*asked("Hello", "Hi"), parts, told])
    assert known.asked == [Question("And in Spain?", "en")]


async def test_nobody_is_asked_back_twice() -> None:
    local = Local(Known(0.45), PHRASES.__getitem__)
    turns = asked("Eh?", PHRASES["en"].ask_back, "I mean eh?")
    assert await said(local, turns) == PHRASES["en"].unknown


async def test_after_a_broken_answer_it_does_not_ask_back() -> None:
    local = Local(Known(0.45), PHRASES.__getitem__)
    assert await said(local, asked("Eh?"), so_far="It depends.") == PHRASES["en"].unknown


async def test_an_answer_in_another_language_is_none() -> None:
    local = Local(Known(0.9, "en"), PHRASES.__getitem__)
    assert await said(local, asked("¿Qué es?"), "es") == PHRASES["es"].unknown


@pytest.mark.parametrize("answerer", [Broken(), Hanging()])
async def test_it_answers_even_without_its_knowledge(answerer: Broken | Hanging) -> None:
    local = Local(answerer, PHRASES.__getitem__, within=0.05)
    for _ in range(3):
        assert await said(local, asked("Hello?")) == PHRASES["en"].unknown


async def test_without_a_question_it_offers_a_person() -> None:
    assert await said(Local(Known(0.9), PHRASES.__getitem__), []) == PHRASES["en"].unknown
