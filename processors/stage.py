"""A stage rewrites one kind of frame in one direction; a failing one costs quality, never words.

Pipecat drops the frame when a processor raises and waits forever when it hangs. Here the original
goes on instead.
"""

import asyncio
import inspect
import traceback
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic

from loguru import logger
from pipecat.frames.frames import (
    CancelFrame,
    EndFrame,
    Frame,
    InterruptionFrame,
    StartFrame,
    StopFrame,
    SystemFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.utils.errors import ErrorCategory

from processors.frames import F, rewrite

UNTOUCHED = (StartFrame, EndFrame, StopFrame, CancelFrame, InterruptionFrame)
"""They steer the pipeline: no stage is ever asked about them, whatever it accepts."""
_GOODBYE = 1.0
"""Seconds that a `handle` which was given up has to end when the call does."""


@dataclass(slots=True)
class _Progress:
    deadline: float
    limit: asyncio.Timeout
    begun: bool = False
    """Something went on already: the original is no longer owed."""
    over: bool = False
    """Nobody waits any more: what still comes is dropped."""


class Stage(FrameProcessor, Generic[F]):
    """Subclasses name what they accept and yield from `handle` what goes on in its place.

    A stage of system frames, and one in direct mode, must not wait: whoever pushed the frame waits
    with it, interruptions included. Its deadline is therefore the first await that suspends.
    """

    accepts: type[F] | tuple[type[F], ...]
    direction: FrameDirection = FrameDirection.DOWNSTREAM
    deadline: float = 0.3
    """Seconds `handle` has for the first frame it yields, and again for each later one."""
    direct: bool = False
    """Runs in the task of whoever pushes: cheap on the audio's way."""

    def __init__(self) -> None:
        super().__init__(enable_direct_mode=self.direct)
        self._given_up: set[asyncio.Task[Exception | None]] = set()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if inspect.iscoroutinefunction(cls.handle):
            raise TypeError(f"{cls.__name__}.handle has no `yield`: it must be an async generator")

    def handle(self, frame: F) -> AsyncIterator[Frame]:
        """What goes on in the frame's place; to yield nothing drops it on purpose."""
        raise NotImplementedError(f"{type(self).__name__} has no `handle`")

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if (
            direction is self.direction
            and isinstance(frame, self.accepts)
            and not isinstance(frame, UNTOUCHED)
        ):
            await self._replace(frame)
        else:
            await self.push_frame(frame, direction)

    async def cleanup(self) -> None:
        await super().cleanup()
        if self._given_up:
            await asyncio.wait(self._given_up, timeout=_GOODBYE)

    async def _replace(self, frame: F) -> None:
        original = rewrite(frame)  # a `handle` that fails halfway may have changed the frame
        at_once = self.direct or isinstance(frame, SystemFrame)
        deadline = 0.0 if at_once else self.deadline
        progress = _Progress(deadline, asyncio.timeout(deadline))
        error: BaseException | None
        try:
            async with progress.limit:
                error = await (self._run if at_once else self._run_apart)(frame, progress)
        except TimeoutError as late:  # our own: what `handle` raises comes back as a value
            error = late
        except asyncio.CancelledError as cancelled:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            error = cancelled  # nobody cancels us: `handle` awaited something that was cancelled
        finally:
            progress.over = True
        if error is None:
            return
        if not progress.begun:
            await self.push_frame(original, self.direction)
        await self._report(error, progress)

    async def _run_apart(self, frame: F, progress: _Progress) -> Exception | None:
        """In a task of its own: no clean-up in `handle` holds back a frame or an interruption."""
        task = self.create_task(self._run(frame, progress), "handle")
        try:
            await asyncio.wait([task])
            error: Exception | None = task.result()
            return error
        finally:
            if not task.done():
                task.cancel()
                self._given_up.add(task)
                task.add_done_callback(self._given_up.discard)

    async def _run(self, frame: F, progress: _Progress) -> Exception | None:
        clock = asyncio.get_running_loop().time
        try:
            output = self.handle(frame)
            try:
                async for made in output:
                    if not isinstance(made, Frame):
                        raise TypeError(f"handle yields frames, not {type(made).__name__}")
                    if progress.over or progress.limit.expired():
                        return TimeoutError()
                    progress.begun = True
                    if not frame.interruptible and isinstance(made, self.accepts):
                        made.interruptible = False
                    progress.limit.reschedule(None)  # the way downstream is not the stage's time
                    await self.push_frame(made, self.direction)
                    progress.limit.reschedule(clock() + progress.deadline)
            finally:
                if isinstance(output, AsyncGenerator):
                    await output.aclose()
        except Exception as error:  # noqa: BLE001
            return error
        if not (progress.over or progress.limit.expired()):
            progress.limit.reschedule(None)  # done: a loop that stalls now makes nobody late
        return None

    async def _report(self, error: BaseException, progress: _Progress) -> None:
        """Never the exception's text: it may quote the caller."""
        fault = "late" if progress.limit.expired() else type(error).__name__
        origin = traceback.extract_tb(error.__traceback__)[-1:]
        logger.bind(
            stage=self.name,
            fault=fault,
            at="".join(f"{Path(line.filename).name}:{line.lineno}" for line in origin),
            lost=progress.begun,
        ).warning("stage failed")
        fate = "its output ends here" if progress.begun else "the original went on"
        await self.push_error(f"{fault}: {fate}", category=ErrorCategory.APPLICATION)
