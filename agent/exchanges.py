"""What goes to a call's memory: each turn of the caller with what was heard of its answer."""

import time
from collections.abc import Callable

from agent.acquaintance import Acquaintance
from knowledge.recollection import Exchange


class Exchanges:
    """Of one stream of a call."""

    def __init__(self, acquaintance: Acquaintance) -> None:
        self._acquaintance = acquaintance
        self.sealed: Callable[[], str] = lambda: ""
        """What only the call itself may know, as it is now."""
        self._unanswered: list[str] = []
        """What the caller said that no answer was heard to yet."""
        self._asked_at = 0.0
        self._last: Exchange | None = None

    def asked(self, text: str) -> None:
        if not self._unanswered:
            self._asked_at = time.time()
        self._unanswered.append(text)
        self._acquaintance.asked(" ".join(self._unanswered), self.sealed())

    def heard(self, text: str, language: str, *, broken: bool = False) -> None:
        """The caller heard this, and whatever it was: the greeting lies behind. `broken`: the
        stream was gone in the midst of it, so what was asked stays open for the next one."""
        self._acquaintance.greeted(language)
        if self._unanswered and not broken:
            asked = " ".join(self._unanswered)
            self._unanswered.clear()
            self._keep(Exchange(self._asked_at, asked, text, language))

    def went_on(self, text: str, language: str) -> None:
        """The rest of an answer was heard from somebody else."""
        if self._unanswered or self._last is None:
            self.heard(text, language)
        else:
            last = self._last
            self._keep(Exchange(last.at, last.caller, f"{last.agent} {text}", language))

    def settled(self) -> bool:
        """Whether every turn has the answer that was heard, and another worker would find them."""
        return not self._unanswered and self._acquaintance.written()

    def over(self) -> None:
        """The call itself has ended: what it alone may know is kept no longer."""
        self._acquaintance.over()

    def _keep(self, exchange: Exchange) -> None:
        self._last = exchange
        self._acquaintance.remember(exchange)
        self._acquaintance.asked("", self.sealed())
