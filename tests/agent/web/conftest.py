"""A worker on loopback, its caller's side of the signature, and calls that a test can hold."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree as ET

import aiohttp
import orjson
import pytest
from starlette.websockets import WebSocket, WebSocketDisconnect
from twilio.request_validator import RequestValidator
from websockets.asyncio.client import ClientConnection, connect

from agent.line.protocol import Start
from agent.line.signature import Signature
from agent.line.token import OwnStore, Tokens
from agent.watch.metrics import Metrics
from agent.web.app import create_app
from agent.web.doors import Doors
from agent.web.house import House
from agent.web.server import listen, running
from knowledge.events import Event

KEY = "the-auth-token"


@dataclass(slots=True)
class Worker:
    url: str
    doors: Doors
    answered: list[Start] = field(default_factory=list)
    over: dict[str, str] = field(default_factory=dict)
    """Calls that are over, with their outcome."""
    events: list[Event] = field(default_factory=list)
    house: House = field(init=False)
    session: aiohttp.ClientSession = field(init=False)

    def sign(self, url: str, form: dict[str, str] | None = None) -> str:
        return str(RequestValidator(KEY).compute_signature(url, form or {}))

    async def post(self, path: str, form: dict[str, str], **headers: str) -> tuple[int, str]:
        url = self.url + path
        signed = {"X-Twilio-Signature": self.sign(url, form)} | headers
        async with self.session.post(url, data=form, headers=signed) as response:
            return response.status, await response.text()

    async def get(self, path: str) -> tuple[int, Any]:
        async with self.session.get(self.url + path) as response:
            body = await response.read()
            as_json = response.content_type == "application/json"
            return response.status, orjson.loads(body) if as_json else body.decode()

    async def token(self, call: str = "CA1", path: str = "/twilio/voice") -> str:
        status, text = await self.post(path, {"CallSid": call})
        assert status == 200
        return ET.fromstring(text).findall("./Connect/Stream/Parameter")[0].attrib["value"]

    def dial(self, signature: str | None = None, path: str = "/twilio/media") -> connect:
        url = self.url.replace("http", "ws", 1) + path
        proof = self.sign(url) if signature is None else signature
        return connect(
            url, additional_headers={"X-Twilio-Signature": proof}, compression=None, proxy=None
        )


def start(call: str, token: str, **form: object) -> str:
    """As Twilio sends it."""
    media = {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1} | form
    return orjson.dumps(
        {
            "event": "start",
            "sequenceNumber": "1",
            "streamSid": "MZ1",
            "start": {
                "accountSid": "AC1",
                "streamSid": "MZ1",
                "callSid": call,
                "tracks": ["inbound"],
                "mediaFormat": media,
                "customParameters": {"token": token},
            },
        }
    ).decode()


CONNECTED = '{"event":"connected","protocol":"Call","version":"1.0.0"}'


async def begin(socket: ClientConnection, call: str, token: str) -> None:
    await socket.send(CONNECTED)
    await socket.send(start(call, token))


@asynccontextmanager
async def worker(**changes: Any) -> AsyncIterator[Worker]:
    """A call echoes what it is sent until its socket closes."""
    listener = listen("127.0.0.1", 0)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    doors = changes.pop("doors", None) or Doors()
    site = Worker(url, doors)

    async def answer(websocket: WebSocket, started: Start) -> None:
        site.answered.append(started)
        try:
            while True:
                await websocket.send_text(await websocket.receive_text())
        except WebSocketDisconnect:
            pass

    async def ended(call: str) -> bool:
        return call in site.over

    furniture: dict[str, Any] = {
        "public": url,
        "signature": Signature(KEY, url),
        "tokens": Tokens(KEY, OwnStore()),
        "answer": answer,
        "ended": ended,
        "over": site.over.setdefault,
        "doors": doors,
        "emit": site.events.append,
        "exposition": Metrics().exposition,
        "version": "1.2.3",
    }
    site.house = House(**(furniture | changes))
    async with (
        running(create_app(site.house), doors, listener),
        aiohttp.ClientSession() as session,
    ):
        site.session = session
        yield site


@pytest.fixture
async def site() -> AsyncIterator[Worker]:
    async with worker() as running_worker:
        yield running_worker


async def until(holds: Callable[[], bool]) -> None:
    """Waits for what another task brings about; the test's own timeout bounds it."""
    while not holds():  # noqa: ASYNC110
        await asyncio.sleep(0.005)
