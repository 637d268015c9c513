"""How often somebody may ask: per key and kind of request, of all workers together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from limits import RateLimitItem, parse
from redis.asyncio import Redis

from agent.web.window import Knock, OwnWindow, SharedWindow
from knowledge.breakers import Breakers, Watched
from knowledge.chain import Fault, one
from knowledge.events import Emit, Switched, nowhere
from knowledge.leeway import PATIENCE
from knowledge.store import BUDGET, sharing

ASKING = "600/minute"
REPORTING = "1200/minute"
"""Outcomes: systems behind send a day's worth of them at once."""
READING = "120/minute"
CHANGING = "30/minute"
GUESSING = "30/minute"
"""Requests without a right key, of all strangers together: who has a key is not held up."""


class Limits:
    def __init__(self, shared: SharedWindow | None = None, emit: Emit = nowhere) -> None:
        """`shared`: None for one worker alone. `emit` hears when it is given up for a request."""
        self._emit = emit
        self._own = OwnWindow()
        self._shared = shared
        self._rates: dict[str, RateLimitItem] = {}

    def wait_here(self, rate: str, who: str) -> int:
        """As `wait`, of this worker alone."""
        return self._own.count(Knock(self._rate(rate), who))

    async def wait(self, rate: str, who: str, *, once: str = "") -> int:
        """Seconds until the next request would be taken; 0: this one is. `rate`: "30/minute".
        `once`: what is one request however often it comes, at whichever worker. Never raises."""
        knock = Knock(self._rate(rate), who, once)
        if self._shared is None:
            return self._own.count(knock)
        if wait := self._own.left(knock):
            return wait  # what was taken here was taken everywhere: nobody has to be asked

        windows: list[SharedWindow | OwnWindow] = [self._shared, self._own]

        async def ask(window: SharedWindow | OwnWindow) -> tuple[int, bool]:
            return await window.take(knock), window is self._own

        wait, alone = await one(windows, ask, within=PATIENCE, report=self._away)
        if not (wait or alone):
            self._own.count(knock)  # for when Redis is away
        return wait

    def _away(self, window: SharedWindow | OwnWindow, fault: Fault) -> None:
        self._emit(Switched("", "limits", window.name, fault.kind))

    def _rate(self, rate: str) -> RateLimitItem:
        if rate not in self._rates:
            self._rates[rate] = parse(rate)
        return self._rates[rate]


@asynccontextmanager
async def counting(
    redis: Redis | None, key: bytes, emit: Emit, *, budget: float = BUDGET
) -> AsyncIterator[Limits]:
    """`redis` is closed by its owner. `key`: the same in all workers. `budget`: seconds for an
    answer."""
    if redis is None:
        yield Limits()
        return
    shared = SharedWindow(sharing(redis, budget=PATIENCE), key, budget=budget)
    watched = Watched("limits", shared.name, shared.breaker, shared.probe)
    breakers = Breakers([watched], emit)  # whether Redis is away each worker finds out by itself
    breakers.start()
    try:
        yield Limits(shared, emit)
    finally:
        await breakers.close()
