"""Recorder: one call's recording, from the taps on the line to the tape. Off until `begin`."""

import asyncio
import math
import time
from collections.abc import Callable
from contextlib import suppress

from agent.line.protocol import RATE
from agent.recording.events import Line, line
from agent.recording.legs import Legs
from agent.recording.studio import Studio
from agent.recording.tape import Tape
from knowledge.events import Event, Recorded, RecordingBegan

POUR = 1.0
"""Seconds between two writes."""
MOST_EVENTS = 2000
"""Events of one such interval; the rest are not kept."""
FINISH = 2.0
"""Seconds that the end of a call waits for its recording; it is finished all the same later."""


class Recorder:
    """The taps are called 50 times a second and only append: nothing here waits for the disk."""

    def __init__(
        self, call: str, studio: Studio | None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`studio`: None where nothing is ever recorded."""
        self.call = call
        self._studio = studio
        self._clock = clock
        self._received = 0
        self._zero = math.inf
        """Our clock at sample 0 of the line, as the promptest packet had it."""
        self._legs: Legs | None = None
        self._tape: Tape | None = None
        self._events: list[bytes] = []
        self._pouring: asyncio.Task[None] | None = None
        self._began = 0
        self._samples = 0
        self._silenced = 0

    @property
    def on(self) -> bool:
        return self._legs is not None

    def begin(self) -> None:
        """Records from here on."""
        if self._studio is None or self.on:
            return
        self._began = self._received
        self._samples = self._silenced = 0
        self._legs = Legs(self._received)
        self._tape = self._studio.tape(self.call)
        self._pouring = asyncio.create_task(self._pour(), name=f"recording {self.call}")
        self._studio.listen(self.call, self)
        self._studio.emit(RecordingBegan(self.call))
        self.write(Line("recording", {"call": self.call, "file": f"{self._tape.name}.wav"}))

    def discard(self) -> None:
        """Ends it and keeps nothing; the studio deletes what there is."""
        if self._tape is not None:
            self._tape.discard()
            self._end("deleted")

    async def close(self) -> None:
        """The stream is over: what was understood is written, the rest is silent."""
        if self._legs is None or self._tape is None:
            return
        self._hand_over(whole=True)
        tape = self._tape
        if tape is None:
            return
        outcome = "slow"
        with suppress(TimeoutError):
            async with asyncio.timeout(FINISH):
                await asyncio.wrap_future(tape.finish())
            outcome = "disk" if tape.failed else "kept"
        self._end(outcome)

    def heard(self, pcm: bytes) -> None:
        """The caller's leg, as the recogniser hears it."""
        self._received += len(pcm) // 2
        zero = self._clock() - self._received / RATE
        self._zero = min(self._zero, zero)
        if self._legs is not None:
            self._legs.heard(pcm)

    def sent(self, mulaw: bytes, at: float) -> None:
        """The agent's leg: the caller hears it from `at` on (monotonic seconds)."""
        if self._legs is not None:
            self._legs.sent(mulaw, self._sample(at))

    def cleared(self, now: float) -> None:
        """What was sent and not heard yet is heard no more."""
        if self._legs is not None:
            self._legs.cleared(self._sample(now))
            self.write(Line("clear"))

    def marked(self, mark: str) -> None:
        if self._legs is not None:
            self.write(Line("mark", {"mark": mark}))

    def pressed(self) -> None:
        if self._legs is not None:
            self._legs.key()
            self.write(Line("key"))

    def understood(self, span: tuple[int, int], *, masked: bool, numbers: bool) -> None:
        """The ears' final words for these samples have passed the masking."""
        if self._legs is None:
            return
        if masked:
            self._legs.masked(*span)
        else:
            self._legs.understood(*span, numbers=numbers)

    def hush(self, *, on: bool) -> None:
        """Whether the agent may be saying something personal."""
        if self._legs is not None:
            now = self._sample(self._clock())
            self._legs.hush(now) if on else self._legs.unhush(now)

    def note(self, event: Event) -> None:
        """What happened to the call."""
        self.write(Line(type(event).__name__.lower(), event))

    def write(self, what: Line, at: float | None = None) -> None:
        """`at`: None for now."""
        if self._legs is not None and len(self._events) < MOST_EVENTS:
            self._events.append(line(what, self.now() if at is None else at))

    def now(self) -> float:
        """Seconds of the recording."""
        return self._seconds(self._sample(self._clock()))

    def seconds(self, span: tuple[int, int]) -> tuple[float, float]:
        """The same, of samples of the call's clock."""
        return self._seconds(span[0]), self._seconds(span[1])

    def _seconds(self, sample: int) -> float:
        return round((sample - self._began) / RATE, 3)

    def _sample(self, moment: float) -> int:
        if self._zero == math.inf:
            return self._received
        return round((moment - self._zero) * RATE)

    async def _pour(self) -> None:
        while True:
            await asyncio.sleep(POUR)
            self._hand_over()

    def _hand_over(self, *, whole: bool = False) -> None:
        legs, tape = self._legs, self._tape
        if legs is None or tape is None:
            return
        if tape.failed or tape.overrun:
            tape.finish()
            self._end("disk" if tape.failed else "slow")
            return
        piece = legs.take(whole=whole)
        events, self._events = self._events, []
        if piece is not None:
            self._samples += piece.samples
            self._silenced += piece.silenced
        if piece is not None or events:
            tape.write(piece, events)

    def _end(self, outcome: str) -> None:
        assert self._studio is not None
        self._studio.leave(self.call, self)
        self._legs = self._tape = None
        self._events.clear()
        if self._pouring is not None:
            self._pouring.cancel()
            self._pouring = None
        seconds, silenced = self._samples / RATE, self._silenced / RATE
        self._studio.emit(Recorded(self.call, outcome, round(seconds, 3), round(silenced, 3)))
