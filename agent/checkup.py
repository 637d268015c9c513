"""What `doctor` and /api/health/detailed ask: each stage's services as a call would use them."""

from collections.abc import Awaitable, Callable, Iterator
from functools import partial

from agent import books, doctor
from agent.doctor import Check, Row
from agent.line.rest import TwilioDenied, TwilioError, TwilioRest
from agent.probes import speaks
from agent.providers import Providers, open_providers
from agent.recording import studio
from agent.settings import Settings
from knowledge.answers import Question
from knowledge.chain import Fault
from knowledge.embedding import Embedding
from knowledge.events import nowhere
from processors.model.openai import OpenAI


def checks(providers: Providers) -> list[Check]:
    """In the order of the pipeline."""
    return [
        *_line(providers),
        *_ears(providers),
        *_translators(providers),
        *_knowledge(providers),
        *_model(providers),
        *_voice(providers),
        *_memory(providers),
        *books.checks(providers.settings),
        *studio.checks(providers.settings),
    ]


async def examine(settings: Settings) -> list[Row]:
    """Everything is loaded, asked and closed again. Raises NothingToUse, PersonaError."""
    providers = await open_providers(settings, nowhere)
    try:
        return await doctor.examine(checks(providers))
    finally:
        await providers.close()


def _line(providers: Providers) -> Iterator[Check]:
    if providers.rest is not None:
        yield Check("line", "Twilio REST", "TWILIO_ACCOUNT_SID is set", _twilio(providers.rest))
    else:
        yield Check("line", "TwiML only", "TWILIO_ACCOUNT_SID is not set: calls end by TwiML")
    yield Check("turns", "Silero, smart-turn", "bundled with Pipecat")


def _ears(providers: Providers) -> Iterator[Check]:
    for client in providers.ears_clients:
        why = (
            "DEEPGRAM_API_KEY is set" if client.name == "deepgram" else _built_in(providers, "ears")
        )
        yield Check("ears", client.name, why, client.probe)


def _knowledge(providers: Providers) -> Iterator[Check]:
    language = providers.settings.languages[0]

    async def ask() -> None:
        await providers.answering.shelf.answer(Question("hello", language))

    source = "KNOWLEDGE_DIR is set" if providers.settings.knowledge_dir else "shipped content"
    yield Check("knowledge", "embedded index", source, ask)
    vectors = providers.answering.embedding
    if vectors is None:
        yield Check("embedding", "none", "EMBEDDING=none, or none is installed: words alone")
    else:
        yield Check("embedding", vectors.name, "see EMBEDDING", partial(_embed, vectors))
    if (space := providers.answering.space) is not None:
        yield Check("knowledge", "Pinecone", "PINECONE_API_KEY is set", space.check)


async def _embed(embedding: Embedding) -> None:
    await embedding.embed(["hello"])


def _translators(providers: Providers) -> Iterator[Check]:
    translations, settings = providers.translations, providers.settings

    async def ask() -> None:
        source, target = "es", settings.input_processing_target_language
        if await translations.whole("hola", source, "en" if target == source else target) is None:
            raise Fault("exhausted", "nobody could")

    if names := translations.names:
        yield Check("translate", ", ".join(names), "see INPUT_PROCESSING_PREFERRED_PROVIDER", ask)
    else:
        why = "no model's key is set, or embedded is preferred: the router matches by its vectors"
        yield Check("translate", "nobody", why)


def _model(providers: Providers) -> Iterator[Check]:
    for client in providers.model_clients:
        if isinstance(client, OpenAI):
            yield Check("model", client.name, "its key is set", client.check)
    if not providers.model_available:
        yield Check("model", "none", "no key is set: the knowledge base alone answers")


def _voice(providers: Providers) -> Iterator[Check]:
    for client in providers.voice_clients:
        chosen = client is not providers.local_voice
        why = "ELEVENLABS_API_KEY is set" if chosen else _built_in(providers, "voice")
        yield Check("voice", client.name, why, speaks(client, providers.settings.languages[0]))


def _memory(providers: Providers) -> Iterator[Check]:
    if (redis := providers.redis) is not None:

        async def ping() -> None:
            await redis.ping()

        yield Check("memory", "Redis", "REDIS_URL is set", ping)
    else:
        yield Check("memory", "this process", "REDIS_URL is not set: no other worker knows a call")


def _built_in(providers: Providers, service: str) -> str:
    clients = providers.ears_clients if service == "ears" else providers.voice_clients
    return "built in" if len(clients) == 1 else "built in, when the one above fails"


def _twilio(rest: TwilioRest) -> Callable[[], Awaitable[None]]:
    async def ask() -> None:
        try:
            await rest.check()
        except TwilioError as error:
            raise Fault(
                "denied" if isinstance(error, TwilioDenied) else "refused", str(error)
            ) from error

    return ask
