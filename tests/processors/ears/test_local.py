"""The embedded client: utterances by the VAD's bounds, and it takes over where a stream broke."""

import asyncio
from collections.abc import Callable

import pytest

from agent.simulators.deepgram import Deepgram as Provider
from agent.simulators.deepgram import Mishaps
from agent.simulators.server import Behaviour, Fault
from knowledge import chain
from knowledge.events import Emit, Switched
from knowledge.rough import Rough
from processors.ears.deepgram import Deepgram
from processors.ears.local import Local
from processors.ears.whisper import Transcript
from processors.frames import LANGUAGE, ROUGH
from tests.eventually import until
from tests.processors.ears.speech import call, silence, spoken

ONE = spoken("what does my policy cover")
TWO = spoken("and a tow truck")


class Engine:
    """Makes of an utterance what `say` makes of its length in seconds."""

    def __init__(self, say: Callable[[float], str | None]) -> None:
        self.say = say
        self.heard: list[float] = []
        self.familiar: list[str] = []
        self.reading: asyncio.Future[Rough | None] | None = None

    async def transcribe(
        self, pcm: bytes, *, call: str, emit: Emit, familiar: str = ""
    ) -> Transcript | None:
        assert call == "CA1"
        assert callable(emit)
        await asyncio.sleep(0)
        self.heard.append(len(pcm) / 16000)
        self.familiar.append(familiar)
        text = self.say(len(pcm) / 16000)
        return None if text is None else Transcript(text, "es", 0.8, self.reading)


def local(engine: Engine) -> Local:
    return Local(engine)  # type: ignore[arg-type]


async def test_an_utterance_has_its_beginning_and_nothing_of_the_one_before() -> None:
    engine = Engine(lambda _seconds: "palabras")
    async with call([local(engine)], speed=16.0) as heard:
        await heard.hear(silence(1.0))
        await heard.say(ONE, TWO)
        await until(lambda: len(heard.finals) == 2)
    lengths = [len(each.pcm) / 16000 for each in (ONE, TWO)]
    assert engine.heard[0] == pytest.approx(lengths[0] + 0.2 + 0.35, abs=0.07)
    assert engine.heard[1] == pytest.approx(lengths[1] + 0.2, abs=0.07)
    assert engine.familiar == ["", "es"]
    assert all(frame.finalized for frame in heard.finals)
    assert LANGUAGE.of(heard.finals[0]) == "es"


async def test_a_transcript_has_its_reading_with_it_before_that_is_made() -> None:
    engine = Engine(lambda _seconds: "palabras")
    engine.reading = asyncio.get_running_loop().create_future()
    async with call([local(engine)], speed=16.0) as heard:
        await heard.say(ONE)
        await until(lambda: len(heard.finals) == 1)
    assert ROUGH.of(heard.finals[0]) == (engine.reading,)
    assert not engine.reading.done()


async def test_an_utterance_without_words_is_answered_by_nothing() -> None:
    engine = Engine(lambda _seconds: None)
    async with call([local(engine)], speed=16.0) as heard:
        await heard.say(ONE)
        await until(lambda: len(engine.heard) == 1)
    assert not heard.finals
    assert not heard.errors


async def test_it_hears_only_what_the_stream_that_broke_has_not_made_final() -> None:
    engine = Engine(lambda _seconds: "the rest")
    behaviour = Behaviour(fault=Fault.DROP, latency=0.05)
    async with Provider([ONE], behaviour=behaviour, mishaps=Mishaps(drop_after=3.5)) as provider:
        stream = Deepgram("key", ("en",), base_url=provider.url)
        async with call([stream, local(engine)], speed=8.0) as heard:
            await heard.say(ONE)
            await until(lambda: bool(heard.finals))
            await heard.hear(silence(1.0))
            await heard.say(TWO)
            await until(lambda: len(heard.finals) == 2)
    assert [frame.text for frame in heard.finals] == ["What does my policy cover.", "the rest"]
    assert engine.heard[0] == pytest.approx(len(TWO.pcm) / 16000 + 0.2 + 0.35, abs=0.1)


async def test_an_engine_that_breaks_at_an_utterance_is_not_asked_for_it_for_ever() -> None:
    def breaks(_seconds: float) -> str | None:
        if len(engine.heard) < 4:
            raise chain.Fault("broken")
        return "palabras"

    engine = Engine(breaks)
    async with call([local(engine)], speed=16.0) as heard:
        await heard.say(ONE)
        await until(lambda: len(engine.heard) == 3)
        await until(lambda: heard.ears._client is not None)
        await heard.say(TWO)
        await until(lambda: bool(heard.finals))
    assert len([event for event in heard.events if isinstance(event, Switched)]) == 3
    assert len(heard.errors) == 1
