"""Every processor of ours keeps the promises that are asked of anybody's."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable, Iterator, MutableMapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import Any

import aiohttp
import pytest
from _pytest.mark import ParameterSet
from pipecat.frames.frames import (
    Frame,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    OutputAudioRawFrame,
    TextFrame,
    TranscriptionFrame,
    TTSSpeakFrame,
    UserStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameProcessor

from agent.line.input import LineInput
from agent.line.output import LineOutput
from agent.line.protocol import Start
from agent.line.stream import MediaStream
from knowledge import persona
from knowledge.decisions import Decisions
from knowledge.events import nowhere
from knowledge.glossary import Glossary
from knowledge.index import Index
from knowledge.ingest import Entry, Wording
from knowledge.policy import Policy
from knowledge.privacy import Redactor
from knowledge.privacy.vault import Vault
from knowledge.routing import Thresholds
from knowledge.translation import Translations
from processors.contract import PROMISES, Bench, Promise
from processors.contract.case import Case
from processors.contract.trials import STALL, does_not_stall
from processors.ears.deepgram import Deepgram
from processors.ears.service import Ears
from processors.fillers import Fillers
from processors.frames import LANGUAGE, TURN, HeardFrame, HoldReleaseFrame, WishFrame
from processors.localize import Localize
from processors.model.local import Local, Phrases
from processors.model.service import Model
from processors.route import Route
from processors.sanitize import Sanitize
from processors.translate import Translate
from processors.turns.silero import Silero
from processors.turns.taking import Patience, TurnTaking
from processors.voice.elevenlabs import ElevenLabs
from processors.voice.service import Voice
from tests.commands import simulated

AUDIO = bytes(320)
ENTRIES = [
    Entry(
        id="policy-number",
        department="policy",
        valid_until=None,
        wordings={
            "en": Wording(
                "Where do I find my policy number?",
                ("what is my policy number",),
                "Your policy number is on your insurance card.",
            )
        },
        body="",
    )
]


class Nobody:
    """A telephone line on which nothing is said and nobody listens."""

    def __init__(self) -> None:
        self.scope: MutableMapping[str, Any] = {}

    async def receive(self) -> dict[str, str]:
        return {"type": "websocket.disconnect"}

    async def send_text(self, data: str) -> None: ...

    async def close(self, code: int = 1000) -> None: ...


@dataclass(frozen=True, slots=True)
class House:
    """What a process has once, for the processors of all its calls."""

    silero: Silero
    index: Index
    persona: persona.Persona
    deepgram: str
    elevenlabs: str


@dataclass(frozen=True, slots=True)
class Subject:
    make: Callable[[House, aiohttp.ClientSession], FrameProcessor]
    given: tuple[Frame, ...]
    consumes: tuple[type[Frame], ...] = field(default=())


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The providers are other processes: their work must not count as a processor's."""
    folder = tmp_path_factory.mktemp("providers")
    (folder / "manifest.json").write_text("[]")
    with (
        simulated("deepgram", folder, "--recordings", ".") as deepgram,
        simulated("elevenlabs", folder, "--latency", "0") as elevenlabs,
    ):
        yield House(Silero(), Index.build(ENTRIES), persona.load(), deepgram, elevenlabs)


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def route(house: House, _session: aiohttp.ClientSession) -> Route:
    return Route(
        Decisions(house.index, lambda: house.index.version, key=b"key", ttl=60),
        lambda: Policy(Thresholds(0.9, 0.5)),
        house.persona,
        call="CA1",
        languages=("en",),
        model_available=True,
        emit=nowhere,
        wished=lambda _wish: None,
    )


def turn_taking(house: House) -> TurnTaking:
    async def silent(_prompt: int) -> None: ...

    return TurnTaking(
        LLMContext(),
        house.silero,
        None,
        language="en",
        barge_in="words",
        patience=Patience(),
        silent=silent,
    )


def ears(house: House, _session: aiohttp.ClientSession) -> Ears:
    client = Deepgram("key", ("en",), base_url=house.deepgram)
    return Ears([client], call="CA1", languages=("en",), emit=nowhere)


def model(house: House, _session: aiohttp.ClientSession) -> Model:
    client = Local(house.index, lambda _language: Phrases("Which one?", "I do not know."))
    return Model([client], call="CA1", emit=nowhere)


def voice(house: House, session: aiohttp.ClientSession) -> Voice:
    client = ElevenLabs(session, key="key", voice="v", model="m", url=house.elevenlabs)
    return Voice([client], call="CA1", emit=nowhere)


class Line(MediaStream):
    """To a telephone that says at once that a mark was played."""

    def __init__(self) -> None:
        super().__init__(Nobody(), Start("CA1", "MZ1", "audio/x-mulaw", 8000, 1), nowhere)
        self.played: Callable[[str, float], None] = lambda _mark, _now: None

    def mark(self, name: str) -> None:
        asyncio.get_running_loop().call_soon(self.played, name, time.monotonic())


def line_input(_house: House, _session: aiohttp.ClientSession) -> LineInput:
    return LineInput(
        Line(),
        heard=lambda _pcm: None,
        pressed=lambda: None,
        played=lambda _mark, _now: None,
        ended=lambda _stopped: None,
        still=bool,
    )


def line_output(_house: House, _session: aiohttp.ClientSession) -> LineOutput:
    line = Line()
    output = LineOutput(
        line,
        holds=True,
        emit=nowhere,
        sent=lambda _mulaw, _at: None,
        cleared=lambda _now: None,
        said=lambda _words: None,
        asked=lambda _wish: None,
    )
    line.played = output.played
    return output


def audio() -> InputAudioRawFrame:
    return InputAudioRawFrame(AUDIO, 8000, 1)


def turn() -> LLMContextFrame:
    context = LLMContext([{"role": "user", "content": "What is my policy number?"}])
    return TURN.on(LANGUAGE.on(LLMContextFrame(context), "en"), 1)


SPOKEN = (TTSSpeakFrame("One moment."),)
ANSWER = (LLMFullResponseStartFrame, LLMTextFrame, LLMFullResponseEndFrame)
"""An answer's frames: the voice keeps the text, and the other two where they go astray upstream."""

SUBJECTS = {
    "line-input": Subject(line_input, (audio(),)),
    "hear": Subject(lambda house, _: turn_taking(house).hear(), (audio(),)),
    "ears": Subject(
        ears,
        (VADUserStartedSpeakingFrame(), audio(), VADUserStoppedSpeakingFrame()),
    ),
    "sanitize": Subject(
        lambda _house, _: Sanitize(
            Redactor({}, today=date(2026, 11, 22)), Vault(), longest=5000, least=0.6
        ),
        (
            TranscriptionFrame("what is it", "caller", ""),
            InterimTranscriptionFrame("what is", "caller", ""),
        ),
    ),
    "user-turn": Subject(
        lambda house, _: turn_taking(house).user(),
        (TranscriptionFrame("what is it", "caller", ""),),
        consumes=(InterimTranscriptionFrame,),
    ),
    "translate": Subject(
        lambda _house, _: Translate(
            Translations([], Glossary(), emit=nowhere),
            call="CA1",
            default="es",
            target="en",
            least=0.5,
        ),
        (turn(),),
    ),
    "route": Subject(route, (turn(), WishFrame(wish="wait"))),
    "model": Subject(model, (turn(),)),
    "localize": Subject(
        lambda _house, _: Localize(Translations([], Glossary(), emit=nowhere), least=0.5),
        (LLMTextFrame("Hail is covered."),),
    ),
    "fillers": Subject(
        lambda house, _: Fillers(house.persona, language=lambda: "en", waiting=lambda: False),
        (LLMTextFrame("Hail is covered."), UserStoppedSpeakingFrame()),
    ),
    "voice": Subject(voice, SPOKEN, consumes=ANSWER),
    "line-output": Subject(
        line_output,
        (OutputAudioRawFrame(AUDIO, 8000, 1),),
        consumes=(TextFrame, HoldReleaseFrame),
    ),
    "agent-turn": Subject(
        lambda house, _: turn_taking(house).agent(),
        (HeardFrame(text="One moment."),),
        consumes=(TextFrame, LLMFullResponseStartFrame, LLMFullResponseEndFrame),
    ),
}


async def computes_little(case: Case) -> str | None:
    """The kit's own trial of a stall, in CPU time: while these two wait for a clock or for another
    process, whatever else the machine has to do would count as theirs."""
    frames = 10
    best = [math.inf] * frames
    for _ in range(3):
        async with case.bench() as bench:
            for index in range(frames):
                best[index] = min(best[index], await longest_round(bench, case.frame()))
        if max(best) <= STALL:
            return None
    return f"the event loop was kept busy for {max(best) * 1000:.0f} ms"


async def longest_round(bench: Bench, frame: Frame) -> float:
    """Seconds of CPU of the event loop's longest round while the frame is on its way."""

    async def through() -> None:
        await bench.send(frame)
        await bench.settle()

    longest, last = 0.0, time.thread_time()
    passing = asyncio.ensure_future(through())
    while not passing.done():
        await asyncio.sleep(0)
        now = time.thread_time()
        longest, last = max(longest, now - last), now
    await passing
    return longest


WAITING = {"voice", "line-output"}


def trials() -> Iterator[ParameterSet]:
    for name, subject in SUBJECTS.items():
        for promise in PROMISES:
            stall = name in WAITING and promise.trial is does_not_stall
            tried = replace(promise, trial=computes_little) if stall else promise
            yield pytest.param(subject, tried, id=f"{name}-{promise}")


@pytest.mark.parametrize(("subject", "promise"), list(trials()))
async def test_ours_keep(
    subject: Subject, promise: Promise, house: House, session: aiohttp.ClientSession
) -> None:
    make = partial(subject.make, house, session)
    await promise(make, *subject.given, consumes=subject.consumes)
