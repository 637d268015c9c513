"""Redis as a client that cannot hold up a call: deadlines, bounded connections, one retry."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import (
    AskError,
    ClusterDownError,
    MovedError,
    ReadOnlyError,
    RedisError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import TimeoutError as Overdue

from knowledge.chain import Fault
from knowledge.cluster import Cluster
from knowledge.connections import UNTOLD, Connections, Share, certificates, watched
from knowledge.slots import NoCluster, Nodes

BUDGET = 0.05
"""Seconds for an operation."""
CONNECT = 0.5
"""Seconds for a connection, which is made while nobody waits for it."""


MOST = 16
"""Connections of a process; who comes when all are in use waits, for its budget at most. To open
one takes 1.2 ms of the event loop: of a crowd of 60 the last waits 90 ms with 64, 13 ms with 16."""
KEPT = 4
"""Connections that stay open: one made on demand might not fit into the budget."""
IDLE = 5.0
"""Seconds after which one beyond those is closed that nobody has needed."""


def connect(url: str, *, budget: float = BUDGET, idle: float = IDLE) -> Redis:
    """The process's one set of connections, made without waiting; its owner calls `aclose`.

    The library's own defaults (5 s, ten retries, no health check) would hold a call for a minute.
    """
    return opened(
        url,
        budget=budget,
        idle=idle,
        kept=KEPT,
        max_connections=MOST,
        socket_connect_timeout=CONNECT,
        retry=Retry(ExponentialWithJitterBackoff(base=0.01, cap=0.2), 1),
        health_check_interval=15,
    )


def opened(url: str, *, budget: float, idle: float, kept: int, **options: Any) -> Redis:
    """A set of connections, made without waiting: to one server or, with `?cluster=true`, to each
    of a cluster. `options` are the library's."""
    address, cluster = _clustered(url)
    made = watched(
        ConnectionPool.from_url(
            address,
            maint_notifications_config=UNTOLD,
            driver_info=None,  # it is looked up on disk for each connection: 1.3 of its 2.1 ms
            **options,
        )
    )
    believed = certificates(made)

    def connections(pool: ConnectionPool) -> Connections:
        return Connections(pool, idle=idle, kept=kept, believed=believed)

    if cluster:
        return Cluster(Nodes(made, connections), budget, owner=True)
    return Redis.from_pool(Share(connections(made), budget))


def _clustered(url: str) -> tuple[str, bool]:
    """What the library takes of it."""
    parts = urlsplit(url)
    query = parse_qsl(parts.query)
    if ("cluster", "true") not in query and ("cluster", "false") not in query:
        return url, False
    left = [pair for pair in query if pair[0] != "cluster"]
    return parts._replace(query=urlencode(left)).geturl(), ("cluster", "true") in query


def sharing(redis: Redis, *, budget: float = BUDGET) -> Redis:
    """Another client of the same connections, with its own budget; to close it closes none.

    Raises TypeError for a client that `connect` has not made.
    """
    if isinstance(redis, Cluster):
        return redis.sharing(budget)
    pool = redis.connection_pool
    if not isinstance(pool, Share):
        raise TypeError("expected a client that `connect` has made")
    return Redis(connection_pool=Share(pool.connections, budget))


async def servers(redis: Redis) -> Sequence[Redis]:
    """For what has to be asked of each: a cluster has several. Raises RedisError."""
    return await redis.servers() if isinstance(redis, Cluster) else [redis]


@contextmanager
def faults() -> Iterator[None]:
    """The library's errors in the words of our policy."""
    try:
        yield
    except asyncio.CancelledError as error:
        if type(error) is asyncio.CancelledError:
            raise
        # Before Python 3.12 Pipecat replaces the `asyncio.wait_for` that the library uses: a
        # cancellation of its own kind passes `asyncio.timeout`, which then ends the call
        raise asyncio.CancelledError from error
    except Overdue as error:
        raise Fault("late") from error
    except Disconnected as error:
        raise Fault("refused") from error
    except MovedError as error:
        raise Fault("denied", "a cluster, and REDIS_URL does not say cluster=true") from error
    except NoCluster as error:
        raise Fault("denied", "no cluster, and REDIS_URL says cluster=true") from error
    except (ReadOnlyError, ClusterDownError, TryAgainError, AskError) as error:
        raise Fault("refused", type(error).__name__) from error  # another server takes over
    except RedisError as error:
        raise Fault("broken", type(error).__name__) from error
