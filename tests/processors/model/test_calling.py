"""A tool call is whole or it is a Fault; a conversation with calls is one that providers take."""

import ssl
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import httpx2
import pytest

from agent.simulators.acting import Call, unsettled
from agent.simulators.openai import OpenAI as Simulated
from agent.simulators.openai import Writing
from agent.simulators.server import Fault as Failing
from knowledge.chain import Fault
from processors.model.calling import LONGEST, Calling
from processors.model.client import Definition, Finish, Message, Piece, Prompt, ToolCall, Usage
from processors.model.openai import Account, OpenAI, connections
from processors.model.tools import settled

MOON: Definition = {
    "type": "function",
    "function": {"name": "moon", "description": "When.", "parameters": {"type": "object"}},
}
ASK: list[Message] = [{"role": "user", "content": "When is full moon?"}]
PROMPT = Prompt(ASK, "en", tools=(MOON,))


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    async with connections(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as http:
        yield http


async def pieces(call: Call, http: httpx2.AsyncClient, **how: Any) -> list[Piece]:
    quick = Writing(latency=0.0, pace=0.0, **how)
    async with Simulated(acts=lambda _messages, _offered: call, behaviour=quick) as provider:
        client = OpenAI("first", Account(provider.api, "sk-test", "gpt-x"), http=http)
        async with aclosing(client.write(PROMPT)) as written:
            made = [piece async for piece in written]
        [request] = provider.requests
        assert (request["tools"], request["parallel_tool_calls"]) == ([MOON], False)
    return made


async def test_a_call_comes_whole_after_signs_of_life(http: httpx2.AsyncClient) -> None:
    *before, call, finish, usage = await pieces(Call("moon", {"phase": "full moon"}), http)
    assert set(before) == {""}
    assert call == ToolCall("moon", {"phase": "full moon"})
    assert finish == Finish()
    assert isinstance(usage, Usage)


async def test_what_is_said_before_a_call_comes_before_it(http: httpx2.AsyncClient) -> None:
    made = await pieces(Call("moon", before="One moment."), http)
    assert "".join(piece for piece in made if isinstance(piece, str)) == "One moment."
    assert ToolCall("moon", {}) in made


@pytest.mark.parametrize("arguments", ['{"phase": ', "[1]", "full", "x" * (LONGEST + 1)])
async def test_arguments_that_are_no_object_are_a_fault(
    http: httpx2.AsyncClient, arguments: str
) -> None:
    with pytest.raises(Fault, match="broken"):
        await pieces(Call("moon", arguments), http)


async def test_a_stream_that_breaks_within_a_call_tells_no_call(http: httpx2.AsyncClient) -> None:
    with pytest.raises(Fault, match="cut"):
        await pieces(Call("moon", {"phase": "full moon"}), http, fault=Failing.DROP, tokens=2)


async def test_providers_other_than_openai_are_not_told_what_they_do_not_know(
    http: httpx2.AsyncClient,
) -> None:
    async with Simulated(behaviour=Writing(latency=0.0, pace=0.0)) as provider:
        account = Account(provider.api, "sk-test", "gpt-x", openai=False)
        async with aclosing(OpenAI("other", account, http=http).write(PROMPT)) as written:
            assert Finish() in [piece async for piece in written]
        assert "parallel_tool_calls" not in provider.requests[-1]


def fragment(name: str = "", arguments: str = "", index: object = 0) -> list[dict[str, Any]]:
    return [{"index": index, "function": {"name": name, "arguments": arguments}}]


def test_of_several_calls_the_first_counts() -> None:
    calling = Calling()
    for part in (
        fragment("moon", '{"a":'),
        fragment(arguments="1}"),
        fragment("sun", "{}", 1),
        fragment(arguments='{"b":2}', index=1),
    ):
        calling.add(part)
    assert calling.finished() == ToolCall("moon", {"a": 1})


def test_no_call_is_no_call() -> None:
    calling = Calling()
    calling.add([{"index": 0}])
    assert (calling.begun, calling.finished()) == (False, None)


@pytest.mark.parametrize("fragments", [7, ["x"], [{"function": "x"}], [{"function": {"name": 7}}]])
def test_what_is_no_call_is_a_fault(fragments: object) -> None:
    with pytest.raises(Fault, match="broken"):
        Calling().add(fragments)


def called(*ids: str) -> Any:
    calls = [{"id": one, "type": "function", "function": {"name": "f"}} for one in ids]
    return {"role": "assistant", "tool_calls": calls}


def result(one: str, content: str = "{}") -> Any:
    return {"role": "tool", "tool_call_id": one, "content": content}


USER: Any = {"role": "user", "content": "Hm?"}


@pytest.mark.parametrize(
    "history",
    [
        [USER, called("1")],
        [USER, called("1"), USER],
        [USER, called("1"), USER, result("1")],
        [USER, called("1", "2"), result("2"), USER],
        [USER, result("1"), USER],
        [USER, called("1"), result("1", "IN_PROGRESS"), USER, called("2"), result("2")],
    ],
)
def test_every_call_has_its_one_result(history: list[Any]) -> None:
    made: list[Any] = list(settled(history))
    assert unsettled(made) == ""
    assert "IN_PROGRESS" not in str(made)
    assert [one for one in made if one["role"] == "user"] == [USER] * history.count(USER)


def test_a_conversation_that_is_settled_stays_as_it_is() -> None:
    history = [USER, called("1"), result("1"), {"role": "assistant", "content": "Yes."}]
    assert settled(history) == history
