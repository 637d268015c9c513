"""Which worker has a call: the newest one that opened a stream of it."""

from typing import Any, NewType

from redis.asyncio import Redis

from agent.fleet.identity import WorkerId
from knowledge.store import faults

LEASE = 10
"""Seconds that the record outlives its worker."""
RENEWED = 2.0
"""Seconds for which a call counts as somebody's after its record was renewed: fewer than its lease
has (`leases.LEASE`), so that the calls of a worker that died are not held up."""
RENEW = """
local owner = redis.call('GET', KEYS[1])
if owner == ARGV[1] then redis.call('EXPIRE', KEYS[1], ARGV[2]) return 1 end
if owner then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return 1
"""
"""0: it is somebody else's by now."""
RELEASE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1
"""
Key = NewType("Key", str)


def key(call: str) -> Key:
    return Key(f"answerline:call:{{{call}}}:owner")


class Owners:
    def __init__(self, redis: Redis, worker: WorkerId) -> None:
        self._redis: Any = redis
        self._worker = worker

    async def claim(self, call: str) -> None:
        """From whoever had it. Raises Fault."""
        with faults():
            await self._redis.set(key(call), self._worker, ex=LEASE)

    async def of(self, call: str) -> WorkerId | None:
        """Raises Fault."""
        with faults():
            found = await self._redis.get(key(call))
        return WorkerId(found.decode() if isinstance(found, bytes) else found) if found else None

    async def kept(self, call: str) -> bool:
        """Whether a worker still says that it has this call. Raises Fault."""
        with faults():
            left = await self._redis.pttl(key(call))
        return int(left) > 1000 * (LEASE - RENEWED)

    def renew(self, batch: Any, call: str, *, claiming: bool = False) -> None:
        """The batch's answer is 0 where the call has gone to another worker. `claiming`: from
        whoever had it."""
        if claiming:
            batch.set(key(call), self._worker, ex=LEASE)
        else:
            batch.eval(RENEW, 1, key(call), self._worker, LEASE)

    def release(self, batch: Any, call: str) -> None:
        batch.eval(RELEASE, 1, key(call), self._worker)
