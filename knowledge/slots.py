"""Which server of a cluster has which slot of keys, and connections to each."""

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from redis.asyncio import ConnectionPool, Redis
from redis.crc import REDIS_CLUSTER_HASH_SLOTS as SLOTS
from redis.crc import key_slot
from redis.exceptions import AskError, ClusterDownError, MovedError, RedisError
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import TimeoutError as Overdue

from knowledge.connections import UNTOLD, Connections, Share

TOLD = 1.0
"""Seconds within which some server has to say who has which slot."""
AGAIN = 0.25
"""Seconds between two questions for it, where servers fail."""
KEYLESS = frozenset({"PUBLISH", "INFO", "CONFIG", "CLIENT", "TIME"})
"""Of the commands that we send: any server will do."""

Address = tuple[str, int]


class NoCluster(RedisError):
    """A server that is by itself."""


class Place(NamedTuple):
    address: Address
    asking: bool = False
    """The slot is on its way there."""


@dataclass(frozen=True, slots=True)
class Node:
    """One server."""

    connections: Connections
    _shares: dict[float, Share] = field(default_factory=dict)

    def share(self, budget: float) -> Share:
        if budget not in self._shares:
            self._shares[budget] = Share(self.connections, budget)
        return self._shares[budget]


class Nodes:
    """Which server has which slot. It is asked for before the first operation, and when servers
    fail or say that a slot has moved."""

    def __init__(
        self, seed: ConnectionPool, connections: Callable[[ConnectionPool], Connections]
    ) -> None:
        """`seed` leads to one of them. `connections` to whichever server a pool leads to."""
        self._make = seed
        self._connections = connections
        kwargs = seed.connection_kwargs
        self.seed: Address = (kwargs.get("host", "localhost"), int(kwargs.get("port", 6379)))
        self._nodes: dict[Address, Node] = {}
        self._known: list[Address] = []
        """As they were told last, those that only read too."""
        self._owners: list[Address | None] = []
        """By slot; none before they were told."""
        self._primaries: list[Address] = []
        self._asking: asyncio.Task[None] | None = None
        self._asked = -AGAIN

    def node(self, address: Address) -> Node:
        if address not in self._nodes:
            made = self._make
            host, port = address
            kwargs = {**made.connection_kwargs, "host": host, "port": port}
            pool = ConnectionPool(made.connection_class, made.max_connections, UNTOLD, **kwargs)
            self._nodes[address] = Node(self._connections(pool))
        return self._nodes[address]

    async def primaries(self) -> Sequence[Address]:
        """Raises RedisError."""
        if not self._owners:
            await self._told()
        return self._primaries

    async def owner(self, slot: int) -> Address:
        """Raises RedisError."""
        if not self._owners:
            await self._told()
        found = self._owners[slot]
        if found is None:
            self.doubt()
            raise ClusterDownError(f"nobody has slot {slot}")
        return found

    def any(self) -> Address:
        """That was there when it was told."""
        return random.choice(self._primaries or [self.seed])  # noqa: S311

    def moved(self, error: AskError, asked: Address) -> Place:
        """Where the operation goes next, which `asked` has not carried out."""
        address = (error.host or asked[0], error.port)
        if not isinstance(error, MovedError):
            return Place(address, asking=True)
        self._owners[error.slot_id] = address
        if address not in self._primaries:
            self._primaries.append(address)
        self.doubt()
        return Place(address)

    def doubt(self) -> None:
        """It is asked for again, and nobody waits for it."""
        now = asyncio.get_running_loop().time()
        if now - self._asked >= AGAIN:
            self._asked = now
            self._ask()

    async def _told(self) -> None:
        """Raises RedisError."""
        try:
            async with asyncio.timeout(TOLD):
                await asyncio.shield(self._ask())
        except TimeoutError as error:
            raise Overdue("no server of the cluster says who has which slot") from error

    def _ask(self) -> "asyncio.Task[None]":
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._learn(), name="cluster")
            self._asking.add_done_callback(lambda task: task.cancelled() or task.exception())
        return self._asking

    async def _learn(self) -> None:
        fault: RedisError = Disconnected("no server of the cluster is there")
        for address in [*random.sample(self._known, len(self._known)), self.seed]:
            client = Redis(connection_pool=self.node(address).share(TOLD))
            try:
                told = await client.execute_command("CLUSTER", "SLOTS")
            except RedisError as error:
                alone = "cluster support disabled" in str(error)
                fault = NoCluster(str(error)) if alone else error
                continue
            if told:
                self._note(address, told)
                await self._leave()
                return
            fault = ClusterDownError("nobody has a slot")
        raise fault

    def _note(self, asked: Address, told: Sequence[Sequence[Any]]) -> None:
        """A server that does not know its own name is the one that was asked."""
        owners: list[Address | None] = [None] * SLOTS
        known: dict[Address, None] = {}
        primaries: dict[Address, None] = {}
        for first, last, *servers in told:
            listed = [
                (host.decode() if host else asked[0], int(port)) for host, port, *_ in servers
            ]
            owners[first : last + 1] = [listed[0]] * (last + 1 - first)
            known |= dict.fromkeys(listed)
            primaries[listed[0]] = None
        self._owners, self._known, self._primaries = owners, list(known), list(primaries)

    async def _leave(self) -> None:
        """Who has no slot is asked nothing any more."""
        for address in self._nodes.keys() - set(self._primaries):
            await self._nodes[address].connections.close()

    async def close(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait([self._asking])
        for node in self._nodes.values():
            await node.connections.close()


def slot(args: Sequence[Any]) -> int | None:
    """Of a command's first key: the server refuses one whose keys lie in several."""
    name = str(args[0]).partition(" ")[0].upper()
    if name in KEYLESS:
        return None
    place = 1
    if name in {"EVAL", "EVALSHA"}:
        place = 3
    elif name in {"XREAD", "XREADGROUP"}:
        with suppress(ValueError):
            place = args.index(b"STREAMS") + 1
    key = args[place]
    return key_slot(key if isinstance(key, bytes) else str(key).encode())
