"""A Redis Stream, as an outbox and as a source.

Nothing trims it: an entry goes when the database has it. With `appendfsync everysec` Redis answers
before the entry is on its disk, so whoever wrote remembers it for a few seconds more, and writes it
again should the connection break meanwhile: what Redis forgot by dying is there again.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from redis.asyncio import Connection, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ResponseError

from knowledge.chain import Breaker, Fault
from knowledge.identity import fresh
from knowledge.outbox import Entry
from knowledge.store import faults, opened, servers

STREAM = "answerline:journal"
ASIDE = "answerline:journal:aside"
GROUP = "relay"
FIELD = b"record"
ANSWER = 1.0
"""Seconds that Redis has for an answer: nobody on the phone waits for it."""
SETTLED = 3.0
"""Seconds after which `everysec` has brought an answered entry to the disk."""
MOST = 200_000
"""Entries that may wait, 100 MB or so: then files take them, and calls keep their Redis."""
BLOCK = 1.0
"""Seconds that a relay waits for the next entry."""
CLAIM = 15.0
"""Seconds after which an entry that a relay took and did not finish is anybody's."""
PAGE = 500
"""Entries that are looked at together: more would hold up others."""
FORGET = 3600.0
"""Seconds after which a relay that is gone and owes nothing is forgotten."""
_FORGET = """
for _, found in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local consumer = {}
  for i = 1, #found, 2 do consumer[found[i]] = found[i + 1] end
  if consumer['pending'] == 0 and consumer['idle'] > tonumber(ARGV[2]) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], consumer['name'])
  end
end
"""


class Stream:
    """What one worker writes, over one connection of its own."""

    name = "redis"

    def __init__(
        self, url: str, *, most: int = MOST, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.breaker = Breaker(rest=2.0)
        self._most = most
        self._clock = clock
        self._answered: deque[tuple[float, bytes]] = deque()
        """Lines that Redis has, each with the time of its answer, until they have settled."""
        self._broken = False
        """Whether the connection that gave those answers is gone."""
        self._length = 0
        self._redis = _client(url, most=1, patience=ANSWER, redis_connect_func=self._connected)

    async def write(self, lines: Sequence[bytes]) -> str:
        """Raises Fault where one of them was not taken: all are in doubt then."""
        if self._length >= self._most:
            with faults():
                self._length = int(await self._redis.xlen(STREAM))
            if self._length >= self._most:
                raise Fault("limited", "the stream is full")
        try:
            with faults():
                await self._add(lines)
        except Fault:
            self._broken = True
            raise
        now = self._clock()
        self._settle()
        self._answered.extend((now, line) for line in lines)
        return self.name

    async def _add(self, lines: Sequence[bytes]) -> None:
        async with self._redis.pipeline(transaction=False) as pipeline:
            for line in lines:
                pipeline.xadd(STREAM, {FIELD: line})
            pipeline.xlen(STREAM)
            *_, self._length = await pipeline.execute()

    async def tend(self) -> list[bytes]:
        """What may have died with Redis. An answer over the same connection settles the old."""
        if not self._answered:
            self._broken = False
            return []
        if not self._broken and self._answered[0][0] < self._clock() - SETTLED - ANSWER:
            try:
                with faults():
                    self._length = int(await self._redis.xlen(STREAM))
                self._settle()
            except Fault:
                self._broken = True
        if self._broken:
            doubtful = [line for _, line in self._answered]
            self._answered.clear()
            self._broken = False
            return doubtful
        return []

    def _settle(self) -> None:
        """Redis has answered: unless over a new connection, it has lived since the old answers."""
        old = self._clock() - SETTLED
        while not self._broken and self._answered and self._answered[0][0] < old:
            self._answered.popleft()

    async def close(self) -> None:
        await self._redis.aclose()

    async def _connected(self, connection: Connection) -> None:
        """A new connection may be to a Redis that was born since."""
        self._broken = self._broken or bool(self._answered)
        await connection.on_connect()


class Group:
    """What relays read: each entry goes to one of them, and to another when that one dies."""

    name = "redis"

    def __init__(
        self,
        url: str,
        worker: str,
        *,
        claim: float = CLAIM,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`claim`: seconds; two relays that both have an entry do no harm."""
        self._consumer = f"{worker}.{fresh()}"
        self._claim = claim
        self._clock = clock
        self._claimed = -claim
        self._cursor: Any = "0-0"
        self._redis = _client(url, most=2, patience=BLOCK + 4 * ANSWER)

    async def take(self, most: int) -> list[Entry]:
        """Waits a second for the first one."""
        with faults():
            try:
                return await self._abandoned(most) or await self._new(most)
            except ResponseError as error:
                if "NOGROUP" not in str(error):
                    raise
            await self._found()
            return await self._new(most)

    async def done(self, entries: Sequence[Entry]) -> None:
        with faults():
            async with self._redis.pipeline(transaction=True) as pipeline:
                places = [entry.place for entry in entries]
                pipeline.xack(STREAM, GROUP, *places)
                pipeline.xdel(STREAM, *places)
                await pipeline.execute()

    async def aside(self, entry: Entry, why: str) -> None:
        with faults():
            await self._redis.xadd(ASIDE, {FIELD: entry.line, b"why": why.encode()})

    async def close(self) -> None:
        await self._redis.aclose()

    async def _found(self) -> None:
        """The group, from the first entry on: also where Redis came back empty."""
        try:
            await self._redis.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):  # another relay was faster
                raise

    async def _new(self, most: int) -> list[Entry]:
        found: Any = await self._redis.xreadgroup(
            GROUP, self._consumer, {STREAM: ">"}, count=most, block=int(BLOCK * 1000)
        )
        return [entry for _, pairs in found for entry in _entries(pairs)]

    async def _abandoned(self, most: int) -> list[Entry]:
        """Of dead relays; looked for every now and then, and again while there are more."""
        if self._clock() - self._claimed < self._claim:
            return []
        self._cursor, pairs, *_ = await self._redis.xautoclaim(
            STREAM, GROUP, self._consumer, int(self._claim * 1000), self._cursor, count=most
        )
        if self._cursor in {b"0-0", "0-0"}:
            self._claimed = self._clock()
            await self._redis.eval(_FORGET, 1, STREAM, GROUP, int(FORGET * 1000))
        return _entries(pairs)


def _entries(pairs: Any) -> list[Entry]:
    """One that was deleted meanwhile has no fields; nothing to read is an empty line."""
    return [Entry(place.decode(), (fields or {}).get(FIELD, b"")) for place, fields in pairs]


async def places(redis: Redis, wanted: Callable[[bytes], bool]) -> dict[str, list[bytes]]:
    """Of waiting records that are wanted, by stream: also of those that a relay holds, and of those
    that were put aside."""
    found: dict[str, list[bytes]] = {STREAM: [], ASIDE: []}
    for stream, listed in found.items():
        last = b"-"
        with faults():
            while page := await _page(redis, stream, last):
                listed += [place for place, fields in page if wanted(fields.get(FIELD, b""))]
                last = b"(" + page[-1][0]
    return found


async def _page(redis: Redis, stream: str, last: bytes) -> list[tuple[bytes, dict[bytes, bytes]]]:
    page: Any = await redis.xrange(stream, min=last, count=PAGE)
    return list(page)


async def strike(redis: Redis, wanted: Callable[[bytes], bool]) -> int:
    """Records that went."""
    gone = 0
    for stream, listed in (await places(redis, wanted)).items():
        with faults():
            for start in range(0, len(listed), PAGE):
                gone += int(await redis.xdel(stream, *listed[start : start + PAGE]))
    return gone


async def fit(url: str) -> None:
    """Raises Fault where this Redis would lose what it has acknowledged: for `doctor`."""
    redis = _client(url, most=1, patience=ANSWER)
    try:
        with faults():
            for server in await servers(redis):
                _fits(await server.info("persistence"), await server.info("memory"))
                if server is redis and (await redis.info("cluster")).get("cluster_enabled"):
                    raise Fault("denied", "a cluster: add cluster=true to REDIS_URL")
    finally:
        await redis.aclose()


def _fits(persistence: dict[str, Any], memory: dict[str, Any]) -> None:
    """Raises Fault."""
    if not persistence.get("aof_enabled"):
        raise Fault("denied", "no append-only file: set appendonly yes")
    if str(policy := memory.get("maxmemory_policy")).startswith("allkeys") and memory["maxmemory"]:
        raise Fault("denied", f"maxmemory-policy is {policy}: set noeviction")


def _client(url: str, *, most: int, patience: float, **options: Any) -> Redis:
    """Tells of every failure: whoever asks has a policy of its own."""
    return opened(
        url,
        budget=patience,
        idle=patience,
        kept=most,
        max_connections=most,
        socket_connect_timeout=ANSWER,
        retry=Retry(NoBackoff(), 0),
        protocol=2,  # answers of one shape from every version of Redis
        **options,
    )
