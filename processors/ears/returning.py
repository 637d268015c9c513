"""Which recogniser a call asks first, and when it may go back to a better one.

Only upwards, between turns, and not to one that has failed in this call unless it has worked
since: else every turn would pay for finding out that it is still broken.
"""

import time
from collections.abc import Sequence

from knowledge.chain import Fault
from processors.ears.mouth import Client

VAIN = 30.0
"""Seconds without another second opinion after one that has found no words either."""


class Returning:
    def __init__(self, clients: Sequence[Client]) -> None:
        """In order of preference."""
        self._clients = tuple(clients)
        self._failed: dict[str, int] = {}
        """Who has failed in this call, and how many probes had worked until then."""
        self._suspect: Client | None = None
        self._vain = -VAIN
        """When a second opinion has found no words either."""

    def order(self) -> list[Client]:
        """Those that may work, then the others: the chain never ends early."""
        return sorted(self._clients, key=lambda client: not self._fit(client))

    def failed(self, client: Client, fault: Fault) -> None:
        self._failed[client.name] = client.breaker.proofs
        if fault.kind == "silent":
            self._suspect = client
        client.breaker.doubt(time.monotonic())

    def words(self, client: Client) -> None:
        """It made words. If another was silent about them, that one is to blame."""
        suspect, self._suspect = self._suspect, None
        if suspect is not None and suspect is not client:
            suspect.breaker.failed(Fault("silent"), time.monotonic())

    def nothing(self, client: Client) -> None:
        """It finds no words either: the silence was right, nobody is to blame."""
        suspect, self._suspect = self._suspect, None
        if suspect is not None and suspect is not client:
            self._failed.pop(suspect.name, None)
            self._vain = time.monotonic()

    def believed(self, client: Client) -> bool:
        """Whether it is taken at its word that there are none in a second of voice and more: else
        the next one listens too. In noise that goes on it is."""
        later = self._clients[self._clients.index(client) + 1 :]
        lately = time.monotonic() - self._vain < VAIN
        return lately or self._suspect is not None or not any(self._fit(one) for one in later)

    def better(self, current: Client | None) -> list[Client]:
        """What is preferred to the one in use."""
        if current is None:
            return []
        return list(self._clients[: self._clients.index(current)])

    def wanted(self, current: Client | None) -> bool:
        """A better one is there again."""
        return any(self._fit(client) for client in self.better(current))

    def _fit(self, client: Client) -> bool:
        before = self._failed.get(client.name)
        return not client.breaker.open and (before is None or client.breaker.proofs > before)
