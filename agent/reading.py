"""Lines of text in another language, by the translators that a call asks."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import TYPE_CHECKING, TextIO

import orjson

from agent import keyboard
from agent.jsonl import Line, NoText, read
from agent.settings.light import Light
from knowledge.events import nowhere
from knowledge.translation import LONGEST, Alike, Translation

if TYPE_CHECKING:
    from agent.settings import Settings


@dataclass(frozen=True, slots=True)
class Read:
    translation: str | None
    """None where nobody translates, or nobody could."""
    provider: str | None
    confidence: float
    seconds: float


Ask = Callable[[str, str, str], Awaitable[Read]]


async def one(settings: "Settings | Light", text: str, language: str, to: str) -> Read:
    async with _open(settings) as ask:
        return await ask(text, language, to)


async def lines(
    settings: "Settings | Light",
    source: TextIO,
    sink: TextIO,
    *,
    language: str,
    to: str,
    warn: Callable[[str], None],
) -> None:
    """A text a line in, a JSON object a line out, in the same order."""
    number = 0
    async with _open(settings) as ask, aclosing(keyboard.lines(source.fileno())) as texts:
        async for text in texts:
            number += 1
            try:
                said = read(text)
            except NoText as error:
                warn(f"line {number}: {error}")
                said = Line("")
            if len(said.text) > LONGEST:
                warn(f"line {number}: only its first {LONGEST} characters are translated")
            found = await ask(said.text, said.language or language, to)
            sink.write(line(found) + "\n")
            sink.flush()


def line(found: Read) -> str:
    return orjson.dumps(asdict(found)).decode()


@asynccontextmanager
async def _open(settings: "Settings | Light") -> AsyncIterator[Ask]:
    if isinstance(settings, Light) or not (settings.models or settings.flash_api_key):
        yield _nobody
        return
    # seconds that nobody waits for without a provider
    from agent import services, telling  # noqa: PLC0415
    from knowledge import glossary  # noqa: PLC0415
    from processors.model.openai import connections  # noqa: PLC0415

    tell = telling.open_telling(settings, None)
    words = glossary.load(settings.knowledge_dir)

    http = connections()
    alike = await asyncio.to_thread(_alike, settings)
    translations = services.translations(settings, http, words, nowhere, alike=alike)

    async def ask(text: str, language: str, to: str) -> Read:
        began = perf_counter()
        spoken = language or tell(text).language
        target = to or settings.input_processing_target_language
        if spoken == target and text.strip():
            found: Translation | None = Translation(text, "", 1.0)
        else:
            found = await translations.whole(text, spoken, target)
        seconds = round(perf_counter() - began, 6)
        if found is None:
            return Read(None, None, 0.0, seconds)
        return Read(found.text, found.provider or None, found.confidence, seconds)

    try:
        yield ask
    finally:
        await translations.close()
        await http.aclose()


def _alike(settings: "Settings") -> Alike | None:
    """As calls have it: by the embedding that is built in."""
    from agent import embeddings  # noqa: PLC0415
    from knowledge.meanings import Meanings  # noqa: PLC0415

    found = None if embeddings.is_remote(settings) else embeddings.local(settings.embedding)
    return Meanings(found).alike if found is not None else None


async def _nobody(_text: str, _language: str, _to: str) -> Read:
    return Read(None, None, 0.0, 0.0)
