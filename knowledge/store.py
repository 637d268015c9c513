"""Redis as a client that cannot hold up a call: deadlines, a bounded pool, one retry."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as Overdue

from knowledge.chain import Fault

BUDGET = 0.05
"""Seconds for an operation."""
CONNECT = 0.5
"""Seconds for a connection, which is made while nobody waits for it."""


def connect(url: str, *, budget: float = BUDGET) -> Redis:
    """The process's one client, made without waiting; its owner calls `aclose`.

    The library's own defaults (5 s, ten retries, no health check) would hold a call for a minute.
    """
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=16,
        timeout=budget,
        socket_timeout=budget,
        socket_connect_timeout=CONNECT,
        retry=Retry(ExponentialWithJitterBackoff(base=0.01, cap=0.2), 1),
        health_check_interval=15,
    )
    return Redis.from_pool(pool)


def patient(redis: Redis, *, budget: float) -> Redis:
    """A second client of the same server, for who may wait longer; its owner calls `aclose`."""
    pool = redis.connection_pool
    waiting = BlockingConnectionPool(
        connection_class=pool.connection_class,
        max_connections=16,
        timeout=budget,
        **{**pool.connection_kwargs, "socket_timeout": budget},
    )
    return Redis.from_pool(waiting)


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
