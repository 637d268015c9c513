"""The thin client against the simulated provider: pieces on success, a Fault for every failure."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

import httpx2
import pytest

from agent.simulators import openai as simulated
from agent.simulators.server import Fault as Failing
from knowledge.chain import Fault
from processors.model.client import Finish, Message, Piece, Prompt, Usage
from processors.model.openai import Account, OpenAI, connections
from tests.eventually import until

ASK: list[Message] = [
    {"role": "developer", "content": "Be brief."},
    {"role": "user", "content": "Hello?"},
]
PROMPT = Prompt(ASK, "en")


@pytest.fixture
async def provider() -> AsyncIterator[simulated.OpenAI]:
    quick = simulated.Writing(latency=0.0, pace=0.0)
    async with simulated.OpenAI(lambda _: "Good morning to you.", behaviour=quick) as provider:
        yield provider


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    async with connections(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as http:
        yield http


def client(provider: simulated.OpenAI, http: httpx2.AsyncClient, **about: Any) -> OpenAI:
    return OpenAI("first", Account(provider.api, "sk-test", "gpt-x", **about), http=http)


async def pieces(client: OpenAI, prompt: Prompt = PROMPT) -> list[Piece]:
    async with aclosing(client.write(prompt)) as written:
        return [piece async for piece in written]


async def test_an_answer_is_text_then_its_end_then_its_usage(
    provider: simulated.OpenAI, http: httpx2.AsyncClient
) -> None:
    *text, finish, usage = await pieces(client(provider, http))
    assert "".join(map(str, text)) == "Good morning to you."
    assert text[0] == "Good"  # the role alone is nothing
    assert finish == Finish()
    assert isinstance(usage, Usage)
    assert usage.completion == len(text)


async def test_one_connection_serves_one_answer_after_the_other(
    provider: simulated.OpenAI, http: httpx2.AsyncClient
) -> None:
    first = client(provider, http)
    for _ in range(3):
        await pieces(first)
    assert len(getattr(http._transport, "_pool").connections) == 1  # noqa: B009


async def test_the_request_is_what_openai_takes(
    provider: simulated.OpenAI, http: httpx2.AsyncClient
) -> None:
    await pieces(client(provider, http, max_tokens=90))
    assert provider.requests[-1] == {
        "model": "gpt-x",
        "messages": ASK,
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_completion_tokens": 90,
    }
    assert provider.seen.keys == ["sk-test"]


async def test_other_providers_are_not_told_what_only_openai_knows(
    provider: simulated.OpenAI, http: httpx2.AsyncClient
) -> None:
    await pieces(client(provider, http, openai=False))
    assert provider.requests[-1]["messages"][0]["role"] == "system"
    assert provider.requests[-1]["max_tokens"] == 150


async def test_an_answer_that_was_too_long_is_torn(
    provider: simulated.OpenAI, http: httpx2.AsyncClient
) -> None:
    assert Finish(torn=True) in await pieces(client(provider, http, max_tokens=2))


@pytest.mark.parametrize(
    ("how", "kind", "permanent"),
    [
        ({"fault": Failing.REFUSE}, "refused", False),
        ({"fault": Failing.DENIED}, "denied", True),
        ({"fault": Failing.LIMITED}, "limited", False),
        ({"fault": Failing.LIMITED, "quota": True}, "denied", True),
        ({"fault": Failing.BROKEN}, "broken", False),
        ({"fault": Failing.GARBAGE}, "broken", False),
        ({"fault": Failing.EMPTY}, "empty", False),
        ({"fault": Failing.DROP}, "cut", False),
    ],
)
async def test_every_failure_has_its_name(
    provider: simulated.OpenAI,
    http: httpx2.AsyncClient,
    how: dict[str, Any],
    kind: str,
    permanent: bool,
) -> None:
    await provider.behave(**how)
    with pytest.raises(Fault) as failed:
        await pieces(client(provider, http))
    assert (failed.value.kind, failed.value.permanent) == (kind, permanent)
    assert "sk-test" not in str(failed.value)


async def test_a_probe_asks_as_a_turn_does_and_leaves_at_the_first_token(
    provider: simulated.OpenAI, http: httpx2.AsyncClient
) -> None:
    asking = client(provider, http)
    await asking.probe()
    assert len(provider.requests) == 1
    await until(lambda: provider.seen.open == 0)
    await provider.behave(fault=Failing.EMPTY)
    with pytest.raises(Fault, match="empty"):
        await asking.probe()


async def test_a_limit_says_for_how_long(
    provider: simulated.OpenAI, http: httpx2.AsyncClient
) -> None:
    await provider.behave(fault=Failing.LIMITED, retry_after=12.5)
    with pytest.raises(Fault) as failed:
        await pieces(client(provider, http))
    assert failed.value.retry_after == 12.5


async def test_saying_nothing_is_an_answer_when_all_was_said(
    provider: simulated.OpenAI, http: httpx2.AsyncClient
) -> None:
    await provider.behave(fault=Failing.EMPTY)
    said = await pieces(client(provider, http), Prompt(ASK, "en", said="Good morning."))
    assert said[0] == Finish()


@pytest.mark.parametrize("how", [{"stall": True}, {"fault": Failing.HANG}])
async def test_closing_ends_the_providers_work_at_once(
    provider: simulated.OpenAI, http: httpx2.AsyncClient, how: dict[str, Any]
) -> None:
    await provider.behave(**how)
    task = asyncio.create_task(pieces(client(provider, http)))
    await until(lambda: provider.seen.open == 1)
    task.cancel()
    await until(lambda: provider.seen.cancelled == 1)


@pytest.mark.parametrize(
    "event",
    [
        "[17]",
        '"text"',
        "{}",
        '{"choices": 3}',
        '{"choices": [null]}',
        '{"choices": [{"delta": {"content": 5}}]}',
        '{"choices": [{"delta": {"content": "a"}, "finish_reason": 7}]}',
        '{"error": {"message": "sorry", "code": "server_error"}}',
        '{"choices": []}',
    ],
)
async def test_whatever_a_server_sends_is_a_fault_and_nothing_else(event: str) -> None:
    async with streaming(event) as http:
        strange = OpenAI("strange", Account("http://strange/v1", "k", "m"), http=http)
        with pytest.raises(Fault) as failed:
            await pieces(strange)
    assert failed.value.kind in ("broken", "cut")


def streaming(*events: str, quiet: bool = False) -> httpx2.AsyncClient:
    """A server that sends these events and then either ends or stays open."""

    async def body() -> AsyncGenerator[bytes]:
        for event in events:
            yield f"data: {event}\n\n".encode()
        if quiet:
            await asyncio.Event().wait()

    def reply(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"Content-Type": "text/event-stream"}, content=body())

    return httpx2.AsyncClient(transport=httpx2.MockTransport(reply))


@pytest.mark.parametrize(
    ("reason", "torn"),
    [("stop", False), ("eos", False), ("length", True), ("content_filter", True)],
)
async def test_what_providers_call_an_end(reason: str, torn: bool) -> None:
    text = '{"choices": [{"delta": {"content": "Yes"}}]}'
    async with streaming(
        text, f'{{"choices": [{{"delta": {{}}, "finish_reason": "{reason}"}}]}}'
    ) as http:
        foreign = OpenAI("foreign", Account("http://foreign/v1", "k", "m"), http=http)
        assert await pieces(foreign) == ["Yes", Finish(torn=torn)]


async def test_an_answer_is_complete_although_its_stream_stays_open() -> None:
    end = '{"choices": [{"delta": {"content": "Yes"}, "finish_reason": "stop"}]}'
    async with streaming(end, quiet=True) as http, asyncio.timeout(20):
        foreign = OpenAI("foreign", Account("http://foreign/v1", "k", "m"), http=http)
        assert await pieces(foreign) == ["Yes", Finish()]


async def test_a_check_finds_a_wrong_key(
    provider: simulated.OpenAI, http: httpx2.AsyncClient
) -> None:
    await client(provider, http).check()
    await provider.behave(fault=Failing.DENIED)
    with pytest.raises(Fault, match="denied: 401 invalid_api_key"):
        await client(provider, http).check()
