"""A call that nobody looks after any more is asked for: Twilio opens a stream for it, here or at
another worker. Where that does not help it goes to a person.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from loguru import logger
from redis.asyncio import Redis

from agent.fleet.fleet import Fleet
from agent.fleet.leases import LEASE
from agent.line import twiml
from agent.line.rest import CallGone, TwilioError, TwilioRest
from knowledge.chain import Fault
from knowledge.events import Emit, Gone, TakenOver
from knowledge.store import faults

ATTEMPTS = 3
"""For one call, within `SPAN`: then it goes to a person."""
SPAN = 30
"""Seconds."""


def key(call: str) -> str:
    return f"answerline:call:{{{call}}}:takeovers"


class Takeover:
    def __init__(
        self,
        rest: Callable[[], TwilioRest | None],
        public: str,
        *,
        redis: Redis | None,
        person: Callable[[str], str],
        emit: Emit,
    ) -> None:
        """`person`: the document that puts a caller through, or says that nobody is there; of the
        number that was called, "" where it is not known."""
        self._rest = rest
        self._public = public
        self._redis: Any = redis
        self._person = person
        self._emit = emit
        self._own: dict[str, int] = {}
        """Attempts, where there is no Redis."""

    async def take(self, call: str) -> bool:
        """False where the call is over, or nothing more can be done for it. It never raises."""
        rest = self._rest()
        if rest is None:
            return False
        attempt = await self._attempt(call)
        if attempt > ATTEMPTS + 1:
            return False
        if attempt > ATTEMPTS:
            document, outcome = self._person(""), "person"
        else:
            document, outcome = twiml.redirect(f"{self._public}/twilio/stream-ended"), "asked"
        try:
            await rest.instruct(call, document)
        except CallGone:
            self._own.pop(call, None)
            self._emit(TakenOver(call, "gone"))
            self._emit(Gone(call, "hung_up"))
            return False
        except TwilioError as error:
            logger.bind(call=call, fault=str(error)).warning("call not taken over")
            return True  # the next beat that finds it tries again
        self._emit(TakenOver(call, outcome))
        return outcome == "asked"

    async def _attempt(self, call: str) -> int:
        """From 1."""
        self._own[call] = self._own.get(call, 0) + 1
        while len(self._own) > 1000:  # noqa: PLR2004
            del self._own[next(iter(self._own))]
        if self._redis is None:
            asyncio.get_running_loop().call_later(SPAN, self._own.pop, call, None)
            return self._own[call]
        try:
            with faults():
                async with self._redis.pipeline(transaction=True) as batch:
                    batch.incr(key(call))
                    batch.expire(key(call), SPAN, nx=True)
                    attempt, _ = await batch.execute()
        except Fault:
            return self._own[call]
        return int(attempt)


class Lost:
    """Calls that nobody looks after, taken over beside everything else."""

    def __init__(self, fleet: Fleet, takeover: Takeover, *, alone: bool) -> None:
        """`alone`: no other worker could find a call of this one."""
        self._fleet = fleet
        self._takeover = takeover
        self._alone = alone
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def found(self, call: str) -> None:
        self._begin(call, 0.0)

    def left(self, call: str) -> None:
        """Its stream has ended here, and Twilio ought to ask for another one."""
        if self._alone:
            self._begin(call, LEASE)

    async def close(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks.values())

    def _begin(self, call: str, delay: float) -> None:
        if call in self._tasks:
            return
        task = asyncio.create_task(self._take(call, delay), name=f"takeover {call}")
        self._tasks[call] = task
        task.add_done_callback(lambda _: self._tasks.pop(call, None))

    async def _take(self, call: str, delay: float) -> None:
        while True:
            await asyncio.sleep(delay)
            if await self._fleet.kept(call):
                return
            if not await self._takeover.take(call):
                self._fleet.over(call)
                return
            if not self._alone:
                return  # the lease tells whether somebody has it now
            delay = LEASE
