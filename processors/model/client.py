"""What a model's client takes and gives: a prompt in, pieces of an answer out."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from openai.types.chat import ChatCompletionFunctionToolParam, ChatCompletionMessageParam

from knowledge.chain import Provider

Message = ChatCompletionMessageParam
Definition = ChatCompletionFunctionToolParam


@dataclass(frozen=True, slots=True)
class Prompt:
    messages: Sequence[Message]
    """The conversation in OpenAI's form, ready to be sent."""
    language: str
    """Two letters: what the answer is to be spoken in."""
    said: str = ""
    """What the caller was told of this answer already, by a provider that then broke."""
    tools: Sequence[Definition] = ()
    """What may be called instead of answering; one at a time."""


@dataclass(frozen=True, slots=True)
class Finish:
    """The answer is complete: whatever follows is no part of it."""

    torn: bool = False
    """It ends within a sentence, because it was too long or was withheld."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens, as the provider counts and bills them."""

    prompt: int
    completion: int
    cached: int = 0
    """How many of the prompt's came from the provider's cache."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The answer needs a tool first. Whole: of what breaks off in the middle nothing is told."""

    name: str
    arguments: Mapping[str, object] = field(repr=False)


Piece = str | ToolCall | Finish | Usage
"""An empty text is a sign of life: something is coming that cannot be said yet."""


class Client(Provider, Protocol):
    """One provider, for all calls of the process. It raises `Fault`, never retries, keeps nothing.

    The first piece is text, maybe an empty one, except that there may be nothing to add to what
    was said already. A tool call stands last before its `Finish`.
    """

    @property
    def model(self) -> str:
        """Its name, as the provider's price list has it; "" where nobody is paid."""
        ...

    @property
    def spare(self) -> bool:
        """May be asked beside a provider that is late; False: only when the others have failed."""
        ...

    def write(self, prompt: Prompt) -> AsyncGenerator[Piece]: ...
