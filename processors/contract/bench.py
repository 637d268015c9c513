"""The processor under test between two probes, in a real Pipecat pipeline."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from pipecat.frames.frames import (
    CancelFrame,
    ControlFrame,
    EndFrame,
    Frame,
    StartFrame,
    StopFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.workers.runner import WorkerRunner

DOWN = FrameDirection.DOWNSTREAM
UP = FrameDirection.UPSTREAM

SOON = 2.0
"""Seconds after which something that has not happened is not going to."""


async def rounds() -> None:
    """A few rounds of the event loop: what was sent is being worked on."""
    for _ in range(10):
        await asyncio.sleep(0)


@dataclass
class Mark(ControlFrame):
    """Sent last: when it is out at the other end, so is everything that was sent before it."""

    interruptible: bool = field(default=False, init=False)


class Probe(FrameProcessor):
    """Keeps what comes from the processor under test; what steers the pipeline goes on."""

    def __init__(self, arriving: FrameDirection) -> None:
        super().__init__(enable_direct_mode=True)
        self.got: list[Frame] = []
        self._arriving = arriving
        self._news = asyncio.Event()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if direction is self._arriving and not isinstance(frame, StartFrame):
            self.got.append(frame)
            self._news.set()
        if direction is not self._arriving or isinstance(
            frame, (StartFrame, EndFrame, StopFrame, CancelFrame)
        ):
            await self.push_frame(frame, direction)

    async def until(self, happened: Callable[[], bool], within: float) -> bool:
        """Looks again at each arrival."""
        try:
            async with asyncio.timeout(within):
                while not happened():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return happened()
        return True


class Bench:
    """`async with Bench(Shout()) as bench`: running inside, ended and cleaned up outside."""

    def __init__(self, processor: FrameProcessor, *, soon: float = SOON) -> None:
        self.processor = processor
        self.soon = soon
        self.left: set[asyncio.Task[object]] = set()
        """Tasks that were still there when everything had ended."""
        self.passed_start = False
        self.passed_end = False
        self._ends = {DOWN: Probe(DOWN), UP: Probe(UP)}
        self._before: set[asyncio.Task[object]] = set()
        self._running: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._before = asyncio.all_tasks()
        self.worker = PipelineWorker(
            Pipeline([self._ends[UP], self.processor, self._ends[DOWN]]),
            params=PipelineParams(audio_in_sample_rate=8000, audio_out_sample_rate=8000),
            enable_rtvi=False,
            enable_turn_tracking=False,
            idle_timeout_secs=None,
            cancel_timeout_secs=self.soon,
        )
        started = asyncio.Event()

        @self.worker.event_handler("on_pipeline_started")  # type: ignore[untyped-decorator]
        async def note(*_: object) -> None:
            started.set()

        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(self.worker)
        self._running = asyncio.create_task(runner.run())
        try:
            async with asyncio.timeout(self.soon):
                await started.wait()
            self.passed_start = True
            await rounds()  # Pipecat swallows a cancellation in the moment of the start itself
        except TimeoutError:
            pass  # the promise about the call's beginning and end says so
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        running = self._running
        assert running is not None
        if not running.done():
            await self.worker.queue_frame(EndFrame())
            await asyncio.wait([running], timeout=self.soon)
        self.passed_end = running.done()
        if not running.done():  # Pipecat waits for a lost EndFrame for ever, deaf to `cancel`
            await self._ends[DOWN].push_frame(EndFrame())
            await self.cancel()
        self.left = await self._left_over()

    async def send(self, frame: Frame, direction: FrameDirection = DOWN) -> None:
        start = self._ends[UP if direction is DOWN else DOWN]
        await start.push_frame(frame, direction)

    async def settle(self, direction: FrameDirection = DOWN) -> bool:
        """Whether a frame that nobody accepts came out: then all that was sent before it did."""
        mark = Mark()
        await self.send(mark, direction)
        return await self.arrived(mark, direction)

    async def arrived(self, frame: Frame, direction: FrameDirection = DOWN) -> bool:
        return await self.until(lambda: any(f is frame for f in self.got(direction)), direction)

    def got(self, direction: FrameDirection = DOWN) -> list[Frame]:
        return self._ends[direction].got

    async def until(
        self,
        happened: Callable[[], bool],
        direction: FrameDirection = DOWN,
        *,
        within: float | None = None,
    ) -> bool:
        """Whether it was so before `within` seconds were over, `soon` where nothing is said."""
        return await self._ends[direction].until(happened, within or self.soon)

    async def cancel(self) -> bool:
        """Ends the call as a hang-up does; whether it ended."""
        running = self._running
        assert running is not None
        await self.worker.cancel()
        await asyncio.wait([running], timeout=2 * self.soon)
        return running.done()

    async def _left_over(self) -> set[asyncio.Task[object]]:
        extra = asyncio.all_tasks() - self._before
        if extra:
            await asyncio.wait(extra, timeout=0.5)
        return {task for task in extra if not task.done()}
