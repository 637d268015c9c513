"""UserTurn: collects the caller's turn and hands it on, whole, with what is known of it."""

import asyncio
import time
from asyncio import Future
from collections.abc import Awaitable, Callable
from typing import Protocol

from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    Frame,
    InterimTranscriptionFrame,
    LLMContextFrame,
    StartFrame,
    TranscriptionFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMUserAggregator,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.turns.user_turn_strategies import UserTurnStrategies

from knowledge.rough import Rough
from knowledge.spoken import Speaking
from processors.frames import CONFIDENCE, DOUBTFUL, LANGUAGE, MASKED, ROUGH, STRANGE, TURN
from processors.turns.floor import Floor
from processors.turns.hear import Hearing
from processors.turns.idle import Idle


class Guess(Protocol):
    """Somebody who prepares an answer to a turn that is not over yet."""

    def heard(self, text: str, language: str) -> None:
        """All words of the turn so far; earlier ones may have changed."""
        ...

    def forget(self) -> None:
        """Nothing will come of them."""
        ...


class UserTurn(LLMUserAggregator):
    def __init__(
        self,
        context: LLMContext,
        strategies: UserTurnStrategies,
        *,
        floor: Floor,
        hearing: Hearing,
        idle: Idle,
        speaking: Speaking,
        silent: Callable[[int], Awaitable[None]],
        guess: Guess | None = None,
    ) -> None:
        """`silent(n)`: a silence's n-th prompt is due.
        `guess` is told the words of a turn as they come, before they are final."""
        super().__init__(context, params=LLMUserAggregatorParams(user_turn_strategies=strategies))
        self._floor = floor
        self._hearing = hearing
        self._idle = idle
        self._silent = silent
        self._guess = guess
        self._idler: asyncio.Task[None] | None = None
        self.speaking = speaking
        self.turns = 0
        """Exchanges so far; a turn's context carries its number."""
        self._heard: list[tuple[str, str, float]] = []
        self._rough: list[Future[Rough | None]] = []
        self._doubtful = False

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        match frame:
            case TranscriptionFrame() if frame.text.strip():
                self._idle.words(time.monotonic())
                self._heard.append((frame.text, LANGUAGE.of(frame), CONFIDENCE.of(frame)))
                self._rough += () if MASKED.of(frame) else ROUGH.of(frame)
                self._doubtful = self._doubtful or DOUBTFUL.of(frame)
                self._tell("")
            case InterimTranscriptionFrame() if frame.text.strip():
                self._idle.words(time.monotonic())
                self._tell(frame.text)
            case BotStartedSpeakingFrame() | BotStoppedSpeakingFrame():
                self._idle.agent_spoke(time.monotonic())
            case _:
                pass
        await super().process_frame(frame, direction)
        if isinstance(frame, StartFrame) and self._idler is None:
            self._idler = self.create_task(self._watch_idle(), "idle")

    async def cleanup(self) -> None:
        if self._idler is not None:
            await self.cancel_task(self._idler)
            self._idler = None
        if self._guess is not None:
            self._guess.forget()
        await super().cleanup()

    async def reset(self) -> None:
        """A discarded transcript is forgotten here too."""
        await super().reset()
        if not self._floor.in_turn:
            self._heard.clear()
            self._rough.clear()
            self._doubtful = False
            if self._guess is not None:
                self._guess.forget()

    def _get_context_frame(self) -> LLMContextFrame:
        frame = super()._get_context_frame()
        self.turns += 1
        guess = self.speaking.heard(" ".join(text for text, _, _ in self._heard), self._tag())
        CONFIDENCE.on(frame, min((sure for _, _, sure in self._heard), default=1.0))
        LANGUAGE.on(frame, self.speaking.language)
        STRANGE.on(frame, guess.language if guess.language != self.speaking.language else "")
        TURN.on(frame, self.turns)
        DOUBTFUL.on(frame, self._doubtful)
        if len(self._rough) == len(self._heard):
            ROUGH.on(frame, tuple(self._rough))
        self._doubtful = False
        self._heard.clear()
        self._rough.clear()
        return frame

    def _tell(self, interim: str) -> None:
        if self._guess is not None:
            words = " ".join([*(text for text, _, _ in self._heard), interim]).strip()
            self._guess.heard(words, self.speaking.hears(words, self._tag()).language)

    def _tag(self) -> str:
        """The language of most of the turn's letters, by the recogniser; "" where it tells none."""
        letters: dict[str, int] = {}
        for text, language, _ in self._heard:
            if language:
                letters[language] = letters.get(language, 0) + len(text)
        return max(letters, key=lambda language: letters[language], default="")

    async def _watch_idle(self) -> None:
        while True:
            due = self._idle.due(
                time.monotonic(), busy=self._floor.busy, speaking=self._hearing.speaking
            )
            if due > 0:
                await asyncio.sleep(due)
                continue
            self._idle.asked += 1
            self._idle.agent_spoke(time.monotonic())
            await self._silent(self._idle.asked)
