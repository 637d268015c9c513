"""A conversation without a telephone: Route, Model and the aggregator, between simulated providers
on real sockets. What is spoken is heard at once."""

import asyncio
import itertools
import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from pipecat.frames.frames import (
    Frame,
    InterruptionFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMTextFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.workers.runner import WorkerRunner

from agent.simulators.acting import Acts, Messages
from agent.simulators.office import Filing
from agent.simulators.office import Office as SimulatedOffice
from agent.simulators.openai import OpenAI as SimulatedModel
from agent.simulators.openai import Writing
from knowledge import persona
from knowledge.answers import Answer, Question
from knowledge.clerk import Clerk
from knowledge.decisions import Decisions
from knowledge.events import Emit, Event, ToolUsed
from knowledge.office import Office
from knowledge.persona import Phrase
from knowledge.policy import Policy
from knowledge.routing import Thresholds
from knowledge.tools import TOOLS
from processors.fillers import Fillers
from processors.frames import LANGUAGE, REMEMBERED, TURN, HeardFrame, PersonFrame
from processors.model.local import Local, Phrases
from processors.model.openai import Account, OpenAI, connections
from processors.model.service import Model, Patience
from processors.model.tools import Tools
from processors.route import Route
from processors.turns.agent import AgentTurn
from tests.eventually import until

PERSONA = persona.load()
PATIENT = Patience(first=30.0, hedge=30.0, begin=30.0, gap=30.0)
"""No machine is so busy."""
NONE: Mapping[str, float] = MappingProxyType({})
LAST = "I do not know that."
"""Of the model's last resort."""


class Ignorant:
    async def answer(self, question: Question) -> Answer | None:
        del question
        return None


class Written:
    """Surely knows what is written on claims, and on deductibles."""

    async def answer(self, question: Question) -> Answer | None:
        for word, entry in (("claim", "claim-status"), ("deductible", "what-is-a-deductible")):
            if word in question.text:
                return Answer(f"It is written: {entry}.", 0.99, entry, "claims", "en")
        return None


class Mouth(FrameProcessor):
    """Voice and line in one: what is said is heard at once, all but fillers are remembered."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[tuple[str, str, int]] = []
        """Text, language and turn of each remembered sentence."""
        self.fillers: list[str] = []
        self.persons: list[PersonFrame] = []
        self.answers = 0
        """Responses in which something was said that is remembered."""
        self.speaking = False

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        match frame:
            case LLMTextFrame() if not REMEMBERED.of(frame):
                self.fillers.append(frame.text)
            case LLMTextFrame():
                self.speaking = True
                self.said.append((frame.text.strip(), LANGUAGE.of(frame), TURN.of(frame)))
                await self.push_frame(HeardFrame(frame.text.strip()))
            case _:
                await self.push_frame(frame, direction)
        if isinstance(frame, PersonFrame):
            self.persons.append(frame)
        if isinstance(frame, LLMFullResponseEndFrame):
            self.answers, self.speaking = self.answers + self.speaking, False


class Talk:
    """One call. `say` gives what is answered."""

    def __init__(self, worker: PipelineWorker, context: LLMContext, mouth: Mouth) -> None:
        self.context = context
        self.mouth = mouth
        self.model: SimulatedModel
        self.office: SimulatedOffice
        self.clerk: Clerk
        self.language = "en"
        self.events: list[Event] = []
        self._worker = worker
        self._turns = itertools.count(1)

    async def say(self, text: str, language: str = "en") -> str:
        """A turn of the caller's, and the agent's answer to it."""
        answers, said = self.mouth.answers, len(self.mouth.said)
        await self.begin(text, language)
        await until(lambda: self.mouth.answers > answers)
        answer = " ".join(sentence for sentence, _, _ in self.mouth.said[said:])
        await until(lambda: answer.endswith(self.remembered) and bool(self.remembered))
        return answer

    async def begin(self, text: str, language: str = "en") -> None:
        """A turn of the caller's; nobody waits for the answer."""
        self.language, self.mouth.speaking = language, False
        self.context.add_message({"role": "user", "content": text})
        await self._worker.queue_frame(UserStoppedSpeakingFrame())
        frame = TURN.on(LANGUAGE.on(LLMContextFrame(self.context), language), next(self._turns))
        await self._worker.queue_frame(frame)

    async def interrupt(self) -> None:
        await self._worker.queue_frame(InterruptionFrame())

    @property
    def remembered(self) -> str:
        """What the agent said last, as the context has it."""
        last: Any = self.context.get_messages()[-1]
        return str(last.get("content") or "") if last["role"] == "assistant" else ""

    @property
    def used(self) -> list[tuple[str, str]]:
        return [(e.tool, e.outcome) for e in self.events if isinstance(e, ToolUsed)]

    @property
    def offered(self) -> list[str]:
        """The tools of the model's latest request."""
        return [tool["function"]["name"] for tool in self.model.requests[-1].get("tools") or ()]

    @property
    def asked(self) -> Messages:
        """The messages of the model's latest request."""
        return list(self.model.requests[-1]["messages"])


@asynccontextmanager
async def talk(
    acts: Acts,
    answers: Callable[[Messages], str],
    *,
    deadlines: Mapping[str, float] = NONE,
    fill: float = 30.0,
    spare: Acts | None = None,
    instructions: str = "You are helpful.",
) -> AsyncIterator[Talk]:
    """`deadlines` of tools that are to miss one. `spare`: a second model, asked where the first
    one fails."""
    quick = Writing(latency=0.0, pace=0.0)
    tools = [replace(tool, deadline=deadlines.get(tool.name, 30.0)) for tool in TOOLS]
    async with (
        SimulatedModel(answers, acts=acts, behaviour=quick) as model,
        SimulatedModel(answers, acts=spare, behaviour=quick) as second,
        SimulatedOffice(behaviour=Filing(latency=0.0)) as office,
        connections(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as http,
    ):
        events: list[Event] = []
        clerk = Clerk(tools, office=Office(office.url, http=http), call="CA1", emit=events.append)
        clients = [
            OpenAI(f"model {n}", Account(one.api, "sk-test", "gpt-x"), http=http)
            for n, one in enumerate([model, second] if spare else [model])
        ]
        spoken = Model(
            [*clients, Local(Ignorant(), lambda _: Phrases("Pardon?", LAST))],
            call="CA1",
            emit=events.append,
            patience=PATIENT,
            instructions=instructions,
            withheld=lambda language: PERSONA.say(Phrase.WITHHELD, language),
            tools=Tools(clerk, PERSONA.say),
        )
        context, mouth = LLMContext(), Mouth()
        fillers = Fillers(
            PERSONA,
            language=lambda: made.language,
            waiting=lambda: not mouth.speaking,
            after=fill,
        )
        composed = [_route(clerk, events.append), spoken, fillers, mouth, AgentTurn(context)]
        async with _running(composed) as worker:
            made = Talk(worker, context, mouth)
            made.model, made.office, made.clerk, made.events = model, office, clerk, events
            yield made


def _route(clerk: Clerk, emit: Emit) -> Route:
    policy = Policy(Thresholds(0.9, 0.0, 0.5))
    return Route(
        Decisions(Written(), lambda: policy.version, key=b"key", ttl=60),
        lambda: policy,
        PERSONA,
        call="CA1",
        languages=("en", "es"),
        model_available=True,
        emit=emit,
        wished=lambda _wish: None,
        clerk=clerk,
    )


@asynccontextmanager
async def _running(composed: Sequence[FrameProcessor]) -> AsyncIterator[PipelineWorker]:
    worker = PipelineWorker(
        Pipeline(list(composed)),
        enable_rtvi=False,
        enable_turn_tracking=False,
        idle_timeout_secs=None,
        check_dangling_tasks=False,
    )
    runner = WorkerRunner(handle_sigint=False, check_dangling_tasks=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    try:
        yield worker
    finally:
        await worker.cancel()
        await running
