"""Ears, model, voice and translator, as a call has them."""

import asyncio
import ssl
import time
from urllib.parse import urlsplit

import aiohttp
from pipecat.frames.frames import (
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMTextFrame,
    TTSTextFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext

from agent.probes import speaks
from agent.simulators import deepgram as simulated_ears
from agent.simulators import elevenlabs as simulated_voice
from agent.simulators import openai as simulated_model
from agent.simulators.acting import Messages, text_of
from agent.simulators.server import Behaviour
from knowledge.answers import Answer, Question
from knowledge.breakers import Watched
from knowledge.glossary import Glossary
from knowledge.translation import WITHIN, Translations
from knowledge.translators import ModelTranslator
from processors.contract.bench import Bench
from processors.ears.deepgram import Deepgram
from processors.frames import LANGUAGE, TURN, speech
from processors.model.local import Local, Phrases
from processors.model.openai import Account, OpenAI, connections
from processors.model.service import GO_ON, Model
from processors.voice.elevenlabs import ElevenLabs
from processors.voice.service import Voice
from tests.faults.rig import Asked, Rig, happens
from tests.faults.wire import SPOKEN, Trouble, Wire
from tests.processors.ears.speech import call, silence, spoken
from tests.processors.voice.scripted import Scripted

SENTENCES = ("First you call us.", "Then we look at all of it.", "After that we pay you.")
ANSWER = " ".join(SENTENCES)
EVER = 30.0
PATIENCE = 10.0
"""Seconds after which nothing more is coming."""


def port(url: str) -> int:
    found = urlsplit(url).port
    assert found is not None
    return found


def answering(messages: Messages) -> str:
    """All of it; to a provider that takes over in the middle, what is missing."""
    if text_of(messages[-1]) == GO_ON:
        return ANSWER.removeprefix(text_of(messages[-2]).strip()).strip()
    return ANSWER


class Ignorant:
    async def answer(self, question: Question) -> Answer | None:
        del question
        return None


class EarsRig(Rig):
    service = "STT"
    speed = 4.0
    """How much faster than real time the caller speaks."""

    async def open(self) -> None:
        self.said = spoken("and a tow truck please")
        enter, quick = self.stack.enter_async_context, Behaviour(latency=0.1)
        self.provider = first = await enter(simulated_ears.Deepgram([self.said], behaviour=quick))
        second = await enter(simulated_ears.Deepgram([self.said], behaviour=quick))
        self.wire = await enter(Wire(port(first.url)))
        self.client = Deepgram("key", ("en",), base_url=f"http://127.0.0.1:{self.wire.port}")
        other = Deepgram("key", ("en",), base_url=second.url)
        other.name = "other"
        self.call = await enter(call([self.client, other], speed=self.speed))
        self.call.events = self.events
        self.call.ears._emit = self.events.append

    def watched(self) -> list[Watched]:
        return [Watched("ears", "deepgram", self.client.breaker, self.client.probe)]

    async def be(self, trouble: Trouble | None) -> None:
        """What is said in place of a stream, and what is not heard in one, meets a new stream."""
        await super().be(trouble)
        if trouble in SPOKEN:
            self.wire.cut()

    def recovered(self) -> bool:
        return self.call.ears.listening == "deepgram"

    async def ask(self) -> Asked:
        since, before, text = len(self.events), self._finals, self.call.text
        await self.call.hear(silence(0.3))
        await self.call.say(self.said)
        began = time.monotonic()
        if not await happens(lambda: self._finals > before, PATIENCE):
            return Asked(PATIENCE, "not heard")
        seconds = time.monotonic() - began
        await self.call.hear(silence(0.5))
        heard = self.call.text.removeprefix(text).strip()
        problem = "" if heard == self.said.transcript else f"heard {heard!r}"
        by = [event.provider for event in self.answers(since)]
        return Asked(seconds, problem, by == ["deepgram"])

    @property
    def _finals(self) -> int:
        return sum(frame.finalized for frame in self.call.finals)


class ModelRig(Rig):
    service = "LLM"

    async def open(self) -> None:
        enter = self.stack.enter_async_context
        quick = simulated_model.Writing(latency=0.1, pace=0.005)
        self.provider = first = await enter(simulated_model.OpenAI(answering, behaviour=quick))
        second = await enter(simulated_model.OpenAI(answering, behaviour=quick))
        self.wire = await enter(Wire(port(first.url), mid=1500))
        http = await enter(connections(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)))
        address = f"http://127.0.0.1:{self.wire.port}/v1"
        self.client = OpenAI("openai", Account(address, "sk", "m"), http=http)
        other = OpenAI("other", Account(second.api, "sk", "m"), http=http)
        last = Local(Ignorant(), lambda _: Phrases("Pardon?", "I do not know that."))
        clients = [self.client, other, last]
        self.bench = Bench(Model(clients, call="CA1", emit=self.events.append), soon=EVER)
        await enter(self.bench)

    def watched(self) -> list[Watched]:
        return [Watched("model", "openai", self.client.breaker, self.client.probe)]

    def recovered(self) -> bool:
        return not self.client.breaker.open

    async def ask(self) -> Asked:
        self.asked += 1
        since, before = len(self.events), len(self.bench.got())
        context = LLMContext([{"role": "user", "content": "What do I do?"}])
        began = time.monotonic()
        await self.bench.send(TURN.on(LANGUAGE.on(LLMContextFrame(context), "en"), self.asked))
        texts: list[str] = []
        seconds = PATIENCE

        def over() -> bool:
            nonlocal seconds
            fresh = self.bench.got()[before:]
            texts[:] = [frame.text.strip() for frame in fresh if isinstance(frame, LLMTextFrame)]
            if texts and seconds == PATIENCE:
                seconds = time.monotonic() - began
            return any(isinstance(frame, LLMFullResponseEndFrame) for frame in fresh)

        ended = await self.bench.until(over, within=PATIENCE)
        told = " ".join(texts)
        problem = "" if ended and told == ANSWER else f"said {told!r}"
        by = [event.provider for event in self.answers(since)]
        return Asked(seconds, problem, by == ["openai"])


class VoiceRig(Rig):
    service = "TTS"

    async def open(self) -> None:
        enter = self.stack.enter_async_context
        quick = simulated_voice.Speaking(latency=0.1, pace=0.0)
        self.provider = first = await enter(simulated_voice.ElevenLabs(behaviour=quick))
        self.wire = await enter(Wire(port(first.url), mid=9000))
        session = await enter(aiohttp.ClientSession())
        address = f"http://127.0.0.1:{self.wire.port}"
        self.client = ElevenLabs(session, key="k", voice="v", url=address)
        voice = Voice([self.client, Scripted("other")], call="CA1", emit=self.events.append)
        self.bench = await enter(Bench(voice, soon=EVER))

    def watched(self) -> list[Watched]:
        probe = speaks(self.client, "en")
        return [Watched("voice", "elevenlabs", self.client.breaker, probe)]

    def recovered(self) -> bool:
        return not self.client.breaker.open

    async def ask(self) -> Asked:
        self.asked += 1
        since, before = len(self.events), len(self.bench.got())
        for frame in speech(ANSWER, "en", turn=self.asked):
            await self.bench.send(frame)
        settled = await self.bench.settle()
        words = [f.text for f in self.bench.got()[before:] if isinstance(f, TTSTextFrame)]
        told = " ".join(words)
        problem = "" if settled and told == ANSWER else f"said {told!r}"
        answers = self.answers(since)
        by = [event.provider for event in answers]
        seconds = min((event.seconds for event in answers), default=PATIENCE)
        return Asked(seconds, problem, by == ["elevenlabs"])


class TranslatorRig(Rig):
    """A turn waits 0.3 s for its reading at most, and goes on without."""

    service = "translator"

    async def open(self) -> None:
        enter = self.stack.enter_async_context
        quick = simulated_model.Writing(latency=0.0, pace=0.0)
        self.provider = first = await enter(simulated_model.OpenAI(_english, behaviour=quick))
        second = await enter(simulated_model.OpenAI(_english, behaviour=quick))
        self.wire = await enter(Wire(port(first.url), mid=100))
        http = await enter(connections(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)))
        address = f"http://127.0.0.1:{self.wire.port}/v1"
        self.client = ModelTranslator("openai", "sk", address, "m", http=http)
        other = ModelTranslator("other", "sk", second.api, "m", http=http)
        self.translations = Translations([self.client, other], Glossary(), emit=self.events.append)
        self.stack.push_async_callback(self.translations.close)

    def watched(self) -> list[Watched]:
        return [Watched("translator", "openai", self.client.breaker, self.client.probe)]

    def recovered(self) -> bool:
        return not self.client.breaker.open

    async def ask(self) -> Asked:
        self.asked += 1
        began = time.monotonic()
        found = await self.translations.read(f"necesito la grúa {self.asked}", "es", "en")
        seconds = time.monotonic() - began
        problem = ""
        if found is not None and found.text != f"I need the tow truck {self.asked}":
            problem = f"read {found.text!r}"
        if seconds > WITHIN + 0.2:
            problem = "the turn waited"
        return Asked(seconds, problem, found is not None and found.provider == "openai")

    async def finished(self) -> str:
        """Nobody waits while readings come late: the first one in time changes that."""
        self.asked += 1
        async with asyncio.timeout(PATIENCE):
            await self.translations.whole(f"necesito la grúa {self.asked}", "es", "en")
            await self.translations.read(f"necesito la grúa {self.asked}!", "es", "en")
        self.translations._late = 0
        return ""


def _english(messages: Messages) -> str:
    number = "".join(letter for letter in text_of(messages[-1]) if letter.isdecimal())
    return f"I need the tow truck {number}"
