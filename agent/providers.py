"""What a process has once for all its calls: which services, in which order, and the stores."""

import asyncio
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import aiohttp
import openai
from loguru import logger
from redis.asyncio import Redis

from agent import books, services
from agent.answering import Answering, Words, open_answering, secret
from agent.fleet.endings import Endings
from agent.line.rest import TwilioRest
from agent.office import tools_of
from agent.probes import breakers
from agent.recording.studio import Studio
from agent.settings import Settings
from knowledge import glossary, ingest, memory, persona, sharedmemory, store
from knowledge.answers import Answer
from knowledge.breakers import Breakers
from knowledge.callers import Callers
from knowledge.collecting import Collecting
from knowledge.decisions import Knower
from knowledge.erasure import Erased
from knowledge.events import Emit, everybody
from knowledge.glossary import Glossary
from knowledge.ingest import Entry
from knowledge.language import Detector
from knowledge.meanings import Meanings
from knowledge.office import Office
from knowledge.persona import Persona, Phrase
from knowledge.policy import Policy
from knowledge.privacy import Redactor
from knowledge.privacy.vault import Vault
from knowledge.readings import Readings
from knowledge.routing import Thresholds
from knowledge.sealed import Seal
from knowledge.spending import Spending
from knowledge.spoken import Languages
from knowledge.strangers import Strangers
from knowledge.translation import Alike, Translations
from processors.ears.mouth import Client as EarsClient
from processors.ears.service import Ears
from processors.ears.whisper import Whisper
from processors.model.client import Client as ModelClient
from processors.model.openai import connections
from processors.model.service import Model
from processors.model.tools import Tools
from processors.speculate import Speculation
from processors.translate import Ahead, Guesses
from processors.turns.silero import Silero
from processors.turns.smartturn import SmartTurn
from processors.turns.user import Guess
from processors.voice.client import Client as VoiceClient
from processors.voice.local import Local as LocalVoice
from processors.voice.ready import Ready
from processors.voice.service import Voice

_SAID_OTHERWISE = {
    *(Phrase.OPENS_AGAIN, Phrase.COLLECT_HEARD, Phrase.YOU_ASKED),
    *(Phrase.COLLEAGUE, Phrase.CALLER_GONE, Phrase.FULL),
}
"""The first three are filled in each time, the others are spoken by Twilio."""


def _today() -> date:
    return datetime.now(UTC).date()


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
    languages: Languages
    """The same, and what is none of them."""
    silero: Silero
    smart_turn: SmartTurn | None
    tls: ssl.SSLContext
    session: aiohttp.ClientSession
    http: openai.DefaultAsyncHttpxClient
    memory: memory.Memory
    callers: Callers
    erased: Erased
    """What neither of the two may remember again."""
    glossary: Glossary
    """The trade's words."""
    translations: Translations
    spending: Spending
    seal: Seal
    """For what only a call itself may know."""
    persona_of: float = 0.0
    """When the file of the persona was changed last, Unix seconds."""
    redis: Redis | None = None
    rest: TwilioRest | None = None
    office: Office | None = None
    """What the model's tools ask."""
    local_ears: Whisper | None = None
    local_voice: LocalVoice | None = None
    ears_clients: list[EarsClient] = field(default_factory=list)
    model_clients: list[ModelClient] = field(default_factory=list)
    voice_clients: list[VoiceClient] = field(default_factory=list)
    ready: Ready | None = None
    """What is likely to be said, spoken ahead."""
    breakers: Breakers | None = None
    """Who is left alone for now, and when it is asked again."""
    entrance: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Calls begin one after the other: to build one holds the event loop for some milliseconds."""
    endings: Endings = field(default_factory=lambda: Endings(None))
    """Calls that are over, for all workers."""
    studio: Studio | None = None
    """What recordings have in common; only who serves calls has one."""
    calm: Callable[[], bool] = lambda: False
    """Whether there is time to speak ahead; only who serves calls can tell."""

    @property
    def model_available(self) -> bool:
        """Whether there is a model beside the knowledge base."""
        return len(self.model_clients) > 1

    def ears(self, call: str, emit: Emit) -> Ears:
        return Ears(self.ears_clients, call=call, languages=self.settings.languages, emit=emit)

    def redactor(self) -> Redactor:
        return Redactor(self.persona.numbers, today=_today())

    def collecting(self) -> Collecting:
        return Collecting(self.persona.numbers, clock=time.monotonic, today=_today)

    def tools(self, call: str, vault: Vault, collecting: Collecting | None = None) -> Tools | None:
        office = self.office if self.model_available else None
        return tools_of(
            call, office, self.persona.say, self.emit, vault=vault, collecting=collecting
        )

    def model(self, call: str, emit: Emit, tools: Tools | None = None) -> Model:
        about = f"{self.persona.persona}\n\n{self.persona.instructions}"
        chosen = self.policy().chosen("model", call)
        clients = sorted(self.model_clients, key=lambda client: client.name != chosen)
        local = self.model_clients[-1]  # the last of them answers always
        cloud = [client for client in clients if client is not local]
        clients = [*self.spending.thrifty(cloud), local]
        return Model(
            clients,
            call=call,
            emit=emit,
            instructions=about,
            tools=tools,
            withheld=lambda language: self.persona.say(Phrase.WITHHELD, language),
        )

    def voice(self, call: str, emit: Emit, language: str) -> Voice:
        return Voice(self.voice_clients, call=call, emit=emit, language=language, ready=self.ready)

    def guess(self, call: str) -> Guesses | None:
        """What has an answer's sound, or a turn's reading, at hand before the turn is over."""
        target = self.settings.input_processing_target_language
        guesses: list[Guess] = []
        if self.translations.names:
            guesses.append(Ahead(self.translations, target=target))
        if self.ready is not None:
            guesses.append(self._speculation(call, self.ready))
        return Guesses(guesses) if guesses else None  # each word of a turn costs its language

    def _speculation(self, call: str, ready: Ready) -> Speculation:

        def sure(answer: Answer) -> bool:
            return answer.sure(self.policy().thresholds(answer.department, call).answer)

        return Speculation(Words(self.answering.shelf), sure, ready.warm)

    def sayings(self) -> Iterator[tuple[str, str]]:
        """Whatever is said word for word, with its language: phrases first, then answers."""
        for language in self.settings.languages:
            for phrase, variants in self.persona.phrases.get(language, {}).items():
                if phrase in _SAID_OTHERWISE:
                    continue
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
        if self.breakers is not None:
            await self.breakers.close()
        if self.ready is not None:
            await self.ready.close()
        await self.translations.close()
        await self.spending.close()
        await self.memory.close()
        await self.callers.close()
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
    redis: Redis | None = None,
) -> Providers:
    """Loads what the first call needs, off the event loop.

    `policy`: None for the settings' own. `speech=False`: without ears and voice, for a conversation
    that is typed. `redis` is closed with them; None for one of their own, where the settings name
    one. Raises NothingToUse, PersonaError, EmbeddingMissing.
    """
    shipped = Policy(thresholds(settings))
    redis = redis or _redis(settings)
    async with AsyncExitStack() as stack:
        providers = await _opened(settings, emit, policy or (lambda: shipped), redis, stack)
        await _stores(providers)
        services.models(providers)
        if speech:
            await asyncio.gather(services.ears(providers), services.voices(providers))
            services.speak_ahead(providers)
        providers.breakers = breakers(providers)
        providers.breakers.start()
        stack.pop_all()
    return providers


async def _opened(
    settings: Settings,
    emit: Emit,
    policy: Callable[[], Policy],
    redis: Redis | None,
    stack: AsyncExitStack,
) -> Providers:
    """What every process has; `stack` closes it where the rest cannot be had."""
    folder = settings.knowledge_dir
    about = await asyncio.to_thread(persona.load, folder)
    tls = await asyncio.to_thread(ssl.create_default_context)
    http = connections(tls)
    stack.push_async_callback(http.aclose)
    spending = Spending(settings.daily_budget_usd, redis=redis, emit=emit)
    answering = await open_answering(
        settings, http=http, redis=redis, emit=emit, policy=lambda: policy().version
    )
    entries = answering.shelf.current.content.entries
    detector = await asyncio.to_thread(_detector, entries, settings.languages)
    strangers = await asyncio.to_thread(Strangers.load)
    words = await asyncio.to_thread(glossary.load, folder)
    shared = Readings(redis, key=secret(settings)) if redis is not None else None
    erased = Erased()
    providers = Providers(
        settings=settings,
        emit=everybody(spending.record, emit),
        persona=about,
        persona_of=_changed(folder / persona.FILE) if folder is not None else 0.0,
        answering=answering,
        policy=policy,
        detector=detector,
        languages=Languages(detector, settings.languages, strangers),
        silero=await asyncio.to_thread(Silero),
        smart_turn=await asyncio.to_thread(_smart_turn) if "en" in settings.languages else None,
        tls=tls,
        session=aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=tls, limit=1000, keepalive_timeout=60),
            trust_env=False,
        ),
        http=http,
        redis=redis,
        memory=open_memory(settings, redis, emit, erased),
        callers=Callers(redis, ttl=books.kept(settings), erased=erased, emit=emit),
        erased=erased,
        glossary=words,
        spending=spending,
        seal=Seal([token.encode() for token in settings.twilio_auth_tokens] or [secret(settings)]),
        translations=services.translations(
            settings,
            http,
            words,
            everybody(spending.record, emit),
            spending=spending,
            shared=shared,
            alike=_alike(answering),
        ),
    )
    stack.push_async_callback(providers.close)
    return providers


def _alike(answering: Answering) -> Alike | None:
    """By the embedding that is built in: a remote one would be asked for each translation."""
    if answering.embedding is None or answering.recent is not None:
        return None
    return Meanings(answering.embedding).alike


def _detector(entries: Sequence[Entry], languages: Sequence[str]) -> Detector:
    """A small folder says too little of a language: the shipped content helps."""
    shipped = ingest.ingest(ingest.shipped(), date.max).entries
    return Detector.build([*entries, *shipped], languages)


def _smart_turn() -> SmartTurn:
    smart_turn = SmartTurn()
    smart_turn.warm()
    return smart_turn


def open_memory(
    settings: Settings, redis: Redis | None, emit: Emit, erased: Erased
) -> memory.Memory:
    """Of a process; it begins with `start`."""
    ttl = _remembered(settings)
    opened: memory.Memory = memory.LocalMemory(ttl=ttl, erased=erased)
    if redis is not None:
        opened = sharedmemory.RedisMemory(redis, ttl=ttl, emit=emit, erased=erased)
    return opened if settings.retention_days else memory.Wordless(opened)


def _remembered(settings: Settings) -> int:
    """Seconds that a call is remembered: no longer than what was said may be kept."""
    days = settings.retention_days
    return min(settings.memory_ttl, days * books.DAY) if days else settings.memory_ttl


def _redis(settings: Settings) -> Redis | None:
    url = settings.redis_url
    return None if url is None else store.connect(url.get_secret_value())


async def _stores(providers: Providers) -> None:
    settings = providers.settings
    await providers.memory.start()
    await providers.spending.start()
    await providers.callers.start()
    if settings.twilio_account_sid and settings.twilio_auth_token:
        providers.rest = TwilioRest(
            providers.session,
            settings.twilio_api_base_url,
            settings.twilio_account_sid,
            settings.twilio_auth_tokens[0],
        )
        providers.rest.renew(settings.twilio_auth_tokens)
