"""`answerline talk`: the agent without a telephone. What is typed goes where a finished turn goes:
the same route, the same model, in a pipeline of just these two."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import perf_counter

from pipecat.frames.frames import (
    Frame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMTextFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.workers.runner import WorkerRunner

from agent.line.protocol import RATE
from agent.providers import Providers
from knowledge.events import Decided, Event
from processors.frames import LANGUAGE, ROUTE, TURN, HangUpFrame
from processors.route import Route

SURE = 0.8
"""Confidence from which a typed line is taken to be in another language than the last one."""
PATIENCE = 10.0
"""Seconds for an answer; the model's own deadlines are shorter."""


@dataclass(frozen=True, slots=True)
class Reply:
    text: str
    route: str
    confidence: float
    entry: str
    ticket_id: str
    language: str
    seconds: float
    goodbye: bool = False


class _Collector(FrameProcessor):
    """At the end, in place of a voice."""

    def __init__(self) -> None:
        super().__init__()
        self.sentences: list[str] = []
        self.route = ""
        self.goodbye = False
        self.answered = asyncio.Event()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        match frame:
            case LLMTextFrame():
                self.sentences.append(frame.text.strip())
                self.route = ROUTE.of(frame)
            case LLMFullResponseEndFrame():
                self.answered.set()
            case HangUpFrame():
                self.goodbye = True
            case _:
                pass
        await self.push_frame(frame, direction)


class Talk:
    def __init__(self, providers: Providers, worker: PipelineWorker, end: _Collector) -> None:
        self._worker = worker
        self._end = end
        self._language = providers.settings.languages[0]
        self._detector = providers.detector
        self._context = LLMContext()
        self._turn = 0
        self.decided: Decided | None = None

    def note(self, event: Event) -> None:
        if isinstance(event, Decided):
            self.decided = event

    async def ask(self, text: str, language: str = "") -> Reply:
        """The agent's answer; raises TimeoutError where it gives none. `language`: two letters."""
        self._language = language or self._guess(text)
        self._turn += 1
        self.decided = None
        self._end.sentences, self._end.route = [], ""
        self._end.answered.clear()
        self._context.add_message({"role": "user", "content": text})
        frame = LLMContextFrame(self._context)
        began = perf_counter()
        await self._worker.queue_frame(
            TURN.on(LANGUAGE.on(frame, self._language), self._turn),
        )
        async with asyncio.timeout(PATIENCE):
            await self._end.answered.wait()
        seconds = perf_counter() - began
        said = " ".join(self._end.sentences)
        self._context.add_message({"role": "assistant", "content": said})
        choice = self.decided
        return Reply(
            text=said,
            route=self._end.route,
            confidence=choice.confidence if choice else 1.0,
            entry=choice.entry if choice else "",
            ticket_id=choice.ticket_id if choice else "",
            language=self._language,
            seconds=seconds,
            goodbye=self._end.goodbye,
        )

    def _guess(self, text: str) -> str:
        guess = self._detector.detect(text)
        return guess.language if guess.confidence >= SURE else self._language


@asynccontextmanager
async def talking(providers: Providers) -> AsyncIterator[Talk]:
    end = _Collector()
    talk: Talk
    route = Route(
        providers.knowledge,
        providers.thresholds,
        providers.persona,
        call="talk",
        model_available=providers.model_available,
        emit=lambda event: talk.note(event),  # noqa: PLW0108 (it is made below)
        wished=lambda _wish: None,
    )
    worker = PipelineWorker(
        Pipeline([route, providers.model("talk"), end]),
        params=PipelineParams(audio_in_sample_rate=RATE, audio_out_sample_rate=RATE),
        enable_rtvi=False,
        enable_turn_tracking=False,
        idle_timeout_secs=None,
        cancel_on_idle_timeout=False,
        check_dangling_tasks=False,
    )
    talk = Talk(providers, worker, end)
    runner = WorkerRunner(handle_sigint=False, check_dangling_tasks=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    try:
        yield talk
    finally:
        await worker.cancel()
        await asyncio.wait({running}, timeout=2.0)
