"""What the process asks of its providers while nobody calls: each as a turn would, but less."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing
from typing import TYPE_CHECKING

from knowledge.breakers import Breakers, Watched
from knowledge.chain import Fault
from knowledge.translators import ModelTranslator
from processors.model.openai import OpenAI
from processors.voice.client import Client, Script

if TYPE_CHECKING:
    from agent.providers import Providers


def breakers(providers: "Providers") -> Breakers:
    """Of all providers that may go away; its owner starts and closes it."""
    return Breakers(list(watched(providers)), providers.emit, redis=providers.redis)


def watched(providers: "Providers") -> Iterator[Watched]:
    for ears in providers.ears_clients:
        yield Watched("ears", ears.name, ears.breaker, ears.probe)
    for model in providers.model_clients:
        if isinstance(model, OpenAI):
            yield Watched("model", model.name, model.breaker, model.probe)
    language = providers.settings.languages[0]
    for voice in providers.voice_clients:
        yield Watched("voice", voice.name, voice.breaker, speaks(voice, language))
    for translator in providers.translations.translators:
        if isinstance(translator, ModelTranslator):
            name, breaker = translator.name, translator.breaker
            yield Watched("translator", name, breaker, translator.probe)
    if (space := providers.answering.space) is not None:
        breaker = providers.answering.presence.breakers["pinecone"]
        yield Watched("knowledge", "pinecone", breaker, space.check)


def speaks(client: Client, language: str) -> Callable[[], Awaitable[None]]:
    """A word, as far as its first sound."""

    async def ask() -> None:
        async with aclosing(client.speak(Script("Hello.", language))) as sounds:
            async for sound in sounds:
                if sound.pcm:
                    return
        raise Fault("empty")

    return ask
