"""The list of promises, and the one line of test that goes through it."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pipecat.frames.frames import Frame
from pipecat.processors.frame_processor import FrameProcessor

from processors.contract import trials
from processors.contract.case import Case


class BrokenPromise(AssertionError):
    """Names the promise, what was seen, and what to do about it."""


@dataclass(frozen=True, slots=True)
class Promise:
    says: str
    advice: str
    trial: Callable[[Case], Awaitable[str | None]]
    of_stages: bool = False
    """Tried by putting faults into `handle`: other processors have none, and pass."""

    def __str__(self) -> str:
        return re.sub("[^a-z]+", "-", self.says)

    async def __call__(
        self,
        make: Callable[[], FrameProcessor],
        *frames: Frame,
        consumes: tuple[type[Frame], ...] = (),
    ) -> None:
        """Raises BrokenPromise. See `check` for the arguments."""
        case = Case(make, frames, consumes)
        if self.of_stages and not case.stage:
            return
        if seen := await self.trial(case):
            raise BrokenPromise(f"{type(make()).__name__} {self.says}: {seen}. {self.advice}")


async def check(
    make: Callable[[], FrameProcessor],
    *frames: Frame,
    consumes: tuple[type[Frame], ...] = (),
) -> None:
    """Runs a processor through every promise; raises BrokenPromise at the first broken one.

    `make` builds a new one each time. `frames` are some that it is there for. `consumes` are the
    further kinds that a processor other than a `Stage` keeps to itself.
    """
    for promise in PROMISES:
        await promise(make, *frames, consumes=consumes)


PROMISES = (
    Promise(
        "begins and ends with the call",
        "Push StartFrame, EndFrame and CancelFrame on, and let nothing outlast them.",
        trials.begins_and_ends,
    ),
    Promise(
        "forwards what it does not accept",
        "Push every frame that is not yours on as it is, in the direction it came from.",
        trials.forwards,
    ),
    Promise(
        "keeps id, pts and metadata",
        "Make the new frame with `processors.frames.rewrite`, not with `dataclasses.replace`.",
        trials.keeps_identity,
    ),
    Promise(
        "lets an interruption through at once",
        "Wait in `handle` only, never on a system frame, never in `process_frame`.",
        trials.lets_interruptions_through,
    ),
    Promise(
        "finishes an uninterruptible frame",
        "Leave cancellation to Pipecat: it spares frames that are not interruptible.",
        trials.finishes_uninterruptible,
        of_stages=True,
    ),
    Promise(
        "loses no word when `handle` raises",
        "Leave errors to `Stage`: write `handle`, not `process_frame`.",
        trials.survives_errors,
        of_stages=True,
    ),
    Promise(
        "loses no word when `handle` is slow",
        "Leave the deadline to `Stage`: write `handle`, not `process_frame`.",
        trials.survives_slowness,
        of_stages=True,
    ),
    Promise(
        "drops what comes too late",
        "Yield what goes on instead of pushing it: only what is yielded can be dropped.",
        trials.drops_late_output,
        of_stages=True,
    ),
    Promise(
        "reports an error after its first frame",
        "Leave errors to `Stage`: write `handle`, not `process_frame`.",
        trials.ends_its_output,
        of_stages=True,
    ),
    Promise(
        "keeps a caller's words out of the log",
        "Log and report the kind of an error, never its text.",
        trials.keeps_words_out_of_logs,
        of_stages=True,
    ),
    Promise(
        "cleans up",
        "Start tasks with `self.create_task` and end them in `cleanup`.",
        trials.cleans_up,
    ),
    Promise(
        "does not stall the event loop",
        "Move what computes for longer to an executor.",
        trials.does_not_stall,
    ),
)
