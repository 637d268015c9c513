"""A short word where nothing would be heard, and none where it would be wrong."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest
from pipecat.frames.frames import (
    Frame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
)

from knowledge import persona
from knowledge.persona import Persona, Phrase
from processors.contract.bench import Bench
from processors.fillers import Fillers
from processors.frames import LANGUAGE, REMEMBERED, ROUTE, TURN, speech

PERSONA = persona.load()
AFTER = 0.1
KINDS = (LLMFullResponseStartFrame, LLMTextFrame, LLMFullResponseEndFrame)


@dataclass
class Caller:
    bench: Bench
    prepared: list[str]
    waiting: bool = True
    language: str = "en"

    async def stops(self) -> None:
        await self.bench.send(UserStoppedSpeakingFrame())
        await self.bench.settle()

    async def waits(self) -> None:
        """Longer than anybody ought to."""
        await asyncio.sleep(2 * AFTER)

    async def hears(self, fillers: int) -> None:
        assert await self.bench.until(lambda: len(self.fillers) == fillers)

    @property
    def spoken(self) -> list[Frame]:
        return [frame for frame in self.bench.got() if isinstance(frame, KINDS)]

    @property
    def fillers(self) -> list[LLMTextFrame]:
        texts = [frame for frame in self.bench.got() if isinstance(frame, LLMTextFrame)]
        return [frame for frame in texts if ROUTE.of(frame) == "filler"]


@asynccontextmanager
async def caller(said: Persona = PERSONA) -> AsyncIterator[Caller]:
    prepared: list[str] = []

    async def prepare(text: str, _language: str) -> None:
        prepared.append(text)

    fillers = Fillers(
        said,
        language=lambda: made.language,
        waiting=lambda: made.waiting,
        prepare=prepare,
        after=AFTER,
    )
    made = Caller(Bench(fillers), prepared)
    async with made.bench:
        yield made


async def test_where_nothing_is_said_a_filler_is_and_nobody_remembers_it() -> None:
    async with caller() as waiting:
        waiting.language = "es"
        await waiting.stops()
        await waiting.hears(1)
        assert [type(frame) for frame in waiting.spoken][:2] == list(KINDS[:2])
        (filler,) = waiting.fillers
        assert filler.text in PERSONA.phrases["es"][Phrase.FILLER]
        assert waiting.prepared == [filler.text]
        assert (LANGUAGE.of(filler), TURN.of(filler), REMEMBERED.of(filler)) == ("es", 0, False)


async def test_never_the_same_twice_in_a_row_and_one_a_turn() -> None:
    async with caller() as waiting:
        for turn in range(1, 8):
            await waiting.stops()
            await waiting.hears(turn)
        await waiting.waits()
        texts = [frame.text for frame in waiting.fillers]
    assert len(texts) == 7
    assert all(one != other for one, other in itertools.pairwise(texts))
    assert len(set(texts)) == 3


async def test_of_one_phrase_alone_there_is_no_second() -> None:
    phrases = {"en": {**PERSONA.phrases["en"], Phrase.FILLER: ("Just a second.",)}}
    async with caller(replace(PERSONA, phrases=phrases)) as waiting:
        await waiting.stops()
        await waiting.hears(1)
        await waiting.stops()
        await waiting.waits()
        assert len(waiting.fillers) == 1


@pytest.mark.parametrize("frame", [UserStartedSpeakingFrame(), InterruptionFrame()], ids=str)
async def test_a_caller_who_speaks_hears_none(frame: Frame) -> None:
    async with caller() as waiting:
        await waiting.stops()
        await waiting.bench.send(frame)
        await waiting.waits()
        assert waiting.fillers == []


async def test_nobody_who_is_not_waiting_hears_one() -> None:
    async with caller() as waiting:
        waiting.waiting = False
        await waiting.stops()
        await waiting.waits()
        assert waiting.fillers == []


async def test_an_answer_in_time_is_not_preceded_by_one() -> None:
    async with caller() as waiting:
        await waiting.stops()
        for frame in speech("Hail is covered.", "en", turn=1):
            await waiting.bench.send(frame)
        await waiting.waits()
        assert waiting.fillers == []
        assert [type(frame) for frame in waiting.spoken] == list(KINDS)


async def test_a_filler_comes_before_a_response_that_has_no_text_yet_and_not_within_it() -> None:
    async with caller() as waiting:
        await waiting.stops()
        start, text, end = speech("Hail is covered.", "en", turn=1)
        await waiting.bench.send(start)
        await waiting.hears(1)
        await waiting.bench.send(text)
        await waiting.bench.send(end)
        await waiting.bench.settle()
        assert [type(frame) for frame in waiting.spoken] == [*KINDS, *KINDS]
        assert waiting.spoken[3:] == [start, text, end]


async def test_a_response_without_text_keeps_the_caller_waiting() -> None:
    async with caller() as waiting:
        await waiting.stops()
        start, _, end = speech("", "en", turn=1)
        await waiting.bench.send(start)
        await waiting.bench.send(end)
        await waiting.hears(1)
