"""What a trial works with: the processor, its frames, and what came of them."""

import copy
from collections.abc import AsyncIterator, Callable

from pipecat.frames.frames import Frame, SystemFrame
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from processors.contract.bench import DOWN, Bench
from processors.stage import Stage

SOON = 1.0
"""Seconds that a frame has to come out of one processor."""

Handle = Callable[[Frame], AsyncIterator[Frame]]


class Case:
    """A processor, the frames that it is there for, and other kinds that it keeps to itself."""

    def __init__(
        self,
        make: Callable[[], FrameProcessor],
        given: tuple[Frame, ...],
        consumes: tuple[type[Frame], ...],
    ) -> None:
        self.make = make
        self._given = given
        sample = make()
        self.stage = isinstance(sample, Stage)
        self.at_once = False
        """It must not wait: the kit's faults then do not clean up slowly either."""
        self.way = sample.direction if isinstance(sample, Stage) else DOWN
        self._takes: tuple[type[Frame], ...] = consumes + tuple(type(frame) for frame in given)
        if isinstance(sample, Stage):
            accepts = sample.accepts if isinstance(sample.accepts, tuple) else (sample.accepts,)
            self._takes = accepts + consumes
            if not any(isinstance(frame, accepts) for frame in given):
                names = ", ".join(kind.__name__ for kind in accepts)
                raise ValueError(f"the kit needs a frame that the stage accepts: {names}")
            self.at_once = sample.direct or isinstance(self.frame(), SystemFrame)

    def takes(self, frame: Frame, direction: FrameDirection) -> bool:
        return isinstance(frame, self._takes) and (direction is self.way or not self.stage)

    def frames(self) -> list[Frame]:
        return [copy.deepcopy(frame) for frame in self._given]

    def frame(self) -> Frame:
        """One that the stage accepts."""
        return next(frame for frame in self.frames() if isinstance(frame, self._takes))

    def bench(self) -> Bench:
        return Bench(self.make(), soon=SOON)

    def faulty(self, handle: Handle, deadline: float = 30.0) -> Bench:
        """With another `handle`: what surrounds the developer's own is what is tested."""
        stage = self.make()
        stage.__dict__["handle"] = handle
        stage.__dict__["deadline"] = deadline
        return Bench(stage, soon=SOON)


def kind(frame: Frame) -> str:
    return type(frame).__name__


def compare(sent: list[Frame], before: list[Frame], got: list[Frame]) -> str | None:
    arrived = {frame.id: frame for frame in got}
    for frame, original in zip(sent, before, strict=True):
        if frame.id not in arrived:
            return f"{kind(frame)} did not come out"
        if arrived[frame.id] != original:
            return f"{kind(frame)} came out changed"
    for system in (True, False):
        order = [f.id for f in sent if isinstance(f, SystemFrame) is system]
        known = set(order)
        if [f.id for f in got if f.id in known] != order:
            return "frames came out twice or in another order"
    return None
