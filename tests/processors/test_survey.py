"""One question before goodbye: a number ends the call, anything else is a turn like any other."""

import pytest
from pipecat.audio.dtmf.types import KeypadEntry
from pipecat.frames.frames import (
    Frame,
    InputDTMFFrame,
    InterruptionFrame,
    LLMContextFrame,
    LLMTextFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext

from knowledge import persona
from knowledge.events import Event, Learned
from knowledge.persona import Phrase
from processors.contract import PROMISES, Promise
from processors.frames import LANGUAGE, TURN, HangUpFrame
from processors.survey import Survey, rated

PERSONA = persona.load()


class Table:
    def __init__(self, ticket: str = "t1") -> None:
        self.events: list[Event] = []
        self.survey = Survey(PERSONA, call="CA1", ticket=lambda: ticket, emit=self.events.append)

    async def say(self, text: str, language: str = "en") -> list[Frame]:
        context = LLMContextFrame(LLMContext([{"role": "user", "content": text}]))
        frame = TURN.on(LANGUAGE.on(context, language), 1)
        return [made async for made in self.survey.handle(frame)]

    async def press(self, key: KeypadEntry) -> list[Frame]:
        return [made async for made in self.survey.handle(InputDTMFFrame(key))]


def words(frames: list[Frame]) -> list[str]:
    return [frame.text for frame in frames if isinstance(frame, LLMTextFrame)]


@pytest.mark.parametrize("promise", PROMISES, ids=str)
async def test_it_keeps(promise: Promise) -> None:
    context = LLMContextFrame(LLMContext([{"role": "user", "content": "hello"}]))
    await promise(lambda: Table().survey, context)


@pytest.mark.parametrize(
    ("text", "rating"),
    [
        ("Five.", 5),
        ("a four", 4),
        ("I would say four out of five", 4),
        ("3", 3),
        ("one", 1),
        ("un cinco", 5),
        ("tres de cinco", 3),
        ("Le doy un dos.", 2),
        ("two or three", None),
        ("ten", None),
        ("no", None),
        ("one more question", None),
        ("un momento", None),
        ("Actually, I have one more question about the letter that you sent me last week", None),
    ],
)
def test_a_number_in_words(text: str, rating: int | None) -> None:
    assert rated(text) == rating


@pytest.mark.parametrize(("bye", "language"), [("That's all, goodbye.", "en"), ("Adiós", "es")])
async def test_who_says_goodbye_is_asked_once(bye: str, language: str) -> None:
    table = Table()
    assert words(await table.say(bye, language)) == [PERSONA.say(Phrase.SURVEY, language, 1)]
    (frame,) = await table.say(bye, language)
    assert isinstance(frame, LLMContextFrame), "the second goodbye is Route's"


async def test_a_spoken_number_is_learned_and_ends_the_call() -> None:
    table = Table()
    await table.say("goodbye")
    frames = await table.say("four")
    assert table.events == [Learned("CA1", "t1", customer_satisfaction=4.0)]
    assert isinstance(frames[-1], HangUpFrame)


async def test_a_key_interrupts_the_question() -> None:
    table = Table()
    await table.say("goodbye")
    frames = await table.press(KeypadEntry.FIVE)
    assert isinstance(frames[0], InterruptionFrame)
    assert table.events == [Learned("CA1", "t1", customer_satisfaction=5.0)]


async def test_before_the_question_keys_and_numbers_mean_something_else() -> None:
    table = Table()
    (key,) = await table.press(KeypadEntry.FIVE)
    (turn,) = await table.say("five")
    assert isinstance(key, InputDTMFFrame)
    assert isinstance(turn, LLMContextFrame)
    assert not table.events


async def test_who_asks_something_else_is_answered_and_rates_nothing_later() -> None:
    table = Table()
    await table.say("goodbye")
    (turn,) = await table.say("Wait, what is my deductible?")
    assert isinstance(turn, LLMContextFrame)
    (turn,) = await table.say("two")
    assert isinstance(turn, LLMContextFrame)
    assert not table.events


async def test_who_asked_nothing_is_not_asked() -> None:
    (frame,) = await Table(ticket="").say("goodbye")
    assert isinstance(frame, LLMContextFrame)
