"""A stage: what goes on when all is well, and what goes on when it is not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass

import pytest
from loguru import logger
from pipecat.frames.frames import (
    EndFrame,
    ErrorFrame,
    Frame,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    InterruptionFrame,
    SystemFrame,
    TranscriptionFrame,
)

from processors.contract.bench import DOWN, UP, Bench, rounds
from processors.frames import CONFIDENCE, rewrite
from processors.stage import Stage
from tests.clock import OwnClock

pytestmark = pytest.mark.own_clock


class Script(Stage[TranscriptionFrame]):
    """Does to each transcript what its text says."""

    accepts = TranscriptionFrame
    deadline = 0.05

    def __init__(self) -> None:
        super().__init__()
        self.log: list[str] = []
        self.go_on = asyncio.Event()

    async def handle(self, frame: TranscriptionFrame) -> AsyncIterator[Frame]:
        match frame.text:
            case "twice":
                yield rewrite(frame, text="one")
                yield rewrite(frame, text="two")
            case "raise":
                frame.text = "spoiled"
                raise ValueError("the caller said something")
            case "yield and raise":
                yield rewrite(frame, text="one")
                raise ValueError("the caller said something")
            case "hang":
                try:
                    await asyncio.sleep(3600)
                finally:
                    self.log.append("closed")
            case "yield and hang":
                yield rewrite(frame, text="one")
                await asyncio.sleep(3600)
            case "late":
                with suppress(asyncio.CancelledError):
                    await asyncio.sleep(3600)
                frame.text = "spoiled"
                self.log.append("yielded late")
                yield rewrite(frame, text="late")
            case "wait":
                await self.go_on.wait()
                yield rewrite(frame, text="waited")
            case "stall":
                await before_a_stall()
                yield rewrite(frame, text="one")
            case "cancelled":
                raise asyncio.CancelledError
            case _:
                yield rewrite(frame, text=frame.text.upper())


async def before_a_stall() -> None:
    """Returns just before something else holds the event loop for longer than the deadline."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, OwnClock)
    now = loop.create_future()

    def go_on() -> None:
        now.set_result(None)
        loop.call_soon(loop.hold, Script.deadline + 0.01)

    loop.call_soon(go_on)
    await now


def said(text: str) -> TranscriptionFrame:
    return TranscriptionFrame(text, "caller", "")


def texts(bench: Bench) -> list[str]:
    return [frame.text for frame in bench.got() if isinstance(frame, TranscriptionFrame)]


def errors(bench: Bench) -> list[str]:
    return [frame.error for frame in bench.got(UP) if isinstance(frame, ErrorFrame)]


async def outcome(*words: str, stage: Stage[TranscriptionFrame] | None = None) -> Bench:
    async with Bench(stage or Script()) as bench:
        for text in words:
            await bench.send(said(text))
        assert await bench.settle()
    assert not bench.left
    return bench


async def test_what_handle_yields_goes_on_in_order() -> None:
    assert texts(await outcome("hello", "twice", "bye")) == ["HELLO", "one", "two", "BYE"]


async def test_yielding_nothing_drops_the_frame_without_an_error() -> None:
    class Short(Stage[TranscriptionFrame]):
        accepts = TranscriptionFrame

        async def handle(self, frame: TranscriptionFrame) -> AsyncIterator[Frame]:
            if len(frame.text) < 6:
                yield frame

    bench = await outcome("too long", "hello", stage=Short())
    assert texts(bench) == ["hello"]
    assert errors(bench) == []


async def test_yielding_something_else_than_a_frame_is_an_error() -> None:
    class Text(Stage[TranscriptionFrame]):
        accepts = TranscriptionFrame

        async def handle(self, frame: TranscriptionFrame) -> AsyncIterator[Frame]:
            yield frame.text  # type: ignore[misc]

    bench = await outcome("hello", stage=Text())
    assert texts(bench) == ["hello"]
    assert errors(bench) == ["TypeError: the original went on"]


@pytest.mark.parametrize("way", ["raise", "hang", "late", "cancelled"])
async def test_the_original_goes_on_when_handle_fails_before_its_first_frame(way: str) -> None:
    bench = await outcome(way, "hello")
    assert texts(bench) == [way, "HELLO"]
    assert len(errors(bench)) == 1


@pytest.mark.parametrize("way", ["yield and raise", "yield and hang"])
async def test_a_failure_after_the_first_frame_ends_the_output(way: str) -> None:
    bench = await outcome(way, "hello")
    assert texts(bench) == ["one", "HELLO"]
    assert errors(bench)[0].endswith("its output ends here")


async def test_who_is_done_is_not_late_when_the_loop_stalls_then() -> None:
    bench = await outcome("stall", "hello")
    assert texts(bench) == ["one", "HELLO"]
    assert errors(bench) == []


async def test_who_ends_quietly_after_an_interruption_is_no_error() -> None:
    class Quiet(Stage[TranscriptionFrame]):
        accepts = TranscriptionFrame
        deadline = 30

        async def handle(self, frame: TranscriptionFrame) -> AsyncIterator[Frame]:
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(3600)
            if frame.text == "hello":
                yield frame

    logged: list[str] = []
    sink = logger.add(lambda message: logged.append(message.record["message"]), level="ERROR")
    try:
        async with Bench(Quiet()) as bench:
            await bench.send(said("bye"))
            await rounds()
            await bench.send(InterruptionFrame())
            assert await bench.settle()
    finally:
        logger.remove(sink)
    assert logged == []


async def test_no_report_quotes_the_caller() -> None:
    bench = await outcome("raise", "hang")
    assert errors(bench) == ["ValueError: the original went on", "late: the original went on"]


async def test_a_generator_that_is_given_up_is_closed() -> None:
    stage = Script()
    await outcome("hang", stage=stage)
    assert stage.log == ["closed"]


async def test_late_output_exists_and_is_dropped() -> None:
    stage = Script()
    assert texts(await outcome("late", stage=stage)) == ["late"]
    assert stage.log == ["yielded late"]


async def test_a_failing_stage_stays_usable() -> None:
    stage = Script()
    await outcome("raise", "hang", stage=stage)
    assert stage.is_usable


async def test_frames_of_other_kinds_and_directions_pass_untouched() -> None:
    async with Bench(Script()) as bench:
        interim = InterimTranscriptionFrame("good", "caller", "")
        upstream = said("hello")
        await bench.send(interim)
        await bench.send(upstream, UP)
        await bench.settle(DOWN)
        await bench.settle(UP)
    assert bench.got()[0] is interim
    assert bench.got(UP)[0] is upstream
    assert upstream.text == "hello"


async def test_an_upstream_stage_rewrites_only_what_goes_up() -> None:
    class Upward(Script):
        direction = UP

    async with Bench(Upward()) as bench:
        await bench.send(said("down"))
        await bench.send(said("up"), UP)
        await bench.settle(DOWN)
        await bench.settle(UP)
    assert texts(bench) == ["down"]
    assert [f.text for f in bench.got(UP) if isinstance(f, TranscriptionFrame)] == ["UP"]


async def test_several_kinds_may_be_accepted() -> None:
    class Both(Stage[TranscriptionFrame | InterimTranscriptionFrame]):
        accepts = (TranscriptionFrame, InterimTranscriptionFrame)

        async def handle(
            self, frame: TranscriptionFrame | InterimTranscriptionFrame
        ) -> AsyncIterator[Frame]:
            yield rewrite(frame, text=frame.text.upper())

    async with Bench(Both()) as bench:
        await bench.send(InterimTranscriptionFrame("good", "caller", ""))
        await bench.send(said("hello"))
        await bench.settle()
    assert [f.text for f in bench.got()[:2] if isinstance(f, InterimTranscriptionFrame)] == ["GOOD"]
    assert texts(bench) == ["HELLO"]


async def test_an_interruption_drops_an_interruptible_frame_and_passes_at_once() -> None:
    stage = Script()
    stage.deadline = 30
    async with Bench(stage) as bench:
        await bench.send(said("wait"))
        await rounds()
        await bench.send(InterruptionFrame())
        await bench.settle()
    assert isinstance(bench.got()[0], InterruptionFrame)
    assert texts(bench) == []


async def test_an_uninterruptible_frame_is_finished_across_an_interruption() -> None:
    stage = Script()
    stage.deadline = 30
    async with Bench(stage) as bench:
        for text in ("wait", "hello"):
            frame = said(text)
            frame.interruptible = False
            await bench.send(frame)
        await rounds()
        stop = InterruptionFrame()
        await bench.send(stop)
        await bench.arrived(stop)
        assert texts(bench) == []
        stage.go_on.set()
        await bench.settle()
    assert texts(bench) == ["waited", "HELLO"]


async def test_what_replaces_an_uninterruptible_frame_is_uninterruptible() -> None:
    class Fresh(Stage[TranscriptionFrame]):
        accepts = TranscriptionFrame

        async def handle(self, frame: TranscriptionFrame) -> AsyncIterator[Frame]:
            yield said(frame.text)
            yield InterimTranscriptionFrame("aside", "caller", "")

    async with Bench(Fresh()) as bench:
        frame = said("hello")
        frame.interruptible = False
        await bench.send(frame)
        await bench.settle()
    assert [made.interruptible for made in bench.got()[:2]] == [False, True]


async def test_a_hang_up_ends_a_slow_handle() -> None:
    stage = Script()
    stage.deadline = 30
    async with Bench(stage) as bench:
        await bench.send(said("hang"))
        await rounds()
        assert await bench.cancel()
    assert stage.log == ["closed"]
    assert not bench.left


class Direct(Script):
    direct = True


async def test_in_direct_mode_frames_go_on_within_the_push() -> None:
    async with Bench(Direct()) as bench:
        await bench.send(said("hello"))
        assert texts(bench) == ["HELLO"]


@pytest.mark.parametrize("way", ["raise", "hang", "late", "wait", "cancelled"])
async def test_in_direct_mode_whoever_waits_is_passed_over_at_once(way: str) -> None:
    stage = Direct()
    stage.deadline = 3600
    async with Bench(stage) as bench:
        await bench.send(said(way))
        assert texts(bench) == [way]


@dataclass
class KeyFrame(SystemFrame):
    key: str = ""


async def test_a_system_frame_is_never_waited_for() -> None:
    class Wait(Stage[KeyFrame]):
        accepts = KeyFrame
        deadline = 3600

        async def handle(self, frame: KeyFrame) -> AsyncIterator[Frame]:
            if frame.key == "slow":
                await asyncio.sleep(3600)
            yield rewrite(frame, key="pressed")

    async with Bench(Wait()) as bench:
        await bench.send(KeyFrame(key="slow"))
        await bench.send(KeyFrame(key="fast"))
        await bench.settle()
    assert [f.key for f in bench.got() if isinstance(f, KeyFrame)] == ["slow", "pressed"]


async def test_a_stage_of_everything_still_lets_the_call_begin_and_end() -> None:
    class Mute(Stage[Frame]):
        accepts = Frame

        async def handle(self, frame: Frame) -> AsyncIterator[Frame]:
            return
            yield frame

    async with Bench(Mute()) as bench:
        await bench.send(InputAudioRawFrame(bytes(320), 8000, 1))
        await bench.send(InterruptionFrame())
        await rounds()
    assert bench.passed_start
    assert bench.passed_end
    assert [type(frame) for frame in bench.got()] == [InterruptionFrame, EndFrame]


async def test_metadata_survives_a_failure_halfway() -> None:
    class Forgetful(Stage[TranscriptionFrame]):
        accepts = TranscriptionFrame

        async def handle(self, frame: TranscriptionFrame) -> AsyncIterator[Frame]:
            frame.metadata.clear()
            raise KeyError("text")
            yield frame

    async with Bench(Forgetful()) as bench:
        await bench.send(CONFIDENCE.on(said("hello"), 0.4))
        await bench.settle()
    assert CONFIDENCE.of(bench.got()[0]) == 0.4


def test_a_handle_without_yield_is_refused_when_the_class_is_made() -> None:
    with pytest.raises(TypeError, match=r"Broken\.handle has no `yield`"):

        class Broken(Stage[TranscriptionFrame]):
            accepts = TranscriptionFrame

            async def handle(self, frame: TranscriptionFrame) -> AsyncIterator[Frame]:  # type: ignore[override]
                raise NotImplementedError(frame)


async def test_a_stage_without_handle_says_so_and_passes_frames_on() -> None:
    class Empty(Stage[TranscriptionFrame]):
        accepts = TranscriptionFrame

    bench = await outcome("hello", stage=Empty())
    assert texts(bench) == ["hello"]
    assert errors(bench) == ["NotImplementedError: the original went on"]
