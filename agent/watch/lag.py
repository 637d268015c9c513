"""How long the event loop keeps a frame waiting, what held it, and when garbage is collected."""

import asyncio
import gc
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from statistics import median
from types import FrameType, TracebackType
from typing import Any, Self

from loguru import logger

from agent.watch import heap

PERIOD = 0.2
"""Seconds between two probes."""
STALL = 0.25
"""Seconds of lag that are logged with what held the loop."""
SUSPECT = 0.1
"""Seconds of lag from which on what holds the loop is noted: it may become a stall."""
MEMORY = 5.0
"""Seconds for which `recent` remembers the worst lag."""
STRAIN = 0.1
"""Seconds of lag at which voices begin to break up: as much of them lies at Twilio."""
ENOUGH = 5
"""Probes that say something about "most of the time"."""
DEEPEST = 12
"""Frames of a stack that are logged."""


class LoopLag:
    """Runs while its block does: `async with LoopLag(observe) as lag: lag.recent()`."""

    def __init__(self, observe: Callable[[float], None]) -> None:
        """`observe` is told each probe's lag in seconds."""
        self._observe = observe
        self._beat = time.monotonic()
        self._seen: deque[tuple[float, float]] = deque(maxlen=int(MEMORY / PERIOD))
        self._over = threading.Event()
        self._held: tuple[float, list[str]] = (0.0, [])
        """What held the loop, and the beat after which it did."""
        self._probe: asyncio.Task[None] | None = None
        self._watcher: threading.Thread | None = None

    def recent(self) -> float:
        """The worst lag of the last few seconds."""
        now = time.monotonic()
        return max((lag for when, lag in self._seen if now - when < MEMORY), default=0.0)

    def strained(self) -> bool:
        """Whether there is more to do than time: not for a moment, but most of the time."""
        now = time.monotonic()
        lately = [lag for when, lag in self._seen if now - when < MEMORY]
        return len(lately) >= ENOUGH and median(lately) > STRAIN

    async def __aenter__(self) -> Self:
        self._beat = time.monotonic()
        self._probe = asyncio.create_task(self._run(), name="loop lag")
        self._watcher = threading.Thread(
            target=self._watch, args=(threading.get_ident(),), name="loop lag", daemon=True
        )
        self._watcher.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        if self._probe is not None:
            self._probe.cancel()
            await asyncio.wait([self._probe])

    async def _run(self) -> None:
        while True:
            due = time.monotonic() + PERIOD
            await asyncio.sleep(PERIOD)
            now = time.monotonic()
            lag = max(0.0, now - due)
            held_after, held_by = self._held
            stack = held_by if held_after == self._beat else []
            self._beat = now
            self._seen.append((now, lag))
            self._observe(lag)
            if lag > STALL:
                logger.bind(seconds=round(lag, 3), stack=stack).warning("event loop stalled")

    def _watch(self, loop_thread: int) -> None:
        """A thread of its own: while the loop is held, nobody in it could look. It sleeps until the
        next beat would be late, which takes as many wake-ups as there are beats."""
        left = PERIOD
        while not self._over.wait(left if left > 0 else PERIOD):
            beat = self._beat
            left = beat + PERIOD + SUSPECT - time.monotonic()
            if left <= 0 and self._held[0] != beat:
                self._held = beat, _stack(sys._current_frames().get(loop_thread))


def _stack(frame: FrameType | None) -> list[str]:
    """The innermost frames, by file and line: no values, so no words of anybody."""
    lines: list[str] = []
    while frame is not None and len(lines) < DEEPEST:
        code = frame.f_code
        lines.append(f"{code.co_filename}:{frame.f_lineno} {code.co_name}")
        frame = frame.f_back
    return lines


class Collector:
    """The garbage collector's policy: what was loaded at the start is never looked at again, and
    the oldest generation is collected when no call runs. A call that ends leaves it next to
    nothing (`agent.parting`)."""

    QUIET = 10.0
    """Seconds between two, while no call runs."""
    MANY = 10_000
    """Calls that have ended since the last one, after which one runs beside others: they have left
    some 110,000 objects, and 30 calls that go on make it hold the event loop for 75 ms: they are
    what it looks through, and they hear nobody meanwhile."""
    SOME = 1000
    """The same, where the process has grown by `MUCH`: each connection that breaks and each answer
    that comes too late leaves more."""
    MUCH = 16 * 1024 * 1024
    """Bytes."""

    def __init__(self, observe: Callable[[int, float], None]) -> None:
        """`observe` is told each pause: the generation, seconds."""
        self._observe = observe
        self._began = 0.0
        self._last = time.monotonic()
        self._ended = self._resident = 0
        self._thresholds: tuple[int, int, int] | None = None

    def start(self) -> None:
        """After everything is loaded, before the first call."""
        gc.collect()
        gc.freeze()
        self._thresholds = gc.get_threshold()
        young, middle, _ = self._thresholds
        gc.set_threshold(young, middle, 1 << 30)
        gc.callbacks.append(self._timed)
        self._resident = heap.resident()

    def stop(self) -> None:
        if self._thresholds is None:
            return
        gc.callbacks.remove(self._timed)
        gc.set_threshold(*self._thresholds)
        gc.unfreeze()
        self._thresholds = None

    def call_left(self, remaining: int) -> None:
        """A call has ended and `remaining` go on."""
        if self._thresholds is None:
            return
        self._ended += 1
        idle = remaining == 0 and time.monotonic() - self._last >= self.QUIET
        if not (idle or self._due()):
            return
        gc.collect()
        self._last, self._ended = time.monotonic(), 0
        if idle:
            heap.give_back()
        self._resident = heap.resident()

    def _due(self) -> bool:
        if self._ended % self.SOME:
            return False
        return self._ended >= self.MANY or heap.resident() - self._resident > self.MUCH

    def _timed(self, phase: str, info: dict[str, Any]) -> None:
        if phase == "start":
            self._began = time.perf_counter()
        else:
            self._observe(info["generation"], time.perf_counter() - self._began)
