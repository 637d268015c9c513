"""Redis as a client that cannot hold up a call: deadlines, bounded connections, one retry."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as Overdue

from knowledge.chain import Fault
from knowledge.connections import UNTOLD, Connections, Share

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
    made = ConnectionPool.from_url(
        url,
        max_connections=MOST,
        maint_notifications_config=UNTOLD,
        driver_info=None,  # it is looked up on disk for each connection: 1.3 of 2.1 ms, and told
        socket_connect_timeout=CONNECT,
        retry=Retry(ExponentialWithJitterBackoff(base=0.01, cap=0.2), 1),
        health_check_interval=15,
    )
    return Redis.from_pool(Share(Connections(made, idle=idle, kept=KEPT), budget))


def sharing(redis: Redis, *, budget: float = BUDGET) -> Redis:
    """Another client of the same connections, with its own budget; to close it closes none.

    Raises TypeError for a client that `connect` has not made.
    """
    pool = redis.connection_pool
    if not isinstance(pool, Share):
        raise TypeError("expected a client that `connect` has made")
    return Redis(connection_pool=Share(pool.connections, budget))


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
    except RedisError as error:
        raise Fault("broken", type(error).__name__) from error
