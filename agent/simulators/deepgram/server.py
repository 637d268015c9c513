"""The simulated Deepgram on the wire: `/v1/listen`, with the delays and faults it is told to have.

https://developers.deepgram.com/reference/speech-to-text/listen-streaming
"""

import asyncio
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aiohttp import WSMsgType, web

from agent.simulators.deepgram.recognition import Library
from agent.simulators.deepgram.recordings import Recording
from agent.simulators.deepgram.transcription import Event, Transcription, read
from agent.simulators.server import Behaviour, Fault, Simulator

IDLE = 10.0
"""Seconds without audio or KeepAlive after which Deepgram closes (NET-0001)."""
WAITING = 1000
"""Events that wait for a client that does not read; then the connection is cut."""


@dataclass(frozen=True, slots=True)
class Mishaps:
    """Faults in mid-stream; seconds are those of a stream's audio."""

    drop_after: float = 1.0
    """With `Fault.DROP`: when the connection is cut."""
    stall_after: float | None = None
    """From here on nothing is sent any more."""
    finals: bool = True
    """False: interim results, and never a final."""


class Deepgram(Simulator):
    """Knows the words of `recordings` by their audio; of other speech it makes nothing."""

    def __init__(
        self,
        recordings: Sequence[Recording] = (),
        *,
        key: str = "",
        port: int = 0,
        behaviour: Behaviour | None = None,
        mishaps: Mishaps | None = None,
    ) -> None:
        """`key`: the only one that is let in; "" takes any."""
        super().__init__(port=port, behaviour=behaviour)
        self.mishaps = mishaps or Mishaps()
        """May be replaced at any time; streams that are open see it at their next message."""
        self._library = Library(recordings)
        self._key = key

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/v1/listen", self._transcribe)]

    async def _transcribe(self, request: web.Request) -> web.StreamResponse:
        self.seen.requests += 1
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        self.seen.keys.append(key)
        if (refused := await self.refusal(_error)) is not None:
            return refused
        if scheme.lower() not in {"token", "bearer"} or not key or self._key not in {"", key}:
            return _error(401)
        try:
            query = read(request.query, request.query.getall("keyterm", []))
        except ValueError as error:
            return web.json_response({"err_code": "Bad Request", "err_msg": str(error)}, status=400)
        deaf = self.behaviour.fault is Fault.EMPTY
        stream = Transcription(self._library, query, deaf=deaf)
        socket = web.WebSocketResponse(max_msg_size=1 << 20, compress=False)
        socket.headers["dg-request-id"] = stream.request_id
        await socket.prepare(request)
        self.seen.open += 1
        try:
            await self._serve(request, socket, stream)
        finally:
            self.seen.open -= 1
        return socket

    async def _serve(
        self, request: web.Request, socket: web.WebSocketResponse, stream: Transcription
    ) -> None:
        line: asyncio.Queue[tuple[float, Event] | None] = asyncio.Queue(WAITING)
        speaker = asyncio.create_task(self._speak(socket, line))
        try:
            while True:
                message = await self._receive(socket)
                events, over = self._answer(stream, message)
                due = asyncio.get_running_loop().time() + self.behaviour.latency
                for event in events:
                    line.put_nowait((due, event))
                if self._dropped(stream) and request.transport is not None:
                    request.transport.abort()
                    return
                if over:
                    line.put_nowait(None)
                    await speaker
                    await socket.close()
                    return
        except _Left:
            self.seen.cancelled += 1
        except TimeoutError:
            await socket.close(code=1011, message=b"NET-0001: no audio")
        except asyncio.QueueFull:
            await socket.close(code=1011)
        finally:
            speaker.cancel()
            await asyncio.wait([speaker])

    async def _receive(self, socket: web.WebSocketResponse) -> bytes | str:
        """Raises _Left when the client went without CloseStream, TimeoutError when it is idle."""
        async with asyncio.timeout(IDLE):
            message = await socket.receive()
        if message.type in {WSMsgType.BINARY, WSMsgType.TEXT}:
            data: bytes | str = message.data
            return data
        raise _Left

    def _answer(self, stream: Transcription, message: bytes | str) -> tuple[list[Event], bool]:
        """The events that a message brings, and whether it was the last one."""
        over = False
        events: Iterable[Event]
        if isinstance(message, bytes):
            events = stream.audio(message)
        else:
            match _kind(message):
                case "Finalize":
                    events = stream.finalize()
                case "CloseStream":
                    events, over = stream.close(), True
                case _:
                    events = ()
        return [event for event in events if self._passes(stream, event)], over

    def _passes(self, stream: Transcription, event: Event) -> bool:
        stalled = self.mishaps.stall_after
        if stalled is not None and stream.now >= stalled:
            return False
        return self.mishaps.finals or not event.get("is_final")

    def _dropped(self, stream: Transcription) -> bool:
        return self.behaviour.fault is Fault.DROP and stream.now >= self.mishaps.drop_after

    async def _speak(
        self, socket: web.WebSocketResponse, line: asyncio.Queue[tuple[float, Event] | None]
    ) -> None:
        """Sends what is due, in order."""
        loop = asyncio.get_running_loop()
        try:
            while (entry := await line.get()) is not None:
                due, event = entry
                if due > loop.time():
                    await asyncio.sleep(due - loop.time())
                if self.behaviour.fault is Fault.GARBAGE:
                    await socket.send_str('\x00{"type": "Resul')
                else:
                    await socket.send_str(json.dumps(event))
        except ConnectionError:
            return


class _Left(Exception):
    """The client closed the connection."""


def _kind(message: str) -> str:
    try:
        return str(json.loads(message)["type"])
    except (ValueError, LookupError, TypeError):
        return ""


def _error(status: int) -> web.Response:
    codes = {401: "INVALID_AUTH", 429: "TOO_MANY_REQUESTS"}
    texts = {401: "Invalid credentials.", 429: "Too many requests. Please try again later."}
    body = {
        "err_code": codes.get(status, "INTERNAL_SERVER_ERROR"),
        "err_msg": texts.get(status, "Internal server error."),
        "request_id": "00000000-0000-0000-0000-000000000000",
    }
    return web.json_response(body, status=status)
