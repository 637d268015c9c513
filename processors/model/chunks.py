"""What the base class reads: a stream in OpenAI's form, made of whole pieces."""

import orjson
from openai.types import CompletionUsage
from openai.types.chat import ChatCompletionChunk
from openai.types.chat.chat_completion_chunk import (
    Choice,
    ChoiceDelta,
    ChoiceDeltaToolCall,
    ChoiceDeltaToolCallFunction,
)
from openai.types.completion_usage import PromptTokensDetails

from processors.model.client import ToolCall, Usage


def text(provider: str, content: str) -> ChatCompletionChunk:
    return _chunk(provider, choices=[Choice(index=0, delta=ChoiceDelta(content=content))])


def call(provider: str, wanted: ToolCall, number: int) -> ChatCompletionChunk:
    """`number`: of the call in its conversation; the providers' own ids might collide."""
    function = ChoiceDeltaToolCallFunction(
        name=wanted.name, arguments=orjson.dumps(wanted.arguments).decode()
    )
    made = ChoiceDeltaToolCall(index=0, id=f"call_{number}", function=function, type="function")
    return _chunk(provider, choices=[Choice(index=0, delta=ChoiceDelta(tool_calls=[made]))])


def usage(provider: str, counted: Usage) -> ChatCompletionChunk:
    return _chunk(
        provider,
        choices=[],
        usage=CompletionUsage(
            prompt_tokens=counted.prompt,
            completion_tokens=counted.completion,
            total_tokens=counted.prompt + counted.completion,
            prompt_tokens_details=PromptTokensDetails(cached_tokens=counted.cached),
        ),
    )


def _chunk(
    provider: str, *, choices: list[Choice], usage: CompletionUsage | None = None
) -> ChatCompletionChunk:
    return ChatCompletionChunk(
        id="",
        object="chat.completion.chunk",
        created=0,
        model=provider,
        choices=choices,
        usage=usage,
    )
