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

from processors.frames import PauseFrame, TurnVerdictFrame
from processors.turns.echo import LIKENESS, Echo
from processors.turns.silero import RATE, WINDOW, Activity, Silero
from processors.turns.smartturn import LONGEST, SmartTurn

_SECONDS = WINDOW / RATE
START = round(0.2 / _SECONDS)
"""Windows of voice that begin speech: 0.19 s."""
STOP = round(0.2 / _SECONDS)
"""Windows without that end it."""
EARLY = 5
"""The same where it surely sounds like an end: 0.16 s. On 28 clips it ends no speech more."""
PAUSE = 2
"""Windows without after which it may have ended: 0.06 s. On 28 clips this comes hardly more often
than a stop (61 times to 51), and it is 0.13 s that the caller need not wait."""
SURE = (0.1, 0.8)
"""A verdict at a pause within these is made again at the stop, where there is more to hear."""
CLOSED = 1.0
"""Seconds after a speech that was cut off in which no other begins, even if its turn has ended."""
CLOSING = 2.0
"""The same while it has not: the ears may take 1.5 s for the last words."""
VOICE = 0.7
"""Probability from which a window is voice; Pipecat's default."""
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
        self.judging = False
        """A verdict on the sound of the last pause was asked for, and is there or will come."""
        self.cut = False
        """Set to have the speech taken as over: the longest utterance was reached."""
        self.silent = True
        """No voice, and no sound that could be the beginning of one."""
        self.closing = False
        """A speech was cut off and its turn has not ended yet."""


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
        in_turn: Callable[[], bool],
    ) -> None:
        """`judged`: whether a pause now is worth a verdict on its sound. `in_turn`: whether it is
        the caller's turn; what only might become one is not ended early."""
        super().__init__(enable_direct_mode=True)
        self._activity = Activity(model)
        self._smart_turn = smart_turn
        self._hearing = hearing
        self._echo = echo
        self._judged = judged
        self._in_turn = in_turn
        self._voice = 0
        self._silence = 0
        self._heard = False
        """Silero's own state: voice, ours or the caller's."""
        self._echoing = 0
        """Windows since what is heard was found to be an echo; 0: it was not."""
        self._recent = bytearray()
        self._cut_at = -CLOSING
        self._pause = 0
        """Counts pauses: a verdict on an earlier one is worth nothing."""
        self._pausing = False
        self._unsure = True
        """The pause that is on has no verdict that is sure."""
        self._stop = STOP
        """Windows without voice that end the speech, as far as this pause sounds."""

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
        self._hearing.silent = self._activity.gated and not self._heard

    async def _window(self, probability: float, now: float) -> None:
        if probability >= VOICE:
            await self._voiced(now)
        else:
            self._silence += 1
            if not self._heard:
                self._voice = 0
        if not self._heard and self._voice >= START and not self._closed(now):
            self._heard = True
            if self._is_echo(now):
                self._echoing = 1
            else:
                await self._started(self._voice * _SECONDS)
        elif self._heard and (self._silence >= self._stop or self._hearing.cut):
            await self._fell_silent(now)
        elif self._echoing:
            await self._recheck(now)
        elif self._hearing.speaking and self._silence == PAUSE:
            await self._paused()

    async def _voiced(self, now: float) -> None:
        hearing = self._hearing
        self._voice += 1
        self._silence = 0
        self._stop = STOP
        if not self._echoing:
            hearing.quiet_since = now
            hearing.voiced += _SECONDS if hearing.speaking else 0.0
        if self._pausing:
            self._pausing = False
            await self.push_frame(PauseFrame(on=False))

    async def _fell_silent(self, now: float) -> None:
        """Whoever was heard, the caller or an echo."""
        self._heard = False
        self._voice = self._echoing = 0
        if self._hearing.cut:
            self._hearing.closing = True
            self._cut_at = now
        if self._hearing.speaking:
            await self._stopped(self._silence * _SECONDS)

    async def _recheck(self, now: float) -> None:
        self._echoing += 1
        if self._echoing % _RECHECK == 0 and not self._is_echo(now):
            self._echoing = 0
            await self._started(START * _SECONDS)

    def _closed(self, now: float) -> bool:
        return now - self._cut_at < (CLOSING if self._hearing.closing else CLOSED)

    def _is_echo(self, now: float) -> bool:
        return self._echo.active(now) and self._echo.likeness(now) >= LIKENESS

    async def _started(self, voiced: float) -> None:
        self._hearing.speaking = True
        self._hearing.judging = False
        self._unsure = True
        self._hearing.voiced = voiced
        self._hearing.quiet_since = time.monotonic()
        await self.push_frame(VADUserStartedSpeakingFrame(start_secs=START * _SECONDS))

    async def _stopped(self, silence: float) -> None:
        hearing = self._hearing
        hearing.speaking = hearing.cut = False
        self._pausing = False
        await self.push_frame(VADUserStoppedSpeakingFrame(stop_secs=silence))
        if self._unsure:
            self._ask()

    async def _paused(self) -> None:
        self._pause += 1
        self._pausing = True
        await self.push_frame(PauseFrame(on=True))
        self._unsure = not self._ask()

    def _ask(self) -> bool:
        """Has the pause judged by its sound; whether that was worth it."""
        if self._smart_turn is None or not self._judged():
            self._hearing.judging = False
            return False
        self._hearing.judging = True
        work = self._judge(self._smart_turn, bytes(self._recent), self._pause)
        self.create_task(work, "judge")
        return True

    async def _judge(self, smart_turn: SmartTurn, pcm: bytes, pause: int) -> None:
        verdict = await smart_turn.verdict(pcm)
        if pause != self._pause:
            return
        if verdict is None:
            self._unsure, self._hearing.judging = True, False
            return
        self._unsure = SURE[0] < verdict < SURE[1]
        self._stop = EARLY if verdict > SURE[1] and self._in_turn() else STOP
        if self._pausing or not self._hearing.speaking:
            await self.push_frame(TurnVerdictFrame(probability=verdict))
