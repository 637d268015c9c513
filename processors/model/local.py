"""The last of the model's clients: no model, but what the knowledge base knows, said honestly."""

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass

from knowledge.answers import Answer, Answerer, Question
from knowledge.chain import Breaker, Fault, one
from processors.model.client import Finish, Message, Piece, Prompt


@dataclass(frozen=True, slots=True)
class Phrases:
    """What is said where the knowledge base has no good answer, in one language."""

    ask_back: str
    """Asks the caller to put the question in other words."""
    unknown: str
    """Says that it does not know, and offers a person."""


@dataclass(frozen=True, slots=True)
class Trust:
    """Probabilities in [0, 1] that the best entry is right."""

    worth: float = 0.6
    """From here on its answer is said, although the router was not sure enough of it."""
    near: float = 0.3
    """From here on asking back is likely to find it; below, a person is offered."""


class Local:
    """Always answers, at once, without a network; hence never asked beside a late provider."""

    name = "local"
    spare = False
    model = ""

    def __init__(
        self,
        answerer: Answerer,
        phrases: Callable[[str], Phrases],
        *,
        trust: Trust = Trust(),
        within: float = 0.3,
    ) -> None:
        """`phrases` by language, two letters. `within`: seconds that the answerer has."""
        self.breaker = Breaker()
        self._knowledge = _Knowledge("knowledge", Breaker(), answerer)
        self._phrases = phrases
        self._trust = trust
        self._within = within

    async def write(self, prompt: Prompt) -> AsyncGenerator[Piece]:
        yield await self._sentence(prompt)
        yield Finish()

    async def _sentence(self, prompt: Prompt) -> str:
        answer = await self._best(prompt)
        phrases = self._phrases(prompt.language)
        confidence = answer.confidence if answer else 0.0
        if answer and answer.sure(self._trust.worth):
            return answer.text
        asked = phrases.ask_back in _last(prompt.messages, "assistant")
        if confidence < self._trust.near or asked or prompt.said:
            return phrases.unknown  # nobody likes to be asked back twice, or in mid-answer
        return phrases.ask_back

    async def _best(self, prompt: Prompt) -> Answer | None:
        text = _last(prompt.messages, "user")
        if not text.strip():
            return None
        question = Question(text, prompt.language)
        try:
            best = await one([self._knowledge], lambda k: k.ask(question), within=self._within)
        except Fault:
            return None
        return best if best and best.language == prompt.language else None


@dataclass(frozen=True, slots=True)
class _Knowledge:
    """The answerer in the form that the failure policy wants."""

    name: str
    breaker: Breaker
    answerer: Answerer

    async def ask(self, question: Question) -> Answer | None:
        return await self.answerer.answer(question)


def _last(messages: Sequence[Message], role: str) -> str:
    """The text of the newest message of this role; "" where there is none."""
    for message in reversed(messages):
        if message["role"] == role:
            content = message.get("content")
            if isinstance(content, str):
                return content
            parts = content if isinstance(content, list) else []
            return " ".join(str(part["text"]) for part in parts if part.get("type") == "text")
    return ""
