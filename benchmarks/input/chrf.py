"""How much a translator's English is like the twins' English: chrF2 (Popović 2015).

Of a translation that somebody else would have worded in another way it is about 0.5; it compares
translators with one another, and tells nothing of one alone.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence

from agent import services
from agent.settings import Settings
from agent.simulators.acting import Messages, text_of
from agent.simulators.openai import OpenAI, Writing
from benchmarks.pairs import held_out
from knowledge import glossary
from knowledge.chain import Fault
from knowledge.events import nowhere
from knowledge.glossary import Glossary
from knowledge.translation import Translator
from knowledge.translators import ModelTranslator
from processors.model.openai import connections

ORDER, BETA = 6, 2.0
"""Letters of the longest n-gram, and how much more recall counts than precision."""
AT_ONCE = 8
PATIENCE = 30.0
"""Seconds of one translation."""


def chrf(translations: Sequence[str], references: Sequence[str]) -> float:
    """In [0, 1], of all together; spaces do not count."""
    shares: list[tuple[float, float]] = []
    for size in range(1, ORDER + 1):
        told = [_pieces(text, size) for text in translations]
        wanted = [_pieces(text, size) for text in references]
        right = sum((one & other).total() for one, other in zip(told, wanted, strict=True))
        of, to = sum(one.total() for one in told), sum(one.total() for one in wanted)
        if of and to:
            shares.append((right / of, right / to))
    precision = sum(share for share, _ in shares) / max(1, len(shares))
    recall = sum(share for _, share in shares) / max(1, len(shares))
    square = BETA**2
    below = square * precision + recall
    return (1 + square) * precision * recall / below if below else 0.0


def _pieces(text: str, size: int) -> Counter[str]:
    letters = "".join(text.split())
    return Counter(letters[at : at + size] for at in range(len(letters) - size + 1))


async def of(translator: Translator) -> float | None:
    """Of the evaluation questions; None where it translates nothing. What it fails at counts as
    nothing said."""
    twins, words, room = held_out(), glossary.load(), asyncio.Semaphore(AT_ONCE)

    async def one(text: str) -> str:
        async with room:
            return await _translated(translator, text, words)

    said = await asyncio.gather(*(one(spanish) for _, spanish in twins))
    return chrf(said, [english for english, _ in twins]) if any(said) else None


async def _translated(translator: Translator, text: str, words: Glossary) -> str:
    try:
        async with asyncio.timeout(PATIENCE):
            return (await translator.translate(text, "es", "en", words)).text
    except (Fault, TimeoutError):
        return ""


async def configured(settings: Settings) -> dict[str, float | None]:
    """By who translates first; nobody where none is configured."""
    http = connections()
    translations = services.translations(settings, http, glossary.load(), nowhere)
    try:
        return {first.name: await of(first) for first in translations.translators[:1]}
    finally:
        await translations.close()
        await http.aclose()


async def simulated() -> tuple[float | None, float]:
    """Of a translator that knows all twins and drops the last word of each, and what it must be."""
    short = {spanish: english.rsplit(maxsplit=1)[0] for english, spanish in held_out()}
    known = chrf(list(short.values()), [english for english, _ in held_out()])

    def answer(messages: Messages) -> str:
        return short[text_of(messages[-1])]

    async with OpenAI(answer, behaviour=Writing(latency=0.0, pace=0.0)) as provider:
        http = connections()
        try:
            return await of(ModelTranslator("model", "key", provider.api, "m", http=http)), known
        finally:
            await http.aclose()
