"""The embedded voices: real speech, off the loop."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path

import numpy as np
import pytest
from loguru import logger

from knowledge.chain import Fault
from knowledge.events import Event, Waited
from processors.voice import pico, sound, weights
from processors.voice.client import SECOND, Script
from processors.voice.local import Engine, Local
from processors.voice.spelling import Spelling
from tests.eventually import until

ENGLISH = "The deductible is the part of a claim that you pay yourself."
SPANISH = "El deducible es la parte del siniestro que paga usted."


@pytest.fixture(scope="module")
def voices() -> Iterator[Local]:
    local = Local(["en", "es"], spelling=Spelling({"en": {"VIN": "V I N"}}))
    yield local
    local.close()


class Slow(Engine):
    """Makes a breath each time it is let go on."""

    def __init__(self) -> None:
        self.go_on = threading.Semaphore(0)
        self.breaths = 0

    def speak(self, text: str, pace: float = 1.0) -> Iterator[bytes]:
        for _ in text.split():
            self.go_on.acquire(timeout=5.0)
            if text == "broken":
                raise ValueError(text)
            if text != "nothing":
                self.breaths += 1
                yield bytes(round(160 * pace))


@pytest.fixture
async def slow() -> AsyncIterator[tuple[Local, Slow]]:
    engine = Slow()
    local = Local(["en"], engines={"en": engine}, most=2)
    yield local, engine
    for _ in range(20):
        engine.go_on.release()
    local.close()


@pytest.mark.parametrize(
    ("text", "language", "speaker"),
    [
        (ENGLISH, "en", "agent"),
        (SPANISH, "es", "agent"),
        (ENGLISH, "en", "caller"),
        (SPANISH, "es", "caller"),
    ],
)
async def test_a_sentence_is_trimmed_levelled_and_as_long_as_speech(
    text: str, language: str, speaker: str, voices: Local
) -> None:
    pcm = await voices.synthesize(
        text, language, speaker="caller" if speaker == "caller" else "agent"
    )
    samples = sound.samples(pcm)
    assert 9 < len(text) / (len(pcm) / SECOND) < 22
    assert sound.level(samples) == pytest.approx(-20, abs=2)
    assert np.abs(samples[: int(0.05 * 8000)]).max() > 10 ** (-50 / 20)
    assert np.abs(samples).max() < 0.999


async def test_the_callers_voice_is_another_one(voices: Local) -> None:
    agent = await voices.synthesize("Hello.", "en")
    caller = await voices.synthesize("Hello.", "en", speaker="caller")
    assert agent != caller


async def test_the_same_text_sounds_the_same(voices: Local) -> None:
    assert await voices.synthesize("Hello.", "en") == await voices.synthesize("Hello.", "en")


@pytest.mark.parametrize(("text", "language"), [(ENGLISH, "en"), (SPANISH, "es")])
async def test_pace_is_honoured(text: str, language: str, voices: Local) -> None:
    usual = len(await voices.synthesize(text, language))
    slower = len(await voices.synthesize(text, language, pace=0.8))
    assert slower / usual == pytest.approx(1.25, abs=0.08)


async def test_a_sentence_that_nobody_wants_any_more_leaves_no_trace() -> None:
    engine = pico.Pico()
    whole = b"".join(engine.speak(SPANISH))
    for _ in range(3):
        next(iter(engine.speak("Otra frase que se corta.")))
    assert len(b"".join(engine.speak(SPANISH))) == pytest.approx(len(whole), rel=0.03)


async def test_the_spanish_voice_streams(voices: Local) -> None:
    sizes = [len(piece.pcm) async for piece in voices.speak(Script(SPANISH, "es"))]
    assert len(sizes) > 10
    assert 0 < sizes[1] <= 0.12 * SECOND


async def test_figures_are_read_out(voices: Local) -> None:
    written = await voices.synthesize("VIN 7.", "en")
    assert written == await voices.synthesize("V I N seven.", "en")


async def test_markup_is_not_obeyed(voices: Local) -> None:
    obeyed = await voices.synthesize('<speed level="20">Hola.</speed>', "es")
    read = await voices.synthesize(' speed level="20" Hola. /speed ', "es")
    assert len(obeyed) == pytest.approx(len(read), rel=0.05)


async def test_a_long_sentence_comes_in_breaths(voices: Local) -> None:
    clause = "the part of a claim that you pay yourself before the insurance pays"
    script = Script(f"It is {clause}, and {clause}, and {clause}.", "en")
    sounds = [piece async for piece in voices.speak(script)]
    assert sounds[0].pcm == b""  # it is at work
    assert len(sounds) == 4


async def test_the_loop_goes_on_while_a_voice_speaks(voices: Local) -> None:
    work = asyncio.gather(*(voices.synthesize(ENGLISH, "en") for _ in range(4)))
    rounds = 0
    while not work.done():
        await asyncio.sleep(0.002)
        rounds += 1
    await work
    assert rounds > 20, "a voice that holds the loop leaves it one round for each breath"


async def test_a_language_without_a_voice_is_read_by_the_first_one() -> None:
    told: list[str] = []
    sink = logger.add(told.append, level="WARNING", format="{message} {extra}")
    local = Local(["es", "pl"])
    logger.remove(sink)
    assert "pl" in told[0]
    assert "es" in told[0]
    assert len(await local.synthesize("Hola.", "pl")) / SECOND > 0.4
    local.close()


async def test_german_french_and_italian_have_voices_of_their_own() -> None:
    local = Local(["de", "fr", "it"])
    for language, text in {"de": "Guten Tag.", "fr": "Bonjour.", "it": "Buongiorno."}.items():
        assert len(await local.synthesize(text, language)) / SECOND > 0.4
    local.close()


async def test_barge_in_lets_the_worker_go_at_the_next_breath(slow: tuple[Local, Slow]) -> None:
    local, engine = slow
    async with aclosing(local.speak(Script("one two three four", "en"))) as sounds:
        await anext(sounds)
        engine.go_on.release()
        await anext(sounds)
    for _ in range(4):
        engine.go_on.release()
    await until(lambda: local._room._value == 2)
    assert engine.breaths == 2


async def test_a_full_queue_refuses(slow: tuple[Local, Slow]) -> None:
    local, engine = slow
    first, second = (local.speak(Script(text, "en")) for text in ("one", "two"))
    await anext(first)
    await anext(second)
    with pytest.raises(Fault) as caught:
        await anext(local.speak(Script("three", "en")))
    assert caught.value.kind == "limited"
    await second.aclose()
    engine.go_on.release()
    assert [piece.pcm async for piece in first] == [bytes(160)]


async def test_the_wait_for_the_worker_is_told() -> None:
    events: list[Event] = []
    engine = Slow()
    engine.go_on.release()
    local = Local(["en"], engines={"en": engine}, emit=events.append)
    assert [piece.pcm async for piece in local.speak(Script("one", "en", call="CA1"))] == [
        b"",
        bytes(160),
    ]
    assert [(e.call, e.what) for e in events if isinstance(e, Waited)] == [("CA1", "voice")]
    local.close()


@pytest.mark.parametrize(("text", "error"), [("nothing", Fault), ("broken", ValueError)])
async def test_no_sound_and_a_broken_engine_are_raised(
    text: str, error: type[Exception], slow: tuple[Local, Slow]
) -> None:
    local, engine = slow
    engine.go_on.release()
    with pytest.raises(error):
        _ = [piece async for piece in local.speak(Script(text, "en"))]


def test_a_file_that_is_not_the_known_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "voice.bin").write_bytes(b"something else")
    with pytest.raises(weights.Unusable, match="is not the known file"):
        weights.checked(tmp_path, {"voice.bin": "0" * 64})
    with pytest.raises(weights.Unusable, match="is missing"):
        weights.checked(tmp_path, {"other.bin": "0" * 64})
    with pytest.raises(weights.Unusable, match="is not installed"):
        weights.folder("no_such_voice")


def test_a_package_without_its_library_is_refused(tmp_path: Path) -> None:
    with pytest.raises(weights.Unusable, match="no shared object"):
        pico._library(tmp_path)
