"""The caller's keys: 0 asks for a person, the others are nobody's words."""

import pytest
from pipecat.audio.dtmf.types import KeypadEntry
from pipecat.frames.frames import (
    Frame,
    InputAudioRawFrame,
    InputDTMFFrame,
    InterruptionFrame,
    TextFrame,
    TranscriptionFrame,
)

from processors.contract import PROMISES, Promise
from processors.contract.bench import Bench
from processors.frames import WishFrame
from processors.keys import Keys


async def typed(*keys: KeypadEntry) -> list[Frame]:
    async with Bench(Keys()) as bench:
        for key in keys:
            await bench.send(InputDTMFFrame(key))
        await bench.settle()
    return bench.got()[:-2]  # without the bench's mark and the end of the call


@pytest.mark.parametrize("promise", PROMISES, ids=str)
async def test_keys_keep(promise: Promise) -> None:
    await promise(Keys, InputDTMFFrame(KeypadEntry.ONE))


async def test_0_stops_the_agent_first_and_then_asks_for_a_person() -> None:
    stop, wish = await typed(KeypadEntry.ZERO)
    assert isinstance(stop, InterruptionFrame)
    assert isinstance(wish, WishFrame)
    assert (wish.wish, wish.source) == ("person", "key")


async def test_the_wish_survives_the_interruption_that_it_comes_with() -> None:
    _, wish = await typed(KeypadEntry.ZERO)
    assert not wish.interruptible


async def test_every_other_key_stays_a_key() -> None:
    others = [key for key in KeypadEntry if key is not KeypadEntry.ZERO]
    frames = await typed(*others)
    assert [f.button for f in frames if isinstance(f, InputDTMFFrame)] == others
    assert not any(isinstance(f, (TextFrame, TranscriptionFrame)) for f in frames)


async def test_while_a_number_is_collected_0_is_a_digit() -> None:
    async with Bench(Keys(lambda: True)) as bench:
        await bench.send(zero := InputDTMFFrame(KeypadEntry.ZERO))
        await bench.settle()
        assert bench.got()[0] is zero


async def test_audio_passes_within_the_push() -> None:
    async with Bench(Keys()) as bench:
        audio = InputAudioRawFrame(bytes(320), 8000, 1)
        await bench.send(audio)
        assert bench.got() == [audio]
