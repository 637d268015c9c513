"""What a day has cost so far, in this process or, where there is Redis, in all of them."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Protocol, TypeVar

from redis.asyncio import Redis

from knowledge.chain import Fault
from knowledge.events import Billed, Emit, Ended, Event, Used, nowhere
from knowledge.prices import price
from knowledge.store import faults

_EVERY = 1.0
"""Seconds between two looks at what the others have spent."""
_CALLS = 5000
"""Calls whose cost is kept until they end; of more the oldest goes."""
_KEPT = 172_800
"""Seconds that a day's sum stays in Redis: two days."""


class Priced(Protocol):
    """A provider of which is known which model it asks."""

    @property
    def model(self) -> str: ...


P = TypeVar("P", bound=Priced)


class Spending:
    """A subscriber of events. A day is one of UTC; its sum is what the list prices make of it."""

    def __init__(
        self,
        budget: float | None = None,
        *,
        redis: Redis | None = None,
        emit: Emit = nowhere,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`budget`: US dollars a day; None is no limit. `emit` hears what a call has cost."""
        self._budget = budget
        self._redis = redis
        self._emit = emit
        self._calls: OrderedDict[str, float] = OrderedDict()
        self._clock = clock
        self._day = ""
        self._today = 0.0
        """Of all processes, as far as is known here."""
        self._untold = 0.0
        """Of this one, not yet added to Redis."""
        self._telling: asyncio.Task[None] | None = None

    @property
    def today(self) -> float:
        """US dollars."""
        self._turn_over()
        return self._today

    @property
    def over(self) -> bool:
        """The day's budget is used up."""
        return self._budget is not None and self.today >= self._budget

    def record(self, event: Event) -> None:
        """Neither blocks nor raises; a model without a listed price costs nothing here."""
        if isinstance(event, Used) and (listed := price(event.model)) is not None:
            self._turn_over()
            spent = listed.of(event.read, event.written)
            self._today += spent
            self._untold += spent
            if event.call:
                self._calls[event.call] = self._calls.get(event.call, 0.0) + spent
                while len(self._calls) > _CALLS:
                    self._calls.popitem(last=False)
        elif isinstance(event, Ended) and event.call in self._calls:
            self._emit(Billed(event.call, self._calls.pop(event.call)))

    def thrifty(self, providers: Sequence[P]) -> Sequence[P]:
        """In the order given; once the budget is used up, the cheapest first, never nobody."""
        return sorted(providers, key=_dearness) if self.over else providers

    async def start(self) -> None:
        if self._redis is not None:
            self._telling = asyncio.create_task(self._tell(self._redis), name="spending")

    async def close(self) -> None:
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.wait({self._telling})
        if self._redis is not None and self._untold:
            with suppress(Fault):
                await self._add(self._redis)

    async def _tell(self, redis: Redis) -> None:
        while True:
            with suppress(Fault):  # what is untold is told when Redis is back
                await self._add(redis)
            await asyncio.sleep(_EVERY)

    async def _add(self, redis: Redis) -> None:
        self._turn_over()
        day, untold = self._day, self._untold
        key = f"answerline:spent:{day}"
        with faults():
            total = float(await redis.incrbyfloat(key, untold))
            await redis.expire(key, _KEPT)
        if day == self._day:
            self._untold -= untold
            self._today = total + self._untold

    def _turn_over(self) -> None:
        day = datetime.fromtimestamp(self._clock(), UTC).date().isoformat()
        if day != self._day:
            self._day, self._today, self._untold = day, 0.0, 0.0


def _dearness(provider: Priced) -> float:
    """US dollars for a short question and answer; a model without a listed price comes last."""
    listed = price(provider.model)
    return float("inf") if listed is None else listed.of(1000, 100)
