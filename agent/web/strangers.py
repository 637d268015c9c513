"""Requests without Twilio's signature: counted by address, so that a crowd of them fills no log.

Only those. Behind a balancer Twilio comes from the same few addresses as everybody else: whoever
has a valid signature is never held up by who has none.
"""

import ipaddress
from collections.abc import Sequence

from starlette.requests import HTTPConnection

from agent.web.limit import Limits

KNOCKING = "60/minute"
"""From one address."""
LONGEST = 45
"""Characters of an address."""


class Strangers:
    def __init__(
        self, limits: Limits | None = None, trusted: Sequence[str] = (), rate: str = KNOCKING
    ) -> None:
        """`trusted`: networks of proxies whose X-Forwarded-For is believed."""
        self._limits = limits or Limits()
        self._trusted = [ipaddress.ip_network(name, strict=False) for name in trusted]
        self._rate = rate

    def too_many(self, connection: HTTPConnection) -> bool:
        """Whether this one is beyond the rate; it is counted either way."""
        return bool(self._limits.wait_here(self._rate, f"stranger:{self.address(connection)}"))

    def address(self, connection: HTTPConnection) -> str:
        """The last one in the chain of proxies that no trusted proxy has."""
        found = connection.client.host if connection.client is not None else ""
        forwarded = ",".join(connection.headers.getlist("X-Forwarded-For")).split(",")
        while forwarded and self._is_trusted(found):
            found = forwarded.pop().strip() or found
        return found[:LONGEST]

    def _is_trusted(self, address: str) -> bool:
        try:
            known = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(known in network for network in self._trusted)
