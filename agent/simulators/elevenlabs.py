"""A simulated ElevenLabs: text to speech over HTTP and over its websocket with contexts."""

import asyncio
import audioop
import base64
import math
import re
import uuid
from collections import deque
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from aiohttp import WSMsgType, web

from agent.simulators.server import Behaviour, Fault, Simulator
from agent.simulators.syllables import syllables

_FORMAT = re.compile(r"pcm_(8000|16000|22050|24000|32000|44100|48000)|ulaw_(8000)")
_TELLS_LANGUAGE = ("eleven_flash_v2_5", "eleven_turbo_v2_5", "eleven_v3")
_LETTERS = 4
"""Characters in one message: 0.29 s of speech."""
_SCHEDULE = 120
"""Characters that the websocket waits for without `auto_mode`, a flush or a close."""

Speak = Callable[[str], bytes]
"""Text to 16-bit mono PCM at 8 kHz; called on a thread."""


@dataclass(frozen=True, slots=True)
class Speaking(Behaviour):
    """What only a voice can do wrong."""

    pace: float = 0.05
    """Seconds for each second of speech: twenty times real time."""
    share: float = 0.5
    """Where in the speech a drop or a stall happens, in [0, 1]."""
    stall: bool = False
    """Goes quiet there for ever, the connection stays."""
    quota: bool = False
    """A 401 says that the credits are used up."""


@dataclass(frozen=True, slots=True)
class _Chunk:
    pcm: bytes
    characters: list[str]
    starts: list[float]
    """Seconds from the beginning of the speech."""
    ends: list[float]


class ElevenLabs(Simulator):
    """`async with ElevenLabs() as provider: provider.url` is what ELEVENLABS_BASE_URL takes."""

    def __init__(
        self,
        *,
        keys: frozenset[str] | None = None,
        speaking: Speak | None = None,
        port: int = 0,
        behaviour: Behaviour | None = None,
    ) -> None:
        """`keys` that are accepted; None: any. `speaking` is a real voice in place of syllables."""
        super().__init__(port=port, behaviour=behaviour or Speaking())
        self.requests: deque[dict[str, Any]] = deque(maxlen=1000)
        """Bodies of the latest requests; of the websocket each text, with its `context_id`."""
        self._keys = keys
        self._speaking = speaking

    def routes(self) -> list[web.RouteDef]:
        speech = "/v1/text-to-speech/{voice_id}"
        return [
            web.post(f"{speech}/stream/with-timestamps", self._timed),
            web.post(f"{speech}/stream", self._plain),
            web.get(f"{speech}/multi-stream-input", self._contexts),
            web.get("/v1/voices", self._voices),
            web.get("/v1/models", self._models),
        ]

    async def _timed(self, request: web.Request) -> web.StreamResponse:
        return await self._speech(request, "application/json", _line)

    async def _plain(self, request: web.Request) -> web.StreamResponse:
        return await self._speech(
            request, "application/octet-stream", lambda chunk, form: _coded(chunk.pcm, form)
        )

    async def _speech(
        self, request: web.Request, kind: str, pack: Callable[[_Chunk, str], bytes]
    ) -> web.StreamResponse:
        if refused := self.refused(request):
            return refused
        body = await request.json()
        form = request.query.get("output_format", "mp3_44100_128")
        if wrong := _checked(body, form):
            return wrong
        self.requests.append({**body, "output_format": form})
        with self.counted():
            await self.pause(request, self.latency)
            response = web.StreamResponse(headers={"Content-Type": kind})
            response.headers["request-id"] = uuid.uuid4().hex
            await response.prepare(request)
            if self.behaviour.fault is Fault.GARBAGE:
                await response.write(b"<html>\n{]\n")
                return response
            settings = body.get("voice_settings") or {}
            async for chunk in self.chunks(request, body["text"], form, settings.get("speed")):
                await response.write(pack(chunk, form))
            return response
        return web.Response()  # to nobody

    async def chunks(
        self, request: web.Request, text: str, form: str, speed: float | None = None
    ) -> AsyncGenerator[_Chunk]:
        """The speech in pieces of whole characters, as fast as the behaviour says."""
        if self.behaviour.fault is Fault.EMPTY:
            return
        rate = int(form.rpartition("_")[2])
        pcm = await self._pcm(text, rate, speed or 1.0)
        each = len(pcm) / 2 / rate / max(len(text), 1)
        for start in range(0, len(text), _LETTERS):
            how = self.speaking_behaviour
            if start >= how.share * len(text) and (how.stall or how.fault is Fault.DROP):
                if how.stall:
                    await self.pause(request, math.inf)
                if request.transport is not None:
                    request.transport.close()
                raise ConnectionAbortedError
            signs = list(text[start : start + _LETTERS])
            times = [(start + i) * each for i in range(len(signs) + 1)]
            first, last = (2 * round(at * rate) for at in (times[0], times[-1]))
            await self.pause(request, how.pace * each * len(signs))
            yield _Chunk(pcm[first:last], signs, times[:-1], times[1:])

    async def _pcm(self, text: str, rate: int, speed: float) -> bytes:
        if self._speaking is None:
            return syllables(text, rate, pace=14.0 * speed)
        pcm = await asyncio.to_thread(self._speaking, text)
        return pcm if rate == 8000 else _stretched(pcm, rate / 8000)

    async def _contexts(self, request: web.Request) -> web.StreamResponse:
        if refused := self.refused(request):
            return refused
        form = request.query.get("output_format", "mp3_44100_128")
        if not _FORMAT.fullmatch(form):
            return _error(400, "invalid_output_format", "the simulator speaks pcm and ulaw only")
        socket = web.WebSocketResponse(max_msg_size=1 << 20)
        with self.counted():
            await socket.prepare(request)
            async with asyncio.TaskGroup() as tasks:
                conversation = _Conversation(self, request, socket, tasks, form)
                async for message in socket:
                    if message.type is not WSMsgType.TEXT or not conversation.take(message.data):
                        break
                conversation.end()
            await socket.close()
        return socket

    async def _voices(self, request: web.Request) -> web.StreamResponse:
        if refused := self.refused(request):
            return refused
        await self.pause(request, self.latency)
        voice = {"voice_id": "simulated", "name": "Syllables", "category": "premade"}
        return _json({"voices": [voice]})

    async def _models(self, request: web.Request) -> web.StreamResponse:
        if refused := self.refused(request):
            return refused
        await self.pause(request, self.latency)
        return web.Response(
            body=orjson.dumps([{"model_id": "eleven_flash_v2_5", "can_do_text_to_speech": True}]),
            content_type="application/json",
        )

    @property
    def speaking_behaviour(self) -> Speaking:
        """The behaviour, also where somebody gave one that knows nothing of speech."""
        how = self.behaviour
        if isinstance(how, Speaking):
            return how
        return Speaking(how.fault, how.latency, how.retry_after)

    def refused(self, request: web.Request) -> web.Response | None:
        """For a wrong key, or the fault that is being simulated."""
        self.seen.requests += 1
        key = request.headers.get("xi-api-key", "")
        self.seen.keys.append(key)
        how = self.speaking_behaviour
        if how.fault is Fault.REFUSE and request.transport is not None:
            request.transport.abort()  # the port is closed, but this connection was open before
        if how.quota:
            return _error(401, "quota_exceeded", "This request exceeds your quota of 10000.")
        if (
            how.fault is Fault.DENIED
            or not key
            or (self._keys is not None and key not in self._keys)
        ):
            return _error(401, "invalid_api_key", "Invalid API key")
        if how.fault is Fault.LIMITED:
            response = _error(429, "system_busy", "The system is experiencing heavy traffic.")
            if how.retry_after > 0:
                response.headers["Retry-After"] = f"{how.retry_after:g}"
            return response
        if how.fault is Fault.BROKEN:
            return _error(500, "internal_server_error", "An unexpected error occurred.")
        return None


class _Conversation:
    """One websocket: contexts speak side by side, the texts of each in their order."""

    def __init__(
        self,
        provider: ElevenLabs,
        request: web.Request,
        socket: web.WebSocketResponse,
        tasks: asyncio.TaskGroup,
        form: str,
    ) -> None:
        self._provider = provider
        self._request = request
        self._socket = socket
        self._tasks = tasks
        self._form = form
        self._at_once = request.query.get("auto_mode") == "true"
        self._waiting: dict[str, str] = {}
        self._queues: dict[str, asyncio.Queue[str | None]] = {}
        self._running: set[asyncio.Task[None]] = set()

    def take(self, data: str) -> bool:
        """False when the client wants the connection to be closed."""
        message: dict[str, Any] = orjson.loads(data)
        if message.get("close_socket"):
            return False
        context = message.get("context_id") or "default"
        text = message.get("text") or ""
        if text.strip():
            self._provider.requests.append({"text": text, "context_id": context})
            self._waiting[context] = self._waiting.get(context, "") + text
            if self._at_once or len(self._waiting[context]) >= _SCHEDULE:
                self._speak(context)
        if message.get("flush") or message.get("close_context"):
            self._speak(context)
        if message.get("close_context") and (queue := self._queues.pop(context, None)):
            queue.put_nowait(None)
        return True

    def end(self) -> None:
        for task in self._running:
            task.cancel()

    def _speak(self, context: str) -> None:
        text = self._waiting.pop(context, "").strip()
        if not text:
            return
        if context not in self._queues:
            self._queues[context] = asyncio.Queue()
            task = self._tasks.create_task(self._context(context, self._queues[context]))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        self._queues[context].put_nowait(text)

    async def _context(self, context: str, texts: asyncio.Queue[str | None]) -> None:
        while (text := await texts.get()) is not None:
            await self._provider.pause(self._request, self._provider.latency)
            if self._provider.behaviour.fault is Fault.GARBAGE:
                await self._socket.send_str("{<html>")
                return
            async for chunk in self._provider.chunks(self._request, text + " ", self._form):
                await self._socket.send_str(_message(chunk, context, self._form))
        await self._socket.send_str(orjson.dumps({"isFinal": True, "contextId": context}).decode())


def _line(chunk: _Chunk, form: str) -> bytes:
    alignment = {
        "characters": chunk.characters,
        "character_start_times_seconds": [round(at, 3) for at in chunk.starts],
        "character_end_times_seconds": [round(at, 3) for at in chunk.ends],
    }
    audio = base64.b64encode(_coded(chunk.pcm, form)).decode()
    line = {"audio_base64": audio, "alignment": alignment, "normalized_alignment": alignment}
    return orjson.dumps(line) + b"\n"


def _message(chunk: _Chunk, context: str, form: str) -> str:
    """Over the websocket the times of each message begin at 0."""
    first = chunk.starts[0]
    alignment = {
        "chars": chunk.characters,
        "charStartTimesMs": [round((at - first) * 1000) for at in chunk.starts],
        "charDurationsMs": [
            round((end - start) * 1000) for start, end in zip(chunk.starts, chunk.ends, strict=True)
        ],
    }
    message = {
        "audio": base64.b64encode(_coded(chunk.pcm, form)).decode(),
        "isFinal": None,
        "contextId": context,
        "alignment": alignment,
        "normalizedAlignment": alignment,
    }
    return orjson.dumps(message).decode()


def _coded(pcm: bytes, form: str) -> bytes:
    coded: bytes = audioop.lin2ulaw(pcm, 2) if form.startswith("ulaw") else pcm
    return coded


def _stretched(pcm: bytes, factor: float) -> bytes:
    """To another rate by straight lines: good enough for a simulator."""
    samples = np.frombuffer(pcm, "<i2")
    wanted = np.arange(round(len(samples) * factor)) / factor
    stretched: bytes = np.interp(wanted, np.arange(len(samples)), samples).astype("<i2").tobytes()
    return stretched


def _checked(body: Any, form: str) -> web.Response | None:
    if not isinstance(body, dict) or not isinstance(body.get("text"), str):
        return _json({"detail": [{"loc": ["body", "text"], "msg": "Field required"}]}, 422)
    if not _FORMAT.fullmatch(form):
        return _error(400, "invalid_output_format", "the simulator speaks pcm and ulaw only")
    if body.get("language_code") and not str(body.get("model_id")).startswith(_TELLS_LANGUAGE):
        return _error(400, "unsupported_language", "this model takes no language_code")
    return None


def _error(status: int, word: str, message: str) -> web.Response:
    return _json({"detail": {"status": word, "message": message}}, status)


def _json(body: dict[str, Any], status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json")
