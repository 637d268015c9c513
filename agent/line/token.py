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
from typing import Any, Protocol

from redis.asyncio import Redis

from knowledge.chain import Breaker, Fault, one
from knowledge.events import Emit, Switched, nowhere
from knowledge.store import faults

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
        own: "OwnStore",
        shared: Store | None = None,
        clock: Callable[[], float] = time.time,
        deadline: float = STORE_DEADLINE,
        *,
        emit: Emit = nowhere,
    ) -> None:
        """`shared` by all workers, preferred; `own`: while it is late, of which `emit` hears."""
        self._keys = [_derived(key)]
        self._own = own
        self._shared: Sequence[Store] = () if shared is None else (shared,)
        self._clock = clock
        self._deadline = deadline
        self._emit = emit
        self._issuing: dict[str, str] = {}

    def renew(self, keys: Sequence[str]) -> None:
        """From now on tokens are made with the first of these, and any of them is good."""
        self._keys = [_derived(key) for key in keys]

    async def issue(self, call: str) -> str:
        """A fresh token; the same again for a webhook that Twilio repeats."""
        # two at once get one token even where the shared store is in time for one of them only
        token = self._issuing.setdefault(call, self._fresh(call))
        try:
            known = await one(
                (*self._shared, self._own),
                lambda store: store.keep(call, token),
                within=self._deadline,
                report=self._reporting(call),
            )
        finally:
            self._issuing.pop(call, None)
        # the shared store was late when it was redeemed here, and does not know of it
        return token if self._own.redeemed(known) else known

    def _fresh(self, call: str) -> str:
        expiry = int(self._clock()) + LIFE
        nonce = secrets.token_bytes(8)
        packed = _FORM.pack(expiry, nonce, _mac(self._keys[0], call, expiry, nonce))
        return base64.urlsafe_b64encode(packed).decode().rstrip("=")

    async def redeem(self, call: str, token: str) -> bool:
        """True once for a token of this call; anything else is False."""
        # here first: what the shared store was too late for once is no good for a second stream
        if not self._genuine(call, token) or not await self._own.take(call, token):
            return False
        try:
            return await one(
                self._shared,
                lambda store: store.take(call, token),
                within=self._deadline,
                report=self._reporting(call),
            )
        except Fault:
            return True  # there is none, or it is late again

    def _reporting(self, call: str) -> Callable[[Store, Fault], None]:
        def report(store: Store, fault: Fault) -> None:
            self._emit(Switched(call, "tokens", store.name, fault.kind))

        return report

    def _genuine(self, call: str, token: str) -> bool:
        try:
            packed = base64.b64decode(token + "==", altchars=b"-_", validate=True)
            expiry, nonce, mac = _FORM.unpack(packed)
        except (binascii.Error, struct.error, ValueError):
            return False
        canonical = base64.urlsafe_b64encode(packed).decode().rstrip("=")
        in_time = 0 <= expiry - self._clock() <= LIFE
        same = any(hmac.compare_digest(mac, _mac(key, call, expiry, nonce)) for key in self._keys)
        return same and in_time and canonical == token


def _derived(key: str) -> bytes:
    return hmac.digest(key.encode(), b"answerline media stream token", "sha256")


def _mac(key: bytes, call: str, expiry: int, nonce: bytes) -> bytes:
    text = b"%d\0%s\0%s" % (expiry, nonce, call.encode("utf-8", "surrogatepass"))
    return hmac.digest(key, text, hashlib.sha256)[:16]


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

    def redeemed(self, token: str) -> bool:
        return token in self._redeemed

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
    """In Redis: a stream may be opened at another worker than the one that wrote its TwiML.

    It knows which tokens were redeemed, not which were issued, as the token proves that by itself:
    one that was issued while Redis was late is as good as any.
    """

    name = "redis"

    def __init__(self, redis: Redis) -> None:
        """A client of the process, with its own timeouts."""
        self._redis: Any = redis
        # each call asks again: an outage costs a webhook 50 ms, never the return to Redis
        self.breaker = Breaker(failures=1 << 30)

    async def keep(self, call: str, token: str) -> str:
        with faults():
            waiting = await self._redis.set(_waits(call), token, ex=REPEATED, nx=True, get=True)
            known = _text(waiting)
            if known and await self._redis.exists(_redeemed(call, known)):
                await self._redis.set(_waits(call), token, ex=REPEATED)
                known = ""
        return known or token

    async def take(self, call: str, token: str) -> bool:
        """In one go: a redeemed token that still waits would be given out until it is too old."""
        with faults():
            async with self._redis.pipeline(transaction=True) as batch:
                batch.set(_redeemed(call, token), 1, ex=LIFE, nx=True)
                batch.delete(_waits(call))
                first, _ = await batch.execute()
        return bool(first)


def _redeemed(call: str, token: str) -> str:
    """Both keys of a call lie in one slot of a cluster."""
    return f"answerline:call:{{{call}}}:redeemed:{token}"


def _waits(call: str) -> str:
    return f"answerline:call:{{{call}}}:waiting"


def _text(value: bytes | str | None) -> str:
    return value.decode() if isinstance(value, bytes) else value or ""
