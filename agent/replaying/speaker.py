"""Who says a recorded caller's words again, each stretch when its turn comes."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from agent.replaying.stretches import PAUSE, Cue, Stretch
from agent.simulators.twilio import Caller, CallOver, Clip, Unmet
from knowledge.events import Decided, Event, RecordingBegan, Turn

PATIENCE = 12.0
"""Seconds that the caller waits for an answer before speaking all the same."""
OWED = 5.0
"""Seconds that the caller waits for the rest of an answer which paused."""


class Speaker:
    """Of one call. `note` is an `Emit`."""

    def __init__(self, stretches: Sequence[Stretch | None], told: Callable[[int], None]) -> None:
        """None: it cannot be said. `told` which one is said next."""
        self.moments: list[float | None] = [None] * len(stretches)
        """When the speech of each began, in seconds of the new recording; None: it was not said."""
        self._stretches = stretches
        self._told = told
        self._zero = 0.0
        self._owed = False
        """An answer was decided and is not over."""

    def note(self, event: Event) -> None:
        match event:
            case RecordingBegan():
                self._zero = time.monotonic()
            case Decided():
                self._owed = True
            case Turn():
                self._owed = False
            case _:
                pass

    async def script(self, caller: Caller) -> None:
        """Until the last answer is over, or the agent ends the call."""
        with suppress(CallOver):
            missed = False
            for index, stretch in enumerate(self._stretches):
                if stretch is not None:
                    self.moments[index] = await self._say(caller, index, stretch, missed=missed)
                missed = stretch is None
            await self._silence(caller, Cue("after", PAUSE))

    async def _say(
        self, caller: Caller, index: int, stretch: Stretch, *, missed: bool
    ) -> float | None:
        """`missed`: what came before could not be said, and is answered by nobody."""
        clip = Clip(f"{stretch.start:.2f} s", stretch.pcm, speech=stretch.speech)
        into = stretch.cue.kind == "into" and not missed
        if into:
            into = await self._audible(caller)
        else:
            await self._silence(caller, Cue("next", PAUSE) if missed else stretch.cue)
        self._told(index)
        if into:
            uttered = await caller.interrupt(clip, after=stretch.cue.seconds)
        else:
            uttered = await caller.say(clip)
        return None if uttered.began is None else uttered.began - self._zero

    async def _audible(self, caller: Caller) -> bool:
        """Whether there is anything to talk into."""
        try:
            await caller.hear(within=PATIENCE)
        except Unmet:
            return False
        return True

    async def _silence(self, caller: Caller, cue: Cue) -> None:
        """The agent has finished, and as long ago as it had then."""
        greeted = any(moment is not None for moment in self.moments)
        with suppress(Unmet):
            if cue.kind == "again":
                await caller.silence(cue.seconds)
            elif cue.kind == "after" or not greeted:
                await caller.hear(within=PATIENCE)
        with suppress(Unmet):
            await caller.until(lambda _: not self._owed, OWED, "for the rest of an answer")
        await caller.quiet(max(PAUSE, cue.seconds if cue.kind == "after" else 0.0))
