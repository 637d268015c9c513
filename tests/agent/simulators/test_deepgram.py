"""The simulated Deepgram says what the real one says, of audio whose words it knows."""

import audioop
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import pytest

from agent.simulators.deepgram import Deepgram, Mishaps, from_folder
from agent.simulators.deepgram.recognition import LOOK, Library
from agent.simulators.deepgram.recordings import (
    HOP,
    RATE,
    Recording,
    fingerprint,
    power,
    words,
)
from agent.simulators.deepgram.transcription import Transcription, read
from agent.simulators.server import Behaviour, Fault
from tests import recordings
from tests.eventually import until
from tests.processors.ears.speech import silence, spoken

POLICY = spoken("what does my policy cover")
TRUCK = spoken("and a tow truck")
YES = spoken("yes")
GRUA = spoken("cubre mi seguro la grúa", "es")
ALL = [POLICY, TRUCK, YES, GRUA]
LIVE = {
    "encoding": "mulaw",
    "sample_rate": "8000",
    "interim_results": "true",
    "punctuate": "true",
    "endpointing": "300",
}
TRACE = Path(__file__).parents[2] / "wire" / "deepgram" / "nova-3-midpauses.json"
"""What the real nova-3 sent for `dograh_midpauses`; its licence lies beside it."""


def transcribe(
    pcm: bytes, known: Sequence[Recording], **query: str
) -> tuple[list[dict[str, Any]], Transcription]:
    """All events of a stream that ends with its audio, sent in blocks of 60 ms."""
    stream = Transcription(Library(known), read({**LIVE, **query}))
    return [*fed(stream, pcm), *stream.close()], stream


def fed(stream: Transcription, pcm: bytes) -> Iterator[dict[str, Any]]:
    data = audioop.lin2ulaw(pcm, 2)
    for at in range(0, len(data), 480):
        yield from stream.audio(data[at : at + 480])


def results(events: Sequence[dict[str, Any]], **which: object) -> list[str]:
    return [
        event["channel"]["alternatives"][0]["transcript"]
        for event in events
        if event["type"] == "Results" and all(event[name] == value for name, value in which.items())
    ]


def finals(events: Sequence[dict[str, Any]]) -> list[str]:
    return [text for text in results(events, is_final=True) if text]


def noisy(pcm: bytes, noise: np.ndarray, decibel: float) -> bytes:
    clean = np.frombuffer(pcm, np.int16).astype(float)
    noise = np.resize(noise.astype(float), len(clean))
    level = np.sqrt(np.mean(clean[clean != 0] ** 2) / np.mean(noise**2)) * 10 ** (-decibel / 20)
    mixed: bytes = np.clip(clean + level * noise, -32768, 32767).astype("<i2").tobytes()
    return mixed


def test_an_utterance_is_known_wherever_it_begins() -> None:
    for lead in (0.0, 0.013, 0.5, 3.217):
        events, _ = transcribe(silence(lead) + POLICY.pcm + silence(0.6), ALL)
        assert finals(events) == ["What does my policy cover."]


def test_several_utterances_of_a_stream_are_told_apart() -> None:
    pause = silence(0.7)
    pcm = pause + YES.pcm + pause + POLICY.pcm + pause + TRUCK.pcm + pause + YES.pcm + pause
    events, _ = transcribe(pcm, ALL)
    assert finals(events) == ["Yes.", "What does my policy cover.", "And a tow truck.", "Yes."]


def test_a_beginning_after_silence_is_not_the_end_of_another_recording() -> None:
    library = Library(ALL)
    for number, one in enumerate(ALL):
        begun = library.begins[number] * HOP + round(0.2 * RATE)
        found = library.find(fingerprint(power(silence(0.9) + one.pcm[: 2 * begun]))[-LOOK:])
        assert found is not None
        assert ALL[found.recording].transcript == one.transcript


@pytest.mark.parametrize("decibel", [20.0, 10.0, 5.0])
def test_noise_and_a_faint_echo_do_not_hide_it(decibel: float) -> None:
    noise = np.random.default_rng(1).normal(size=4 * RATE)
    clean = silence(0.5) + POLICY.pcm + silence(0.6)
    events, _ = transcribe(noisy(clean, noise, decibel), ALL)
    assert finals(events) == ["What does my policy cover."]
    echo = np.frombuffer(spoken("something the agent says just now").pcm, np.int16)
    events, _ = transcribe(noisy(clean, echo, 20.0), ALL)
    assert finals(events) == ["What does my policy cover."]


def test_unknown_speech_and_noise_give_empty_results() -> None:
    for pcm in (spoken("nobody knows what this is about").pcm, silence(3.0)):
        events, _ = transcribe(pcm + silence(0.6), ALL)
        assert set(results(events)) == {""}


def test_a_stream_that_begins_within_an_utterance_hears_the_rest_of_it() -> None:
    third = words(POLICY)[2]
    pcm = POLICY.pcm[2 * round(third.start * RATE) :] + silence(0.6)
    events, _ = transcribe(pcm, ALL)
    assert finals(events) == ["my policy cover."]


def test_what_is_cut_off_is_heard_only_so_far() -> None:
    fourth = words(POLICY)[3]
    pcm = POLICY.pcm[: 2 * round(fourth.start * RATE)] + silence(2.0)
    events, _ = transcribe(pcm, ALL)
    assert finals(events) == ["What does my"]


def test_interims_grow_each_second_and_finalize_brings_the_rest_at_once() -> None:
    stream = Transcription(Library(ALL), read(LIVE))
    events = list(fed(stream, silence(0.2) + POLICY.pcm))
    grown = results(events, is_final=False)
    assert grown
    assert all("What does my policy cover.".startswith(text) for text in grown)
    (answer,) = stream.finalize()
    assert answer["is_final"]
    assert answer["from_finalize"]
    assert not list(stream.finalize())


def test_words_have_times_in_order_inside_the_segment() -> None:
    events, _ = transcribe(silence(1.0) + POLICY.pcm + silence(0.6), ALL)
    final = next(event for event in events if finals([event]))
    timed = final["channel"]["alternatives"][0]["words"]
    assert [word["word"] for word in timed] == POLICY.transcript.split()
    bounds = [bound for word in timed for bound in (word["start"], word["end"])]
    assert bounds == sorted(bounds)
    assert 0.95 < bounds[0] < 1.15
    assert bounds[-1] <= final["start"] + final["duration"]


def test_multi_names_the_language_of_each_word() -> None:
    events, _ = transcribe(GRUA.pcm + silence(0.6), ALL, language="multi")
    final = next(event for event in events if finals([event]))
    best = final["channel"]["alternatives"][0]
    assert best["languages"] == ["es"]
    assert {word["language"] for word in best["words"]} == {"es"}


def test_linear16_is_understood_too() -> None:
    stream = Transcription(Library(ALL), read({**LIVE, "encoding": "linear16"}))
    events = [*stream.audio(POLICY.pcm + silence(0.6)), *stream.close()]
    assert finals(events) == ["What does my policy cover."]


def test_speech_is_known_in_babble() -> None:
    known = from_folder(recordings.folder())
    babble = np.frombuffer(recordings.clip("sb_noise_babble").pcm, np.int16)
    for name in ("dograh_yes", "google_brooklyn", "pv_es", "fsdd_phone_lucas"):
        clip = recordings.recording(name)
        pcm = noisy(silence(0.4) + clip.pcm + silence(0.6), babble, 10.0)
        events, _ = transcribe(pcm, known)
        said = " ".join(finals(events)).rstrip(".").lower()
        assert said == clip.transcript, name
    events, _ = transcribe(recordings.clip("aws_call40_agent").pcm, known)
    assert not finals(events)


def test_the_stream_of_events_is_shaped_like_the_real_one() -> None:
    trace = json.loads(Path(TRACE).read_text())
    real = [event["data"] for event in trace["events"]]
    clip = recordings.recording("dograh_midpauses")
    ours, stream = transcribe(
        clip.pcm + silence(18.57 - len(clip.pcm) / 2 / RATE),
        [clip],
        utterance_end_ms="1000",
        vad_events="true",
    )
    assert {_shape(event) for event in ours} == {_shape(event) for event in real}
    assert ours[-1]["type"] == real[-1]["type"] == "Metadata"
    assert ours[-2]["duration"] == real[-2]["duration"] == 0.0
    assert abs(ours[-1]["duration"] - real[-1]["duration"]) < 0.01
    assert abs(len(ours) - len(real)) <= 0.25 * len(real)
    assert " ".join(finals(ours)).lower().rstrip(".") == clip.transcript
    assert _segments(ours) == pytest.approx(stream.now, abs=0.01)


def _shape(event: dict[str, Any]) -> str:
    """Names and types of everything in it, and whether it has words."""

    def shape(value: Any) -> Any:
        match value:
            case dict():
                keyed = {name: shape(inner) for name, inner in value.items()}
                return {"id": "id"} if "arch" in str(keyed)[:60] else sorted(keyed.items())
            case list():
                return [shape(value[0])] if value else []
            case _:
                return type(value).__name__

    return f"{event['type']} {shape(event)}"


def _segments(events: Sequence[dict[str, Any]]) -> float:
    """Seconds covered by finals without a gap."""
    at = 0.0
    for event in events:
        if event["type"] == "Results" and event["is_final"]:
            assert event["start"] == pytest.approx(at, abs=0.01)
            at = event["start"] + event["duration"]
    return at


async def listen(
    url: str, *blocks: bytes | str, key: str = "key", **query: str
) -> list[dict[str, Any]]:
    """Speaks to the server, ends with CloseStream, and returns all it said."""
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Token {key}"}) as session,
        session.ws_connect(f"{url}/v1/listen", params={**LIVE, **query}) as socket,
    ):
        for block in blocks:
            if isinstance(block, str):
                await socket.send_str(json.dumps({"type": block}))
            else:
                await socket.send_bytes(audioop.lin2ulaw(block, 2))
        await socket.send_str('{"type": "CloseStream"}')
        return [json.loads(message.data) async for message in socket]


@pytest.mark.wire
async def test_on_the_wire_it_transcribes_finalises_and_says_goodbye() -> None:
    async with Deepgram(ALL, key="key", behaviour=Behaviour(latency=0.0)) as provider:
        events = await listen(provider.url, POLICY.pcm, "KeepAlive", "Finalize")
        assert results(events, from_finalize=True) == ["What does my policy cover."]
        assert events[-1]["type"] == "Metadata"
        assert provider.seen.keys == ["key"]
        await until(lambda: provider.seen.open == 0)


@pytest.mark.wire
@pytest.mark.parametrize(
    ("fault", "status"), [(Fault.DENIED, 401), (Fault.LIMITED, 429), (Fault.BROKEN, 500)]
)
async def test_refusals_come_before_the_stream(fault: Fault, status: int) -> None:
    async with Deepgram(behaviour=Behaviour(fault=fault, retry_after=2.0)) as provider:
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await listen(provider.url)
        assert caught.value.status == status
        assert caught.value.headers is not None
        assert caught.value.headers.get("Retry-After") == ("2.0" if status == 429 else None)


@pytest.mark.wire
async def test_a_wrong_key_or_an_unknown_encoding_is_turned_away() -> None:
    async with Deepgram(key="right") as provider:
        with pytest.raises(aiohttp.WSServerHandshakeError, match="401"):
            await listen(provider.url, key="wrong")
        with pytest.raises(aiohttp.WSServerHandshakeError, match="400"):
            await listen(provider.url, key="right", encoding="opus")


@pytest.mark.wire
async def test_a_dropped_stream_ends_without_goodbye() -> None:
    behaviour = Behaviour(fault=Fault.DROP)
    async with Deepgram(behaviour=behaviour, mishaps=Mishaps(drop_after=0.3)) as provider:
        assert await listen(provider.url, silence(0.5)) == []
        await until(lambda: provider.seen.open == 0)


@pytest.mark.wire
async def test_a_stalled_stream_and_one_without_finals_say_less() -> None:
    quiet = Behaviour(latency=0.0)
    async with Deepgram(ALL, behaviour=quiet, mishaps=Mishaps(finals=False)) as provider:
        events = await listen(provider.url, POLICY.pcm + silence(0.6), "Finalize")
        assert "What does my" in " ".join(results(events))
        assert not results(events, is_final=True)
        provider.mishaps = Mishaps(stall_after=0.0)
        assert await listen(provider.url, POLICY.pcm, "Finalize") == []
