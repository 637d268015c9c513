"""The thin ElevenLabs client: what each answer of the provider means."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import aiohttp
import pytest
from aiohttp import web

from agent.simulators import elevenlabs as simulated
from agent.simulators.elevenlabs import Speaking
from agent.simulators.server import Fault as Failing
from agent.simulators.server import Simulator
from knowledge.chain import Fault
from processors.voice.client import SECOND, Script, Sound
from processors.voice.elevenlabs import ElevenLabs

pytestmark = pytest.mark.wire
TEXT = "The deductible is the part that you pay."
SCRIPT = Script(TEXT, "en")
SOON = format_datetime(datetime.now(UTC) + timedelta(seconds=600), usegmt=True)


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def spoken(client: ElevenLabs, script: Script = SCRIPT) -> list[Sound]:
    return [sound async for sound in client.speak(script)]


async def test_all_audio_and_all_words_come(session: aiohttp.ClientSession) -> None:
    async with simulated.ElevenLabs(behaviour=Speaking(latency=0.0, pace=0.0)) as provider:
        sounds = await spoken(ElevenLabs(session, key="k", voice="v", url=provider.url + "/"))
    assert " ".join(word.text for sound in sounds for word in sound.words) == TEXT
    assert sounds[-1].done == len(TEXT)
    seconds = sum(len(sound.pcm) for sound in sounds) / SECOND
    assert seconds == pytest.approx(len(TEXT) / 14, rel=0.02)
    assert provider.seen.keys == ["k"]


@pytest.mark.parametrize(
    ("how", "kind", "permanent", "retry_after"),
    [
        (Speaking(Failing.REFUSE), "refused", False, 0.0),
        (Speaking(Failing.DENIED), "denied", True, 0.0),
        (Speaking(quota=True), "denied", True, 0.0),
        (Speaking(Failing.LIMITED, retry_after=7.0), "limited", False, 7.0),
        (Speaking(Failing.BROKEN), "broken", False, 0.0),
        (Speaking(Failing.GARBAGE, latency=0.0), "broken", False, 0.0),
        (Speaking(Failing.EMPTY, latency=0.0), "empty", False, 0.0),
        (Speaking(Failing.DROP, latency=0.0, pace=0.0), "cut", False, 0.0),
    ],
)
async def test_a_failure_is_named(
    how: Speaking, kind: str, permanent: bool, retry_after: float, session: aiohttp.ClientSession
) -> None:
    async with simulated.ElevenLabs(behaviour=how) as provider:
        client = ElevenLabs(session, key="secret", voice="v", url=provider.url)
        with pytest.raises(Fault) as caught:
            await spoken(client)
    fault = caught.value
    assert (fault.kind, fault.permanent, fault.retry_after) == (kind, permanent, retry_after)
    assert "secret" not in str(fault)
    assert TEXT not in str(fault)


class Sloppy(Simulator):
    """Answers with whatever it was given."""

    def __init__(self, body: bytes, status: int = 200, retry_after: str = "0") -> None:
        super().__init__()
        self._body = body
        self._status = status
        self._headers = {"Retry-After": retry_after}

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/v1/text-to-speech/{voice}/stream/with-timestamps", self._answer)]

    async def _answer(self, _request: web.Request) -> web.Response:
        return web.Response(body=self._body, status=self._status, headers=self._headers)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"[1, 2]\n", "broken"),
        (b'{"audio_base64": "%%%%", "alignment": 3}\n', "broken"),
        (b'{"audio_base64": "AAAA", "alignment": {"characters": ["a"]}}\n', "broken"),
        (b'{"audio_base64": 5}\n', "broken"),
        (b"x" * (1 << 21), "broken"),
        (b'{"audio_base64": ' + b"A" * 100, "broken"),
    ],
)
async def test_what_is_no_speech_is_a_fault(
    body: bytes, kind: str, session: aiohttp.ClientSession
) -> None:
    async with Sloppy(body) as provider:
        client = ElevenLabs(session, key="k", voice="v", url=provider.url)
        with pytest.raises(Fault) as caught:
            await spoken(client)
    assert caught.value.kind == kind


async def test_speech_without_any_time_is_still_speech(session: aiohttp.ClientSession) -> None:
    async with Sloppy(b'{"audio_base64": "AAAAAAAA"}\n{"audio_base64": "AAAA"}') as provider:
        sounds = await spoken(ElevenLabs(session, key="k", voice="v", url=provider.url))
    assert [(len(sound.pcm), sound.words, sound.done) for sound in sounds] == [
        (0, (), None),
        (8, (), None),
    ]


@pytest.mark.parametrize(
    ("status", "body", "kind", "permanent"),
    [
        (404, b'{"detail": {"status": "voice_not_found"}}', "denied", True),
        (402, b"", "denied", True),
        (400, b'{"detail": {"status": "quota_exceeded"}}', "denied", True),
        (422, b"<html>", "broken", False),
        (302, b"", "broken", False),
        (429, b"", "limited", False),
    ],
)
async def test_other_refusals_are_named(
    status: int, body: bytes, kind: str, permanent: bool, session: aiohttp.ClientSession
) -> None:
    async with Sloppy(body, status, retry_after="soon") as provider:
        with pytest.raises(Fault) as caught:
            await spoken(ElevenLabs(session, key="k", voice="v", url=provider.url))
    assert (caught.value.kind, caught.value.permanent) == (kind, permanent)
    assert caught.value.retry_after == 0.0


@pytest.mark.parametrize(
    ("named", "least", "most"),
    [
        ("7", 7, 7),
        pytest.param(SOON, 300, 600, id="a date"),
        ("inf", 3600, 3600),
        ("nan", 0, 0),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
async def test_a_retry_after_is_taken_as_it_is_meant(
    status: int, named: str, least: float, most: float, session: aiohttp.ClientSession
) -> None:
    async with Sloppy(b"", status, retry_after=named) as provider:
        with pytest.raises(Fault) as caught:
            await spoken(ElevenLabs(session, key="k", voice="v", url=provider.url))
    assert least <= caught.value.retry_after <= most


async def test_a_model_that_takes_no_language_is_not_told_one(
    session: aiohttp.ClientSession,
) -> None:
    async with simulated.ElevenLabs(behaviour=Speaking(latency=0.0, pace=0.0)) as provider:
        client = ElevenLabs(
            session, key="k", voice="v", model="eleven_multilingual_v2", url=provider.url
        )
        await spoken(client, Script("Hola.", "es", pace=3.0))
    assert "language_code" not in provider.requests[-1]
    assert provider.requests[-1]["voice_settings"] == {"speed": 1.2}


async def test_the_recipe_is_another_one_where_the_sound_is(
    session: aiohttp.ClientSession,
) -> None:
    def recipe(voice: str = "v", model: str = "m", pace: float = 1.0) -> str:
        client = ElevenLabs(session, key="k", voice=voice, model=model)
        return client.recipe(Script(TEXT, "en", pace, call="CA1"))

    assert len({recipe(), recipe(voice="w"), recipe(model="n"), recipe(pace=0.8)}) == 4
    assert recipe() == ElevenLabs(session, key="other", voice="v", model="m").recipe(SCRIPT)
