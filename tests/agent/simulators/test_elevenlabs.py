"""The simulated ElevenLabs, judged on the wire and by Pipecat's own services."""

import asyncio
import base64
import warnings
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import numpy as np
import orjson
import pytest
from pipecat.frames.frames import TTSAudioRawFrame, TTSSpeakFrame, TTSTextFrame

from agent.simulators.elevenlabs import ElevenLabs, Speaking
from agent.simulators.server import Fault
from agent.simulators.syllables import syllables
from processors.contract.bench import Bench
from tests.eventually import until

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # Pipecat's, of its own classes
    from pipecat.services.elevenlabs.tts import ElevenLabsHttpTTSService, ElevenLabsTTSService

pytestmark = pytest.mark.wire
QUICK = Speaking(latency=0.0, pace=0.0)
TEXT = "Hello there, my friend."
KEY = {"xi-api-key": "right"}


@pytest.fixture
async def provider() -> AsyncIterator[ElevenLabs]:
    async with ElevenLabs(keys=frozenset({"right"}), behaviour=QUICK) as provider:
        yield provider


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(headers=KEY, connector=connector) as session:
        yield session


def speech(provider: ElevenLabs, form: str = "pcm_8000", path: str = "/with-timestamps") -> str:
    return f"{provider.url}/v1/text-to-speech/v/stream{path}?output_format={form}"


async def posted(session: aiohttp.ClientSession, url: str, **body: Any) -> tuple[int, bytes]:
    async with session.post(url, json={"text": TEXT, **body}) as response:
        return response.status, await response.read()


async def test_audio_and_times_cover_the_text(
    provider: ElevenLabs, session: aiohttp.ClientSession
) -> None:
    _, body = await posted(session, speech(provider))
    lines = [orjson.loads(line) for line in body.splitlines()]
    pcm = b"".join(base64.b64decode(line["audio_base64"]) for line in lines)
    signs = "".join(sign for line in lines for sign in line["alignment"]["characters"])
    last = lines[-1]["alignment"]["character_end_times_seconds"][-1]
    assert signs == TEXT
    assert len(pcm) / 16000 == pytest.approx(last, abs=0.01)
    assert last == pytest.approx(len(TEXT) / 14, rel=0.02)


@pytest.mark.parametrize(
    ("form", "bytes_a_second"), [("pcm_16000", 32000), ("ulaw_8000", 8000), ("pcm_8000", 16000)]
)
async def test_formats(
    form: str, bytes_a_second: int, provider: ElevenLabs, session: aiohttp.ClientSession
) -> None:
    status, body = await posted(session, speech(provider, form, ""))
    assert status == 200
    assert len(body) / bytes_a_second == pytest.approx(len(TEXT) / 14, rel=0.02)


async def test_a_real_voice_may_speak() -> None:
    async with (
        ElevenLabs(behaviour=QUICK, speaking=lambda text: bytes(1600 * len(text))) as provider,
        aiohttp.ClientSession(headers=KEY) as session,
    ):
        _, eight = await posted(session, speech(provider, "pcm_8000", ""))
        _, sixteen = await posted(session, speech(provider, "pcm_16000", ""))
    assert len(eight) == 1600 * len(TEXT)
    assert len(sixteen) == 2 * len(eight)


async def test_the_signal_is_levelled_and_always_the_same() -> None:
    pcm = syllables(TEXT, 8000)
    samples = np.frombuffer(pcm, "<i2") / 32768
    loud = samples[np.abs(samples) > 0.02]
    assert syllables(TEXT, 8000) == pcm
    assert 20 * np.log10(np.sqrt(np.mean(loud**2))) == pytest.approx(-20, abs=3)
    assert syllables("", 8000) == b""


@pytest.mark.parametrize(
    ("how", "status", "word"),
    [
        (Speaking(Fault.DENIED), 401, "invalid_api_key"),
        (Speaking(quota=True), 401, "quota_exceeded"),
        (Speaking(Fault.LIMITED, retry_after=2.0), 429, "system_busy"),
        (Speaking(Fault.BROKEN), 500, "internal_server_error"),
    ],
)
async def test_refusals_look_like_the_real_ones(
    how: Speaking, status: int, word: str, provider: ElevenLabs, session: aiohttp.ClientSession
) -> None:
    provider.behaviour = how
    got, body = await posted(session, speech(provider))
    assert (got, orjson.loads(body)["detail"]["status"]) == (status, word)
    async with session.get(f"{provider.url}/v1/voices") as response:
        assert response.status == status
        assert response.headers.get("Retry-After") == ("2" if status == 429 else None)


async def test_a_wrong_key_is_refused(provider: ElevenLabs) -> None:
    async with aiohttp.ClientSession(headers={"xi-api-key": "wrong"}) as session:
        assert (await posted(session, speech(provider)))[0] == 401
        async with session.get(f"{provider.url}/v1/models") as response:
            assert response.status == 401
    assert provider.seen.keys == ["wrong", "wrong"]


async def test_requests_that_the_real_one_refuses(
    provider: ElevenLabs, session: aiohttp.ClientSession
) -> None:
    assert (await posted(session, speech(provider), text=None))[0] == 422
    assert (await posted(session, speech(provider, "mp3_44100_128")))[0] == 400
    told = {"model_id": "eleven_multilingual_v2", "language_code": "es"}
    assert (await posted(session, speech(provider), **told))[0] == 400


async def test_the_lists_answer(provider: ElevenLabs, session: aiohttp.ClientSession) -> None:
    async with session.get(f"{provider.url}/v1/voices") as response:
        assert (await response.json())["voices"]
    async with session.get(f"{provider.url}/v1/models") as response:
        assert await response.json()


async def test_a_drop_cuts_the_stream(provider: ElevenLabs, session: aiohttp.ClientSession) -> None:
    await provider.behave(fault=Fault.DROP)
    with pytest.raises(aiohttp.ClientPayloadError):
        await posted(session, speech(provider))
    assert provider.seen.open == 0


async def test_a_client_that_goes_is_noticed(
    provider: ElevenLabs, session: aiohttp.ClientSession
) -> None:
    await provider.behave(fault=Fault.HANG)
    asking = asyncio.create_task(posted(session, speech(provider)))
    await until(lambda: provider.seen.open == 1)
    asking.cancel()
    await until(lambda: provider.seen.open == 0)
    assert provider.seen.cancelled == 1


async def test_contexts_speak_side_by_side(
    provider: ElevenLabs, session: aiohttp.ClientSession
) -> None:
    url = f"{provider.url}/v1/text-to-speech/v/multi-stream-input?output_format=pcm_8000"
    async with session.ws_connect(url) as socket:
        for context in ("a", "b"):
            await socket.send_json({"text": " ", "context_id": context})
            await socket.send_json({"text": f"Hello {context}.", "context_id": context})
            await socket.send_json({"context_id": context, "flush": True})
            await socket.send_json({"context_id": context, "close_context": True})
        await socket.send_json({"text": ""})
        words = dict.fromkeys("ab", "")
        ended: set[str] = set()
        while len(ended) < 2:
            message = await socket.receive_json(timeout=30.0)
            if message["isFinal"]:
                ended.add(message["contextId"])
            else:
                assert message["alignment"]["charStartTimesMs"][0] == 0
                words[message["contextId"]] += "".join(message["alignment"]["chars"])
        await socket.send_json({"close_socket": True})
        assert (await socket.receive(timeout=30.0)).type is aiohttp.WSMsgType.CLOSE
    assert words == {"a": "Hello a. ", "b": "Hello b. "}
    await until(lambda: provider.seen.open == 0)


@pytest.mark.parametrize("fault", [Fault.DROP, Fault.GARBAGE, Fault.EMPTY])
async def test_faults_of_the_websocket(
    fault: Fault, provider: ElevenLabs, session: aiohttp.ClientSession
) -> None:
    await provider.behave(fault=fault)
    url = f"{provider.url}/v1/text-to-speech/v/multi-stream-input?output_format=pcm_8000"
    async with session.ws_connect(url + "&auto_mode=true") as socket:
        await socket.send_json({"text": TEXT, "context_id": "a"})
        await socket.send_json({"context_id": "a", "close_context": True})
        got = await socket.receive(timeout=30.0)
        while fault is Fault.DROP and got.type is aiohttp.WSMsgType.TEXT:
            got = await socket.receive(timeout=30.0)
    match fault:
        case Fault.DROP:
            assert got.type is aiohttp.WSMsgType.CLOSED
        case Fault.GARBAGE:
            assert got.data == "{<html>"
        case Fault.EMPTY:
            assert orjson.loads(got.data) == {"isFinal": True, "contextId": "a"}


async def test_the_stock_websocket_service_speaks_with_it(provider: ElevenLabs) -> None:
    service = ElevenLabsTTSService(
        api_key="right",
        url=provider.url.replace("http", "ws"),
        sample_rate=8000,
        settings=ElevenLabsTTSService.Settings(voice="v", model="eleven_flash_v2_5"),
    )
    text, seconds = await said(service)
    assert text == TEXT
    assert seconds == pytest.approx(len(TEXT) / 14, rel=0.1)


async def test_the_stock_http_service_speaks_with_it(
    provider: ElevenLabs, session: aiohttp.ClientSession
) -> None:
    service = ElevenLabsHttpTTSService(
        api_key="right",
        aiohttp_session=session,
        base_url=provider.url,
        sample_rate=8000,
        settings=ElevenLabsHttpTTSService.Settings(voice="v", model="eleven_flash_v2_5"),
    )
    text, seconds = await said(service)
    assert text == TEXT
    assert seconds == pytest.approx(len(TEXT) / 14, rel=0.1)


async def said(service: Any) -> tuple[str, float]:
    """What Pipecat's own service makes of the simulator: its text, and seconds of audio."""
    async with Bench(service, soon=30.0) as bench:
        await bench.send(TTSSpeakFrame(TEXT))
        words: list[str] = []

        def whole() -> bool:
            words[:] = [f.text for f in bench.got() if isinstance(f, TTSTextFrame)]
            return " ".join(words) == TEXT

        await bench.until(whole)
        await bench.settle()
        audio = [f.audio for f in bench.got() if isinstance(f, TTSAudioRawFrame)]
        return " ".join(words), sum(map(len, audio)) / 16000
