"""A turn goes on with its reading, or without it, and never late."""

import asyncio
import time
from collections.abc import Mapping

import pytest
from pipecat.frames.frames import Frame, LLMContextFrame, LLMTextFrame
from pipecat.processors.aggregators.llm_context import LLMContext

from knowledge.chain import Breaker, Fault
from knowledge.events import nowhere
from knowledge.glossary import Glossary
from knowledge.rough import Rough
from knowledge.translation import WITHIN, Rendered, Translations
from processors.contract import Bench
from processors.frames import LANGUAGE, READING, ROUGH, STRANGE, WANTED
from processors.localize import Localize
from processors.translate import Ahead, Guesses, Translate

READ = {"¿qué es el deducible?": "what is the deductible?", "no tengo coche": "I have a car"}


class Reader:
    """Knows two sentences, of which it reads one wrongly."""

    name = model = "reader"

    def __init__(self, texts: Mapping[str, str] = READ) -> None:
        self.breaker = Breaker()
        self._texts = texts
        self.asked: list[str] = []

    async def translate(self, text: str, source: str, target: str, glossary: Glossary) -> Rendered:
        self.asked.append(text)
        if text not in self._texts:
            raise Fault("broken")
        return Rendered(self._texts[text])


def turn(text: str, language: str = "es", strange: str = "") -> LLMContextFrame:
    frame = LLMContextFrame(LLMContext([{"role": "user", "content": text}]))
    return STRANGE.on(LANGUAGE.on(frame, language), strange)


def read(frame: LLMContextFrame) -> str:
    found = READING.of(frame)
    return found.text if found else ""


def translations(*readers: Reader) -> Translations:
    return Translations(readers, Glossary(), attempts=0, emit=nowhere)


async def pass_on(frame: Frame, translations: Translations, least: float = 0.5) -> LLMContextFrame:
    async with Bench(
        Translate(translations, call="CA1", default="es", target="en", least=least)
    ) as bench:
        await bench.send(frame)
        await bench.settle()
    (passed,) = [frame for frame in bench.got() if isinstance(frame, LLMContextFrame)]
    return passed


async def test_a_turn_carries_its_reading_and_stays_what_it_was() -> None:
    frame = await pass_on(turn("¿qué es el deducible?"), translations(Reader()))
    assert read(frame) == "what is the deductible?"
    assert frame.context.get_messages() == [{"role": "user", "content": "¿qué es el deducible?"}]
    assert LANGUAGE.of(frame) == "es"


@pytest.mark.parametrize(("least", "reading"), [(0.5, ""), (0.1, "I have a car")])
async def test_a_reading_that_is_not_to_be_trusted_is_not_used(least: float, reading: str) -> None:
    frame = await pass_on(turn("no tengo coche"), translations(Reader()), least)
    assert read(frame) == reading


@pytest.mark.parametrize(
    "frame", [turn("what is it", "en"), turn("was ist das", "en", "de"), turn("")]
)
async def test_what_needs_no_reading_is_not_translated(frame: LLMContextFrame) -> None:
    reader = Reader()
    assert read(await pass_on(frame, translations(reader))) == ""
    assert reader.asked == []


async def test_a_turn_of_which_nobody_tells_the_language_is_read_as_the_default_one() -> None:
    frame = await pass_on(turn("¿qué es el deducible?", language=""), translations(Reader()))
    assert read(frame) == "what is the deductible?"


def heard(text: str) -> LLMContextFrame:
    """A turn that the ears have read themselves."""
    reading: asyncio.Future[Rough | None] = asyncio.get_running_loop().create_future()
    reading.set_result(Rough(text, 0.95))
    return ROUGH.on(turn("¿qué es el deducible?"), (reading,))


async def test_where_nobody_translates_the_turn_has_what_the_ears_made_of_it() -> None:
    frame = await pass_on(heard("what is the deductible?"), translations())
    found = READING.of(frame)
    assert found is not None
    assert (found.text, found.rough) == ("what is the deductible?", True)
    assert frame.context.get_messages() == [{"role": "user", "content": "¿qué es el deducible?"}]
    translated = await pass_on(heard("what is it doing?"), translations(Reader()))
    assert read(translated) == "what is the deductible?"


async def test_what_the_ears_read_is_not_used_where_it_holds_something_personal() -> None:
    def masked(text: str) -> str:
        return text.replace("five", "[number]")

    frame = heard("what is the five deductible?")
    stage = Translate(
        translations(), call="CA1", default="es", target="en", least=0.5, masked=masked
    )
    async with Bench(stage) as bench:
        await bench.send(frame)
        await bench.settle()
    (passed,) = [frame for frame in bench.got() if isinstance(frame, LLMContextFrame)]
    assert READING.of(passed) is None


async def test_a_failing_translator_costs_no_word() -> None:
    began = time.monotonic()
    frame = await pass_on(turn("nadie lo sabe"), translations(Reader()))
    assert read(frame) == ""
    assert time.monotonic() - began < WITHIN + 0.5


async def test_words_that_could_be_all_are_read_ahead_once() -> None:
    reader = Reader()
    readings = translations(reader)
    ahead = Guesses([Ahead(readings, target="en")])
    for words in ("¿qué", "¿qué es el deducible?", "¿qué es el deducible?"):
        ahead.heard(words, "es")
    ahead.heard("what is it?", "en")
    ahead.forget()
    frame = await pass_on(turn("¿Qué es el deducible?"), readings)
    assert read(frame) == "what is the deductible?"
    assert reader.asked.count("¿qué es el deducible?") == 1


async def said(language: str, wanted: str) -> LLMTextFrame:
    texts = {"Hail is covered.": "El granizo está cubierto."}
    frame = WANTED.on(LANGUAGE.on(LLMTextFrame("Hail is covered."), language), wanted)
    stage = Localize(translations(Reader(texts)), least=0.5)
    async with Bench(stage) as bench:
        await bench.send(frame)
        await bench.settle()
    (passed,) = [frame for frame in bench.got() if isinstance(frame, LLMTextFrame)]
    return passed


@pytest.mark.parametrize(
    ("language", "wanted", "text", "spoken"),
    [
        ("en", "es", "El granizo está cubierto.", "es"),
        ("en", "", "Hail is covered.", "en"),
        ("en", "en", "Hail is covered.", "en"),
    ],
)
async def test_an_answer_is_said_in_the_callers_language(
    language: str, wanted: str, text: str, spoken: str
) -> None:
    frame = await said(language, wanted)
    assert (frame.text, LANGUAGE.of(frame)) == (text, spoken)
