"""A second stream of a call that is on: by a fresh token it wins, and the first one ends."""

import asyncio
import json
import re
from pathlib import Path

import aiohttp
import pytest
from twilio.request_validator import RequestValidator
from websockets.asyncio.client import ClientConnection, connect

from agent.reception import Service, serving
from agent.settings import load
from tests.calls.witness import Witness

pytestmark = [pytest.mark.call, pytest.mark.timeout(150)]
CALL = "CA00000000000000000000000000000001"


async def token(service: Service, session: aiohttp.ClientSession) -> str:
    url, form = f"{service.url}/twilio/voice", {"CallSid": CALL}
    signature = RequestValidator(service.key).compute_signature(url, form)
    async with session.post(url, data=form, headers={"X-Twilio-Signature": signature}) as response:
        found = re.search(r'name="token" value="([^"]+)"', await response.text())
        assert found is not None
        return found[1]


async def opened(service: Service, sid: str, token: str) -> ClientConnection:
    url = service.url.replace("http", "ws", 1) + "/twilio/media"
    signature = RequestValidator(service.key).compute_signature(url, {})
    socket = await connect(
        url, additional_headers={"X-Twilio-Signature": signature}, compression=None, proxy=None
    )
    media = {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
    start = {"callSid": CALL, "streamSid": sid, "mediaFormat": media,
             "customParameters": {"token": token}}  # fmt: skip
    await socket.send(json.dumps({"event": "start", "streamSid": sid, "start": start}))
    return socket


async def events(socket: ClientConnection, kind: str) -> dict[str, str]:
    """The next message of this kind."""
    async for text in socket:
        message: dict[str, str] = json.loads(text)
        if message["event"] == kind:
            return message
    raise AssertionError(f"no {kind} before the end of the stream")


async def test_the_newest_stream_wins_by_a_fresh_token(tmp_path: Path) -> None:
    witness = Witness()
    settings = load({"LANGUAGES": "en", "DATA_DIR": str(tmp_path), "EMBEDDING": "none"}, None)
    async with (
        serving(settings, stages=witness.stages, also=witness.emit) as service,
        aiohttp.ClientSession() as session,
        asyncio.timeout(120),
    ):
        first = await opened(service, "MZ1", await token(service, session))
        assert (await events(first, "media"))["streamSid"] == "MZ1"
        second = await opened(service, "MZ2", await token(service, session))
        assert (await events(second, "media"))["streamSid"] == "MZ2"
        await first.wait_closed()
        assert first.close_code == 1000
        await events(second, "mark")
        await second.close()
