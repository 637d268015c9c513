"""How a call's stages end: by themselves, late, or by force."""

import asyncio

import pytest
from pipecat.frames.frames import CancelFrame, Frame, TextFrame
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from agent import running
from agent.running import Running


class Slow(FrameProcessor):
    """Lets the last frame pass when it is allowed to."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = asyncio.Event()
        self.allowed = asyncio.Event()
        self.cleaned = False

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, TextFrame):
            self.begun.set()
        elif isinstance(frame, CancelFrame):
            await self.allowed.wait()
        await self.push_frame(frame, direction)

    async def cleanup(self) -> None:
        await super().cleanup()
        self.cleaned = True


class Stuck(Slow):
    async def cleanup(self) -> None:
        await self.allowed.wait()


async def begun(*stages: Slow) -> Running:
    """What is put into the stages waits until they have started."""
    started = await Running.start("CA1", list(stages), [])
    await started.put([TextFrame("anything")])
    await asyncio.gather(*(stage.begun.wait() for stage in stages))
    return started


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "CANCEL", 0.05)
    monkeypatch.setattr(running, "THROUGH", 0.1)
    monkeypatch.setattr(running, "LINGER", 0.2)


async def test_stages_that_are_late_end_properly_while_the_call_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(running, "THROUGH", 5.0)
    monkeypatch.setattr(running, "LINGER", 5.0)
    started = await begun(stage := Slow())
    await started.stop("hung_up")
    assert not started.task.done(), "nobody waits for them"
    stage.allowed.set()
    await started.finish()
    assert started.task.done()
    assert not started.task.cancelled()
    assert stage.cleaned


async def test_a_stage_that_never_lets_the_last_frame_pass_is_cleaned_up_without_it() -> None:
    started = await begun(stage := Slow())
    await started.stop("hung_up")
    await started.finish()
    assert started.task.done()
    assert stage.cleaned


async def test_of_stages_that_never_end_nothing_goes_on() -> None:
    before = asyncio.all_tasks()
    started = await begun(Slow(), Stuck())
    await started.stop("hung_up")
    await started.finish()
    assert started.task.done()
    assert asyncio.all_tasks() - before == set()
