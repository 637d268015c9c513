"""A number is typed or said, read back, confirmed, and remembered by nobody."""

from dataclasses import dataclass, field
from datetime import date

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
from knowledge.collecting import BETWEEN_KEYS, Collecting
from knowledge.events import Collected, Event
from knowledge.persona import Phrase
from processors.collect import PACE, Collect
from processors.contract import PROMISES, Promise
from processors.contract.bench import Bench
from processors.frames import LANGUAGE, REMEMBERED, TURN, WishFrame
from processors.frames import PACE as SAID_AT
from tests.eventually import until

PERSONA = persona.load()
RIGHT = PERSONA.say(Phrase.COLLECT_RIGHT, "en")


@dataclass
class Desk:
    now: float = 100.0
    events: list[Event] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    keys: int = 0
    """Keys after which somebody is known to be there."""

    def __post_init__(self) -> None:
        self.context = LLMContext()
        self.collecting = Collecting(
            PERSONA.numbers, clock=lambda: self.now, today=lambda: date(2026, 10, 1)
        )
        self.stage = Collect(
            self.collecting,
            PERSONA,
            call="CA1",
            clock=lambda: self.now,
            typing=self._typed,
            emit=self.events.append,
        )

    def _typed(self) -> None:
        self.keys += 1

    def begin(self, kind: str = "policy") -> None:
        assert self.collecting.begin(kind, self.values.append)

    def turn(self, text: str) -> LLMContextFrame:
        self.context.add_message({"role": "user", "content": text})
        return TURN.on(LANGUAGE.on(LLMContextFrame(self.context), "en"), 1)


def key(digit: str) -> InputDTMFFrame:
    return InputDTMFFrame(KeypadEntry(digit))


def texts(frames: list[Frame]) -> list[str]:
    return [frame.text for frame in frames if isinstance(frame, LLMTextFrame)]


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.mark.parametrize("promise", PROMISES, ids=str)
async def test_it_keeps(promise: Promise) -> None:
    context = LLMContextFrame(LLMContext([{"role": "user", "content": "hello"}]))
    await promise(lambda: Desk().stage, context)


async def test_while_nothing_is_wanted_keys_and_turns_pass(desk: Desk) -> None:
    async with Bench(desk.stage) as bench:
        await bench.send(key("7"))
        await bench.send(desk.turn("A B one two three four five six seven"))
        await bench.settle()
        kinds = [type(frame) for frame in bench.got()[:2]]
    assert kinds == [InputDTMFFrame, LLMContextFrame]
    assert (desk.keys, desk.events) == (0, [])


async def test_a_spoken_number_is_read_back_slowly_and_is_not_remembered(desk: Desk) -> None:
    async with Bench(desk.stage) as bench:
        desk.begin()
        await bench.send(desk.turn("AB-1234567"))
        await bench.settle()
        read, right = (frame for frame in bench.got() if isinstance(frame, LLMTextFrame))
    assert read.text == "I have A, B, one two three, four five six seven."
    assert (SAID_AT.of(read), REMEMBERED.of(read)) == (PACE, False)
    assert (right.text, REMEMBERED.of(right)) == (RIGHT, True)
    assert not desk.values


async def test_the_callers_yes_goes_on_to_the_tool(desk: Desk) -> None:
    async with Bench(desk.stage) as bench:
        desk.begin()
        await bench.send(desk.turn("AB-1234567"))
        await bench.settle()
        await bench.send(yes := desk.turn("Yes, that's right."))
        await bench.settle()
        assert yes in bench.got()
    assert desk.values == ["AB1234567"]
    (event,) = desk.events
    assert isinstance(event, Collected)
    assert (event.kind, event.by, event.outcome) == ("policy", "speech", "confirmed")


async def test_typed_digits_never_go_on_and_a_key_confirms(desk: Desk) -> None:
    async with Bench(desk.stage) as bench:
        desk.begin("phone")
        for digit in "5550100300#1":
            await bench.send(key(digit))
        await bench.settle()
        frames = bench.got()
    assert not any(isinstance(frame, InputDTMFFrame) for frame in frames)
    assert texts(frames) == ["I have five five five, zero one zero, zero three zero zero.", RIGHT]
    (given,) = (frame for frame in frames if isinstance(frame, LLMContextFrame))
    assert given.context.get_messages() == [{"role": "user", "content": "[phone number]"}]
    assert desk.values == ["5550100300"]
    assert desk.keys == len("5550100300#1")
    assert "5550100300" not in repr(desk.events)


async def test_the_first_key_stops_the_agent(desk: Desk) -> None:
    async with Bench(desk.stage) as bench:
        desk.begin()
        await bench.send(key("1"))
        await bench.send(key("2"))
        await bench.settle()
        stops = [frame for frame in bench.got() if isinstance(frame, InterruptionFrame)]
    assert len(stops) == 1


async def test_keys_that_stop_half_way_are_asked_for_again(desk: Desk) -> None:
    async with Bench(desk.stage) as bench:
        desk.begin()
        for digit in "123":
            await bench.send(key(digit))
        await bench.settle()
        desk.now += BETWEEN_KEYS + 0.1
        desk.collecting.changed()
        again = PERSONA.say(Phrase.COLLECT_AGAIN, "en")
        await until(lambda: again in texts(bench.got()))


async def test_after_the_last_try_a_person_is_asked_for(desk: Desk) -> None:
    async with Bench(desk.stage) as bench:
        desk.begin()
        for _ in range(3):
            await bench.send(key("1"))
            await bench.send(key("#"))
        await bench.settle()
        (wish,) = (frame for frame in bench.got() if isinstance(frame, WishFrame))
        said = texts(bench.got())
    assert wish.wish == "person"
    assert said[-1] == PERSONA.say(Phrase.COLLECT_FAILED, "en")
    assert [event.outcome for event in desk.events if isinstance(event, Collected)] == ["given_up"]


async def test_the_wish_for_a_person_goes_on_and_ends_it(desk: Desk) -> None:
    async with Bench(desk.stage) as bench:
        desk.begin()
        await bench.send(turn := desk.turn("I want to speak with a person."))
        await bench.settle()
        assert turn in bench.got()
    assert not desk.collecting.open


async def test_nothing_is_left_when_the_call_is_over(desk: Desk) -> None:
    async with Bench(desk.stage):
        desk.begin()
        desk.collecting.key("1", "en")
    assert not desk.collecting.open
