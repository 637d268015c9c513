"""OpenAI on the wire: chat completions, streamed or not, models, embeddings, and their faults."""

import array
import base64
import hashlib
import math
import re
import time
import uuid
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

from agent.simulators.acting import Acts, Call, Messages, text_of, unsettled
from agent.simulators.server import Behaviour, Fault, Simulator

Answers = Callable[[Messages], str]

_PASSAGE = re.compile(r'<(\w+)[^>]*>(.+?)</\1>|"""(.+?)"""|```(.+?)```', re.DOTALL)
_TOKEN = re.compile(r"\s*(?:\w{1,6}|[^\w\s])")


@dataclass(frozen=True, slots=True)
class Writing(Behaviour):
    """How a language model answers, and may fail in ways of its own."""

    pace: float = 0.02
    """Seconds between two tokens."""
    tokens: int = 4
    """How many come before `Fault.DROP`, or before a stall."""
    stall: bool = False
    """After `tokens` the stream goes quiet and stays open."""
    quota: bool = False
    """`Fault.LIMITED` means: no money left (insufficient_quota), not: too many requests."""


def quote(messages: Messages) -> str:
    """A short answer; from the passage that the instructions hold, where they hold one."""
    for message in reversed(messages):
        if message.get("role") in ("system", "developer"):
            found = _PASSAGE.search(text_of(message))
            if found:
                passage = " ".join((found[2] or found[3] or found[4]).split())
                return f"What I have in writing is this: {passage}"
    return "I can help you with that. What would you like to know?"


def table(answers: Mapping[str, str], otherwise: Answers = quote) -> Answers:
    """Answers by a word that the caller's last message contains, whatever its case."""

    def find(messages: Messages) -> str:
        asked = next((text_of(m) for m in reversed(messages) if m.get("role") == "user"), "")
        for word, text in answers.items():
            if word.casefold() in asked.casefold():
                return text
        return otherwise(messages)

    return find


LIMIT, TOKENS = 500, 200_000
"""Requests and tokens a minute that an account has."""


class OpenAI(Simulator):
    """`async with OpenAI() as provider:` and `provider.api` is what OPENAI_BASE_URL takes."""

    def __init__(
        self,
        answers: Answers = quote,
        *,
        acts: Acts | None = None,
        troubles: Callable[[Messages], Fault] | None = None,
        keys: frozenset[str] | None = None,
        models: tuple[str, ...] = ("gpt-4.1-mini", "text-embedding-3-small"),
        port: int = 0,
        behaviour: Behaviour | None = None,
    ) -> None:
        """`acts` is asked first, `answers` where no tool is wanted. `troubles`: a fault, denied or
        hanging, that some requests meet and others do not. `keys` that are accepted; None: any."""
        super().__init__(port=port, behaviour=behaviour or Writing())
        self._acts = acts
        self._troubles = troubles
        self.requests: deque[dict[str, Any]] = deque(maxlen=1000)
        """The bodies of the latest requests: what a provider would have seen."""
        self._answers = answers
        self._keys = keys
        self._models = models

    @property
    def api(self) -> str:
        return f"{self.url}/v1"

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/v1/chat/completions", self._chat),
            web.post("/v1/embeddings", self._embeddings),
            web.get("/v1/models", self._list),
        ]

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        if refused := self._refused(request):
            return refused
        body = await _body(request)
        messages = body.get("messages")
        if not isinstance(messages, list) or not messages:
            return _error(400, "expected 'messages', an array that is not empty")
        if problem := unsettled(messages):
            return _error(400, problem)
        self.requests.append(body)
        trouble = self._troubles(messages) if self._troubles else Fault.NONE
        if trouble is Fault.DENIED:
            return _error(401, "this request is denied")
        with self.counted():
            await self.pause(request, math.inf if trouble is Fault.HANG else self.latency)
            if self.behaviour.fault is Fault.GARBAGE:
                return web.Response(text="data: {<html>\n\n", content_type="text/event-stream")
            answer = self._answer(body, messages)
            if body.get("stream"):
                return await self._stream(request, answer)
            await self.pause(request, self._writing.pace * len(answer.tokens))
            return self._limited(_json(answer.whole()))
        return web.Response()  # to nobody

    def _limited(self, response: web.Response) -> web.Response:
        """Says what is left of the minute's limits."""
        response.headers["x-ratelimit-remaining-requests"] = str(LIMIT - self.seen.requests)
        response.headers["x-ratelimit-remaining-tokens"] = str(TOKENS)
        return response

    def _answer(self, body: dict[str, Any], messages: Messages) -> "_Answer":
        if self.behaviour.fault is Fault.EMPTY:
            return _Answer.to(body, "")
        offered = frozenset(tool["function"]["name"] for tool in body.get("tools") or ())
        call = self._acts(messages, offered) if self._acts else None
        return _Answer.to(body, call.before if call else self._answers(messages), call)

    async def _stream(self, request: web.Request, answer: "_Answer") -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        async for event in self._events(request, answer):
            await response.write(b"data: " + event + b"\n\n")
        if request.transport is not None and not request.transport.is_closing():
            await response.write_eof()
        return response

    async def _events(self, request: web.Request, answer: "_Answer") -> AsyncGenerator[bytes]:
        yield answer.chunk({"role": "assistant", "content": ""})
        for number, delta in enumerate(answer.deltas()):
            how = self._writing
            if number == how.tokens and how.stall:
                await self.pause(request, math.inf)
            if number == how.tokens and how.fault is Fault.DROP:
                if request.transport is not None:
                    request.transport.close()
                return
            yield answer.chunk(delta)
            await self.pause(request, how.pace)
        yield answer.chunk({}, finish=answer.finish)
        if answer.counted:
            yield answer.usage()
        yield b"[DONE]"

    async def _embeddings(self, request: web.Request) -> web.StreamResponse:
        if refused := self._refused(request):
            return refused
        body = await _body(request)
        given, dimensions = body.get("input"), body.get("dimensions", 1536)
        texts = [given] if isinstance(given, str) else given
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            return _error(400, "expected 'input', a string or an array of strings")
        if not isinstance(dimensions, int) or not 1 <= dimensions <= 3072:
            return _error(400, "expected 'dimensions' between 1 and 3072")
        self.requests.append(body)
        with self.counted():
            await self.pause(request, self.latency)
            if self.behaviour.fault is Fault.GARBAGE:
                return web.Response(text="<html>upstream connect error", content_type="text/html")
            if self.behaviour.fault is Fault.DROP and request.transport is not None:
                request.transport.close()
        pack = _base64 if body.get("encoding_format") == "base64" else list
        tokens = sum(len(_TOKEN.findall(text)) for text in texts)
        data = [
            {"object": "embedding", "index": index, "embedding": pack(embedding(text, dimensions))}
            for index, text in enumerate([] if self.behaviour.fault is Fault.EMPTY else texts)
        ]
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        model = body.get("model", "")
        return _json({"object": "list", "data": data, "model": model, "usage": usage})

    async def _list(self, request: web.Request) -> web.StreamResponse:
        if refused := self._refused(request):
            return refused
        with self.counted():
            await self.pause(request, self.latency)
        owned = {"object": "model", "created": 1, "owned_by": "simulator"}
        return _json({"object": "list", "data": [{"id": name, **owned} for name in self._models]})

    @property
    def _writing(self) -> Writing:
        """The behaviour, also where somebody gave one that knows nothing of tokens."""
        how = self.behaviour
        if isinstance(how, Writing):
            return how
        return Writing(how.fault, how.latency, how.retry_after)

    def _refused(self, request: web.Request) -> web.Response | None:
        """For a wrong key, or the fault that is being simulated."""
        self.seen.requests += 1
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        self.seen.keys.append(key)
        how = self._writing
        if how.fault is Fault.REFUSE and request.transport is not None:
            request.transport.abort()  # the port is closed, but this connection was open before
        if scheme != "Bearer" or not key:
            return _error(401, "no API key in the Authorization header")
        if how.fault is Fault.DENIED or (self._keys is not None and key not in self._keys):
            return _error(401, f"incorrect API key: {key[:3]}...{key[-4:]}", "invalid_api_key")
        if how.fault is Fault.LIMITED:
            return _limit(how)
        if how.fault is Fault.BROKEN:
            return _error(500, "the server had an error", kind="server_error")
        return None


@dataclass(frozen=True, slots=True)
class _Answer:
    """One completion in the protocol's forms."""

    model: str
    tokens: list[str]
    finish: str
    prompt: int
    """Tokens of the question."""
    counted: bool
    """The client asked for a last chunk with the usage."""
    call: Call | None = None
    id: str = field(default_factory=lambda: f"chatcmpl-{uuid.uuid4().hex[:24]}")
    created: int = field(default_factory=lambda: int(time.time()))

    @classmethod
    def to(cls, body: dict[str, Any], text: str, call: Call | None = None) -> "_Answer":
        limit = body.get("max_completion_tokens") or body.get("max_tokens") or 1000
        tokens = _TOKEN.findall(text)
        asked = sum(len(_TOKEN.findall(text_of(message))) for message in body["messages"])
        finish = "length" if len(tokens) > limit else "tool_calls" if call else "stop"
        counted = bool((body.get("stream_options") or {}).get("include_usage"))
        return cls(body.get("model", ""), tokens[:limit], finish, asked, counted, call)

    def deltas(self) -> Iterator[dict[str, Any]]:
        """What comes one after the other: tokens, then the call's name, then its arguments."""
        for token in self.tokens:
            yield {"content": token}
        if self.call is not None:
            name, arguments = self.called["function"].values()
            begun = {**self.called, "function": {"name": name, "arguments": ""}}
            yield {"tool_calls": [{"index": 0, **begun}]}
            for start in range(0, len(arguments), 8):
                part = {"arguments": arguments[start : start + 8]}
                yield {"tool_calls": [{"index": 0, "function": part}]}

    @property
    def called(self) -> dict[str, Any]:
        assert self.call is not None
        given = self.call.arguments
        arguments = given if isinstance(given, str) else orjson.dumps(given).decode()
        function = {"name": self.call.name, "arguments": arguments}
        return {"id": f"call_{self.id[-24:]}", "type": "function", "function": function}

    def chunk(self, delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return orjson.dumps(self._body("chat.completion.chunk", [choice]))

    def usage(self) -> bytes:
        body = self._body("chat.completion.chunk", [])
        return orjson.dumps({**body, "usage": self._usage()})

    def whole(self) -> dict[str, Any]:
        text = "".join(self.tokens) or (None if self.call else "")
        message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None}
        if self.call is not None:
            message["tool_calls"] = [self.called]
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": self.finish}
        return {**self._body("chat.completion", [choice]), "usage": self._usage()}

    def _body(self, kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
        about = {"id": self.id, "object": kind, "created": self.created, "model": self.model}
        return {**about, "choices": choices, "system_fingerprint": "fp_simulated"}

    def _usage(self) -> dict[str, Any]:
        return {
            "prompt_tokens": self.prompt,
            "completion_tokens": len(self.tokens),
            "total_tokens": self.prompt + len(self.tokens),
            "prompt_tokens_details": {"cached_tokens": 0},
        }


def embedding(text: str, dimensions: int) -> list[float]:
    """Of length 1, always the same for a text, and near for texts that share words."""
    vector = [0.0] * dimensions
    for word in re.findall(r"\w+", text.casefold()):
        for piece in (word, word[:4]):
            digest = hashlib.blake2b(piece.encode(), digest_size=8).digest()
            place = int.from_bytes(digest, "little")
            vector[place % dimensions] += 1.0 if place >> 63 else -1.0
    length = math.hypot(*vector)
    return [value / length for value in vector] if length else [1.0, *vector[1:]]


def _base64(vector: list[float]) -> str:
    return base64.b64encode(array.array("f", vector).tobytes()).decode()


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = orjson.loads(await request.read())
    except (orjson.JSONDecodeError, ConnectionResetError):  # or the client has gone
        body = None
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(text='{"error":{"message":"the body is no JSON object"}}')
    return body


def _json(body: dict[str, Any]) -> web.Response:
    return web.Response(body=orjson.dumps(body), content_type="application/json")


def _error(
    status: int, message: str, code: str | None = None, kind: str = "invalid_request_error"
) -> web.Response:
    error = {"message": message, "type": kind, "param": None, "code": code}
    response = _json({"error": error})
    response.set_status(status)
    response.headers["x-request-id"] = f"req_{uuid.uuid4().hex}"
    return response


def _limit(how: Writing) -> web.Response:
    if how.quota:
        quota = "insufficient_quota"
        return _error(429, "the quota is used up: check plan and billing", quota, quota)
    response = _error(429, "rate limit reached for requests", "rate_limit_exceeded", "requests")
    response.headers.update(
        {
            "x-ratelimit-limit-requests": str(LIMIT),
            "x-ratelimit-remaining-requests": "0",
            "x-ratelimit-reset-requests": f"{how.retry_after or 0.12:g}s",
        }
    )
    if how.retry_after > 0:
        response.headers["Retry-After"] = f"{how.retry_after:g}"
    return response
