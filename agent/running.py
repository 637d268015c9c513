"""A call's stages while they run: started, fed, stopped within a deadline."""

import asyncio
from collections.abc import Sequence
from typing import Self

from loguru import logger
from pipecat.frames.frames import Frame
from pipecat.observers.base_observer import BaseObserver
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.workers.runner import WorkerRunner

from agent.line.protocol import RATE

CANCEL = 2.0
"""Seconds that the call waits for its stages to stop."""
THROUGH = 5.0
"""Seconds that a CancelFrame has to get through the stages; then they are cleaned up without it."""
LINGER = 10.0
"""Seconds more that they have for both, while the call is over for everybody else: a worker
that has too much to do is slow, and what is broken off in the middle of that leaves pieces."""


class Running:
    """Of one call. `task` ends with the stages, however they end."""

    def __init__(self, call: str, worker: PipelineWorker, task: asyncio.Task[None]) -> None:
        self.task = task
        self._call = call
        self.worker = worker

    @classmethod
    async def start(
        cls, call: str, stages: list[FrameProcessor], observers: Sequence[BaseObserver]
    ) -> Self:
        worker = PipelineWorker(
            Pipeline(stages),
            params=PipelineParams(audio_in_sample_rate=RATE, audio_out_sample_rate=RATE),
            observers=list(observers),
            enable_rtvi=False,
            enable_turn_tracking=False,
            idle_timeout_secs=None,
            cancel_on_idle_timeout=False,
            check_dangling_tasks=False,
            cancel_timeout_secs=THROUGH,
        )
        runner = WorkerRunner(handle_sigint=False, check_dangling_tasks=False)
        await runner.add_workers(worker)
        return cls(call, worker, asyncio.create_task(runner.run(), name=f"call {call}"))

    async def put(self, frames: Sequence[Frame]) -> None:
        """Behind what is in the stages already."""
        if not self.task.done():
            await self.worker.queue_frames(list(frames))

    async def stop(self, reason: str) -> None:
        """Tells the stages to end. Returns after `CANCEL` seconds even if they have not yet."""
        if not self.task.done():
            await self.worker.cancel(reason=reason)
            await asyncio.wait({self.task}, timeout=CANCEL)
        if not self.task.done():
            logger.bind(call=self._call).warning("pipeline did not stop in time")

    async def finish(self) -> None:
        """After `stop`: nothing of them runs any longer, by force if need be."""
        task = self.task
        if not task.done():
            await asyncio.wait({task}, timeout=LINGER)
        if not task.done():
            logger.bind(call=self._call).error("pipeline is broken off")
            await self._break_off()
        if task.done() and not task.cancelled() and (error := task.exception()):
            logger.bind(call=self._call, error=type(error).__name__).error("pipeline failed")

    async def _break_off(self) -> None:
        """All at once: who waits for somebody who does not end would never be told."""
        manager = self.worker._task_manager
        tasks = {self.task, *(manager.current_tasks() if manager is not None else ())}
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=CANCEL)
