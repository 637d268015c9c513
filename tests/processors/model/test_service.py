"""The model as the pipeline sees it: one service, whole sentences, whoever of its clients fails."""

import asyncio
import ssl
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import httpx2
import pytest
from pipecat.frames.frames import (
    ErrorFrame,
    Frame,
    InterruptionFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    MetricsFrame,
)
from pipecat.metrics.metrics import LLMUsageMetricsData
from pipecat.pipeline.worker import PipelineParams
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.tests.utils import run_test

from agent.simulators import openai as simulated
from agent.simulators.server import Fault as Failing
from knowledge.answers import Answer, Question
from knowledge.chain import Breaker, Fault
from knowledge.events import Answered, Event, Switched, Used
from processors.contract.bench import Bench
from processors.frames import LANGUAGE, ROUTE, TURN, speech
from processors.model.client import Client, Finish, Piece, Prompt
from processors.model.local import Local, Phrases
from processors.model.openai import Account, OpenAI, connections
from processors.model.service import GO_ON, Model, Patience
from tests.eventually import until

PATIENT = Patience(first=30.0, hedge=30.0, begin=30.0, gap=30.0)
"""With what works: no machine is so busy."""
QUICK = Patience(first=0.3, hedge=0.1, begin=0.1, gap=0.2)
"""With what never comes."""
STALLING = Patience(first=30.0, hedge=30.0, begin=0.5, gap=0.5)
"""With what begins and does not go on."""
SPOKEN = (LLMFullResponseStartFrame, LLMTextFrame, LLMFullResponseEndFrame)


class Quiet:
    async def answer(self, question: Question) -> Answer | None:
        del question
        return None


LOCAL = Local(Quiet(), lambda _: Phrases("Pardon?", "I do not know that. A person may help."))


@dataclass
class Scripted:
    """Writes its pieces; None waits for ever, a Fault is raised."""

    name: str
    script: Sequence[Piece | Fault | None]
    breaker: Breaker = field(default_factory=Breaker)
    spare: bool = True
    prompts: list[Prompt] = field(default_factory=list)
    closed: int = 0

    async def write(self, prompt: Prompt) -> AsyncGenerator[Piece]:
        self.prompts.append(prompt)
        try:
            for piece in self.script:
                if piece is None:
                    await asyncio.Event().wait()
                elif isinstance(piece, Fault):
                    raise piece
                else:
                    yield piece
        finally:
            self.closed += 1


def turn(*, language: str = "en", number: int = 3) -> LLMContextFrame:
    frame = LLMContextFrame(LLMContext([{"role": "user", "content": "What do I do?"}]))
    return TURN.on(LANGUAGE.on(frame, language), number)


async def run(
    clients: Sequence[Client], *frames: Frame, patience: Patience = PATIENT, **more: Any
) -> tuple[list[Frame], list[Event]]:
    """The frames that come out below, and the events."""
    events: list[Event] = []
    model = Model(clients, call="CA1", emit=events.append, patience=patience, **more)
    params = PipelineParams(enable_metrics=True, enable_usage_metrics=True)
    down, up = await run_test(
        model, frames_to_send=list(frames) or [turn()], pipeline_params=params
    )
    assert not [frame for frame in up if isinstance(frame, ErrorFrame)]
    return list(down), events


def texts(frames: Sequence[Frame]) -> list[str]:
    return [frame.text for frame in frames if isinstance(frame, LLMTextFrame)]


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    async with connections(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as http:
        yield http


@pytest.fixture
async def provider() -> AsyncIterator[simulated.OpenAI]:
    quick = simulated.Writing(latency=0.0, pace=0.005)
    text = "First you call us. Then we look at it. After that we pay."
    async with simulated.OpenAI(lambda _: text, behaviour=quick) as provider:
        yield provider


def connected(provider: simulated.OpenAI, http: httpx2.AsyncClient, name: str = "openai") -> OpenAI:
    return OpenAI(name, Account(provider.api, "sk-test", "gpt-x"), http=http)


async def test_every_text_frame_is_whole_sentences(
    provider: simulated.OpenAI, http: httpx2.AsyncClient
) -> None:
    down, events = await run([connected(provider, http), LOCAL])
    spoken = [frame for frame in down if isinstance(frame, SPOKEN)]
    assert isinstance(spoken[0], LLMFullResponseStartFrame)
    assert isinstance(spoken[-1], LLMFullResponseEndFrame)
    assert texts(spoken) == ["First you call us.", " Then we look at it.", " After that we pay."]
    answered, used = events
    assert isinstance(answered, Answered)
    assert (answered.call, answered.service, answered.provider) == ("CA1", "model", "openai")
    assert isinstance(used, Used)
    assert (used.call, used.model, used.written > 0) == ("CA1", "gpt-x", True)


async def test_frames_know_language_turn_and_route() -> None:
    good = Scripted("good", ["Sí. No", Finish()])
    down, _ = await run([good], turn(language="es", number=7))
    for frame in down:
        if isinstance(frame, SPOKEN):
            assert (LANGUAGE.of(frame), TURN.of(frame), ROUTE.of(frame)) == ("es", 7, "model")
    assert good.prompts[0].language == "es"


async def test_what_others_say_passes_untouched() -> None:
    frames = speech("Known.", "es", route="knowledge", turn=2)
    down, events = await run([Scripted("idle", [])], *frames)
    assert [frame for frame in down if isinstance(frame, SPOKEN)] == frames
    assert {ROUTE.of(frame) for frame in frames} == {"knowledge"}
    assert events == []


async def test_instructions_stand_before_the_conversation() -> None:
    good = Scripted("good", ["Yes", Finish()])
    await run([good], turn(), instructions="You are Ada.")
    assert [message["role"] for message in good.prompts[0].messages] == ["system", "user"]
    assert good.prompts[0].messages[0]["content"] == "You are Ada."


async def test_usage_becomes_the_base_classs_metrics(
    provider: simulated.OpenAI, http: httpx2.AsyncClient
) -> None:
    down, _ = await run([connected(provider, http), LOCAL])
    data = [d for frame in down if isinstance(frame, MetricsFrame) for d in frame.data]
    [usage] = [d for d in data if isinstance(d, LLMUsageMetricsData)]
    assert usage.value.completion_tokens > 10


@pytest.mark.parametrize(
    ("how", "fault"),
    [
        ({"fault": Failing.REFUSE}, "refused"),
        ({"fault": Failing.DENIED}, "denied"),
        ({"fault": Failing.LIMITED}, "limited"),
        ({"fault": Failing.BROKEN}, "broken"),
        ({"fault": Failing.GARBAGE}, "broken"),
        ({"fault": Failing.EMPTY}, "empty"),
        ({"fault": Failing.HANG}, "late"),
        ({"fault": Failing.DROP, "tokens": 2}, "cut"),
        ({"stall": True, "tokens": 2}, "stalled"),
    ],
)
async def test_any_failure_before_a_sentence_is_made_good_by_the_next(
    provider: simulated.OpenAI, http: httpx2.AsyncClient, how: dict[str, Any], fault: str
) -> None:
    await provider.behave(**how)
    spare = Scripted("spare", ["All is well. Really", Finish()])
    patience = {"late": QUICK, "stalled": STALLING}.get(fault, PATIENT)
    down, events = await run([connected(provider, http), spare, LOCAL], patience=patience)
    assert texts(down) == ["All is well.", " Really"]
    assert Switched("CA1", "model", "openai", fault) in events
    assert spare.prompts[0].said == ""
    await until(lambda: provider.seen.open == 0)


@pytest.mark.parametrize("how", [{"fault": Failing.DROP}, {"stall": True}])
async def test_a_broken_answer_is_finished_by_the_next_and_nothing_said_twice(
    provider: simulated.OpenAI, http: httpx2.AsyncClient, how: dict[str, Any]
) -> None:
    await provider.behave(**how, tokens=9, pace=0.0)
    patience = PATIENT if "fault" in how else STALLING
    spare = Scripted("spare", ["First you call us! ", "Then we see. ", "Bye.", Finish()])
    down, events = await run([connected(provider, http), spare, LOCAL], patience=patience)
    assert texts(down) == ["First you call us.", " Then we see.", " Bye."]
    assert [type(event) for event in events] == [Answered, Switched, Answered]
    *_, heard, go_on = spare.prompts[0].messages
    assert heard == {"role": "assistant", "content": "First you call us."}
    assert go_on == {"role": "developer", "content": GO_ON}


async def test_a_late_provider_is_raced_and_the_loser_is_closed() -> None:
    late, quick = Scripted("late", [None]), Scripted("quick", ["Here", Finish()])
    down, events = await run([late, quick, LOCAL], patience=QUICK)
    assert texts(down) == ["Here"]
    assert late.closed == 1
    assert Switched("CA1", "model", "late", "late") in events


async def test_the_embedded_answer_never_races_a_model_that_is_only_slow(
    provider: simulated.OpenAI, http: httpx2.AsyncClient
) -> None:
    await provider.behave(latency=0.2)
    slow = replace(PATIENT, hedge=0.1)
    down, events = await run([connected(provider, http), LOCAL], patience=slow)
    assert texts(down)[0] == "First you call us."
    assert [type(event) for event in events] == [Answered, Used]


async def test_the_chain_never_ends_empty() -> None:
    dead = [Scripted(f"dead{n}", [Fault("refused")]) for n in range(2)]
    down, events = await run([*dead, LOCAL])
    assert texts(down) == ["I do not know that.", " A person may help."]
    assert isinstance(events[-1], Answered)
    assert events[-1].provider == "local"


async def test_a_provider_that_failed_twice_is_left_alone() -> None:
    dead = Scripted("dead", [Fault("broken")])
    down, _ = await run([dead, Scripted("good", ["Yes", Finish()]), LOCAL], *[turn()] * 4)
    assert texts(down) == ["Yes"] * 4
    assert len(dead.prompts) == 2


@pytest.mark.parametrize("how", [{"fault": Failing.HANG}, {"stall": True}, {"pace": 2.0}])
async def test_an_interruption_closes_the_stream_at_once(
    provider: simulated.OpenAI, http: httpx2.AsyncClient, how: dict[str, Any]
) -> None:
    await provider.behave(**how)
    model = Model(
        [connected(provider, http), LOCAL], call="CA1", emit=lambda _: None, patience=PATIENT
    )
    async with Bench(model) as bench:
        await bench.send(turn())
        await until(lambda: provider.seen.open == 1)
        await bench.send(InterruptionFrame())
        await until(lambda: (provider.seen.cancelled, provider.seen.open) == (1, 0))
        down = list(bench.got())
    assert texts(down) == []
    assert isinstance(down[-1], InterruptionFrame)


async def test_it_cannot_be_made_without_clients() -> None:
    with pytest.raises(ValueError, match="at least one client"):
        Model([], call="CA1", emit=lambda _: None)


async def test_a_plain_completion_is_refused_clearly() -> None:
    model = Model([LOCAL], call="CA1", emit=lambda _: None)
    with pytest.raises(Fault, match="as a stream"):
        await model.run_inference(LLMContext([{"role": "user", "content": "Hello"}]))


async def test_making_one_does_not_hold_the_loop() -> None:
    began = time.thread_time()
    for _ in range(20):
        Model([LOCAL], call="CA1", emit=lambda _: None)
    assert (time.thread_time() - began) / 20 < 0.005
