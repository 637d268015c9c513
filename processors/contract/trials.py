"""Each promise as a trial: None where it was kept, else what was seen."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from loguru import logger
from pipecat.frames.frames import CancelFrame, DataFrame, ErrorFrame, Frame, InterruptionFrame
from pipecat.processors.frame_processor import FrameDirection

from processors.contract.bench import DOWN, UP, Bench, rounds
from processors.contract.case import SOON, Case, compare, kind
from processors.contract.kinds import every_kind
from processors.frames import rewrite

AT_ONCE = 0.1
"""Seconds that an interruption may take through one processor."""
STALL = 0.005
"""Seconds that one processor may hold the event loop."""
TRIES = 5
"""A busy machine spoils a measurement now and then; a broken stage spoils every one."""

_WORDS = "words that no log may quote"


class _InjectedError(Exception):
    """What the kit makes `handle` raise."""


@dataclass
class _LateFrame(DataFrame):
    """Yielded by the kit when nobody waits any more."""


async def forwards(case: Case) -> str | None:
    async with case.bench() as bench:
        for direction in (DOWN, UP):
            sent = [frame for frame in every_kind() if not case.takes(frame, direction)]
            before = [rewrite(frame) for frame in sent]
            for frame in sent:
                await bench.send(frame, direction)
            await bench.settle(direction)
            if seen := compare(sent, before, bench.got(direction)):
                return f"{seen} ({direction.name.lower()})"
    return None


async def begins_and_ends(case: Case) -> str | None:
    async with case.bench() as bench:
        pass
    if not bench.passed_start:
        return "StartFrame did not come out"
    if not bench.passed_end:
        return "EndFrame did not come out"
    async with case.bench() as bench:
        ended = await bench.cancel()
    if not ended or not any(isinstance(frame, CancelFrame) for frame in bench.got()):
        return "CancelFrame did not come out"
    return None


async def keeps_identity(case: Case) -> str | None:
    async with case.bench() as bench:
        for number, frame in enumerate(case.frames(), 1):
            frame.pts = number
            frame.metadata["kit"] = number
            frame.interruptible = False
            fresh = len(bench.got(case.way))
            await bench.send(frame, case.way)
            await bench.settle(case.way)
            made = [f for f in bench.got(case.way)[fresh:] if type(f) is type(frame)]
            for name in ("id", "pts", "interruptible"):
                if made and getattr(made[0], name) != getattr(frame, name):
                    return f"{kind(frame)} came out with another {name}"
            if made and made[0].metadata.get("kit") != number:
                return f"{kind(frame)} came out without its metadata"
    return None


async def lets_interruptions_through(case: Case) -> str | None:
    """Also while `handle` is slow, and slow to give up."""
    seen = await _interrupted(case, case.bench, "at work")
    if seen is None and case.stage:

        async def stubborn(_frame: Frame) -> AsyncIterator[Frame]:
            try:
                await asyncio.sleep(SOON)
            finally:
                await asyncio.sleep(0 if case.at_once else 2 * AT_ONCE)
            yield _LateFrame()

        seen = await _interrupted(case, lambda: case.faulty(stubborn), "in a slow `handle`")
    return seen


async def _interrupted(case: Case, make: Callable[[], Bench], state: str) -> str | None:
    best = SOON
    for _ in range(TRIES):
        async with make() as bench:
            for frame in case.frames():
                await bench.send(frame, case.way)
            await rounds()
            stop = InterruptionFrame()
            since = time.perf_counter()
            await bench.send(stop, case.way)
            await bench.arrived(stop, case.way)
            best = min(best, time.perf_counter() - since)
        if best <= AT_ONCE:
            return None
    return f"InterruptionFrame took {best:.2f} s while the stage was {state}"


async def finishes_uninterruptible(case: Case) -> str | None:
    begun = asyncio.Event()
    go_on = asyncio.Event()

    async def patient(frame: Frame) -> AsyncIterator[Frame]:
        begun.set()
        await go_on.wait()
        yield frame

    async with case.faulty(patient) as bench:
        frame = case.frame()
        frame.interruptible = False
        await bench.send(frame, case.way)
        async with asyncio.timeout(SOON):
            await begun.wait()
        await bench.send(InterruptionFrame(), case.way)
        await asyncio.sleep(0)
        go_on.set()
        await bench.settle(case.way)
        return compare([frame], [rewrite(frame)], bench.got(case.way))


async def survives_errors(case: Case) -> str | None:
    async def raising(frame: Frame) -> AsyncIterator[Frame]:
        for name in ("text", "metadata"):
            if hasattr(frame, name):
                setattr(frame, name, type(getattr(frame, name))())
        raise _InjectedError(_WORDS)
        yield frame

    return await _original(case, case.faulty(raising))


async def survives_slowness(case: Case) -> str | None:
    async def hanging(frame: Frame) -> AsyncIterator[Frame]:
        await asyncio.sleep(3600)
        yield frame

    return await _original(case, case.faulty(hanging, deadline=0.05))


async def drops_late_output(case: Case) -> str | None:
    async def late(_frame: Frame) -> AsyncIterator[Frame]:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(3600)
        yield _LateFrame()

    return await _original(case, case.faulty(late, deadline=0.05))


async def _original(case: Case, bench: Bench) -> str | None:
    """The frame as it was sent, once, and nothing else."""
    async with bench:
        frame = case.frame()
        before = rewrite(frame)
        await bench.send(frame, case.way)
        await bench.settle(case.way)
    if seen := compare([frame], [before], bench.got(case.way)):
        return seen
    if any(isinstance(made, _LateFrame) for made in bench.got(case.way)):
        return "output came after the original had gone on"
    return None


async def ends_its_output(case: Case) -> str | None:
    async def breaking(frame: Frame) -> AsyncIterator[Frame]:
        yield frame
        raise _InjectedError(_WORDS)

    async with case.faulty(breaking) as bench:
        frames = [case.frame(), rewrite(case.frame())]
        frames[1].id += 1
        for frame in frames:
            await bench.send(frame, case.way)
        await bench.settle(case.way)
        await bench.until(lambda: _errors(bench) >= len(frames), UP)
        seen = compare(frames, [rewrite(f) for f in frames], bench.got(case.way))
        return seen or (None if _errors(bench) == len(frames) else "no ErrorFrame went upstream")


def _errors(bench: Bench) -> int:
    return sum(isinstance(frame, ErrorFrame) for frame in bench.got(UP))


async def keeps_words_out_of_logs(case: Case) -> str | None:
    async def quoting(frame: Frame) -> AsyncIterator[Frame]:
        raise _InjectedError(_WORDS)
        yield frame

    with _log() as lines:
        async with case.faulty(quoting) as bench:
            await bench.send(case.frame(), case.way)
            await bench.settle(case.way)
            errors = [f.error for f in bench.got(UP) if isinstance(f, ErrorFrame)]
    if any(_WORDS in line for line in [*lines, *errors]):
        return "the text of an exception was logged or reported"
    return None if errors else "no ErrorFrame went upstream"


@contextmanager
def _log() -> Iterator[list[str]]:
    lines: list[str] = []
    sink = logger.add(lines.append, level="INFO", format="{message} {extra}")
    try:
        yield lines
    finally:
        logger.remove(sink)


async def cleans_up(case: Case) -> str | None:
    async with case.bench() as bench:
        for frame in case.frames():
            await bench.send(frame, case.way)
        await bench.settle(case.way)
    if bench.left:
        return f"tasks run on after the call: {sorted(task.get_name() for task in bench.left)}"
    if not case.stage:
        return None
    closed = asyncio.Event()

    async def slow(frame: Frame) -> AsyncIterator[Frame]:
        try:
            await asyncio.sleep(3600)
            yield frame
        finally:
            closed.set()

    async with case.faulty(slow) as bench:
        await bench.send(case.frame(), case.way)
        await rounds()
        await bench.cancel()
    if bench.left or not closed.is_set():
        return "`handle` runs on after a hang-up"
    return None


async def does_not_stall(case: Case) -> str | None:
    """For each frame the best of several tries, then the worst of these."""
    frames = 10
    best = [SOON] * frames
    for _ in range(TRIES):
        async with case.bench() as bench:
            supply = [frame for _ in range(frames) for frame in case.frames()][:frames]
            for index, frame in enumerate(supply):
                held = await _longest_hold(bench, frame, case.way)
                best[index] = min(best[index], held)
        if max(best) <= STALL:
            return None
    return f"the event loop stood still for {max(best) * 1000:.0f} ms"


async def _longest_hold(bench: Bench, frame: Frame, way: FrameDirection) -> float:
    """The longest round of the event loop, in seconds, while the frame is on its way."""
    longest = 0.0
    working = asyncio.ensure_future(_through(bench, frame, way))
    last = time.perf_counter()
    while not working.done():
        await asyncio.sleep(0)
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    await working
    return longest


async def _through(bench: Bench, frame: Frame, way: FrameDirection) -> None:
    await bench.send(frame, way)
    await bench.settle(way)
