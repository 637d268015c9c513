"""A small media-stream agent of the tests' own, to try the simulated Twilio against.

It greets with a tone, answers 0.1 s after the caller falls silent with another one, and stops
when the caller speaks. It checks every signature as Twilio's library does.
"""

import asyncio
import audioop
import base64
import math
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web
from twilio.request_validator import RequestValidator

from agent.simulators.server import Simulator
from agent.simulators.twilio import Account, Clip

LOUD = bytes(
    1 if abs(struct.unpack("<h", audioop.ulaw2lin(bytes([code]), 2))[0]) > 103 else 0
    for code in range(256)
)


def tone(seconds: float, *, hertz: float = 440.0, amplitude: int = 8000) -> bytes:
    """PCM at 8000 Hz; audible from its second sample to its last."""
    samples = (
        round(amplitude * math.sin(2 * math.pi * hertz * (n + 0.5) / 8000))
        for n in range(round(seconds * 8000))
    )
    return b"".join(struct.pack("<h", sample) for sample in samples)


def mulaw(pcm: bytes) -> bytes:
    return audioop.lin2ulaw(pcm, 2)


def question(seconds: float = 0.3, *, name: str = "question", tail: float = 0.0) -> Clip:
    """A tone that stands for speech, with silence behind it."""
    pcm = tone(seconds, hertz=300) + bytes(round(tail * 8000) * 2)
    return Clip(name, pcm, transcript="how much", language="en")


@dataclass
class Manners:
    """What the agent does; tests change it."""

    greeting: float = 0.2
    answer: float = 0.2
    patience: float = 0.1
    """Seconds of the caller's silence before the answer."""
    lead: float = 0.06
    """Seconds of audio that it sends ahead of time."""
    hole: float = 0.0
    """Seconds of nothing sent in the middle of the greeting."""
    stops: bool = True
    """Sends `clear` when the caller speaks while the agent does."""
    twiml: str = ""
    """In place of the usual `<Connect><Stream>`; `{root}` and `{ws}` are filled in."""
    ended: str = '<?xml version="1.0"?><Response><Hangup/></Response>'
    """What the `<Connect action>` answers."""
    content_type: str = "text/xml"
    delay: float = 0.0
    """Seconds before the webhook's first answer."""
    first: list[str | bytes] = field(default_factory=list)
    """Sent as they are after `start`; `{sid}` is filled in."""
    close_after: int = 0
    """Closes the socket after so many media messages; 0: never."""
    abort: bool = False
    """`close_after` cuts instead of closing."""
    refuse: int = 0
    """HTTP status for the websocket."""
    breach: bool = False
    """Sends bytes that are no websocket frame."""
    goodbye: str = ""
    """Digit at which the agent closes the stream."""


class ReferenceAgent(Simulator):
    def __init__(self, account: Account | None = None, **manners: Any) -> None:
        super().__init__()
        self.account = account or Account()
        self.manners = Manners(**manners)
        self.signatures: list[bool] = []
        self.forms: list[tuple[str, dict[str, str]]] = []
        self.messages: list[dict[str, Any]] = []
        self.streams: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.caller: bytearray = bytearray()
        self.on_stream: Callable[[str], None] = lambda _: None

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/voice", self._voice),
            web.post("/ended", self._page),
            web.post("/status", self._page),
            web.post("/next", self._page),
            web.get("/media", self._media),
        ]

    @property
    def voice(self) -> str:
        return f"{self.url}/voice"

    def received(self, event: str) -> list[dict[str, Any]]:
        return [message for message in self.messages if message.get("event") == event]

    def _check(self, request: web.Request, form: dict[str, str]) -> None:
        url = str(request.url)
        if request.headers.get("Upgrade", "").lower() == "websocket":
            url = url.replace("http://", "ws://")
        validator = RequestValidator(self.account.token)
        signature = request.headers.get("X-Twilio-Signature", "")
        self.signatures.append(bool(validator.validate(url, form, signature)))

    async def _form(self, request: web.Request) -> dict[str, str]:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self._check(request, form)
        self.forms.append((request.path, form))
        return form

    async def _voice(self, request: web.Request) -> web.Response:
        await self._form(request)
        delay, self.manners.delay = self.manners.delay, 0.0
        await asyncio.sleep(delay)
        usual = (
            '<Response><Connect action="/ended"><Stream url="{ws}/media" '
            'statusCallback="{root}/status"><Parameter name="token" value="t1"/></Stream>'
            "</Connect></Response>"
        )
        text = (self.manners.twiml or usual).replace("{root}", self.url)
        text = text.replace("{ws}", self.url.replace("http", "ws"))
        return web.Response(text=text, content_type=self.manners.content_type)

    async def _page(self, request: web.Request) -> web.Response:
        await self._form(request)
        return web.Response(text=self.manners.ended, content_type="text/xml")

    async def _media(self, request: web.Request) -> web.StreamResponse:
        self._check(request, {})
        self.headers.append(dict(request.headers))
        if self.manners.refuse:
            return web.Response(status=self.manners.refuse)
        socket = web.WebSocketResponse(max_msg_size=1 << 16)
        await socket.prepare(request)
        assert isinstance(request.transport, asyncio.Transport)
        stream = _Stream(self, socket, request.transport)
        try:
            await stream.run()
        finally:
            stream.stop()
        return socket


class _Stream:
    def __init__(
        self, agent: ReferenceAgent, socket: web.WebSocketResponse, transport: asyncio.Transport
    ) -> None:
        self._agent = agent
        self._transport = transport
        self._socket = socket
        self._sid = ""
        self._speaking: asyncio.Task[None] | None = None
        self._until = 0.0
        self._spoke = False
        self._silent = 0
        self._media = 0

    async def run(self) -> None:
        async for message in self._socket:
            try:
                event = orjson.loads(message.data)
            except orjson.JSONDecodeError:
                continue
            if isinstance(event, dict):
                self._agent.messages.append(event)
                await self._take(event)

    def stop(self) -> None:
        if self._speaking is not None:
            self._speaking.cancel()

    async def _take(self, event: dict[str, Any]) -> None:
        manners = self._agent.manners
        match event:
            case {"event": "start", "streamSid": str(sid)}:
                self._sid = sid
                self._agent.streams.append(sid)
                self._agent.on_stream(event["start"]["callSid"])
                for raw in manners.first:
                    await self._raw(raw)
                if manners.breach:
                    self._transport.write(b"\xff\xff\xff")
                self._speak(manners.greeting, "greeting", hole=manners.hole)
            case {"event": "media", "media": {"payload": str(payload)}}:
                await self._hear(base64.b64decode(payload))
            case {"event": "dtmf", "dtmf": {"digit": digit}} if digit == manners.goodbye:
                await self._socket.close()

    async def _hear(self, audio: bytes) -> None:
        manners = self._agent.manners
        self._agent.caller += audio
        self._media += 1
        if manners.close_after and self._media == manners.close_after:
            await self._leave()
        if audio.translate(LOUD).find(1) >= 0:
            self._spoke, self._silent = True, 0
            if manners.stops and time.monotonic() < self._until:
                self.stop()
                self._until = 0.0
                await self._send({"event": "clear"})
        elif self._spoke:
            self._silent += 1
            if self._silent * 0.02 >= manners.patience:
                self._spoke = False
                self._speak(manners.answer, "answer")

    async def _leave(self) -> None:
        if self._agent.manners.abort:
            self._transport.abort()
        else:
            await self._socket.close(code=1001)

    def _speak(self, seconds: float, name: str, *, hole: float = 0.0) -> None:
        if seconds <= 0:
            return
        self.stop()
        self._until = time.monotonic() + seconds + hole
        self._speaking = asyncio.create_task(self._play(mulaw(tone(seconds)), name, hole))

    async def _play(self, audio: bytes, name: str, hole: float) -> None:
        half = len(audio) // 2 if hole else len(audio)
        began = time.monotonic()
        for at in range(0, len(audio), 320):
            if hole and at == half // 320 * 320:
                began += hole
            ahead = began + at / 8000 - self._agent.manners.lead - time.monotonic()
            if at and ahead > 0:
                await asyncio.sleep(ahead)
            payload = base64.b64encode(audio[at : at + 320]).decode()
            await self._send({"event": "media", "media": {"payload": payload}})
        await self._send({"event": "mark", "mark": {"name": name}})

    async def _send(self, message: dict[str, Any]) -> None:
        await self._raw(orjson.dumps({**message, "streamSid": self._sid}).decode())

    async def _raw(self, message: str | bytes) -> None:
        try:
            if isinstance(message, bytes):
                await self._socket.send_bytes(message)
            else:
                await self._socket.send_str(message.replace("{sid}", self._sid))
        except ConnectionError:
            return
