"""The record of a turn: its clocks, and who failed on the way."""

import asyncio
import time
from typing import Any

import pytest
from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    Frame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMTextFrame,
    TTSAudioRawFrame,
)
from pipecat.observers.base_observer import FramePushed
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from agent.answering import Presence, Ranked
from agent.watch.turn import MOST_SWITCHED, TurnObserver
from knowledge.answers import Answer, Question
from knowledge.chain import Breaker, Fault
from knowledge.decisions import Decisions
from knowledge.events import Event, Switched, Turn
from processors.frames import LANGUAGE, ROUTE, TURN
from processors.turns.agent import AgentTurn
from processors.turns.hear import Hearing

SECOND = bytes(16000)


class Watched:
    """Frames that pass, as Pipecat tells an observer of them."""

    def __init__(self, call: str = "CA1") -> None:
        self.events: list[Event] = []
        self.observer = TurnObserver(call, self.events.append, Hearing(), "hash")
        self.voice, self.agent = FrameProcessor(), AgentTurn(LLMContext())

    async def passes(self, frame: Frame, number: int = 0, route: str = "") -> None:
        TURN.on(ROUTE.on(LANGUAGE.on(frame, "en"), route), number)
        direction: Any = FrameDirection.DOWNSTREAM
        pushed = FramePushed(self.voice, self.agent, frame, direction, 0)
        await self.observer.on_push_frame(pushed)

    async def turn(self) -> Turn:
        await self.passes(LLMFullResponseEndFrame(), 1)
        found = self.events[-1]
        assert isinstance(found, Turn)
        return found


async def test_who_failed_on_the_way_is_marked_on_the_turn() -> None:
    watched = Watched()
    watched.observer.note(Switched("CA1", "ears", "deepgram", "cut"))
    await watched.passes(LLMContextFrame(LLMContext()), 1)
    watched.observer.note(Switched("CA1", "model", "openai", "late"))
    await watched.passes(LLMTextFrame("Yes."), 1, "model")
    assert (await watched.turn()).switched == ("ears:deepgram:cut", "model:openai:late")
    await watched.passes(LLMContextFrame(LLMContext()), 2)
    await watched.passes(LLMTextFrame("Yes."), 2, "model")
    await watched.passes(LLMFullResponseEndFrame(), 2)
    turn = watched.events[-1]
    assert isinstance(turn, Turn)
    assert turn.switched == ()


class Knows:
    """One of those that answer from the content, for all calls."""

    def __init__(self, name: str, fault: Fault | None = None) -> None:
        self.name = name
        self.breaker = Breaker()
        self._fault = fault

    async def answer(self, _question: Question) -> Answer | None:
        if self._fault is not None:
            raise self._fault
        return None


async def test_a_switch_of_what_all_calls_share_marks_the_turn_it_happened_in() -> None:
    everywhere: list[Event] = []
    knowing: list[Any] = [Knows("pinecone", Fault("late")), Knows("embedded")]
    ranked = Ranked(knowing, Presence(), everywhere.append)
    decisions = Decisions(ranked, lambda: "one", key=b"k", ttl=60)

    async def call(sid: str, text: str) -> tuple[str, ...]:
        watched = Watched(sid)
        await watched.passes(LLMContextFrame(LLMContext()), 1)
        await asyncio.create_task(asking(text))
        await watched.passes(LLMTextFrame("Yes."), 1, "knowledge")
        return (await watched.turn()).switched

    async def asking(text: str) -> None:
        await decisions.answer(Question(text, "en"))

    said = ("Is hail covered?", "Is hail covered?", "Is rain covered?")
    calls = [asyncio.create_task(call(f"CA{at}", text)) for at, text in enumerate(said)]
    assert await asyncio.gather(*calls) == [
        ("knowledge:pinecone:late",),
        (),
        ("knowledge:pinecone:late",),
    ]
    assert everywhere == [Switched(sid, "knowledge", "pinecone", "late") for sid in ("CA0", "CA2")]


async def test_a_turn_has_room_for_so_many_marks() -> None:
    watched = Watched()
    for number in range(100):
        watched.observer.note(Switched("CA1", "ears", f"number {number}", "cut"))
    await watched.passes(LLMContextFrame(LLMContext()), 1)
    await watched.passes(LLMTextFrame("Yes."), 1)
    marks = (await watched.turn()).switched
    assert len(marks) == MOST_SWITCHED
    assert marks[-1] == "ears:number 99:cut"


async def test_a_filler_is_no_answer_and_what_comes_behind_it_begins_at_its_end() -> None:
    watched = Watched()
    await watched.passes(LLMContextFrame(LLMContext()), 1)
    began = time.monotonic()
    await watched.passes(LLMTextFrame("One moment."), 0, "filler")
    await watched.passes(TTSAudioRawFrame(SECOND, 8000, 1))
    await watched.passes(BotStartedSpeakingFrame())
    await watched.passes(LLMTextFrame("Yes."), 1, "model")
    await watched.passes(TTSAudioRawFrame(SECOND, 8000, 1), 1)
    waited = time.monotonic() - began
    turn = await watched.turn()
    assert turn.route == "model"
    assert turn.answer == pytest.approx(1.0, abs=waited + 0.01)
    assert turn.audio <= waited + 0.01


async def test_an_answer_in_which_the_caller_hangs_up_is_a_turn_too_and_once() -> None:
    watched = Watched()
    await watched.passes(LLMContextFrame(LLMContext()), 1)
    await watched.passes(LLMTextFrame("Yes."), 1, "knowledge")
    await watched.passes(TTSAudioRawFrame(SECOND, 8000, 1), 1)
    watched.observer.close()
    watched.observer.close()
    [turn] = watched.events
    assert isinstance(turn, Turn)
    assert (turn.number, turn.route, turn.interrupted) == (1, "knowledge", True)
