"""A simulated model that uses tools: when it wants one, and what OpenAI asks of conversations."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Messages = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Call:
    """The model wants a tool."""

    name: str
    arguments: dict[str, Any] | str = field(default_factory=dict)
    """A text goes out as it is, also one that is no JSON."""
    before: str = ""
    """What it says first."""


Acts = Callable[[Messages, frozenset[str]], Call | None]
"""Whether a tool is wanted, by the conversation and the names of the tools that are offered."""


def once(acts: Mapping[str, Call]) -> Acts:
    """A call by a word that the caller's last message contains, where no tool was used since, as a
    good model does; it calls what is offered."""

    def decide(messages: Messages, offered: frozenset[str]) -> Call | None:
        last = messages[-1]
        asked = text_of(last).casefold() if last.get("role") == "user" else ""
        for word, call in acts.items():
            if word.casefold() in asked and call.name in offered:
                return call
        return None

    return decide


def unsettled(messages: Messages) -> str:
    """Why OpenAI does not take this conversation: calls and results have to be paired."""
    open_calls: set[str] = set()
    for message in messages:
        if message.get("role") == "tool":
            if message.get("tool_call_id") not in open_calls:
                return "messages with role 'tool' must answer a preceding message with 'tool_calls'"
            open_calls.discard(message["tool_call_id"])
            continue
        if open_calls:
            break
        open_calls = {call["id"] for call in message.get("tool_calls") or ()}
    return "an assistant message with 'tool_calls' must be followed by results" * bool(open_calls)


def text_of(message: dict[str, Any]) -> str:
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return " ".join(part.get("text", "") for part in content)
