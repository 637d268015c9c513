"""Twilio's end of one media stream."""

import asyncio
import time
from collections.abc import Callable
from enum import StrEnum

import aiohttp

from agent.simulators.twilio import document, messages
from agent.simulators.twilio.account import SIGNATURE, Account, Addresses, Outside, new_sid
from agent.simulators.twilio.clip import Packet
from agent.simulators.twilio.earpiece import Earpiece
from agent.simulators.twilio.measures import StreamReport
from agent.simulators.twilio.notices import Code, Refused

HANDSHAKE = 10.0
"""Seconds the agent may take to accept the websocket."""
BACKLOG = 32 * 1024
"""Bytes that may wait for a slow agent; beyond, Twilio throws the caller's speech away."""
ABNORMAL = 1006
HALF_OPEN = 45.0
"""Seconds until a network that passes nothing is noticed; as one has been in the field."""

Warn = Callable[[Code, str], None]


class Ended(StrEnum):
    AGENT = "agent"
    TWILIO = "twilio"
    LOST = "lost"
    REFUSED = "refused"


class Socket(aiohttp.ClientWebSocketResponse):
    @property
    def waiting(self) -> int:
        """Bytes that the agent has not taken yet."""
        transport = self._writer.transport
        return 0 if transport.is_closing() else transport.get_write_buffer_size()

    def abort(self) -> None:
        """As when the network goes: no close frame."""
        self._writer.transport.abort()

    def freeze(self) -> None:
        """As when the network goes and tells neither side: what comes is not even taken."""
        self._writer.transport.pause_reading()


class Stream:
    def __init__(
        self, verb: document.Stream, ear: Earpiece, *, call: str, account: Account, warn: Warn
    ) -> None:
        self.sid = new_sid("MZ")
        self.ended: Ended | None = None
        self.url = verb.url
        self.started: float | None = None
        self._verb = verb
        self._ear = ear
        self._account = account
        self._warn = warn
        self._warned: set[Code] = set()
        self._writer = messages.Writer(stream=self.sid, call=call, account=account.sid)
        self._socket: Socket | None = None
        self._accepted: float | None = None
        self._first: float | None = None
        self._closed: float | None = None
        self._status = 101
        self._code: int | None = None
        self._packets = self._messages = self._refused = 0
        self._frozen = False

    @property
    def is_open(self) -> bool:
        return self.started is not None and self._closed is None

    async def open(self, session: aiohttp.ClientSession, addresses: Addresses) -> None:
        """Connects, signed, and sends `connected` and `start`. Raises `Refused`."""
        try:
            self._socket = await self._connect(session, addresses.target(self.url))
        except Refused:
            self.ended = Ended.REFUSED
            raise
        except Outside as error:
            self.ended = Ended.REFUSED
            raise Refused(Code.STREAM_URL, str(error)) from error
        self._accepted = time.monotonic()
        await self._send(messages.CONNECTED)
        await self._send(self._writer.start(self._verb.parameters))
        self.started = time.monotonic()

    async def _connect(self, session: aiohttp.ClientSession, target: str) -> Socket:
        headers = {SIGNATURE: self._account.sign(self.url)}
        try:
            async with asyncio.timeout(HANDSHAKE):
                socket = await session.ws_connect(
                    target,
                    headers=headers,
                    autoclose=False,
                    timeout=aiohttp.ClientWSTimeout(ws_close=0.5),
                )
        except TimeoutError as error:
            raise Refused(Code.STREAM_TIMEOUT, f"no websocket within {HANDSHAKE:g} s") from error
        except aiohttp.WSServerHandshakeError as error:
            self._status = error.status
            raise Refused(Code.STREAM_HANDSHAKE, f"HTTP {error.status}, expected 101") from error
        except aiohttp.ClientSSLError as error:
            raise Refused(Code.STREAM_TLS, "TLS failed") from error
        except aiohttp.InvalidURL as error:
            raise Refused(Code.STREAM_URL, f"{self.url!r} is no address") from error
        except (aiohttp.ClientError, OSError) as error:
            raise Refused(Code.STREAM_UNREACHABLE, "no connection") from error
        assert isinstance(socket, Socket)
        return socket

    async def listen(self) -> Ended:
        """Takes what the agent sends until the stream is over, from either side."""
        assert self._socket is not None
        try:
            while self.ended is None:
                message = await self._socket.receive()
                now = time.monotonic()
                if self.ended is not None:
                    break
                match message.type:
                    case aiohttp.WSMsgType.TEXT:
                        await self._take(message.data, now)
                    case aiohttp.WSMsgType.BINARY:
                        self._warn_once(Code.STREAM_BINARY, "a binary message")
                    case aiohttp.WSMsgType.ERROR:
                        self._warn_once(Code.STREAM_PROTOCOL, str(message.data))
                        self.ended = Ended.LOST
                    case aiohttp.WSMsgType.CLOSE:
                        self.ended, self._code = Ended.AGENT, message.data
                    case _:
                        self.ended, self._code = Ended.LOST, ABNORMAL
                        self._warn_once(Code.STREAM_CLOSED, "cut without a close frame")
        finally:
            await self._end()
        return self.ended

    async def _take(self, text: str, now: float) -> None:
        if self._first is None:
            self._first = now
        self._messages += 1
        try:
            message = messages.read(text, stream=self.sid)
        except messages.Invalid as error:
            self._refused += 1
            self._warn_once(Code.STREAM_MESSAGE, str(error))
            return
        match message:
            case messages.Media(audio):
                self._ear.receive(audio, now)
            case messages.Mark(name):
                self._ear.mark(name, now)
            case messages.Clear():
                await self.echo(self._ear.clear(now))

    async def media(self, slot: float, out: Packet) -> None:
        """`slot` is the packet's own; an agent that does not read loses it."""
        if self._socket is None or self.started is None:
            return
        if self._socket.waiting > BACKLOG:
            self._warn_once(Code.STREAM_OVERFLOW, "the agent does not read; speech was thrown away")
            return
        self._packets += 1
        timestamp = max(0, round((slot - self.started) * 1000))
        await self._send(self._writer.media(out.payload, timestamp=timestamp))

    async def echo(self, names: list[str]) -> None:
        for name in names:
            await self._send(self._writer.mark(name))

    async def press(self, digit: str) -> None:
        await self._send(self._writer.dtmf(digit))

    async def raw(self, message: str | bytes) -> None:
        """Anything at all, for tests of what the agent survives."""
        if self._socket is None or not self.is_open:
            return
        try:
            if isinstance(message, str):
                await self._socket.send_str(message)
            else:
                await self._socket.send_bytes(message)
        except (aiohttp.ClientError, ConnectionError):
            return

    async def stop(self) -> None:
        """Twilio ends the stream: the call is over, or an update replaced its TwiML."""
        if self.is_open:
            self.ended = self.ended or Ended.TWILIO
            await self._send(self._writer.stop())
            await self._end()

    def cut(self) -> None:
        """The network between Twilio and the agent goes."""
        if self._socket is not None and self.is_open:
            self._socket.abort()

    def freeze(self) -> None:
        """Half-open: nothing passes, and for `HALF_OPEN` seconds nobody is told."""
        if self._socket is not None and self.is_open:
            self._frozen = True
            self._socket.freeze()
            asyncio.get_running_loop().call_later(HALF_OPEN, self._socket.abort)

    async def _send(self, text: str) -> None:
        if self._socket is None or self._closed is not None or self._frozen:
            return
        try:
            await self._socket.send_str(text)
        except (aiohttp.ClientError, ConnectionError):
            return  # the reader sees the end of the socket and says what it was

    async def _end(self) -> None:
        if self._closed is None and self._socket is not None:
            self._closed = time.monotonic()
            self._ear.close(self._closed)
            if not self._frozen:
                await self._socket.close()

    def _warn_once(self, code: Code, detail: str) -> None:
        if code not in self._warned:
            self._warned.add(code)
            self._warn(code, detail)

    def report(self, zero: float) -> StreamReport:
        def since(moment: float | None) -> float | None:
            return None if moment is None else moment - zero

        return StreamReport(
            self.sid,
            self.url,
            since(self._accepted),
            since(self.started),
            since(self._first),
            since(self._closed),
            self._code,
            str(self.ended or ""),
            self._status,
            self._packets,
            self._messages,
            self._refused,
        )
