"""Collect: while a number is wanted, the caller's keys and turns are read for it first."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

from pipecat.frames.frames import Frame, InputDTMFFrame, InterruptionFrame, LLMContextFrame
from pipecat.processors.aggregators.llm_context import LLMContext

from knowledge.collecting import Collecting, Ended, Step
from knowledge.events import Collected, Emit
from knowledge.persona import Persona, Phrase
from knowledge.wanted import place_of
from processors.conversation import last_said
from processors.frames import LANGUAGE, TURN, WishFrame, speech
from processors.stage import Stage

PACE = 0.8
"""Of a number that is read back: the caller compares it with a card in the hand."""


class Collect(Stage[Frame]):
    """Stands before Route. The number itself is said once and is remembered by nobody."""

    accepts = (LLMContextFrame, InputDTMFFrame)

    def __init__(
        self,
        collecting: Collecting,
        persona: Persona,
        *,
        call: str,
        clock: Callable[[], float],
        typing: Callable[[], None],
        emit: Emit,
    ) -> None:
        """`clock`: that of `collecting`. `typing` is told of each key: somebody is there."""
        super().__init__()
        self._collecting = collecting
        self._persona = persona
        self._call = call
        self._clock = clock
        self._typing = typing
        self._emit = emit
        self._language = "en"
        self._context = LLMContext()
        self._changed = asyncio.Event()
        self._watch: asyncio.Task[None] | None = None
        collecting.changed = self._wake
        collecting.ended = self._ended

    async def handle(self, frame: Frame) -> AsyncIterator[Frame]:
        if isinstance(frame, InputDTMFFrame):
            step = self._collecting.key(frame.button.value, self._language)
            if not step.passes:
                self._typing()
            context = None
        else:
            assert isinstance(frame, LLMContextFrame)
            text = last_said(frame)
            if frame.speculation or not text:
                yield frame
                return
            self._language = LANGUAGE.of(frame) or "en"
            self._context = frame.context
            step, context = self._collecting.turn(text, self._language), frame
        if step.passes:
            yield frame
            return
        for made in self._frames(step, context):
            yield made

    async def cleanup(self) -> None:
        await super().cleanup()
        self._collecting.close()
        if self._watch is not None:
            await self.cancel_task(self._watch)
            self._watch = None

    def _frames(self, step: Step, context: LLMContextFrame | None = None) -> list[Frame]:
        """`context`: of the turn that has brought the step; what a key brings answers no turn."""
        frames: list[Frame] = [InterruptionFrame()] if step.stops else []
        for phrase in step.says:
            frames += self._speech(phrase, step.number, TURN.of(context) if context else 0)
        if step.ended is not None and step.ended.outcome == "confirmed":
            frames.append(context or self._given(step.ended))
        elif step.ended is not None and step.ended.outcome == "given_up":
            frames.append(WishFrame(wish="person", source="words"))
        return frames

    def _speech(self, phrase: Phrase, number: str, turn: int) -> list[Frame]:
        text = self._persona.say(phrase, self._language)
        numbered = "{number}" in text
        return speech(
            text.replace("{number}", number),
            self._language,
            remembered=not numbered,
            pace=PACE if numbered else 1.0,
            route="collect",
            turn=turn,
        )

    def _given(self, ended: Ended) -> LLMContextFrame:
        """What a key has confirmed goes on as a turn of the caller's, without the number."""
        self._context.add_message({"role": "user", "content": f"[{place_of(ended.kind)}]"})
        return LANGUAGE.on(LLMContextFrame(self._context), self._language)

    def _ended(self, one: Ended) -> None:
        told = (one.kind, one.by, one.outcome, one.corrections, one.seconds)
        self._emit(Collected(self._call, *told))

    def _wake(self) -> None:
        self._changed.set()
        if self._collecting.open and (self._watch is None or self._watch.done()):
            self._watch = self.create_task(self._wait(), "collect")

    async def _wait(self) -> None:
        """Until nothing is collected any more; speaks where the caller does not go on."""
        while self._collecting.open:
            self._changed.clear()
            left = self._collecting.due - self._clock()
            if left > 0:
                with suppress(TimeoutError):
                    async with asyncio.timeout(left):
                        await self._changed.wait()
                continue
            for frame in self._frames(self._collecting.passed(self._language)):
                await self.push_frame(frame)
