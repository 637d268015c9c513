"""What was taken in the last minute, or whatever a rate counts over: here, and in Redis for all."""

import hmac
import math
import secrets
import time
from dataclasses import dataclass
from typing import Any

from limits import RateLimitItem, RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from redis.asyncio import Redis

from knowledge.chain import Breaker, Fault
from knowledge.leeway import deadline
from knowledge.store import BUDGET, faults

KEY = "answerline:limit:{}"
TAKE = """
local t = redis.call('TIME')
local now = t[1] + t[2] / 1000000
local most, lasting = tonumber(ARGV[1]), tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - lasting)
if redis.call('ZSCORE', KEYS[1], ARGV[3]) then return 0 end
if redis.call('ZCARD', KEYS[1]) < most then
  redis.call('ZADD', KEYS[1], now, ARGV[3])
  redis.call('EXPIRE', KEYS[1], lasting)
  return 0
end
local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
return math.max(1, math.ceil(oldest + lasting - now))
"""
"""One key, a sorted set of what was taken, in Redis' own time: workers' clocks may differ.
ARGV: how many, in how many seconds, what this one is."""


@dataclass(frozen=True, slots=True)
class Knock:
    """Somebody wants to be let in."""

    rate: RateLimitItem
    who: str
    once: str = ""
    """What is taken once however often it comes, such as a CallSid; "": each time is another."""


class OwnWindow:
    """In this process: for one worker, and while Redis is away."""

    name = "own"

    def __init__(self) -> None:
        self.breaker = Breaker()
        self._windows = MovingWindowRateLimiter(MemoryStorage())

    async def take(self, knock: Knock) -> int:
        return self.count(knock)

    def count(self, knock: Knock) -> int:
        """Seconds until it would be taken; 0: it is."""
        return 0 if self._windows.hit(knock.rate, knock.who) else self._again(knock)

    def left(self, knock: Knock) -> int:
        """The same, and nothing is taken."""
        return 0 if self._windows.test(knock.rate, knock.who) else self._again(knock)

    def _again(self, knock: Knock) -> int:
        again = self._windows.get_window_stats(knock.rate, knock.who).reset_time
        return max(1, math.ceil(again - time.time()))


class SharedWindow:
    """In Redis, for all workers together. Who it is stands there under a keyed hash, and so does
    what is taken once; both are gone when they count no more."""

    name = "redis"

    def __init__(self, redis: Redis, key: bytes, *, budget: float = BUDGET) -> None:
        """`redis`: a client that waits longer than `budget` seconds, and is closed by its owner.
        `key`: the same in all workers."""
        self.breaker = Breaker()
        self._redis: Any = redis
        self._key = key
        self._budget = budget

    async def take(self, knock: Knock) -> int:
        """Seconds until it would be taken; 0: it is. Raises Fault."""
        rate, who = knock.rate, self._name(f"{knock.rate}\0{knock.who}")
        this = self._name(knock.once or secrets.token_hex(16))  # sent again, it is still the same
        arguments = (rate.amount, rate.get_expiry(), this)
        try:
            async with deadline(self._budget):
                with faults():
                    return int(await self._redis.eval(TAKE, 1, KEY.format(who), *arguments))
        except TimeoutError as error:
            raise Fault("late") from error

    async def probe(self) -> None:
        """As a request asks: a server that only reads, or is slow, fails. Raises Fault."""
        with faults():
            await self._redis.ping()  # a connection takes its time, which nobody waits for
        await self.take(PROBE)

    def _name(self, text: str) -> str:
        told = b"answerline limit\0" + text.encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, told, "sha256").hex()[:32]


PROBE = Knock(RateLimitItemPerSecond(1), "probe")
