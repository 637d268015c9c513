"""The token in a TwiML that opens one media stream of one call, once, soon."""

import base64
import binascii
import hashlib
import hmac
import secrets
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from redis.asyncio import Redis
from redis.exceptions import RedisError

from knowledge.chain import Breaker, Fault, one

LIFE = 30
"""Seconds from a TwiML to its stream."""
REPEATED = 28
"""Seconds in which the same webhook gets the same token: the rest is left for connecting."""
STORE_DEADLINE = 0.05
"""Seconds that a store has; the next one is asked then."""
_FORM = struct.Struct(">I8s16s")


class Store(Protocol):
    """Remembers tokens until they are redeemed or too old. Raises Fault."""

    name: str
    breaker: Breaker

    async def keep(self, call: str, token: str) -> str:
        """The call's token that is not redeemed yet; `token` itself where there is none."""
        ...

    async def take(self, call: str, token: str) -> bool:
        """Whether this is the first time; later ones are False."""
        ...


class Tokens:
    """HMAC over CallSid and expiry: no store has to be asked to refuse a made-up token."""

    def __init__(
        self,
        key: str,
        stores: Sequence[Store],
        clock: Callable[[], float] = time.time,
        deadline: float = STORE_DEADLINE,
    ) -> None:
        """`stores` in order of preference: a shared one first, this process's own last."""
        self._key = hmac.digest(key.encode(), b"answerline media stream token", "sha256")
        self._stores = stores
        self._clock = clock
        self._deadline = deadline
        self._issuing: dict[str, str] = {}

    async def issue(self, call: str) -> str:
        """A fresh token; the same again for a webhook that Twilio repeats."""
        # two at once get one token even where the shared store is in time for one of them only
        token = self._issuing.setdefault(call, self._fresh(call))
        try:
            return await one(
                self._stores, lambda store: store.keep(call, token), within=self._deadline
            )
        finally:
            self._issuing.pop(call, None)

    def _fresh(self, call: str) -> str:
        expiry = int(self._clock()) + LIFE
        nonce = secrets.token_bytes(8)
        packed = _FORM.pack(expiry, nonce, self._mac(call, expiry, nonce))
        return base64.urlsafe_b64encode(packed).decode().rstrip("=")

    async def redeem(self, call: str, token: str) -> bool:
        """True once for a token of this call; anything else is False."""
        if not self._genuine(call, token):
            return False
        return await one(self._stores, lambda store: store.take(call, token), within=self._deadline)

    def _genuine(self, call: str, token: str) -> bool:
        try:
            packed = base64.b64decode(token + "==", altchars=b"-_", validate=True)
            expiry, nonce, mac = _FORM.unpack(packed)
        except (binascii.Error, struct.error, ValueError):
            return False
        canonical = base64.urlsafe_b64encode(packed).decode().rstrip("=")
        in_time = 0 <= expiry - self._clock() <= LIFE
        same = hmac.compare_digest(mac, self._mac(call, expiry, nonce))
        return same and in_time and canonical == token

    def _mac(self, call: str, expiry: int, nonce: bytes) -> bytes:
        text = b"%d\0%s\0%s" % (expiry, nonce, call.encode("utf-8", "surrogatepass"))
        return hmac.digest(self._key, text, hashlib.sha256)[:16]


@dataclass(slots=True)
class OwnStore:
    """In this process: for one worker, and while the shared store is away."""

    clock: Callable[[], float] = time.monotonic
    most: int = 100_000
    """Entries of each kind; beyond them the oldest go first."""
    name: str = "own"
    breaker: Breaker = field(default_factory=Breaker)
    _waiting: dict[str, tuple[float, str]] = field(default_factory=dict)
    _redeemed: dict[str, float] = field(default_factory=dict)

    async def keep(self, call: str, token: str) -> str:
        self._forget()
        known = self._waiting.get(call)
        if known is not None:
            return known[1]
        self._waiting[call] = (self.clock() + REPEATED, token)
        return token

    async def take(self, call: str, token: str) -> bool:
        self._forget()
        if token in self._redeemed:
            return False
        self._redeemed[token] = self.clock() + LIFE
        if self._waiting.get(call, (0.0, ""))[1] == token:
            del self._waiting[call]
        return True

    def _forget(self) -> None:
        """Both are in order of age, as each entry lives equally long."""
        now = self.clock()
        while self._waiting:
            call = next(iter(self._waiting))
            if self._waiting[call][0] > now and len(self._waiting) < self.most:
                break
            del self._waiting[call]
        while self._redeemed:
            token = next(iter(self._redeemed))
            if self._redeemed[token] > now and len(self._redeemed) < self.most:
                break
            del self._redeemed[token]


class RedisStore:
    """In Redis: a stream may be opened at another worker than the one that wrote its TwiML."""

    name = "redis"

    def __init__(self, redis: Redis) -> None:
        """A client of the process, with its own timeouts."""
        self._redis = redis
        # each call asks again: an outage costs a webhook 50 ms, never the return to Redis
        self.breaker = Breaker(failures=1 << 30)

    async def keep(self, call: str, token: str) -> str:
        try:
            async with self._redis.pipeline(transaction=True) as batch:
                batch.set(_opens(call, token), call, ex=LIFE)
                batch.set(_waits(call), token, ex=REPEATED, nx=True, get=True)
                _, waiting = await batch.execute()
            known = _text(waiting)
            if known and not await self._redis.exists(_opens(call, known)):
                await self._redis.set(_waits(call), token, ex=REPEATED)
                known = ""
        except (RedisError, OSError) as error:
            raise Fault("refused", type(error).__name__) from error
        return known or token

    async def take(self, call: str, token: str) -> bool:
        """In one go: a redeemed token that still waits would be given out until it is too old."""
        try:
            async with self._redis.pipeline(transaction=True) as batch:
                batch.getdel(_opens(call, token))
                batch.delete(_waits(call))
                owner, _ = await batch.execute()
        except (RedisError, OSError) as error:
            raise Fault("refused", type(error).__name__) from error
        return _text(owner) == call


def _opens(call: str, token: str) -> str:
    """Both keys of a call lie in one slot of a cluster."""
    return f"answerline:call:{{{call}}}:token:{token}"


def _waits(call: str) -> str:
    return f"answerline:call:{{{call}}}:waiting"


def _text(value: bytes | str | None) -> str:
    return value.decode() if isinstance(value, bytes) else value or ""
