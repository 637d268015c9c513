"""What a model's client takes and gives: a prompt in, pieces of an answer out."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Protocol

from openai.types.chat import ChatCompletionMessageParam

from knowledge.chain import Provider

Message = ChatCompletionMessageParam


@dataclass(frozen=True, slots=True)
class Prompt:
    messages: Sequence[Message]
    """The conversation in OpenAI's form, ready to be sent."""
    language: str
    """Two letters: what the answer is to be spoken in."""
    said: str = ""
    """What the caller was told of this answer already, by a provider that then broke."""


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


Piece = str | Finish | Usage


class Client(Provider, Protocol):
    """One provider, for all calls of the process. It raises `Fault`, never retries, keeps nothing.

    The first piece is text, except that there may be nothing to add to what was said already.
    """

    @property
    def spare(self) -> bool:
        """May be asked beside a provider that is late; False: only when the others have failed."""
        ...

    def write(self, prompt: Prompt) -> AsyncGenerator[Piece]: ...
