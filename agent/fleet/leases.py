"""Which calls somebody looks after: a lease is renewed with each beat, and found when it is not.

A call whose worker has died keeps its lease until it runs out. So does one whose stream broke:
should Twilio not ask for another stream, nobody renews it either.
"""

from collections.abc import Sequence
from typing import Any

LEASE = 3.0
"""Seconds after which a call that nobody looks after is found."""
MOST = 16
"""Calls that one beat finds; what is left is the next one's."""
LEASES = "answerline:{fleet}:leases"
"""Sorted set: calls, by when their lease runs out, in Redis' own time."""
RENEW = """
local t = redis.call('TIME')
local now = t[1] + t[2] / 1000000
local given_up = tonumber(ARGV[2])
for i = 4, 3 + given_up do redis.call('ZREM', KEYS[1], ARGV[i]) end
for i = 4 + given_up, #ARGV do redis.call('ZADD', KEYS[1], now + ARGV[1], ARGV[i]) end
if ARGV[3] == '0' then return {} end
local found = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, 16)
for _, call in ipairs(found) do redis.call('ZADD', KEYS[1], now + ARGV[1], call) end
return found
"""
"""ARGV: LEASE, how many calls are over, whether to look for lost ones, those that are over, those
that are on. Whoever finds a call has a lease's time to do something about it."""


def renew(batch: Any, over: Sequence[str], calls: Sequence[str], *, looking: bool) -> None:
    """The batch's answer is the calls that nobody looks after."""
    batch.eval(RENEW, 1, LEASES, LEASE, len(over), int(looking), *over, *calls)
