"""EndOfTurn: when the caller has finished, by silence, by sound and by words."""

import asyncio
import time

from pipecat.frames.frames import (
    Frame,
    InterimTranscriptionFrame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.turns.types import ProcessFrameResult
from pipecat.turns.user_stop.base_user_turn_stop_strategy import BaseUserTurnStopStrategy

from processors.ears.service import SETTLED
from processors.frames import PauseFrame, TurnVerdictFrame
from processors.turns.endpointing import Pause, silence
from processors.turns.floor import Floor
from processors.turns.hear import Hearing

LATEST_FINAL = 1.5
"""Seconds after the end of speech in which the ears may still hand in its words."""
SOUNDING = 0.1
"""Seconds since the last voiced sound within which the caller may be going on: speech is announced
after 0.19 s of it."""


class EndOfTurn(BaseUserTurnStopStrategy):
    def __init__(
        self,
        floor: Floor,
        hearing: Hearing,
        *,
        patience: float,
        longest: float,
    ) -> None:
        """`patience`, `longest`: seconds of silence, and of a turn, that end it at the most."""
        super().__init__()
        self._floor = floor
        self._hearing = hearing
        self._patience = patience
        self._longest = longest
        self._text = ""
        self._interim = False
        self._final = False
        """The ears handed in words since speech last started."""
        self._pausing = False
        self._verdict: float | None = None
        self._began = self._stopped = 0.0
        self._timer: asyncio.Task[None] | None = None
        self._limit: asyncio.Task[None] | None = None

    async def cleanup(self) -> None:
        await self._cancel(self._timer)
        await self._cancel(self._limit)
        await super().cleanup()

    async def handle_user_turn_started(self) -> None:
        self._began = time.monotonic()
        self._limit = self.create_task(self._close_at_limit(), "longest")
        self._plan()

    async def handle_user_turn_stopped(self) -> None:
        limit, self._limit = self._limit, None
        await self._cancel(limit)
        self._text = ""
        self._interim = False
        self._verdict = None
        self._hearing.cut = self._hearing.closing = False

    async def process_frame(self, frame: Frame) -> ProcessFrameResult:
        match frame:
            case VADUserStartedSpeakingFrame():
                self._final = self._pausing = False
                self._verdict = None
                await self._cancel(self._timer)
                return ProcessFrameResult.CONTINUE
            case VADUserStoppedSpeakingFrame():
                self._stopped = time.monotonic()
                self._final = self._final or SETTLED.of(frame)
            case TurnVerdictFrame(probability=probability):
                self._verdict = probability
            case InterimTranscriptionFrame(text=text):
                self._interim = bool(text.strip())
            case PauseFrame(on=on):
                self._pausing = on
                if not on:
                    self._final, self._verdict = False, None
                return ProcessFrameResult.CONTINUE
            case TranscriptionFrame(text=text):
                self._interim = False
                self._final = self._pausing or not self._hearing.speaking
                self._text = f"{self._text} {text}".strip() if self._floor.in_turn else ""
            case _:
                return ProcessFrameResult.CONTINUE
        self._plan()
        return ProcessFrameResult.CONTINUE

    def _plan(self) -> None:
        """Sets the timer to the moment at which the turn is over, as far as is known now."""
        if not self._floor.in_turn or self._hearing.speaking:
            return
        if self._interim or not self._final:
            due = max(self._began, self._stopped) + LATEST_FINAL
        elif time.monotonic() - self._began >= self._longest:
            due = 0.0
        else:
            pause = Pause(self._text, self._verdict, self._hearing.judging)
            due = self._hearing.quiet_since + silence(pause, self._patience)
        old, self._timer = self._timer, self.create_task(self._end_at(due), "end")
        if old is not None and old is not asyncio.current_task():
            old.cancel()

    async def _end_at(self, due: float) -> None:
        while (wait := max(due, self._sounding_until()) - time.monotonic()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(wait)
        if self._floor.in_turn and not self._hearing.speaking:
            await self.trigger_user_turn_stopped()

    def _sounding_until(self) -> float:
        """Nothing of what a speech that was cut off goes on with belongs to its turn."""
        hearing = self._hearing
        return 0.0 if hearing.cut or hearing.closing else hearing.quiet_since + SOUNDING

    async def _close_at_limit(self) -> None:
        await asyncio.sleep(self._longest)
        self._hearing.cut = True
        self._plan()

    async def _cancel(self, task: asyncio.Task[None] | None) -> None:
        if task is not None and not task.done() and task is not asyncio.current_task():
            await self.cancel_task(task)
