"""Which recogniser a call asks first, and when it may go back to a better one.

Only upwards, between turns, and not to one that has failed in this call unless it has worked
since: else every turn would pay for finding out that it is still broken.
"""

import time
from collections.abc import Sequence

from knowledge.chain import Fault
from processors.ears.mouth import Client

REST = 2.0
LONGEST_REST = 30.0
"""Seconds between two looks at a provider that does not answer: doubled each time, up to here."""


class Returning:
    def __init__(self, clients: Sequence[Client]) -> None:
        """In order of preference."""
        self._clients = tuple(clients)
        self._failed: dict[str, float] = {}
        self._suspect: Client | None = None

    def order(self) -> list[Client]:
        """Those that may work, then the others: the chain never ends early."""
        return sorted(self._clients, key=lambda client: not self._fit(client))

    def failed(self, client: Client, fault: Fault) -> None:
        self._failed[client.name] = time.monotonic()
        if fault.kind == "silent":
            self._suspect = client
        rest = max(REST, client.checkups.rest, fault.retry_after)
        client.checkups.due = max(client.checkups.due, time.monotonic() + rest)

    def words(self, client: Client) -> None:
        """It made words. If another was silent about them, that one is to blame."""
        client.checkups.rest = 0.0
        suspect, self._suspect = self._suspect, None
        if suspect is not None and suspect is not client:
            suspect.breaker.failed(Fault("silent"), time.monotonic())

    def nothing(self, client: Client) -> None:
        """It finds no words either: the silence was right, nobody is to blame."""
        suspect, self._suspect = self._suspect, None
        if suspect is not None and suspect is not client:
            self._failed.pop(suspect.name, None)

    def better(self, current: Client | None) -> list[Client]:
        """What is preferred to the one in use."""
        if current is None:
            return []
        return list(self._clients[: self._clients.index(current)])

    def wanted(self, current: Client | None) -> bool:
        """A better one is there again."""
        return any(self._fit(client) for client in self.better(current))

    def _fit(self, client: Client) -> bool:
        since = self._failed.get(client.name)
        return not client.breaker.open and (since is None or client.checkups.worked > since)


async def look(client: Client) -> bool:
    """Whether it works again; one call of the process asks, the others see what came of it."""
    now = time.monotonic()
    if now < client.checkups.due:
        return False
    client.checkups.rest = min(LONGEST_REST, max(REST, 2 * client.checkups.rest))
    client.checkups.due = now + client.checkups.rest
    try:
        await client.probe()
    except Fault as fault:
        client.checkups.due = max(client.checkups.due, now + fault.retry_after)
        return False
    client.checkups.worked = time.monotonic()
    client.breaker.worked()
    return True
