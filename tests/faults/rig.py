"""One service with a preferred provider on a wire that may break, and what stands behind it."""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from agent.simulators.server import Fault, Simulator
from knowledge.breakers import Breakers, Watched
from knowledge.events import Answered, Event
from tests.faults.wire import SPOKEN, Trouble, Wire

RETRY_AFTER = 1.0
"""Seconds that a provider in `Trouble.LIMITED` names."""
FAULTS: dict[Trouble | None, Fault] = {
    None: Fault.NONE,
    Trouble.LIMITED: Fault.LIMITED,
    Trouble.BROKEN: Fault.BROKEN,
    Trouble.EMPTY: Fault.EMPTY,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of a question."""

    seconds: float
    """Until the caller had the beginning of the answer."""
    problem: str = ""
    """What was missing, doubled or wrong."""
    preferred: bool = False
    """The provider on the wire answered."""


class Rig(ABC):
    """`async with Ears() as rig: await rig.ask()`."""

    service: str
    bound = 2.0
    """Seconds within which a question is answered, whatever happens."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.stack = AsyncExitStack()
        self.wire: Wire
        self.provider: Simulator | None = None
        """Behind the wire, where it is one of our simulators."""
        self.asked = 0

    async def __aenter__(self) -> Self:
        await self.stack.__aenter__()
        await self.open()
        breakers = Breakers(self.watched(), self.events.append)
        breakers.start()
        self.stack.push_async_callback(breakers.close)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stack.__aexit__(kind, error, trace)

    async def be(self, trouble: Trouble | None) -> None:
        await self.wire.be(trouble)
        if self.provider is not None:
            fault = FAULTS[trouble if trouble in SPOKEN else None]
            await self.provider.behave(fault=fault, retry_after=RETRY_AFTER)

    @abstractmethod
    async def open(self) -> None:
        """Everything is entered into `stack`."""

    @abstractmethod
    async def ask(self) -> Asked: ...

    def watched(self) -> list[Watched]:
        """Whose breaker is probed."""
        return []

    def recovered(self) -> bool:
        """Whether the next question will go to the preferred provider."""
        return True

    async def finished(self) -> str:
        """When the provider is well again: what of the earlier questions is missing; or ""."""
        return ""

    def answers(self, since: int) -> list[Answered]:
        return [event for event in self.events[since:] if isinstance(event, Answered)]


async def happens(condition: Callable[[], bool], within: float) -> bool:
    """Whether it came to be."""
    end = time.monotonic() + within
    while not condition():
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.01)
    return True
