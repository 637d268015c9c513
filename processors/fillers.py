"""Fillers: a short honest word where nothing would be heard for 1.2 s after the caller's turn.

It answers nothing and is not remembered. It sounds from ready audio, so that it ends soon after it
has begun; where it has not begun when the answer comes, the voice leaves it out.
"""

import asyncio
from collections.abc import Awaitable, Callable

from pipecat.frames.frames import (
    Frame,
    InterruptionFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    SystemFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from knowledge.persona import Persona, Phrase
from processors.frames import FILLER, speech

WITHIN = 1.2
"""Seconds after the end of a turn without a sound that a caller does not wonder at."""
SOUNDING = 0.2
"""Seconds from a text to its sound: what comes later than this before `WITHIN` would be late."""


class Fillers(FrameProcessor):
    """Of one call. One word for each turn at most, and never the same twice in a row."""

    def __init__(
        self,
        persona: Persona,
        *,
        language: Callable[[], str],
        waiting: Callable[[], bool],
        prepare: Callable[[str, str], Awaitable[object]] | None = None,
        after: float = WITHIN - SOUNDING,
    ) -> None:
        """`waiting`: the caller is silent and is owed an answer. `prepare(text, language)` has the
        sound of it at hand. `after`: seconds from the end of the turn."""
        super().__init__()
        self._persona = persona
        self._language = language
        self._waiting = waiting
        self._prepare = prepare
        self._after = after
        self._timer: asyncio.Task[None] | None = None
        self._start: LLMFullResponseStartFrame | None = None
        """Of a response that has no text yet: a filler comes before it, not within."""
        self._turn = asyncio.Lock()
        """Who pushes a response: a filler is none that another may come between."""
        self._number = 0
        self._said = ""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if direction is FrameDirection.UPSTREAM:
            await self.push_frame(frame, direction)
            return
        match frame:
            case UserStoppedSpeakingFrame():
                self._disarm()
                self._timer = self.create_task(self._fill(), "filler")
            case UserStartedSpeakingFrame() | InterruptionFrame():
                self._disarm()
                self._start = None
            case LLMTextFrame() if frame.text.strip():
                self._disarm()
            case _:
                pass
        if isinstance(frame, SystemFrame):
            await self.push_frame(frame, direction)
            return
        async with self._turn:
            await self._pass(frame)

    async def cleanup(self) -> None:
        self._disarm()
        await super().cleanup()

    async def _pass(self, frame: Frame) -> None:
        start, self._start = self._start, None
        if start is not None:
            await self.push_frame(start)
        if isinstance(frame, LLMFullResponseStartFrame):
            self._start = frame
        else:
            await self.push_frame(frame)

    def _disarm(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    async def _fill(self) -> None:
        language = self._language()
        text = self._word(language)
        if not text:
            return
        due = asyncio.get_running_loop().time() + self._after
        if self._prepare is not None:
            await self._prepare(text, language)
        await asyncio.sleep(due - asyncio.get_running_loop().time())
        async with self._turn:
            self._timer = None  # once it has begun it is said
            if not self._waiting():
                return
            self._said = text
            self._number += 1
            for frame in speech(text, language, remembered=False, route=FILLER):
                await self.push_frame(frame)

    def _word(self, language: str) -> str:
        """Not the one before; "" where there is no other."""
        for number in (self._number, self._number + 1):
            text = self._persona.say(Phrase.FILLER, language, number)
            if text != self._said:
                return text
        return ""
