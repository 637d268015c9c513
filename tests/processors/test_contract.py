"""The kit keeps quiet about good processors and names what each broken one breaks."""

import asyncio
import dataclasses
import time
from collections.abc import AsyncIterator, Callable

import pytest
from pipecat.audio.dtmf.types import KeypadEntry
from pipecat.frames.frames import (
    CancelFrame,
    EndFrame,
    Frame,
    InputDTMFFrame,
    InterruptionFrame,
    LLMContextFrame,
    LLMTextFrame,
    SystemFrame,
    TranscriptionFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from processors.contract import PROMISES, BrokenPromise, Promise, check
from processors.frames import rewrite, speech
from processors.stage import Stage

SAID = TranscriptionFrame("what is a deductible", "caller", "")


class Shout(Stage[TranscriptionFrame]):
    accepts = TranscriptionFrame

    async def handle(self, frame: TranscriptionFrame) -> AsyncIterator[Frame]:
        yield rewrite(frame, text=frame.text.upper())


class ShoutAtOnce(Shout):
    direct = True


class Retort(Stage[LLMTextFrame]):
    """Answers upstream what goes down elsewhere, and waits a little first."""

    accepts = LLMTextFrame
    direction = FrameDirection.UPSTREAM

    async def handle(self, frame: LLMTextFrame) -> AsyncIterator[Frame]:
        await asyncio.sleep(0.001)
        yield rewrite(frame, text="no")


class Swallow(Stage[InputDTMFFrame]):
    accepts = InputDTMFFrame

    async def handle(self, frame: InputDTMFFrame) -> AsyncIterator[Frame]:
        return
        yield frame


class Answer(FrameProcessor):
    """No stage: turns a context into speech."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, LLMContextFrame) and direction is FrameDirection.DOWNSTREAM:
            for spoken in speech("You pay it once.", "en"):
                await self.push_frame(spoken)
        else:
            await self.push_frame(frame, direction)


@pytest.mark.parametrize("promise", PROMISES, ids=str)
@pytest.mark.parametrize("make", [Shout, ShoutAtOnce])
async def test_good_stages_keep(make: Callable[[], FrameProcessor], promise: Promise) -> None:
    await promise(make, SAID)


async def test_the_kit_takes_stages_of_any_direction_and_kind() -> None:
    await check(Retort, LLMTextFrame("yes"), LLMTextFrame("maybe"))
    await check(Swallow, InputDTMFFrame(KeypadEntry.ZERO))


async def test_the_kit_takes_other_processors() -> None:
    await check(Answer, LLMContextFrame(LLMContext([])))


async def test_a_processor_may_keep_further_kinds_to_itself() -> None:
    class Deaf(Answer):
        async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
            if not isinstance(frame, TranscriptionFrame):
                await super().process_frame(frame, direction)

    context = LLMContextFrame(LLMContext([]))
    await check(Deaf, context, consumes=(TranscriptionFrame,))
    with pytest.raises(BrokenPromise, match="TranscriptionFrame did not come out"):
        await check(Deaf, context)


async def test_the_kit_asks_for_a_frame_that_the_stage_accepts() -> None:
    with pytest.raises(ValueError, match="TranscriptionFrame"):
        await check(Shout)


class WithoutEnd(Shout):
    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        if not isinstance(frame, EndFrame):
            await super().process_frame(frame, direction)


class WithoutCancel(Shout):
    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        if not isinstance(frame, CancelFrame):
            await super().process_frame(frame, direction)


class OneWay(Shout):
    """Sends everything downstream, also what came from there."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, FrameDirection.DOWNSTREAM)


class Copying(Shout):
    """Hands on copies of what is not its own."""

    async def push_frame(
        self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM
    ) -> None:
        if isinstance(frame, LLMTextFrame):
            frame = dataclasses.replace(frame)
        await super().push_frame(frame, direction)


class Replacing(Shout):
    async def handle(self, frame: TranscriptionFrame) -> AsyncIterator[Frame]:
        yield dataclasses.replace(frame, text=frame.text.upper())


class Forgetting(Shout):
    async def handle(self, frame: TranscriptionFrame) -> AsyncIterator[Frame]:
        made = rewrite(frame, text=frame.text.upper())
        made.metadata = {}
        yield made


class HoldingOn(Shout):
    """Waits on a system frame."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        if isinstance(frame, InterruptionFrame):
            await asyncio.sleep(0.15)
        await super().process_frame(frame, direction)


class Naive(Shout):
    """What a processor without Stage does: no deadline, no way back."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await FrameProcessor.process_frame(self, frame, direction)
        if direction is FrameDirection.DOWNSTREAM and isinstance(frame, TranscriptionFrame):
            async for made in self.handle(frame):
                await self.push_frame(made)
        else:
            await self.push_frame(frame, direction)


class Impatient(Shout):
    """Gives its work up at every interruption."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        frame.interruptible = True
        await super().process_frame(frame, direction)


class Pushing(Naive):
    """Pushes the original in time and the late output too."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        if isinstance(frame, TranscriptionFrame) and direction is FrameDirection.DOWNSTREAM:
            await self.push_frame(frame)
            async for made in self.handle(frame):
                await self.push_frame(made)
        else:
            await super().process_frame(frame, direction)

    async def handle(self, frame: TranscriptionFrame) -> AsyncIterator[Frame]:
        return
        yield frame


class Silent(Naive):
    """Keeps its errors to itself."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        try:
            await super().process_frame(frame, direction)
        except Exception:  # noqa: BLE001
            await self.push_frame(frame, direction)


class Leaving(Shout):
    """Starts a task that nobody ends."""

    async def handle(self, frame: TranscriptionFrame) -> AsyncIterator[Frame]:
        self.task = asyncio.get_running_loop().create_task(asyncio.sleep(3))
        yield frame


def hold_the_loop() -> None:
    time.sleep(0.006)


class Stalling(Shout):
    async def handle(self, frame: TranscriptionFrame) -> AsyncIterator[Frame]:
        hold_the_loop()
        yield frame


class Busy(FrameProcessor):
    """No stage: computes for longer than the loop can spare."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if not isinstance(frame, SystemFrame):
            hold_the_loop()
        await self.push_frame(frame, direction)


BROKEN: list[tuple[str, type[FrameProcessor], str]] = [
    ("begins and ends with the call", WithoutEnd, "EndFrame did not come out"),
    ("begins and ends with the call", WithoutCancel, "CancelFrame did not come out"),
    ("forwards what it does not accept", OneWay, "did not come out (upstream)"),
    ("forwards what it does not accept", Copying, "LLMTextFrame did not come out"),
    ("keeps id, pts and metadata", Replacing, "came out with another id"),
    ("keeps id, pts and metadata", Forgetting, "came out without its metadata"),
    ("lets an interruption through at once", HoldingOn, "InterruptionFrame took 0.1"),
    ("finishes an uninterruptible frame", Impatient, "TranscriptionFrame did not come out"),
    ("loses no word when `handle` raises", Naive, "TranscriptionFrame did not come out"),
    ("loses no word when `handle` is slow", Naive, "TranscriptionFrame did not come out"),
    ("drops what comes too late", Pushing, "output came after the original"),
    ("reports an error after its first frame", Silent, "came out twice"),
    ("keeps a caller's words out of the log", Naive, "the text of an exception was logged"),
    ("cleans up", Leaving, "tasks run on after the call"),
    ("does not stall the event loop", Stalling, "the event loop stood still for"),
    ("does not stall the event loop", Busy, "the event loop stood still for"),
]


@pytest.mark.parametrize(
    ("says", "make", "seen"), BROKEN, ids=[make.__name__ for _, make, _ in BROKEN]
)
async def test_a_broken_stage_is_told_what_it_breaks(
    says: str, make: type[FrameProcessor], seen: str
) -> None:
    (promise,) = [promise for promise in PROMISES if promise.says == says]
    with pytest.raises(BrokenPromise) as broken:
        await promise(make, SAID)
    assert str(broken.value).startswith(f"{make.__name__} {says}: ")
    assert seen in str(broken.value)
    assert str(broken.value).endswith(promise.advice)


def test_every_promise_has_a_stage_that_breaks_it() -> None:
    assert {says for says, _, _ in BROKEN} == {promise.says for promise in PROMISES}


def test_ids_are_words_and_dashes() -> None:
    assert str(PROMISES[2]) == "keeps-id-pts-and-metadata"
