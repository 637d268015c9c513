"""The turn record: what happened when in one exchange, from the frames that pass."""

import time

from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    Frame,
    InterruptionFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMTextFrame,
    TTSAudioRawFrame,
    UserBackchannelFrame,
)
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.processors.frame_processor import FrameDirection

from knowledge.asker import asks
from knowledge.events import Decided, Emit, Event, Switched, Turn
from processors.frames import LANGUAGE, ROUTE, TURN
from processors.turns.agent import AgentTurn
from processors.turns.hear import Hearing

_SEEN = (
    LLMContextFrame,
    LLMTextFrame,
    TTSAudioRawFrame,
    BotStartedSpeakingFrame,
    InterruptionFrame,
    UserBackchannelFrame,
    LLMFullResponseEndFrame,
)

MOST_SWITCHED = 20
"""Marks of providers that failed on a turn."""


class TurnObserver(BaseObserver):
    """Beside the way: Pipecat hands it each push from a task of its own.

    Made in the call's own task, before that starts the stages: what they ask of services that all
    calls share, they ask for this call.

    Pipecat's `UserBotLatencyObserver` counts from the detector's stop, 0.2 s after the caller's
    last sound, and knows no route; the clocks wanted here begin with that sound.
    """

    def __init__(self, call: str, emit: Emit, hearing: Hearing, agent: str) -> None:
        """`agent`: the hash of its content."""
        super().__init__()
        self._agent = agent
        self._call = call
        self._emit = emit
        self._hearing = hearing
        self._decided = 0.0
        self._quiet = 0.0
        self._backchannels = 0
        self._listened = 0
        self._choice: Decided | None = None
        self._switched: list[str] = []
        """Since the last turn: the ears fail before theirs has begun."""
        self.ticket = ""
        """Of the call's last decision."""
        self._number = 0
        self._played = 0
        self._dry = 0.0
        """When everything spoken so far will have been played."""
        self._language = ""
        self._route = ""
        self._steps: dict[str, float] = {}
        asks(call, self._mark)

    def note(self, event: Event) -> None:
        """The call's own events pass here on their way out."""
        if isinstance(event, Decided):
            self._choice = event
            self.ticket = event.ticket_id
        elif isinstance(event, Switched):
            self._mark(event)
        self._emit(event)

    def _mark(self, event: Switched) -> None:
        self._switched.append(f"{event.service}:{event.provider}:{event.fault}")
        del self._switched[:-MOST_SWITCHED]

    async def on_push_frame(self, data: FramePushed) -> None:
        frame = data.frame
        if not isinstance(frame, _SEEN) or data.direction is not FrameDirection.DOWNSTREAM:
            return
        match frame:
            case UserBackchannelFrame() if frame.id != self._listened:
                self._listened = frame.id  # seen once at each processor
                self._backchannels += 1
            case LLMContextFrame() if (number := TURN.of(frame)) > self._number:
                self._finish(interrupted=True)
                self._number = number
                self._language = LANGUAGE.of(frame)
                self._decided = time.monotonic()
                self._quiet = self._hearing.quiet_since
            case LLMTextFrame() if TURN.of(frame) == self._number:
                self._route = ROUTE.of(frame)
                self._step("text")
            case TTSAudioRawFrame():
                self._sounds(frame)
            case BotStartedSpeakingFrame() if "audio" in self._steps:
                self._step("answer")
            case _:
                self._maybe_over(frame, data)

    def _sounds(self, frame: TTSAudioRawFrame) -> None:
        """An answer behind a filler begins when that has been played."""
        now = time.monotonic()
        if "text" in self._steps and TURN.of(frame) == self._number and "audio" not in self._steps:
            self._step("audio")
            if self._dry > now:
                self._steps["answer"] = self._dry - self._decided
        if frame.id != self._played:
            self._played = frame.id  # seen once at each processor
            self._dry = max(self._dry, now) + frame.num_frames / frame.sample_rate

    def _maybe_over(self, frame: Frame, data: FramePushed) -> None:
        if isinstance(frame, InterruptionFrame):
            self._dry = 0.0
            if "answer" in self._steps:
                self._finish(interrupted=True)
        elif (
            isinstance(frame, LLMFullResponseEndFrame)
            and isinstance(data.destination, AgentTurn)
            and TURN.of(frame) == self._number
        ):
            self._finish(interrupted=False)

    def close(self) -> None:
        """The call is over: in the middle of an answer, or before this has seen its end."""
        self._finish(interrupted=time.monotonic() < self._dry)

    def _step(self, name: str) -> None:
        self._steps.setdefault(name, time.monotonic() - self._decided)

    def _finish(self, *, interrupted: bool) -> None:
        steps, self._steps = self._steps, {}
        if not self._number or not steps:
            return  # a greeting answers nobody
        choice = self._choice
        self._emit(
            Turn(
                call=self._call,
                number=self._number,
                language=self._language,
                route=self._route or (choice.route if choice else ""),
                confidence=choice.confidence if choice else 0.0,
                entry=choice.entry if choice else "",
                ticket_id=choice.ticket_id if choice else "",
                agent=self._agent,
                interrupted=interrupted,
                backchannels=self._backchannels,
                decision=max(0.0, self._decided - self._quiet) if self._quiet else 0.0,
                routing=choice.seconds if choice else 0.0,
                switched=tuple(self._switched),
                **{name: steps.get(name, 0.0) for name in ("text", "audio", "answer")},
            )
        )
        self._switched.clear()
        self._choice, self._backchannels, self._route = None, 0, ""
