"""What cleaning, masking and translating add to a turn, with a translator that is simulated."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from pipecat.frames.frames import LLMContextFrame, TranscriptionFrame
from pipecat.processors.aggregators.llm_context import LLMContext

from agent.simulators.openai import OpenAI, Writing
from agent.simulators.server import Fault
from benchmarks.input.measure import LONGEST, NUMBERS, TODAY
from knowledge import glossary
from knowledge.events import nowhere
from knowledge.privacy import Redactor
from knowledge.privacy.vault import Vault
from knowledge.translation import Translations
from knowledge.translators import ModelTranslator
from processors.frames import LANGUAGE
from processors.model.openai import connections
from processors.sanitize import Sanitize
from processors.translate import Ahead, Translate

TURNS, COLD, TOGETHER = 60, 20, 6
SLOW = 0.3
"""Seconds that the translator takes."""
_TURN = "quería saber si mi seguro número {number} cubre la grúa en la autopista"


class Turns:
    """A caller whose turns are all different, unless they are said again."""

    def __init__(self, translations: Translations) -> None:
        self._sanitize = Sanitize(
            Redactor(NUMBERS, today=TODAY), Vault(), longest=LONGEST, least=0.6
        )
        self._translate = Translate(translations, call="CA1", default="es", target="en", least=0.5)
        self._ahead = Ahead(translations, target="en")

    async def seconds(self, number: int, *, interim: bool = False) -> float:
        """That the stages take for the turn; `interim`: its words were known while it was said."""
        text = _TURN.format(number=number)
        if interim:
            self._ahead.heard(text, "es")
            await asyncio.sleep(2 * SLOW)  # what is left of the utterance
        began = time.perf_counter()
        async for made in self._sanitize.handle(TranscriptionFrame(text, "caller", "")):
            text = made.text if isinstance(made, TranscriptionFrame) else text
        frame = LLMContextFrame(LLMContext([{"role": "user", "content": text}]))
        async for _ in self._translate.handle(LANGUAGE.on(frame, "es")):
            pass
        return time.perf_counter() - began


async def latency() -> dict[str, float]:
    """Seconds, the 95th percentile of each."""
    return {
        "cached": _p95(await _turns(_cached)),
        "warmed by interims": _p95(await _turns(_warmed)),
        "cold": _p95([(await _turns(_first))[0] for _ in range(COLD)]),
        "hanging": _p95(await _turns(_all, Fault.HANG)),
    }


async def _cached(turns: Turns) -> list[float]:
    await turns.seconds(0, interim=True)
    return [await turns.seconds(0) for _ in range(TURNS)]


async def _warmed(turns: Turns) -> list[float]:
    found: list[float] = []
    for first in range(0, TURNS, TOGETHER):
        numbers = range(first, first + TOGETHER)
        found += await asyncio.gather(*(turns.seconds(one, interim=True) for one in numbers))
    return found


async def _first(turns: Turns) -> list[float]:
    return [await turns.seconds(0)]


async def _all(turns: Turns) -> list[float]:
    return [await turns.seconds(number) for number in range(TURNS)]


def _p95(seconds: list[float]) -> float:
    return sorted(seconds)[int(len(seconds) * 0.95)]


async def _turns(
    play: Callable[[Turns], Awaitable[list[float]]], fault: Fault = Fault.NONE
) -> list[float]:
    behaviour = Writing(fault=fault, latency=SLOW, pace=0.0)
    async with OpenAI(lambda _messages: "whether my insurance", behaviour=behaviour) as provider:
        http = connections()
        translator = ModelTranslator("model", "key", provider.api, "m", http=http)
        translations = Translations([translator], glossary.load(), attempts=0, emit=nowhere)
        try:
            return await play(Turns(translations))
        finally:
            await translations.close()
            await http.aclose()
