"""The voice as the pipeline sees it: one service, whichever of its clients fails."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from pipecat.frames.frames import (
    ErrorFrame,
    Frame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    TTSTextFrame,
)

from agent.simulators import elevenlabs as simulated
from agent.simulators.elevenlabs import Speaking
from agent.simulators.server import Fault as Failing
from knowledge.chain import Fault
from knowledge.events import Answered, Event, Switched, nowhere
from processors.contract.bench import UP, Bench
from processors.frames import (
    LANGUAGE,
    PACE,
    PROTECTED,
    REMEMBERED,
    ROUTE,
    TURN,
    UnspokenFrame,
    speech,
)
from processors.voice.archive import Archive
from processors.voice.client import SECOND, Client
from processors.voice.elevenlabs import ElevenLabs
from processors.voice.ready import Ready
from processors.voice.service import AT, BLOCK, Voice
from tests.eventually import until
from tests.processors.voice.scripted import Scripted

FIRST, SECOND_SENTENCE = (
    "Hello there my dear friend of the house.",
    "Your policy costs five a month.",
)
TEXT = f"{FIRST} {SECOND_SENTENCE}"
BUSY = 30.0
"""Seconds: more than any machine takes for what is not kept from happening."""


@pytest.fixture
async def provider() -> AsyncIterator[simulated.ElevenLabs]:
    async with simulated.ElevenLabs(behaviour=Speaking(latency=0.0, pace=0.0)) as provider:
        yield provider


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(connector=connector) as session:
        yield session


@pytest.fixture
def elevenlabs(provider: simulated.ElevenLabs, session: aiohttp.ClientSession) -> ElevenLabs:
    client = ElevenLabs(session, key="k", voice="v", url=provider.url)
    client.patience = BUSY
    return client


@dataclass
class Heard:
    down: list[Frame]
    up: list[Frame]
    events: list[Event]

    @property
    def text(self) -> str:
        return " ".join(f.text for f in self.down if isinstance(f, TTSTextFrame))

    @property
    def words(self) -> list[TTSTextFrame]:
        return [f for f in self.down if isinstance(f, TTSTextFrame)]

    @property
    def audio(self) -> list[TTSAudioRawFrame]:
        return [f for f in self.down if isinstance(f, TTSAudioRawFrame)]

    @property
    def seconds(self) -> float:
        return sum(len(f.audio) for f in self.audio) / SECOND

    @property
    def errors(self) -> list[ErrorFrame]:
        return [f for f in self.up if isinstance(f, ErrorFrame)]

    @property
    def switched(self) -> list[str]:
        return [f"{e.provider}: {e.fault}" for e in self.events if isinstance(e, Switched)]


async def hear(
    clients: Sequence[Client],
    *turns: Sequence[Frame],
    first: float = BUSY,
    ready: Ready | None = None,
) -> Heard:
    """Everything that comes of some turns."""
    events: list[Event] = []
    voice = Voice(clients, call="CA1", emit=events.append, first=first, ready=ready)
    async with Bench(voice, soon=BUSY) as bench:
        for frame in [frame for turn in turns for frame in turn]:
            await bench.send(frame)
        assert await bench.settle()
        return Heard(list(bench.got()), list(bench.got(UP)), events)


FAILURES = {
    "refused": Speaking(Failing.REFUSE),
    "denied": Speaking(Failing.DENIED),
    "out of credits": Speaking(quota=True),
    "limited": Speaking(Failing.LIMITED, retry_after=5.0),
    "broken": Speaking(Failing.BROKEN),
    "hanging": Speaking(Failing.HANG),
    "empty": Speaking(Failing.EMPTY),
    "garbage": Speaking(Failing.GARBAGE),
    "cut": Speaking(Failing.DROP),
    "stalled": Speaking(stall=True),
}


@pytest.mark.wire
@pytest.mark.parametrize("how", FAILURES.values(), ids=FAILURES.keys())
async def test_a_turn_is_spoken_whole_whatever_the_provider_does(
    how: Speaking, provider: simulated.ElevenLabs, elevenlabs: ElevenLabs
) -> None:
    await provider.behave(fault=how.fault)
    provider.behaviour = Speaking(how.fault, 0.0, how.retry_after, 0.0, 0.5, how.stall, how.quota)
    second = Scripted()
    elevenlabs.patience = 0.5 if how.stall else BUSY
    first = 0.1 if how.fault is Failing.HANG else BUSY
    heard = await hear([elevenlabs, second], speech(TEXT, "en"), first=first)
    assert heard.text == TEXT
    assert heard.errors == []
    assert heard.seconds == pytest.approx(len(TEXT) / 14, rel=0.1)
    assert len(heard.switched) == 1
    assert second.asked[-1].text == SECOND_SENTENCE
    await until(lambda: provider.seen.open == 0)


@pytest.mark.wire
async def test_the_next_voice_goes_on_with_the_torn_word(
    provider: simulated.ElevenLabs, elevenlabs: ElevenLabs
) -> None:
    await provider.behave(fault=Failing.DROP)
    second = Scripted()
    heard = await hear([elevenlabs, second], speech(FIRST, "en"))
    assert heard.text == FIRST
    assert second.asked[0].text == "friend of the house."
    times = [AT.of(word) for word in heard.words]
    assert times == sorted(times)
    assert times[-1] < heard.seconds


@pytest.mark.wire
async def test_words_are_timed_from_the_first_sample_of_the_turn(elevenlabs: ElevenLabs) -> None:
    heard = await hear([elevenlabs], speech(TEXT, "en"))
    times = {word.text: AT.of(word) for word in heard.words}
    assert times["Hello"] == pytest.approx(0.0, abs=0.01)
    assert times["friend"] == pytest.approx(FIRST.index("friend") / 14, abs=0.02)
    assert times["policy"] == pytest.approx((len(FIRST) + 5) / 14, abs=0.02)
    stamps = [word.pts for word in heard.words]
    assert None not in stamps
    apart = (stamps[4] or 0) - (stamps[0] or 0)
    assert apart == pytest.approx(times["friend"] * 1e9, abs=1e6)


async def test_a_voice_without_word_times_is_told_by_the_sentence() -> None:
    heard = await hear([Scripted()], speech(TEXT, "en"))
    assert [word.text for word in heard.words] == [FIRST, SECOND_SENTENCE]
    spoken = [type(f) for f in heard.down if isinstance(f, TTSAudioRawFrame | TTSTextFrame)]
    assert spoken == [TTSAudioRawFrame, TTSTextFrame, TTSAudioRawFrame, TTSTextFrame]


async def test_one_turn_is_one_audio_context_in_the_right_order() -> None:
    heard = await hear([Scripted()], speech(TEXT, "en"))
    kept = (TTSStartedFrame, TTSAudioRawFrame, TTSTextFrame, TTSStoppedFrame)
    spoken = [f for f in heard.down if isinstance(f, kept)]
    assert len({f.context_id for f in spoken}) == 1
    assert isinstance(spoken[0], TTSStartedFrame)
    assert isinstance(spoken[-1], TTSStoppedFrame)
    assert isinstance(heard.down[-2], LLMFullResponseEndFrame)


@pytest.mark.wire
async def test_what_was_known_of_the_text_is_known_of_the_sound(elevenlabs: ElevenLabs) -> None:
    turn = speech("Hello. Bye.", "es", pace=0.8, route="knowledge", turn=7)
    heard = await hear([elevenlabs], turn)
    for frame in [*heard.words, *heard.audio]:
        assert (LANGUAGE.of(frame), PACE.of(frame)) == ("es", 0.8)
        assert (ROUTE.of(frame), TURN.of(frame)) == ("knowledge", 7)
        assert not PROTECTED.of(frame)
    assert all(word.append_to_context for word in heard.words)


@pytest.mark.parametrize("wordy", [True, False])
async def test_a_filler_is_not_remembered(wordy: bool, elevenlabs: ElevenLabs) -> None:
    clients: list[Client] = [elevenlabs] if wordy else [Scripted()]
    heard = await hear(clients, speech("One moment.", "en", remembered=False))
    assert heard.words
    assert not any(word.append_to_context or REMEMBERED.of(word) for word in heard.words)


@pytest.mark.wire
async def test_the_provider_is_told_language_and_pace(
    provider: simulated.ElevenLabs, elevenlabs: ElevenLabs
) -> None:
    await hear([elevenlabs], speech("Hola.", "es", pace=0.8))
    assert provider.requests[-1] == {
        "text": "Hola.",
        "model_id": "eleven_flash_v2_5",
        "language_code": "es",
        "voice_settings": {"speed": 0.8},
        "output_format": "pcm_8000",
    }


async def test_when_nobody_can_speak_nothing_is_told_as_spoken() -> None:
    mute = Scripted(script=[Fault("refused")])
    heard = await hear([mute], speech(TEXT, "en"))
    assert heard.text == ""
    assert heard.audio == []
    assert "voice" in heard.errors[0].error
    (rest,) = [frame for frame in heard.down if isinstance(frame, UnspokenFrame)]
    assert (rest.text, rest.language) == (TEXT, "en")
    assert isinstance(heard.down[-2], LLMFullResponseEndFrame)
    assert len(mute.asked) == 1  # the turn's later sentence was refused


async def test_what_was_said_before_the_last_voice_failed_stays_told() -> None:
    breaking = Scripted(script=[1.0, Fault("cut")])
    heard = await hear([breaking], speech(TEXT, "en"))
    assert heard.text == "Hello there"  # 14 characters in a second, down to a whole word
    assert heard.errors
    (rest,) = [frame for frame in heard.down if isinstance(frame, UnspokenFrame)]
    assert rest.text == TEXT.removeprefix("Hello there ")


async def test_the_next_turn_asks_again() -> None:
    breaking = Scripted(script=[Fault("refused")])
    await hear([breaking], speech(FIRST, "en"), speech(SECOND_SENTENCE, "en"))
    assert [script.text for script in breaking.asked] == [FIRST, SECOND_SENTENCE]


async def test_a_voice_that_failed_does_not_come_back_within_the_turn() -> None:
    breaking, second = Scripted("breaking", [Fault("broken")]), Scripted("second")
    breaking.breaker.failures = 10
    heard = await hear([breaking, second], speech(TEXT, "en"), speech("Again.", "en"))
    assert len(breaking.asked) == 2
    assert [script.text for script in second.asked] == [FIRST, SECOND_SENTENCE, "Again."]
    assert heard.switched == ["breaking: broken"] * 2


async def test_the_first_sound_of_a_turn_is_reported_once() -> None:
    heard = await hear([Scripted()], speech(TEXT, "en"))
    answered = [event for event in heard.events if isinstance(event, Answered)]
    assert [(e.call, e.service, e.provider) for e in answered] == [("CA1", "voice", "scripted")]


async def test_audio_leaves_at_once_and_then_in_blocks() -> None:
    drops = Scripted(script=[0.01] * 20)
    heard = await hear([drops], speech("Hello.", "en"))
    sizes = [len(frame.audio) for frame in heard.audio]
    assert sizes[0] == int(0.01 * SECOND)
    assert all(size >= BLOCK for size in sizes[1:-1])
    assert sum(sizes) == 20 * int(0.01 * SECOND)
    assert {frame.sample_rate for frame in heard.audio} == {8000}


async def test_a_voice_at_work_has_more_time_than_one_that_says_nothing() -> None:
    accepting = Scripted("accepting", [0.0, None])
    async with Bench(Voice([accepting], call="", emit=nowhere, first=0.05)) as bench:
        for frame in speech("Hello.", "en"):
            await bench.send(frame)
        assert not await bench.until(lambda: bool(bench.got(UP)), UP, within=0.3)
        await bench.cancel()


@pytest.mark.wire
async def test_an_interruption_closes_the_providers_stream(
    provider: simulated.ElevenLabs, elevenlabs: ElevenLabs
) -> None:
    provider.behaviour = Speaking(latency=0.0, pace=0.5)
    voice = Voice([elevenlabs], call="", emit=nowhere, first=BUSY)
    async with Bench(voice, soon=BUSY) as bench:
        for frame in speech(TEXT, "en"):
            await bench.send(frame)
        await bench.until(lambda: any(isinstance(f, TTSAudioRawFrame) for f in bench.got()))
        assert provider.seen.open == 1
        await bench.send(InterruptionFrame())
        await until(lambda: provider.seen.open == 0)
        await bench.settle()
        said = len(bench.got())
        for frame in speech("Next.", "en"):
            await bench.send(frame)
        await bench.settle()
        words = [f.text for f in bench.got()[said:] if isinstance(f, TTSTextFrame)]
    assert words == ["Next."]
    assert provider.seen.cancelled == 1


@pytest.mark.wire
async def test_a_hang_up_closes_the_providers_stream(
    provider: simulated.ElevenLabs, elevenlabs: ElevenLabs
) -> None:
    provider.behaviour = Speaking(latency=0.0, pace=0.5)
    voice = Voice([elevenlabs], call="", emit=nowhere, first=BUSY)
    async with Bench(voice, soon=BUSY) as bench:
        for frame in speech(TEXT, "en"):
            await bench.send(frame)
        await bench.until(lambda: any(isinstance(f, TTSAudioRawFrame) for f in bench.got()))
        await bench.cancel()
        await until(lambda: provider.seen.open == 0)
    assert bench.left == set()


@pytest.mark.wire
async def test_a_protected_sentence_is_spoken_to_its_end(
    provider: simulated.ElevenLabs, elevenlabs: ElevenLabs
) -> None:
    provider.behaviour = Speaking(latency=0.0, pace=0.2)
    voice = Voice([elevenlabs], call="", emit=nowhere, first=BUSY)
    async with Bench(voice, soon=BUSY) as bench:
        for frame in speech(TEXT, "en", protected=True):
            await bench.send(frame)
        await bench.until(lambda: any(isinstance(f, TTSAudioRawFrame) for f in bench.got()))
        await bench.send(InterruptionFrame())
        assert await bench.until(
            lambda: any(isinstance(f, LLMFullResponseEndFrame) for f in bench.got())
        )
        heard = Heard(bench.got(), [], [])
    assert heard.text == TEXT
    assert all(PROTECTED.of(frame) and not frame.interruptible for frame in heard.audio)


async def test_a_stock_speak_frame_is_spoken() -> None:
    heard = await hear([Scripted()], [TTSSpeakFrame("Hello there.")])
    assert heard.text == "Hello there."


async def readied(folder: Path, *clients: Client, text: str = TEXT) -> Ready:
    """With this text made ahead by the first of them."""
    ready = Ready(Archive(folder), clients, lambda: [(text, "en")], share=1.0, settle=0.0)
    ready.start()
    await until(lambda: 0 < ready.wanted == ready.made, within=BUSY)
    return ready


@pytest.mark.wire
async def test_what_was_made_ahead_is_spoken_without_a_request_and_with_its_words(
    provider: simulated.ElevenLabs, elevenlabs: ElevenLabs, tmp_path: Path
) -> None:
    live = await hear([elevenlabs], speech(TEXT, "en"))
    ready = await readied(tmp_path, elevenlabs)
    asked = provider.seen.requests
    heard = await hear([elevenlabs], speech(TEXT, "en"), ready=ready)
    await ready.close()
    assert provider.seen.requests == asked
    assert [word.text for word in heard.words] == [word.text for word in live.words]
    apart = [AT.of(one) - AT.of(other) for one, other in zip(heard.words, live.words, strict=True)]
    assert all(abs(seconds) < 0.05 for seconds in apart)
    assert heard.seconds == pytest.approx(live.seconds, abs=0.05)
    answered = [event.provider for event in heard.events if isinstance(event, Answered)]
    assert answered == ["ready"]


async def test_it_serves_although_every_voice_fails(tmp_path: Path) -> None:
    first, second = Scripted("first"), Scripted("second")
    ready = await readied(tmp_path, first, text=SECOND_SENTENCE)
    first.script = second.script = [Fault("refused")]
    heard = await hear([first, second], speech(SECOND_SENTENCE, "en"), ready=ready)
    assert (heard.text, heard.errors) == (SECOND_SENTENCE, [])
    second.script = ()
    heard = await hear([first, second], speech(TEXT, "en"), ready=ready)
    assert [script.text for script in second.asked] == [FIRST, SECOND_SENTENCE]  # in one voice
    second.script = [Fault("refused")]
    heard = await hear([second, first], speech(SECOND_SENTENCE, "en"), ready=ready)
    await ready.close()
    assert (heard.text, heard.errors) == (SECOND_SENTENCE, [])
    assert heard.switched == ["second: refused", "first: refused"]
