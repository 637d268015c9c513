"""One media stream: the websocket, read without ever raising and written in the right order."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, MutableMapping
from typing import Any, Protocol

from agent.line.bucket import Bucket
from agent.line.protocol import Bad, Message, Sentences, Start, Stop, parse
from knowledge.events import Emit, Flooded, Malformed

MOST_QUEUED = 100
"""Messages waiting for a slow peer, about 6 s of audio; the oldest audio is dropped beyond."""
PATIENCE = 5.0
"""Seconds one message may take to leave before the peer counts as gone."""
REST = 0.06
"""Seconds between two reads of a line on which nobody speaks, and what goes on together then: three
of Twilio's messages, one block for a provider. Speech is told after 0.19 s of voice, the first
sound of which ends the rest, so it is told no later."""
LOOK, LOOKS = 1.0, 5
"""Seconds between two looks whether anything has come, and how often in a row nothing has when the
connection is dead: of a silent caller too, Twilio sends fifty messages a second."""
UNHURRIED = "answerline.unhurried"
"""ASGI extension of our server: a callable that takes whether the socket may be read less often."""


class Socket(Protocol):
    """What of an ASGI websocket a stream needs (Starlette's `WebSocket` is one)."""

    scope: MutableMapping[str, Any]

    async def receive(self) -> Any: ...
    async def send_text(self, data: str) -> None: ...
    async def close(self, code: int = 1000) -> None: ...


class MediaStream:
    """An accepted and validated stream. `call` ids the call in events, `sid` the stream."""

    def __init__(self, socket: Socket, start: Start, emit: Emit) -> None:
        self.call = start.call
        self.sid = start.stream
        self._socket = socket
        self._emit = emit
        self._say = Sentences(start.stream)
        self._out: deque[str] = deque()
        self._urgent: deque[str] = deque()
        self._wake = asyncio.Event()
        self._sender: asyncio.Task[None] | None = None
        self._closed = False
        self._gone = False
        """Nothing can be sent; what the peer said before, a hang-up say, is still read."""
        self._extensions: dict[str, Callable[[bool], None]] = socket.scope.get("extensions") or {}
        self._unhurried = False
        self._bucket = Bucket()
        self._came = 0
        """Messages."""
        self.dropped = 0
        """Messages given up because the peer does not read."""

    @property
    def closed(self) -> bool:
        return self._closed

    def open(self) -> None:
        """Starts sending; `close` ends it."""
        self._sender = asyncio.create_task(self._send(), name=f"stream {self.sid}")

    async def messages(self) -> AsyncGenerator[Message]:
        """What Twilio sends, up to and including `Stop`; ends when the socket does."""
        while not self._closed:
            try:
                event = await self._socket.receive()
            except (RuntimeError, OSError):  # Starlette: received after the disconnect
                return
            if event["type"] != "websocket.receive":
                return
            self._came += 1
            if not self._bucket.take():
                self._tell(self._bucket.spilt())
                continue
            text = event.get("text")
            message = Bad("binary message") if text is None else parse(text, self.sid)
            if isinstance(message, Bad):
                self._emit(Malformed(self.call, message.reason))
                continue
            yield message
            if isinstance(message, Stop):
                return

    async def dead(self, *, look: float = LOOK) -> None:
        """Returns when nothing comes any more, and nobody has closed the stream. By looks and not
        by the clock: it may be this process that stood still."""
        quiet = 0
        while quiet < LOOKS:
            before = self._came
            await asyncio.sleep(look)
            quiet = quiet + 1 if self._came == before else 0

    def be_unhurried(self, unhurried: bool) -> None:
        """Whether messages may come some hundredths of a second later; not every server can."""
        if unhurried is not self._unhurried and (tell := self._extensions.get(UNHURRIED)):
            self._unhurried = unhurried
            tell(unhurried)

    def media(self, mulaw: bytes) -> None:
        self._push(self._say.media(mulaw))

    def mark(self, name: str) -> None:
        self._push(self._say.mark(name))

    def clear(self) -> None:
        """Empties Twilio's buffer and what waits here: it leaves before anything queued."""
        self._out.clear()
        self._urgent.append(self._say.clear)
        self._wake.set()

    async def close(self, code: int = 1000) -> None:
        """Idempotent. The call itself goes on as Twilio's `<Connect action>` says."""
        if self._closed:
            return
        self._closed = True
        self._tell(self._bucket.spilt(at_last=True))
        sender, self._sender = self._sender, None  # which holds the stream when it was cancelled
        if sender is not None and sender is not asyncio.current_task():
            sender.cancel()
            await asyncio.wait([sender])
        try:
            async with asyncio.timeout(1.0):
                await self._socket.close(code)
        except Exception:  # noqa: BLE001, S110 (closed already, or gone: servers say it differently)
            pass

    def _tell(self, spilt: int) -> None:
        if spilt:
            self._emit(Flooded(self.call, spilt))

    def _push(self, message: str) -> None:
        if self._closed or self._gone:
            return
        if len(self._out) >= MOST_QUEUED:
            self._out.popleft()
            self.dropped += 1
        self._out.append(message)
        self._wake.set()

    async def _send(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._urgent or self._out:
                message = (self._urgent or self._out).popleft()
                try:
                    async with asyncio.timeout(PATIENCE):
                        await self._socket.send_text(message)
                except TimeoutError:
                    self._emit(Malformed(self.call, "peer does not read"))
                    await self.close(1011)
                    return
                except Exception:  # noqa: BLE001 (each server has its own "disconnected")
                    self._gone = True
                    return
