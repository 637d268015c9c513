"""What happens in calls, of all workers, in one bounded stream: for whoever looks on.

No record: what is older than the newest ten thousand events is gone, and so is what happened while
Redis was away. The journal is where nothing is lost.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Any

import orjson
from redis.asyncio import Redis

from agent.fleet.identity import WorkerId
from knowledge.chain import Fault
from knowledge.events import Acknowledged, Answered, Event, Late, Malformed, Waited
from knowledge.store import faults

STREAM = "answerline:events"
MOST = 10_000
"""Events, about: Redis cuts in blocks."""
WAITING = 1000
"""Events that wait for Redis; beyond them the oldest are given up."""
PERIOD = 0.25
"""Seconds between two batches."""
COUNTED = (Acknowledged, Answered, Late, Malformed, Waited)
"""Several a second, and told by metrics."""


@dataclass(frozen=True, slots=True)
class Told:
    id: str
    """Grows; of one worker, or of the fleet."""
    event: dict[str, Any]


class Feed:
    """`record` is an Emit. Without Redis it is this process' own."""

    def __init__(self, redis: Redis | None, worker: WorkerId) -> None:
        self._redis: Any = redis
        self._worker = worker
        self._waiting: deque[bytes] = deque(maxlen=WAITING)
        self._own: deque[Told] = deque(maxlen=WAITING)
        self._number = 0

    def record(self, event: Event) -> None:
        if not event.call or isinstance(event, COUNTED):
            return
        told = {"kind": type(event).__name__, "at": time.time(), "worker": self._worker}
        told |= asdict(event)
        if self._redis is None:
            self._number += 1
            self._own.append(Told(f"{self._number}-0", told))
        else:
            self._waiting.append(orjson.dumps(told))

    async def after(self, id: str, most: int) -> Sequence[Told]:
        """The oldest `most` of those behind this one; "": the newest. Raises Fault, ValueError."""
        if self._redis is None:
            own = [told for told in self._own if not id or _order(told.id) > _order(id)]
            return own[:most] if id else own[-most:]
        if id:
            _order(id)
        with faults():
            if id:
                found = await self._redis.xrange(STREAM, f"({id}", "+", most)
            else:
                found = reversed(await self._redis.xrevrange(STREAM, "+", "-", most))
            return [Told(_text(key), orjson.loads(fields[b"event"])) for key, fields in found]

    @asynccontextmanager
    async def flowing(self) -> AsyncIterator[None]:
        if self._redis is None:
            yield
            return
        task = asyncio.create_task(self._run(), name="feed")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])
            await self._flush()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(PERIOD)
            await self._flush()

    async def _flush(self) -> None:
        batch = list(self._waiting)
        self._waiting.clear()
        if not batch:
            return
        try:
            with faults():
                async with self._redis.pipeline(transaction=False) as pipeline:
                    for event in batch:
                        pipeline.xadd(STREAM, {b"event": event}, maxlen=MOST, approximate=True)
                    await pipeline.execute()
        except Fault:
            pass  # who looks on sees a gap


def _order(id: str) -> tuple[int, int]:
    """Raises ValueError."""
    milliseconds, _, number = id.partition("-")
    return int(milliseconds), int(number or "0")


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
