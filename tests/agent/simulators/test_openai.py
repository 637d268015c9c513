"""The simulated OpenAI, judged by the vendor's own SDK and by what is on the wire."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import openai
import orjson
import pytest

from agent.simulators.openai import OpenAI, Writing, embedding, quote, table
from agent.simulators.server import Fault
from tests.eventually import until

QUICK = Writing(latency=0.0, pace=0.0)
ASK: Any = [{"role": "user", "content": "What is a deductible?"}]


@pytest.fixture
async def provider() -> AsyncIterator[OpenAI]:
    answers = table({"deductible": "The part that you pay yourself."})
    async with OpenAI(answers, keys=frozenset({"sk-right-0001"}), behaviour=QUICK) as provider:
        yield provider


@pytest.fixture
async def sdk(provider: OpenAI) -> AsyncIterator[openai.AsyncOpenAI]:
    api = openai.AsyncOpenAI(
        api_key="sk-right-0001",
        base_url=provider.api,
        max_retries=0,
        http_client=openai.DefaultAsyncHttpxClient(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)),
    )
    async with api:
        yield api


async def post(provider: OpenAI, body: object, *, key: str = "sk-right-0001") -> tuple[int, bytes]:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(f"{provider.api}/chat/completions", json=body) as response,
    ):
        return response.status, await response.read()


async def test_a_stream_is_role_then_tokens_then_reason_then_usage(
    provider: OpenAI, sdk: openai.AsyncOpenAI
) -> None:
    stream = await sdk.chat.completions.create(
        model="gpt-4.1-mini", messages=ASK, stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    first, *middle, last, usage = chunks
    assert first.choices[0].delta.role == "assistant"
    assert not first.choices[0].delta.content
    said = [chunk.choices[0].delta.content or "" for chunk in middle]
    assert "".join(said) == "The part that you pay yourself."
    assert len(said) > 5
    assert last.choices[0].finish_reason == "stop"
    assert usage.usage is not None
    assert usage.usage.completion_tokens == len(said)
    assert provider.seen.open == 0


async def test_on_the_wire_it_is_server_sent_events_that_end_with_done(provider: OpenAI) -> None:
    _, raw = await post(provider, {"model": "m", "messages": ASK, "stream": True})
    events = raw.decode().split("\n\n")
    assert events[-2:] == ["data: [DONE]", ""]
    assert all(event.startswith("data: ") for event in events[:-1])
    assert orjson.loads(events[0][6:])["object"] == "chat.completion.chunk"


async def test_without_a_stream_the_answer_comes_whole(sdk: openai.AsyncOpenAI) -> None:
    answer = await sdk.chat.completions.create(model="m", messages=ASK)
    assert answer.choices[0].message.content == "The part that you pay yourself."
    assert answer.usage is not None
    assert answer.usage.total_tokens > answer.usage.prompt_tokens > 0


async def test_an_answer_ends_at_the_token_limit(sdk: openai.AsyncOpenAI) -> None:
    answer = await sdk.chat.completions.create(model="m", messages=ASK, max_completion_tokens=3)
    assert answer.choices[0].finish_reason == "length"
    assert answer.choices[0].message.content == "The part that"


async def test_requests_are_kept_as_the_provider_would_have_seen_them(provider: OpenAI) -> None:
    await post(provider, {"model": "m", "messages": ASK, "temperature": 0.2})
    assert provider.requests[-1]["messages"] == ASK
    assert provider.requests[-1]["temperature"] == 0.2
    assert provider.seen.keys == ["sk-right-0001"]


def test_the_default_answer_quotes_the_passage_it_was_given() -> None:
    told = [{"role": "developer", "content": "Use this:\n<passage id=1>Call us\nfirst.</passage>"}]
    assert "Call us first." in quote([*told, *ASK])
    assert "Call us first." not in quote(ASK)


@pytest.mark.parametrize("key", ["", "sk-wrong-0002"])
async def test_a_wrong_key_is_refused_and_not_repeated(provider: OpenAI, key: str) -> None:
    status, raw = await post(provider, {"model": "m", "messages": ASK}, key=key)
    error = orjson.loads(raw)["error"]
    assert status == 401
    assert error["code"] == ("invalid_api_key" if key else None)
    assert "sk-wrong-0002" not in error["message"]


@pytest.mark.parametrize("body", [[], "text", {"model": "m"}, {"messages": []}])
async def test_a_bad_request_is_a_400(provider: OpenAI, body: object) -> None:
    assert (await post(provider, body))[0] == 400


async def test_limits_say_when_to_come_back(provider: OpenAI, sdk: openai.AsyncOpenAI) -> None:
    await provider.behave(fault=Fault.LIMITED, retry_after=7.0)
    with pytest.raises(openai.RateLimitError) as limited:
        await sdk.chat.completions.create(model="m", messages=ASK)
    assert limited.value.code == "rate_limit_exceeded"
    assert limited.value.response.headers["retry-after"] == "7"
    await provider.behave(quota=True)
    with pytest.raises(openai.RateLimitError) as empty:
        await sdk.chat.completions.create(model="m", messages=ASK)
    assert empty.value.code == "insufficient_quota"


async def test_a_broken_server_is_a_500(provider: OpenAI, sdk: openai.AsyncOpenAI) -> None:
    await provider.behave(fault=Fault.BROKEN)
    with pytest.raises(openai.InternalServerError):
        await sdk.chat.completions.create(model="m", messages=ASK)


async def test_a_dropped_stream_ends_after_its_tokens_without_a_reason(
    provider: OpenAI, sdk: openai.AsyncOpenAI
) -> None:
    await provider.behave(fault=Fault.DROP, tokens=3)
    stream = await sdk.chat.completions.create(model="m", messages=ASK, stream=True)
    said = [(await anext(stream)).choices[0].delta.content for _ in range(4)]
    assert said == ["", "The", " part", " that"]
    with pytest.raises(openai.APIConnectionError):
        await anext(stream)
    assert provider.seen.cancelled == 0


@pytest.mark.parametrize("how", [{"stall": True}, {"fault": Fault.HANG}])
async def test_a_quiet_stream_ends_when_the_client_goes(
    provider: OpenAI, how: dict[str, object]
) -> None:
    await provider.behave(**how)
    body = {"model": "m", "messages": ASK, "stream": True}
    task = asyncio.create_task(post(provider, body))
    await until(lambda: bool(provider.requests))
    task.cancel()
    await until(lambda: provider.seen.cancelled == 1)
    assert provider.seen.open == 0


async def test_garbage_and_emptiness_are_what_they_say(provider: OpenAI) -> None:
    body = {"model": "m", "messages": ASK, "stream": True}
    await provider.behave(fault=Fault.GARBAGE)
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads((await post(provider, body))[1][6:])
    await provider.behave(fault=Fault.EMPTY)
    raw = (await post(provider, body))[1].decode()
    assert '"finish_reason":"stop"' in raw
    assert raw.count('"content"') == 1


async def test_models_are_listed(sdk: openai.AsyncOpenAI) -> None:
    assert "gpt-4.1-mini" in [model.id for model in (await sdk.models.list()).data]


async def test_embeddings_have_the_dimensions_asked_for(sdk: openai.AsyncOpenAI) -> None:
    answer = await sdk.embeddings.create(
        model="text-embedding-3-small", input=["one thing", "another"], dimensions=256
    )
    assert [len(item.embedding) for item in answer.data] == [256, 256]
    assert answer.data[1].embedding == pytest.approx(embedding("another", 256))


def test_embeddings_are_near_for_texts_that_share_words() -> None:
    def likeness(a: str, b: str) -> float:
        pair = zip(embedding(a, 256), embedding(b, 256), strict=True)
        return sum(x * y for x, y in pair)

    assert likeness("how do I file a claim", "how do I file a claim") == pytest.approx(1.0)
    assert likeness("how to file a claim", "file my claim") > 0.4
    assert likeness("how to file a claim", "opening hours on Sunday") < 0.2
