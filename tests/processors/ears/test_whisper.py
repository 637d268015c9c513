"""The embedded recogniser on recorded telephone speech, and what it does to the process."""

import asyncio
import importlib.util
import re
import time
from collections.abc import Iterator

import jiwer
import numpy as np
import pytest

from knowledge.chain import Fault
from knowledge.events import Event, Waited, nowhere
from processors.ears import whisper
from processors.ears.whisper import Whisper
from processors.voice.pico import Pico
from tests.recordings import recording

SAID = {
    "inundación": "seguro de inundación",
    "prima": "explíqueme la prima",
    "deducible": "me pone un ejemplo de cómo se aplica el deducible",
    "copago": "me cobraron veinte dólares y dicen que es copago",
    "siniestro": "todavía no me han pagado el siniestro aprobado",
}
"""Spanish terms, and what is said with them."""

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("ctranslate2") is None,
    reason="the extra `local` is not installed: ctranslate2 is missing",
)


@pytest.fixture(scope="module")
def english() -> Iterator[Whisper]:
    engine = Whisper.load(("en",))
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def both() -> Iterator[Whisper]:
    engine = Whisper.load(("en", "es"), words={"es": ("póliza",)}, reads=True)
    yield engine
    engine.close()


def bare(text: str) -> str:
    return re.sub(r"[^\w' ]", "", text.lower().replace("-", " "))


async def test_english_is_understood_with_one_wrong_word_in_ten_at_most(english: Whisper) -> None:
    references, results = [], []
    for name in ("google_brooklyn", "azure_weather_mulaw", "pyd_marcelo", "ps_forever"):
        clip = recording(name)
        transcript = await english.transcribe(clip.pcm, call="CA1", emit=nowhere)
        assert transcript is not None
        assert transcript.language == "en"
        assert transcript.confidence > 0.8
        references.append(bare(clip.transcript))
        results.append(bare(transcript.text))
    assert jiwer.wer(references, results) <= 0.1


async def test_the_language_is_one_of_those_configured(both: Whisper) -> None:
    spanish = await both.transcribe(recording("pv_es").pcm, call="CA1", emit=nowhere)
    assert spanish is not None
    assert spanish.language == "es"
    assert "arena" in spanish.text
    assert spanish.reading is not None
    assert not spanish.reading.done(), "the transcript is out before"
    rough = await spanish.reading
    assert rough is not None
    assert "white" in rough.text.lower(), rough.text
    assert rough.sure > 0.5
    english = await both.transcribe(recording("google_brooklyn").pcm, call="CA1", emit=nowhere)
    assert english is not None
    assert english.language == "en"
    assert english.reading is None


async def test_nothing_is_read_while_somebody_else_waits_to_be_heard(both: Whisper) -> None:
    pcm = recording("pv_es").pcm[: 4 * 16000]
    first, second = await asyncio.gather(
        *(both.transcribe(pcm, call=f"CA{n}", emit=nowhere) for n in range(2))
    )
    assert first is not None
    assert second is not None
    assert first.reading is None
    assert second.reading is not None
    await second.reading


async def test_more_terms_are_heard_by_who_was_told_them(both: Whisper) -> None:
    told = Whisper.load(("en", "es"), words={"es": tuple(SAID)})
    voice, noise = Pico("es-ES"), np.random.default_rng(4)
    known, heard = 0, 0
    for term, said in SAID.items():
        clean = np.frombuffer(b"".join(voice.speak(said)), np.int16).astype(np.float32)
        loud = clean.std() * 10 ** (-30 / 20)
        pcm = (clean + noise.normal(0, loud, len(clean))).astype(np.int16).tobytes()
        for engine in (both, told):
            transcript = await engine.transcribe(pcm, call="CA1", emit=nowhere)
            assert transcript is not None
            found = term in transcript.text.lower()
            known, heard = known + (found and engine is both), heard + (found and engine is told)
    told.close()
    assert heard > known


async def test_noise_and_silence_are_no_speech(english: Whisper) -> None:
    noise = np.random.default_rng(5).normal(0, 300, 8000 * 2).astype("<i2").tobytes()
    for pcm in (bytes(16000), noise):
        assert await english.transcribe(pcm, call="CA1", emit=nowhere) is None


async def test_the_loop_goes_on_and_the_queues_wait_is_told(english: Whisper) -> None:
    events: list[Event] = []
    pcm = np.random.default_rng(5).normal(0, 300, 8000 * 3).astype("<i2").tobytes()
    began = time.monotonic()
    work = asyncio.gather(
        *(english.transcribe(pcm, call=f"CA{n}", emit=events.append) for n in range(3))
    )
    rounds = 0
    while not work.done():
        await asyncio.sleep(0.005)
        rounds += 1
    await work
    seconds = time.monotonic() - began
    assert rounds > 10, "a recogniser that holds the loop leaves it one round for each utterance"
    waits = [event.seconds for event in events if isinstance(event, Waited)]
    assert [event.call for event in events] == ["CA0", "CA1", "CA2"]
    assert waits == sorted(waits)
    assert 0.0 < waits[2] < seconds


async def test_a_full_queue_refuses_and_charges_nobody(
    english: Whisper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whisper, "QUEUE", 1)
    first = asyncio.ensure_future(english.transcribe(bytes(8000), call="CA1", emit=nowhere))
    await asyncio.sleep(0)
    with pytest.raises(Fault, match="limited") as caught:
        await english.transcribe(bytes(8000), call="CA2", emit=nowhere)
    assert not caught.value.proven
    await first


def test_a_language_that_it_does_not_know_is_named() -> None:
    with pytest.raises(ValueError, match=r"LANGUAGES: .*'qq'"):
        Whisper.load(("en", "qq"))
