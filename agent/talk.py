"""`answerline talk`: the agent without a telephone. What is typed goes where a finished turn goes:
the same route, the same model, in a pipeline of just these two."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from time import perf_counter

from pipecat.frames.frames import (
    ControlFrame,
    Frame,
    FunctionCallCancelFrame,
    FunctionCallResultFrame,
    FunctionCallsStartedFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
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
from knowledge.persona import Phrase
from knowledge.privacy.vault import Vault
from knowledge.sanitizing import sanitize
from processors.frames import LANGUAGE, ROUTE, TURN, HangUpFrame
from processors.route import Route
from processors.translate import Translate
from processors.turns.agent import AgentTurn

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


@dataclass
class _OverFrame(ControlFrame):
    """Follows a turn's context: where it comes out, all that the turn brought has come out."""

    turn: int = 0


class _Collector(FrameProcessor):
    """In place of voice and line. What a tool does goes on to the conversation's memory."""

    def __init__(self) -> None:
        super().__init__()
        self.over = asyncio.Event()
        self.begin(0)

    def begin(self, turn: int) -> None:
        """From now on this turn's answer is collected; what is left of another is not."""
        self.turn = turn
        self.sentences: list[str] = []
        self.route = ""
        self.goodbye = False
        self.over.clear()
        self._passed = False
        self._tools = 0
        """Running."""
        self._owed = False
        """A tool has found something that was not told yet."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        match frame:
            case LLMTextFrame() if TURN.of(frame) == self.turn:
                self.sentences.append(frame.text.strip())
                self.route = ROUTE.of(frame)
            case HangUpFrame():
                self.goodbye = True
            case FunctionCallsStartedFrame():
                self._tools += len(frame.function_calls)
            case FunctionCallResultFrame() | FunctionCallCancelFrame():
                self._tools, self._owed = self._tools - 1, True
            case LLMFullResponseEndFrame() if TURN.of(frame) == self.turn and not self._tools:
                self._owed = False
            case _OverFrame() if frame.turn == self.turn:
                self._passed = True
            case _:
                pass
        if self._passed and not self._tools and not self._owed:
            self.over.set()
        if not isinstance(
            frame, LLMTextFrame | LLMFullResponseStartFrame | LLMFullResponseEndFrame
        ):
            await self.push_frame(frame, direction)


class Talk:
    def __init__(
        self,
        providers: Providers,
        worker: PipelineWorker,
        end: _Collector,
        context: LLMContext,
        vault: Vault,
    ) -> None:
        self._longest = providers.settings.input_processing_max_text_length
        self._redactor = providers.redactor()
        self._vault = vault
        self._worker = worker
        self._end = end
        self._context = context
        self._language = providers.settings.languages[0]
        self._detector = providers.detector
        self._persona = providers.persona
        self._context = LLMContext()
        self._turn = 0
        self.decided: Decided | None = None

    def note(self, event: Event) -> None:
        if isinstance(event, Decided):
            self.decided = event

    def phrase(self, phrase: Phrase) -> str:
        """A fixed text of the agent's."""
        return self._persona.say(phrase, self._language)

    async def ask(self, text: str, language: str = "") -> Reply:
        """The agent's answer; without text where it gives none. `language`: two letters."""
        heard = self._redactor.read(sanitize(text, longest=self._longest).text)
        self._vault.keep(heard.masked)
        text = heard.text
        self._language = language or self._guess(text)
        self._turn += 1
        self.decided = None
        end = self._end
        end.begin(self._turn)
        self._context.add_message({"role": "user", "content": text})
        frame = LLMContextFrame(self._context)
        began = perf_counter()
        await self._worker.queue_frames(
            [TURN.on(LANGUAGE.on(frame, self._language), self._turn), _OverFrame(self._turn)]
        )
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await end.over.wait()
        said = " ".join(end.sentences)
        self._context.add_message({"role": "assistant", "content": said})
        choice = self.decided
        return Reply(
            text=said,
            route=end.route,
            confidence=choice.confidence if choice else 1.0,
            entry=choice.entry if choice else "",
            ticket_id=choice.ticket_id if choice else "",
            language=self._language,
            seconds=round(perf_counter() - began, 6),
            goodbye=end.goodbye,
        )

    def _guess(self, text: str) -> str:
        guess = self._detector.detect(text)
        return guess.language if guess.confidence >= SURE else self._language


@asynccontextmanager
async def talking(providers: Providers) -> AsyncIterator[Talk]:
    end, context = _Collector(), LLMContext()
    vault = Vault()
    tools = providers.tools("talk", vault)
    talk: Talk
    route = Route(
        providers.knower("talk"),
        providers.policy,
        providers.persona,
        call="talk",
        languages=providers.settings.languages,
        model_available=providers.model_available,
        emit=lambda event: talk.note(event),  # noqa: PLW0108 (it is made below)
        wished=lambda _wish: None,
        clerk=tools.clerk if tools else None,
    )
    settings = providers.settings
    translate = Translate(
        providers.translations,
        call="talk",
        default=settings.input_processing_default_language,
        target=settings.input_processing_target_language,
        least=settings.input_processing_min_translation_confidence,
    )
    worker = PipelineWorker(
        Pipeline(
            [
                translate,
                route,
                providers.model("talk", providers.emit, tools),
                end,
                AgentTurn(context),
            ]
        ),
        params=PipelineParams(audio_in_sample_rate=RATE, audio_out_sample_rate=RATE),
        enable_rtvi=False,
        enable_turn_tracking=False,
        idle_timeout_secs=None,
        cancel_on_idle_timeout=False,
        check_dangling_tasks=False,
    )
    talk = Talk(providers, worker, end, context, vault)
    runner = WorkerRunner(handle_sigint=False, check_dangling_tasks=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    try:
        yield talk
    finally:
        await worker.cancel()
        await asyncio.wait({running}, timeout=2.0)
