"""Media streams by hand, for what no caller of Twilio's does by itself."""

import json
import re

import aiohttp
from twilio.request_validator import RequestValidator
from websockets.asyncio.client import ClientConnection, connect

from agent.reception import Service


async def token(service: Service, session: aiohttp.ClientSession, call: str) -> str:
    url, form = f"{service.url}/twilio/voice", {"CallSid": call}
    signature = RequestValidator(service.key).compute_signature(url, form)
    async with session.post(url, data=form, headers={"X-Twilio-Signature": signature}) as response:
        found = re.search(r'name="token" value="([^"]+)"', await response.text())
        assert found is not None
        return found[1]


async def opened(service: Service, call: str, sid: str, token: str) -> ClientConnection:
    url = service.url.replace("http", "ws", 1) + "/twilio/media"
    signature = RequestValidator(service.key).compute_signature(url, {})
    socket = await connect(
        url, additional_headers={"X-Twilio-Signature": signature}, compression=None, proxy=None
    )
    media = {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
    start = {"callSid": call, "streamSid": sid, "mediaFormat": media,
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
