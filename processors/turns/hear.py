"""Hear: when the caller speaks and when not, right behind the line."""

import time
from collections.abc import Callable
from dataclasses import replace

from pipecat.frames.frames import (
    Frame,
    InputAudioRawFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import (
    FrameDirection,
    FrameProcessor,
    FrameProcessorSetup,
)

from processors.frames import TurnVerdictFrame
from processors.turns.echo import LIKENESS, Echo
from processors.turns.silero import RATE, WINDOW, Activity, Silero
from processors.turns.smartturn import LONGEST, SmartTurn

START = 0.2
"""Seconds of voice that begin speech."""
STOP = 0.2
"""Seconds without that end it."""
CLOSED = 1.0
"""Seconds after a speech that was cut off in which no other begins: its turn ends meanwhile."""
VOICE = 0.7
"""Probability from which a window is voice; Pipecat's default."""
_SECONDS = WINDOW / RATE
_RECHECK = 3
"""Windows between two looks at what may be an echo: 0.1 s."""


class Hearing:
    """What one call's hearing knows; the turn strategies read it."""

    def __init__(self) -> None:
        self.speaking = False
        """Announced speech: not an echo of ours."""
        self.voiced = 0.0
        """Seconds of voice in the current speech."""
        self.quiet_since = 0.0
        """Monotonic second of the last voiced sound."""
        self.cut = False
        """Set to have the speech taken as over: the longest utterance was reached."""


class Hear(FrameProcessor):
    """Direct mode: 50 frames a second pass here, each costs 2 µs below the energy gate."""

    def __init__(
        self,
        model: Silero,
        smart_turn: SmartTurn | None,
        hearing: Hearing,
        echo: Echo,
        *,
        judged: Callable[[], bool],
    ) -> None:
        """`judged`: whether a pause now is worth a verdict on its sound."""
        super().__init__(enable_direct_mode=True)
        self._activity = Activity(model)
        self._smart_turn = smart_turn
        self._hearing = hearing
        self._echo = echo
        self._judged = judged
        self._voice = 0
        self._silence = 0
        self._heard = False
        """Silero's own state: voice, ours or the caller's."""
        self._echoing = 0
        """Windows since what is heard was found to be an echo; 0: it was not."""
        self._recent = bytearray()
        self._closed_until = 0.0

    async def setup(self, setup: FrameProcessorSetup) -> None:  # type: ignore[override]
        await super().setup(replace(setup, observer=None))

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if not isinstance(frame, InputAudioRawFrame):
            await self.push_frame(frame, direction)
            return
        now = time.monotonic()
        if self._echo.active(now):
            self._echo.feed(frame.audio)
        self._recent += frame.audio
        del self._recent[: -int(LONGEST * RATE * 2)]
        probabilities = self._activity.feed(frame.audio, speaking=self._heard or self._voice > 0)
        if self._echoing and self._heard:
            frame.audio = bytes(len(frame.audio))  # the ears need not hear us
        await self.push_frame(frame, direction)
        for probability in probabilities:
            await self._window(probability, now)

    async def _window(self, probability: float, now: float) -> None:
        hearing = self._hearing
        if probability >= VOICE:
            self._voice += 1
            self._silence = 0
            if not self._echoing:
                hearing.quiet_since = now
                hearing.voiced += _SECONDS if hearing.speaking else 0.0
        else:
            self._silence += 1
            if not self._heard:
                self._voice = 0
        if not self._heard and self._voice * _SECONDS >= START and now >= self._closed_until:
            self._heard = True
            if self._is_echo(now):
                self._echoing = 1
            else:
                await self._started(self._voice * _SECONDS)
        elif self._heard and (self._silence * _SECONDS >= STOP or hearing.cut):
            self._heard = False
            self._voice = self._echoing = 0
            if hearing.cut:
                self._closed_until = now + CLOSED
            if hearing.speaking:
                await self._stopped(self._silence * _SECONDS)
        elif self._echoing:
            await self._recheck(now)

    async def _recheck(self, now: float) -> None:
        self._echoing += 1
        if self._echoing % _RECHECK == 0 and not self._is_echo(now):
            self._echoing = 0
            await self._started(START)

    def _is_echo(self, now: float) -> bool:
        return self._echo.active(now) and self._echo.likeness(now) >= LIKENESS

    async def _started(self, voiced: float) -> None:
        self._hearing.speaking = True
        self._hearing.voiced = voiced
        self._hearing.quiet_since = time.monotonic()
        await self.push_frame(VADUserStartedSpeakingFrame(start_secs=START))

    async def _stopped(self, silence: float) -> None:
        hearing = self._hearing
        hearing.speaking = hearing.cut = False
        await self.push_frame(VADUserStoppedSpeakingFrame(stop_secs=silence))
        if self._smart_turn is not None and self._judged():
            self.create_task(self._judge(self._smart_turn, bytes(self._recent)), "judge")

    async def _judge(self, smart_turn: SmartTurn, pcm: bytes) -> None:
        verdict = await smart_turn.verdict(pcm)
        if verdict is not None and not self._hearing.speaking:
            await self.push_frame(TurnVerdictFrame(probability=verdict))
