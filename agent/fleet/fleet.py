"""One worker among others: which calls it has, how many it would carry, what it is told.

Twice a second everything goes to Redis in one batch. Without Redis a worker is a fleet of one.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from loguru import logger
from redis.asyncio import Redis

from agent.fleet.identity import WorkerId
from agent.fleet.leases import LEASE, renew
from agent.fleet.owners import Owners
from agent.fleet.places import PLACES, ROOM, OwnPlaces, Places, Room, SharedPlaces
from knowledge.chain import Fault, one
from knowledge.leeway import PATIENCE
from knowledge.store import BUDGET, faults, sharing

BEAT = 0.5
"""Seconds between two batches: a switch is in force, and a command carried out, that soon."""
PEOPLE = "answerline:{fleet}:people"
"""Set while all calls go to people."""
COMING = 10.0
"""Seconds that a call has to open the stream that it was told to open: a machine that is busy
takes a while to answer."""
MOST_COMMANDS = 64
"""That wait for one worker."""


SPARE = 4
"""The share of its calls, one in so many, that a worker carries beyond them."""


@dataclass(frozen=True, slots=True)
class Muster:
    worker: WorkerId
    """Who says so."""
    people: bool
    places_taken: int
    """In the fleet, by calls that are on and by those that are about to be."""
    workers: dict[str, int]
    """With the calls that each would carry."""


def mailbox(worker: WorkerId) -> str:
    return f"answerline:worker:{{{worker}}}:commands"


class Fleet:
    def __init__(
        self,
        redis: Redis | None,
        worker: WorkerId,
        *,
        most: int,
        shut: Callable[[], bool] = lambda: False,
    ) -> None:
        """`most`: calls that this worker carries. `shut`: it wants no new one."""
        self.worker = worker
        self.people = False
        """All calls go to people."""
        self.lost: Callable[[str], None] = lambda _call: None
        """Told a call that another worker has by now."""
        self.told: Callable[[bytes], None] = lambda _command: None
        """Told each command that came for a call of this worker."""
        self.switched: Callable[[], None] = lambda: None
        """Told that `people` has become true."""
        self._redis: Any = redis
        self._patient: Any = sharing(redis, budget=PATIENCE) if redis is not None else None
        """For what nobody waits for."""
        self._calls: Counter[str] = Counter()
        self._left: list[str] = []
        self._unclaimed: set[str] = set()
        """Calls of which Redis does not know yet that they are here."""
        self._expected: dict[str, float] = {}
        """Calls that were told to open a stream, and until when they may, monotonic seconds."""
        self._over: list[str] = []
        """Calls that left and are not to come back."""
        self._together = 0.0
        """When Redis was last reached after it had not been, monotonic seconds."""
        self.found: Callable[[str], None] = lambda _call: None
        """Told a call that nobody looks after."""
        self._room = room = Room(worker, most, self._calls.keys, shut)
        self._own = OwnPlaces(room)
        self._shared = SharedPlaces(redis, room) if redis is not None else None
        self._owners = Owners(redis, worker) if redis is not None else None
        self._alone = False
        """Redis is away."""

    @asynccontextmanager
    async def member(self) -> AsyncIterator[None]:
        if self._shared is None:
            yield
            return
        await self._beat()
        beating = asyncio.create_task(self._beats(), name="fleet")
        try:
            yield
        finally:
            beating.cancel()
            await asyncio.wait([beating])
            await self._beat()

    @property
    def calls(self) -> Sequence[str]:
        """Those that this worker has."""
        return list(self._calls)

    async def admit(self, call: str, *, known: bool = False) -> bool:
        """Whether there is a place for this call; `known`: it was let in before."""
        if call in self._left:
            self._left.remove(call)
        places: list[Places] = [self._own] if self._shared is None else [self._shared, self._own]
        taken = await one(places, lambda place: place.take(call, known=known), within=PATIENCE)
        if taken:
            self._own.note(call)
        return taken

    def expect(self, call: str) -> None:
        """It is about to open a stream: nobody has to look for it."""
        if self._redis is not None:
            self._expected[call] = time.monotonic() + COMING

    def over(self, call: str) -> None:
        """It has left, and nobody has to look after it."""
        if self._redis is not None:
            self._over.append(call)

    @asynccontextmanager
    async def having(self, call: str) -> AsyncIterator[None]:
        """While a stream of the call is here."""
        with self._counted(call):
            if self._owners is not None:
                self._unclaimed.add(call)
                with suppress(Fault, TimeoutError):  # the next batch does it too
                    async with asyncio.timeout(BUDGET):
                        await self._owners.claim(call)
                        self._unclaimed.discard(call)
            yield

    @contextmanager
    def _counted(self, call: str) -> Iterator[None]:
        self._calls[call] += 1
        self._expected.pop(call, None)
        try:
            yield
        finally:
            self._calls[call] -= 1
            if not self._calls[call]:
                del self._calls[call]
                self._unclaimed.discard(call)
                self._own.leave(call)
                if self._redis is not None:
                    self._left.append(call)

    @property
    def crowded(self) -> bool:
        """Calls that come back from a lost worker may be beyond `most`, by a quarter."""
        most = self._room.most
        return len(self._calls) >= most + max(1, most // SPARE)

    async def muster(self) -> "Muster":
        """Raises Fault."""
        room = self._room
        if self._redis is None:
            return Muster(self.worker, self.people, len(self._calls), {self.worker: room.size})
        with faults():
            async with self._redis.pipeline(transaction=False) as batch:
                batch.zcard(PLACES)
                batch.hgetall(ROOM)
                taken, rooms = await batch.execute()
        workers = {name.decode(): int(size) for name, size in rooms.items()}
        return Muster(self.worker, self.people, taken, workers)

    async def owner(self, call: str) -> WorkerId | None:
        """Raises Fault where nobody can be asked."""
        if call in self._calls:
            return self.worker
        return await self._owners.of(call) if self._owners is not None else None

    async def kept(self, call: str) -> bool:
        """Whether it is on, here or elsewhere: a worker of a version without leases owns its calls
        all the same. Never raises."""
        if call in self._calls:
            return True
        try:
            return self._owners is not None and await self._owners.kept(call)
        except Fault:
            return True  # should it not be, its lease will tell once more

    async def switch(self, *, people: bool) -> None:
        """For all workers. Raises Fault where they could not be told: then nothing has changed."""
        if self._redis is not None:
            with faults():
                await (self._redis.set(PEOPLE, 1) if people else self._redis.delete(PEOPLE))
        self._switch(people=people)

    def _switch(self, *, people: bool) -> None:
        on, self.people = people and not self.people, people
        if on:
            self.switched()

    async def _beats(self) -> None:
        while True:
            await asyncio.sleep(BEAT)
            await self._beat()

    async def _beat(self) -> None:
        calls = self.calls
        left = [call for call in self._left if call not in self._calls]
        over = [call for call in self._over if call not in self._calls]
        self._left, self._over = [], []
        try:
            with faults():
                people, commands, renewed, found = await self._exchange(left, calls, over)
        except Fault as fault:
            self._left = [*left, *self._left][-1000:]
            self._over = [*over, *self._over][-1000:]
            if not self._alone:
                logger.bind(fault=str(fault)).warning("fleet: Redis is away, this worker is alone")
            self._alone = True
            return
        if self._alone:
            logger.info("fleet: together again")
        if self._alone or not self._together:
            self._together = time.monotonic()
        self._alone = False
        self._switch(people=people)
        for command in commands:
            self.told(command)
        for call, ours in zip(calls, renewed, strict=True):
            if not ours and call in self._calls:
                self.lost(call)
        for lost in found:
            self.found(lost.decode() if isinstance(lost, bytes) else lost)

    def _coming(self) -> list[str]:
        now = time.monotonic()
        self._expected = {call: end for call, end in self._expected.items() if end > now}
        return list(self._expected)

    @property
    def _settled(self) -> bool:
        """Everybody has had time to renew leases, should Redis have been away."""
        if self._alone or not self._together:
            return False
        return time.monotonic() - self._together > 2 * LEASE

    async def _exchange(
        self, left: Sequence[str], calls: Sequence[str], over: Sequence[str]
    ) -> tuple[bool, list[bytes], list[Any], list[bytes | str]]:
        assert self._shared is not None
        assert self._owners is not None
        unclaimed = self._unclaimed.intersection(calls)
        async with self._patient.pipeline(transaction=False) as batch:
            batch.exists(PEOPLE)
            batch.lpop(mailbox(self.worker), MOST_COMMANDS)
            for call in calls:
                self._owners.renew(batch, call, claiming=call in unclaimed)
            for call in left:
                self._owners.release(batch, call)
            held = self._shared.hold(batch, left)
            renew(batch, over, [*calls, *self._coming()], looking=self._settled)
            answers = await batch.execute()
        self._unclaimed -= unclaimed
        self._shared.told(answers[held])
        return bool(answers[0]), answers[1] or [], answers[2 : 2 + len(calls)], answers[-1]
