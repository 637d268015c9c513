"""Who may use the admin API: by key and role, or from this machine."""

import hashlib
import hmac
import re
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import HTTPException, Request

from agent.settings import is_loopback
from agent.web.limit import GUESSING, Limits

ADMIN = "admin"
"""The role that may change something; every other one reads, asks and reports outcomes."""
READ = "read"
"""The kind of request that changes nothing and costs little."""
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
"""A proxy's marks: what it forwards comes from elsewhere."""
_PORT = re.compile(r":\d+$")


@dataclass(frozen=True, slots=True)
class Caller:
    role: str
    name: str
    """For counting: a digest of the key, never the key; without one, the machine."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Digests, not keys: comparing takes the same time whichever differs, and wherever."""

    digests: tuple[tuple[bytes, str], ...] = ()
    """With their roles."""

    @staticmethod
    def of(pairs: str) -> "Keys":
        """Of ADMIN_API_KEYS: `role:key,…`."""
        split = (pair.strip().partition(":") for pair in pairs.split(",") if pair.strip())
        return Keys(tuple((_digest(key.strip()), role) for role, _, key in split))

    def caller(self, shown: str) -> Caller | None:
        digest, found = _digest(shown), None
        for known, role in self.digests:
            if hmac.compare_digest(digest, known) and found is None:
                found = Caller(role, known.hex()[:16])
        return found


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()


Guard = Callable[[Request], Awaitable[None]]


class Gate:
    """Dependencies of routes: `Depends(gate.guard(...))`."""

    def __init__(self, keys: Keys, limits: Limits, *, public: bool = False) -> None:
        """`public`: the world reaches this service, maybe through a proxy on this machine that
        leaves no mark: without a key this machine then only reads."""
        self._keys = keys
        self._public = public
        self._limits = limits

    def renew(self, keys: Keys) -> None:
        self._keys = keys

    def guard(self, kind: str, rate: str, *, role: str = "", fleet: bool = True) -> Guard:
        """`kind` of request that `rate` counts together. `role`: the only one let in; "": all.
        `fleet`: all workers count together; False for what each of them is asked about itself."""

        async def admitted(request: Request) -> None:
            caller = self._caller(request, kind)
            if caller is None:
                await self._count(GUESSING, "strangers", fleet=False)  # they cost Redis nothing
                raise HTTPException(
                    401, {"error": "a key is wanted"}, {"WWW-Authenticate": "Bearer"}
                )
            if role not in {"", caller.role}:
                raise HTTPException(403, {"error": f"the role {role} is wanted"})
            await self._count(rate, f"{kind}:{caller.name}", fleet=fleet)

        return admitted

    def _caller(self, request: Request, kind: str) -> Caller | None:
        """A key that is shown decides; without one this machine itself is let in."""
        scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
        if scheme or shown:
            return self._keys.caller(shown.strip()) if scheme.lower() == "bearer" else None
        if self._public and kind != READ:
            return None
        here = f"loopback of {socket.gethostname()}"
        return Caller(ADMIN, here) if _from_here(request) else None

    async def _count(self, rate: str, who: str, *, fleet: bool) -> None:
        limits = self._limits
        if wait := await limits.wait(rate, who) if fleet else limits.wait_here(rate, who):
            raise HTTPException(429, {"error": "too many requests"}, {"Retry-After": str(wait)})


def _from_here(request: Request) -> bool:
    """Neither through a proxy on this machine nor by a name that only claims to be it."""
    client, headers = request.client, request.headers
    if client is None or not is_loopback(client.host):
        return False
    if any(mark in headers for mark in _FORWARDED):
        return False
    return is_loopback(_PORT.sub("", headers.get("Host", "localhost")))
