"""A thin client for OpenAI and for every provider that speaks its protocol."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, cast

import httpx2
import openai
from pipecat.utils.http import connection_limits

from knowledge.chain import Breaker, Fault
from knowledge.http import disconnection, refusal
from processors.model.calling import Calling
from processors.model.client import Finish, Message, Piece, Prompt, Usage

CONNECT = 1.0
"""Seconds for the TCP and TLS handshakes, and for the pool to hand out a connection."""
READ = 30.0
"""Seconds without a byte; whoever asks has deadlines of its own, which are shorter."""
AFTERTHOUGHT = 0.3
"""Seconds after a complete answer for its usage, and for the connection to be free again."""
_DENIED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)
"""Until somebody changes a setting: the key, its rights, the address or the model's name."""
_TORN = ("length", "max_tokens", "model_length", "content_filter")
"""Reasons to finish within a sentence. For a good end providers have more words than "stop"."""
_PROBE = Prompt([{"role": "user", "content": "Say yes."}], "en")
_CODE = 40
"""Characters: no error code of these protocols is longer."""


def connections(tls: ssl.SSLContext | None = None) -> openai.DefaultAsyncHttpxClient:
    """The process's one pool for all model providers; its owner calls `aclose`.

    A TLS context costs 20 to 40 ms of the event loop, hence one for all, made at start. Proxies
    and certificates are not taken from the environment, which only the settings read.
    """
    return openai.DefaultAsyncHttpxClient(
        verify=tls or ssl.create_default_context(),
        timeout=openai.Timeout(READ, connect=CONNECT, pool=CONNECT),
        limits=connection_limits(
            max_connections=1000, max_keepalive_connections=100, keepalive_expiry=60
        ),
        trust_env=False,
    )


@dataclass(frozen=True, slots=True)
class Account:
    """With whom, and as whom."""

    base_url: str
    """With its /v1."""
    key: str = field(repr=False)
    model: str
    max_tokens: int = 150
    openai: bool = True
    """The provider knows what only OpenAI's own API does: the role `developer` and the fields
    `max_completion_tokens` and `parallel_tool_calls`. Others are told `system` and `max_tokens`."""


class OpenAI:
    """Stateless but for its breaker: one for all calls of the process."""

    spare = True

    def __init__(
        self,
        name: str,
        account: Account,
        *,
        http: openai.DefaultAsyncHttpxClient,
        breaker: Breaker | None = None,
    ) -> None:
        self.name = name
        self.breaker = breaker or Breaker()
        self.model = account.model
        self._account = account
        self._api = openai.AsyncOpenAI(
            api_key=account.key, base_url=account.base_url, http_client=http, max_retries=0
        )
        self._api.organization = self._api.project = None  # not from the environment either

    async def write(self, prompt: Prompt) -> AsyncGenerator[Piece]:
        """Raises Fault."""
        with _faults():
            async with aclosing(self._chunks(prompt)) as chunks:
                silent = not prompt.said  # with nothing to add, saying nothing is an answer
                calling = Calling()
                async for chunk in chunks:
                    text, fragments, reason = _parts(chunk)
                    if fragments and prompt.tools:
                        calling.add(fragments)
                    if text or calling.begun:
                        silent = False
                        yield text
                    if reason:
                        break
                else:
                    raise Fault("cut", "no finish_reason")
                if silent:
                    raise Fault("empty", reason)
                if call := calling.finished():
                    yield call
                yield Finish(torn=reason in _TORN)
                if usage := await _usage(chunks):
                    yield usage

    async def check(self) -> None:
        """Asks for the list of models: key, address and network are right. Raises Fault."""
        with _faults():
            await self._api.models.list()

    async def probe(self) -> None:
        """A question as a turn would ask it, as far as its first token. Raises Fault."""
        async with aclosing(self.write(_PROBE)) as pieces:
            async for _ in pieces:
                return

    async def _chunks(self, prompt: Prompt) -> AsyncGenerator[object]:
        """The events as they come. The SDK's typed ones cost twice the time and check nothing."""
        account = self._account
        limit = "max_completion_tokens" if account.openai else "max_tokens"
        request: dict[str, object] = {
            "model": account.model,
            "messages": [_addressed(message, account) for message in prompt.messages],
            "stream": True,
            "stream_options": {"include_usage": True},
            limit: account.max_tokens,
        }
        if prompt.tools:
            request["tools"] = list(prompt.tools)
            if account.openai:
                request["parallel_tool_calls"] = False
        stream = await self._api.post(
            "/chat/completions",
            body=request,
            cast_to=object,
            stream=True,
            stream_cls=openai.AsyncStream[object],
        )
        async with aclosing(stream):
            async for chunk in stream:
                yield chunk


def _addressed(message: Message, account: Account) -> Message:
    if account.openai or message["role"] != "developer":
        return message
    return cast("Message", {**message, "role": "system"})


def _parts(chunk: object) -> tuple[str, object, str]:
    """Text, fragments of tool calls and reason to finish, each maybe empty. Raises Fault where it
    is no such thing."""
    try:
        choices = chunk["choices"]  # type: ignore[index]
        if not choices:
            return "", None, ""
        text = choices[0]["delta"].get("content") or ""
        fragments = choices[0]["delta"].get("tool_calls")
        reason = choices[0].get("finish_reason") or ""
    except (TypeError, KeyError, IndexError, AttributeError) as error:
        raise Fault("broken", "not a completion chunk") from error
    if not isinstance(text, str) or not isinstance(reason, str):
        raise Fault("broken", "not a completion chunk")
    return text, fragments, reason


async def _usage(chunks: AsyncGenerator[object]) -> Usage | None:
    """What follows the answer; that nothing follows, or badly, harms nobody any more."""
    found: dict[str, Any] = {}
    with suppress(Fault, TimeoutError), _faults():
        async with asyncio.timeout(AFTERTHOUGHT):
            async for chunk in chunks:
                usage = chunk.get("usage") if isinstance(chunk, dict) else None
                found = usage if isinstance(usage, dict) else found
    prompt, completion = found.get("prompt_tokens"), found.get("completion_tokens")
    if not isinstance(prompt, int) or not isinstance(completion, int):
        return None
    details = found.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else None
    return Usage(prompt, completion, cached if isinstance(cached, int) else 0)


@contextmanager
def _faults() -> Iterator[None]:
    """The SDK's errors in the words of our policy. Their texts may hold keys and are dropped."""
    try:
        yield
    except openai.APIStatusError as error:
        raise _refusal(error) from error
    except openai.APIConnectionError as error:
        raise disconnection(error.__cause__) from error
    except openai.APIError as error:
        raise Fault("broken", _word(error.code) or "error in the stream") from error
    except (ValueError, httpx2.HTTPError, httpx2.StreamError, httpx2.InvalidURL) as error:
        raise Fault("broken", type(error).__name__) from error


def _refusal(error: openai.APIStatusError) -> Fault:
    code = _word(error.code)
    if code == "insufficient_quota":
        return Fault("denied", f"{error.status_code} {code}", permanent=True)
    return refusal(error.status_code, error.response.headers, code, denied=_DENIED)


def _word(code: object) -> str:
    """An error's code where it is one: what else a provider sends there might be anybody's."""
    return code if isinstance(code, str) and code.isidentifier() and len(code) < _CODE else ""
