"""What a call knows when it begins, of itself and of its caller, and what it leaves behind."""

import asyncio
from collections.abc import Collection
from dataclasses import replace

from knowledge.callers import Callers
from knowledge.memory import Memory
from knowledge.recollection import Exchange, Recollection


class Acquaintance:
    def __init__(
        self,
        memory: Memory,
        callers: Callers,
        call: str,
        caller: str,
        *,
        languages: Collection[str],
    ) -> None:
        """`caller`: as `knowledge.callers` names it, "" for nobody. `languages`: that we speak."""
        self.caller = caller
        self._memory = memory
        self._callers = callers
        self._call = call
        self._languages = languages

    async def recall(self, *, again: bool = False) -> Recollection:
        """A new call has the language of its caller's last one. Never raises, takes as long as
        `Memory.begin` at most: both are asked at the same time."""
        recalled, language = await asyncio.gather(
            self._memory.begin(self._call, again=again), self._callers.language(self.caller)
        )
        self._callers.met(self.caller, self._call)
        if recalled.language or language not in self._languages:
            return recalled
        return replace(recalled, language=language)

    def asked(self, text: str, sealed: str) -> None:
        self._memory.asked(self._call, text, sealed)

    def left(self) -> None:
        """This stream of the call has ended."""
        self._memory.left(self._call)

    def over(self) -> None:
        """The call itself has ended."""
        self._memory.over(self._call)

    def written(self) -> bool:
        """Whether another worker would find what this one knows of the call."""
        return self._memory.written(self._call)

    def greeted(self, language: str) -> None:
        self._memory.greeted(self._call, language)

    def remember(self, exchange: Exchange) -> None:
        self._memory.remember(self._call, exchange)
        self._callers.met(self.caller, self._call, exchange.language)
