"""When a turn is taken as over, by the clock."""

import asyncio
import time

import pytest
from pipecat.frames.frames import (
    InterimTranscriptionFrame,
    LLMContextFrame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext

from knowledge.rough import Rough
from processors.contract.bench import Bench
from processors.frames import MASKED, ROUGH
from processors.turns.stop import LATEST_FINAL, SOUNDING
from processors.turns.taking import Patience, TurnTaking

PATIENCE = 20.0
"""Seconds on a busy machine."""


async def nobody(_count: int) -> None:
    pass


def taking() -> TurnTaking:
    return TurnTaking(
        LLMContext(),
        None,  # type: ignore[arg-type]
        None,
        language="en",
        barge_in="words",
        patience=Patience(),
        silent=nobody,
    )


def final(text: str) -> TranscriptionFrame:
    return TranscriptionFrame(text, "caller", "", finalized=True)


async def over(bench: Bench) -> float:
    """The second at which the turn was handed on."""
    assert await bench.until(lambda: any(isinstance(f, LLMContextFrame) for f in bench.got()))
    return time.monotonic()


async def test_a_turn_does_not_end_while_a_voice_sounds_that_is_not_speech_yet() -> None:
    turns = taking()
    async with Bench(turns.user(), soon=PATIENCE) as bench:
        turns.hearing.speaking = True
        await bench.send(VADUserStartedSpeakingFrame())
        turns.hearing.speaking = False
        turns.hearing.quiet_since = sounds = time.monotonic() + 0.6
        await bench.send(VADUserStoppedSpeakingFrame())
        await bench.send(final("yes"))
        assert await over(bench) >= sounds + SOUNDING


@pytest.mark.parametrize(("masked", "readings"), [(False, 2), (True, 0)])
async def test_a_turn_has_what_the_ears_read_of_all_of_it_or_of_nothing(
    masked: bool, readings: int
) -> None:
    """Of words in which something was masked nothing else goes on either."""
    turns = taking()
    async with Bench(turns.user(), soon=PATIENCE) as bench:
        turns.hearing.speaking = True
        await bench.send(VADUserStartedSpeakingFrame())
        for text, hidden in (("qué es", masked), ("el deducible", False)):
            reading: asyncio.Future[Rough | None] = asyncio.get_running_loop().create_future()
            frame = TranscriptionFrame(text, "caller", "", finalized=text == "el deducible")
            await bench.send(ROUGH.on(MASKED.on(frame, hidden), (reading,)))
        turns.hearing.speaking = False
        await bench.send(VADUserStoppedSpeakingFrame())
        await over(bench)
        (turn,) = [frame for frame in bench.got() if isinstance(frame, LLMContextFrame)]
        assert len(ROUGH.of(turn)) == readings


async def test_a_turn_that_begins_with_words_alone_waits_for_the_rest_of_them() -> None:
    turns = taking()
    async with Bench(turns.user(), soon=PATIENCE) as bench:
        began = time.monotonic()
        await bench.send(InterimTranscriptionFrame("what is", "caller", ""))
        await bench.settle()
        assert await over(bench) >= began + LATEST_FINAL
