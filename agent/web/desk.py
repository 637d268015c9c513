"""What the admin API of decisions works with, and what its routes have in common."""

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from fastapi import HTTPException

from agent.learning import Learning, Settle
from agent.web.body import wrong
from knowledge.events import Adjusted, Emit, Event, Learned, nowhere
from knowledge.ledger import Ledger
from knowledge.lessons import Lessons

ACKNOWLEDGED = 2.0
"""Seconds for the journal to have an event safe."""
LATELY = 5000
"""Tickets whose last outcome is known, so that the same one again is not counted again."""


@dataclass(frozen=True, slots=True)
class Desk:
    ledger: Ledger
    lessons: Lessons
    learning: Learning
    settle: Settle
    departments: Callable[[], Collection[str]]
    """That the content has."""
    named: Callable[[str], Collection[str]] = lambda _subject: ()
    """Indexes, or models, that an experiment may name."""
    watchers: Emit = nowhere
    """Hear what was acknowledged."""
    _last: dict[str, Learned] = field(init=False, default_factory=dict)
    """By ticket, oldest first."""

    def known(self, department: str) -> str:
        """Raises HTTPException."""
        if department not in self.departments():
            raise wrong("department", "expected one that the content has")
        return department

    async def settled(self, event: Event) -> None:
        """Raises HTTPException where the journal does not have it safe: to be sent again."""
        safe = False
        with suppress(TimeoutError):
            async with asyncio.timeout(ACKNOWLEDGED):
                safe = await self.settle(event)
        if not safe:
            error = {"error": "not acknowledged: send it again"}
            raise HTTPException(503, error, {"Retry-After": "2"})
        if not self._repeated(event):
            self.watchers(event)

    async def adjust(self, change: Adjusted) -> dict[str, Any]:
        """Recorded first, in force then. Raises HTTPException."""
        # What is gone back to, or adopted, may be of a time with a lower floor.
        change = replace(change, after=max(change.after, self.learning.promise.floor))
        await self.settled(change)
        self.learning.adopt(change)
        return {
            "department": change.department,
            "before": change.before,
            "threshold": change.after,
            "why": change.why,
        }

    def _repeated(self, event: Event) -> bool:
        """Whether the last outcome of this decision was the same one."""
        if not isinstance(event, Learned):
            return False
        last = self._last.pop(event.ticket_id, None)
        self._last[event.ticket_id] = event
        if len(self._last) > LATELY:
            del self._last[next(iter(self._last))]
        return last == event
