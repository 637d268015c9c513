"""Speculation: what the caller seems to be asking is prepared before the turn is over.

Nothing is said or decided here. If the words are the same in the end, the answer's sound lies in
memory when the router wants it; if they change, what was begun is thrown away.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from knowledge.answers import Answer, Answerer, Question
from knowledge.chain import Breaker, Fault, one
from processors.turns.endpointing import could_end

WITHIN = 0.3
"""Seconds that the answerer has; later, the turn itself has come."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """The answerer in the form that the failure policy wants."""

    name: str
    breaker: Breaker
    answerer: Answerer


class Speculation:
    """Of one call; told of the words by the user's turn."""

    def __init__(
        self,
        answerer: Answerer,
        sure: Callable[[Answer], bool],
        warm: Callable[[str, str], Awaitable[object]],
    ) -> None:
        """`answerer`: one that costs nothing, for it is asked often. `sure`: the router would say
        this answer. `warm(text, language)` has its sound at hand."""
        self._asked = _Asked("speculation", Breaker(), answerer)
        self._sure = sure
        self._warm = warm
        self._text = ""
        self._task: asyncio.Task[None] | None = None

    def heard(self, text: str, language: str) -> None:
        if text == self._text:
            return
        self.forget()
        self._text = text
        if could_end(text):
            question = Question(text, language)
            self._task = asyncio.create_task(self._prepare(question), name="speculation")

    def forget(self) -> None:
        self._text = ""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _prepare(self, question: Question) -> None:
        try:
            answer = await one(
                [self._asked], lambda asked: asked.answerer.answer(question), within=WITHIN
            )
        except Fault:
            return  # the turn itself will meet the same, and somebody answers then
        if answer is not None and self._sure(answer):
            await self._warm(answer.text, answer.language)
