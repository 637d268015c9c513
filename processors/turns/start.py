"""HoldThenDecide: when the caller's turn begins, and what interrupts the agent."""

import asyncio
from collections.abc import Awaitable, Callable

from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    Frame,
    InterimTranscriptionFrame,
    TranscriptionFrame,
    UserBackchannelFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.turns.types import ProcessFrameResult
from pipecat.turns.user_start.base_user_turn_start_strategy import BaseUserTurnStartStrategy

from processors.frames import GuardFrame, HoldReleaseFrame
from processors.turns.floor import FINAL, Act, Floor
from processors.turns.hear import Hearing


class HoldThenDecide(BaseUserTurnStartStrategy):
    """The output holds itself when speech starts; here it is told to go on, or interrupted."""

    def __init__(self, floor: Floor, hearing: Hearing) -> None:
        super().__init__()
        self._floor = floor
        self._hearing = hearing
        self._words = False
        self._timer: asyncio.Task[None] | None = None

    async def cleanup(self) -> None:
        await self._stop_timer()
        await super().cleanup()

    async def handle_user_turn_started(self) -> None:
        self._words = False
        self._floor.turn_started()

    async def handle_user_turn_stopped(self) -> None:
        self._floor.turn_stopped(answered=self._words)
        await self.push_frame(HoldReleaseFrame())

    async def process_frame(self, frame: Frame) -> ProcessFrameResult:
        floor = self._floor
        match frame:
            case BotStartedSpeakingFrame():
                floor.agent_started()
            case BotStoppedSpeakingFrame():
                await self._do(floor.agent_stopped(), frame)
            case GuardFrame(on=on):
                await self._do(floor.guard(on=on), frame)
            case VADUserStartedSpeakingFrame():
                await self._do(floor.speech_started(), frame)
                if floor.watching:
                    await self._time(floor.enough - frame.start_secs, self._weigh)
            case VADUserStoppedSpeakingFrame():
                if floor.watching:
                    await self._time(FINAL, self._give_up)
            case InterimTranscriptionFrame(text=text):
                await self._do(floor.interim(text), frame)
            case TranscriptionFrame(text=text):
                await self._do(floor.final(text), frame)
                self._words = self._words or (floor.in_turn and bool(text.strip()))
            case _:
                pass
        return ProcessFrameResult.CONTINUE

    async def _do(self, act: Act, frame: Frame) -> None:
        match act:
            case Act.TAKE:
                await self.trigger_user_turn_started()
                self._words = isinstance(frame, TranscriptionFrame | BotStoppedSpeakingFrame)
            case Act.RELEASE:
                await self.push_frame(HoldReleaseFrame())
            case Act.BACKCHANNEL if isinstance(frame, TranscriptionFrame):
                await self.push_frame(HoldReleaseFrame())
                await self.push_frame(
                    UserBackchannelFrame(
                        text=frame.text, user_id=frame.user_id, timestamp=frame.timestamp
                    )
                )
                await self.trigger_reset_aggregation()
            case Act.DISCARD:
                await self.trigger_reset_aggregation()
            case _:
                pass

    async def _weigh(self) -> None:
        """Looks every 40 ms whether the watched speech has enough of voice."""
        while self._floor.watching and self._hearing.speaking:
            if self._floor.voiced(self._hearing.voiced) is Act.TAKE:
                await self.trigger_user_turn_started()
                return
            await asyncio.sleep(0.04)

    async def _give_up(self) -> None:
        if self._floor.speech_quiet() is Act.RELEASE:
            await self.push_frame(HoldReleaseFrame())

    async def _time(self, seconds: float, then: Callable[[], Awaitable[None]]) -> None:
        await self._stop_timer()
        self._timer = self.create_task(self._after(seconds, then), "weigh")

    async def _after(self, seconds: float, then: Callable[[], Awaitable[None]]) -> None:
        await asyncio.sleep(seconds)
        await then()

    async def _stop_timer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None and not timer.done() and timer is not asyncio.current_task():
            await self.cancel_task(timer)
