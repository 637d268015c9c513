"""A turn that answers the call's own question goes no further; every other one does."""

import pytest
from pipecat.frames.frames import Frame, LLMContextFrame, LLMTextFrame
from pipecat.processors.aggregators.llm_context import LLMContext

from knowledge import persona
from knowledge.persona import Phrase
from processors.contract import PROMISES, Promise
from processors.frames import LANGUAGE, TURN
from processors.replies import Replies

PERSONA = persona.load()


def understood(text: str, language: str) -> Phrase | None:
    return Phrase.CALL_BACK_OK if (text, language) == ("sí", "es") else None


def stage() -> Replies:
    return Replies(PERSONA, understood)


def turn(text: str, role: str = "user", *, speculation: bool = False) -> LLMContextFrame:
    context = LLMContext([{"role": role, "content": text}])  # type: ignore[list-item]
    frame = LLMContextFrame(context, speculation=speculation)
    return TURN.on(LANGUAGE.on(frame, "es"), 3)


async def made(frame: LLMContextFrame) -> list[Frame]:
    return [one async for one in stage().handle(frame)]


@pytest.mark.parametrize("promise", PROMISES, ids=str)
async def test_it_keeps(promise: Promise) -> None:
    await promise(stage, turn("hola"))


async def test_what_is_understood_is_answered_in_the_callers_language() -> None:
    (text,) = [frame for frame in await made(turn("sí")) if isinstance(frame, LLMTextFrame)]
    assert text.text == PERSONA.say(Phrase.CALL_BACK_OK, "es")
    assert (LANGUAGE.of(text), TURN.of(text)) == ("es", 3)


async def test_anything_else_is_for_somebody_else() -> None:
    for frame in (turn("cuánto"), turn("sí", "assistant"), turn("sí", speculation=True)):
        assert await made(frame) == [frame]
