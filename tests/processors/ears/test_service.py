"""One service to the pipeline over several recognisers: no word is lost, none comes twice."""

import asyncio
import time

import pytest
from pipecat.frames.frames import (
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.transcriptions.language import Language

from agent.simulators.deepgram import Deepgram as Provider
from agent.simulators.deepgram import Mishaps
from agent.simulators.server import Behaviour, Fault
from knowledge.events import Answered, Switched
from processors.ears import service
from processors.ears.deepgram import Deepgram
from processors.ears.service import SETTLED
from processors.frames import CONFIDENCE, LANGUAGE
from tests.eventually import until
from tests.processors.ears.speech import Call, call, silence, spoken

ONE = spoken("what does my policy cover")
TWO = spoken("and a tow truck")
BOTH = [ONE, TWO]
HOLA = spoken("cubre mi seguro la grúa", "es")
QUICK = Behaviour(latency=0.05)


def client(provider: Provider, name: str = "deepgram", *languages: str) -> Deepgram:
    made = Deepgram("key", languages or ("en",), base_url=provider.url)
    made.name = name
    return made


async def said(heard: Call, finals: int) -> None:
    """Waits for that many answers to the end of speech."""
    await until(lambda: sum(frame.finalized for frame in heard.finals) >= finals)


FAULTS = {
    "refused": (Fault.REFUSE, Mishaps(), "refused"),
    "denied": (Fault.DENIED, Mishaps(), "denied"),
    "limited": (Fault.LIMITED, Mishaps(), "limited"),
    "broken": (Fault.BROKEN, Mishaps(), "broken"),
    "hanging": (Fault.HANG, Mishaps(), "late"),
    "silent": (Fault.NONE, Mishaps(stall_after=0.0), "silent"),
    "cut before a word": (Fault.DROP, Mishaps(drop_after=0.4), "cut"),
    "cut amid the words": (Fault.DROP, Mishaps(drop_after=1.3), "cut"),
    "garbage": (Fault.GARBAGE, Mishaps(), "broken"),
    "stalled": (Fault.NONE, Mishaps(stall_after=1.3), "silent"),
    "without finals": (Fault.NONE, Mishaps(finals=False), "silent"),
}


@pytest.mark.wire
@pytest.mark.parametrize("trouble", FAULTS.values(), ids=FAULTS)
async def test_whatever_breaks_no_word_is_lost_or_doubled(
    trouble: tuple[Fault, Mishaps, str],
) -> None:
    fault, mishaps, kind = trouble
    behaviour = Behaviour(fault=fault, latency=0.05)
    async with (
        Provider(BOTH, behaviour=behaviour, mishaps=mishaps) as bad,
        Provider(BOTH, behaviour=QUICK) as good,
        call([client(bad, "bad"), client(good, "good")], speed=12.0) as heard,
    ):
        await heard.hear(silence(0.5))
        await heard.say(ONE)
        await said(heard, 1)
        assert heard.text == ONE.transcript
        await heard.hear(silence(0.3))
        await heard.say(TWO)
        await said(heard, 2)
        assert heard.text == f"{ONE.transcript} {TWO.transcript}"
        switched = [event for event in heard.events if isinstance(event, Switched)]
        assert [(event.provider, event.fault) for event in switched] == [("bad", kind)]
        answered = [event for event in heard.events if isinstance(event, Answered)]
        assert [event.provider for event in answered] == ["good", "good"]
        assert not heard.errors
    await until(lambda: good.seen.open == 0)


async def test_words_grow_while_the_caller_speaks_and_carry_what_stages_need() -> None:
    async with Provider([HOLA, *BOTH], behaviour=QUICK) as provider:
        ears = client(provider, "deepgram", "en", "es")
        async with call([ears], languages=("en", "es"), speed=12.0) as heard:
            await heard.say(HOLA)
            await said(heard, 1)
            texts = [frame.text.rstrip(".").lower() for frame in heard.interims]
            assert texts
            assert all(HOLA.transcript.startswith(text) for text in texts)
            frames: list[TranscriptionFrame | InterimTranscriptionFrame]
            frames = [*heard.interims, *heard.finals]
            for frame in frames:
                assert frame.interruptible is False
                assert LANGUAGE.of(frame) == "es"
                assert frame.language == Language.ES
                assert 0.9 < CONFIDENCE.of(frame) <= 1.0


async def test_no_audio_goes_on_while_the_vads_frames_do() -> None:
    async with (
        Provider(BOTH, behaviour=QUICK) as provider,
        call([client(provider)], speed=12.0) as heard,
    ):
        await heard.say(ONE)
        await said(heard, 1)
        kinds = [type(frame) for frame in heard.sink.frames]
        assert InputAudioRawFrame not in kinds
        assert kinds.count(VADUserStartedSpeakingFrame) == 1
        assert kinds.count(VADUserStoppedSpeakingFrame) == 1


async def test_a_call_starts_at_once_and_ends_at_once_with_a_provider_that_hangs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(service, "CONNECTED", 3600.0)
    async with (
        Provider(behaviour=Behaviour(fault=Fault.HANG)) as provider,
        asyncio.timeout(30.0),
        call([client(provider)]),
    ):
        await until(lambda: provider.seen.requests == 1)


async def test_a_hang_up_ends_the_stream_amid_speech() -> None:
    async with Provider(BOTH, behaviour=QUICK) as provider:
        async with call([client(provider)], speed=12.0) as heard:
            await heard.push(VADUserStartedSpeakingFrame(start_secs=0.2))
            await heard.hear(ONE.pcm)
            assert provider.seen.open == 1
        await until(lambda: provider.seen.open == 0)


async def test_when_all_fail_it_stays_alive_and_catches_up() -> None:
    refusing = Behaviour(fault=Fault.REFUSE, latency=0.05)
    async with (
        Provider(BOTH, behaviour=refusing) as provider,
        call([client(provider)], speed=12.0) as heard,
    ):
        await heard.say(ONE)
        await until(lambda: bool(heard.errors))
        assert not heard.finals
        await provider.behave(fault=Fault.NONE)
        await said(heard, 1)
        assert heard.text == ONE.transcript
        assert len(heard.errors) == 1


async def test_it_goes_back_to_the_better_one_when_that_is_well_again() -> None:
    async with (
        Provider(BOTH, behaviour=Behaviour(fault=Fault.BROKEN)) as first,
        Provider(BOTH, behaviour=QUICK) as second,
    ):
        better = client(first, "better")
        async with call([better, client(second, "other")], speed=12.0) as heard:
            await heard.say(ONE)
            await said(heard, 1)
            await first.behave(fault=Fault.NONE, latency=0.05)
            better.breaker.proved(time.monotonic())
            await until(lambda: first.seen.open == 1 and second.seen.open == 0)
            await heard.say(TWO)
            await said(heard, 2)
            assert heard.text == f"{ONE.transcript} {TWO.transcript}"
            answered = [event for event in heard.events if isinstance(event, Answered)]
            assert [event.provider for event in answered] == ["other", "better"]


async def test_noise_that_opens_the_vad_is_no_reason_to_switch() -> None:
    async with (
        Provider(BOTH, behaviour=QUICK) as provider,
        call([client(provider)], speed=12.0) as heard,
    ):
        await heard.say(spoken("gibberish that nobody knows"))
        await heard.hear(silence(3.0))
        await heard.say(ONE)
        await said(heard, 1)
        assert heard.text == ONE.transcript
        assert not [event for event in heard.events if isinstance(event, Switched)]


async def test_who_hears_no_word_in_so_much_voice_is_not_believed_where_there_is_another() -> None:
    deaf = Behaviour(fault=Fault.EMPTY, latency=0.05)
    async with (
        Provider(BOTH, behaviour=deaf) as bad,
        Provider(BOTH, behaviour=QUICK) as good,
        call([client(bad, "bad"), client(good, "good")], speed=12.0) as heard,
    ):
        await heard.say(ONE)
        await said(heard, 1)
        assert heard.text == ONE.transcript
        await heard.hear(silence(0.3))
        await heard.say(TWO)
        await said(heard, 2)
        assert heard.text == f"{ONE.transcript} {TWO.transcript}"


async def test_in_noise_a_second_opinion_is_asked_for_once_and_nobody_is_charged() -> None:
    async with (
        Provider(BOTH, behaviour=QUICK) as first,
        Provider(BOTH, behaviour=QUICK) as second,
        call([client(first, "first"), client(second, "second")], speed=12.0) as heard,
    ):
        for _ in range(3):
            await heard.say(spoken("gibberish that nobody knows"))
            await heard.hear(silence(3.0))
        await until(lambda: first.seen.open == 1 and second.seen.open == 0)
        await heard.say(ONE)
        await said(heard, 1)
        assert heard.text == ONE.transcript
        switched = [event.provider for event in heard.events if isinstance(event, Switched)]
        assert switched == ["first"]
        assert second.seen.requests == 1


async def test_speech_that_the_vad_missed_becomes_final_all_the_same() -> None:
    async with (
        Provider(BOTH, behaviour=QUICK) as provider,
        call([client(provider)], speed=12.0) as heard,
    ):
        await heard.say(ONE, vad=False)
        await heard.hear(silence(1.0))
        await until(lambda: bool(heard.finals))
        assert heard.text == ONE.transcript
        assert not heard.finals[0].finalized


async def test_an_end_of_speech_after_its_last_final_says_that_nothing_is_to_come() -> None:
    async with (
        Provider(BOTH, behaviour=QUICK) as provider,
        call([client(provider)], speed=12.0) as heard,
    ):
        await heard.push(VADUserStartedSpeakingFrame(start_secs=0.0))
        await heard.hear(ONE.pcm + silence(1.0))
        await until(lambda: bool(heard.finals))
        await heard.push(VADUserStoppedSpeakingFrame(stop_secs=1.0))
        stopped = heard.sink.frames[-1]
        assert isinstance(stopped, VADUserStoppedSpeakingFrame)
        assert SETTLED.of(stopped)
