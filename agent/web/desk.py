"""What the admin API of decisions works with, and what its routes have in common."""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from fastapi import HTTPException

from agent.learning import Learning, Settle
from agent.web.body import wrong
from knowledge.events import Adjusted, Event
from knowledge.ledger import Ledger
from knowledge.lessons import Lessons

ACKNOWLEDGED = 2.0
"""Seconds for the journal to have an event safe."""


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

    def known(self, department: str) -> str:
        """Raises HTTPException."""
        if department not in self.departments():
            raise wrong("department", "expected one that the content has")
        return department

    async def settled(self, event: Event) -> None:
        """Raises HTTPException where the journal does not have it safe: to be sent again."""
        try:
            async with asyncio.timeout(ACKNOWLEDGED):
                if await self.settle(event):
                    return
        except TimeoutError:
            pass
        raise HTTPException(503, {"error": "not acknowledged: send it again"}, {"Retry-After": "2"})

    async def adjust(self, change: Adjusted) -> dict[str, Any]:
        """Recorded first, in force then. Raises HTTPException."""
        await self.settled(change)
        self.learning.adopt(change)
        return {
            "department": change.department,
            "before": change.before,
            "threshold": change.after,
            "why": change.why,
        }
