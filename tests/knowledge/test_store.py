"""Redis' errors in the words of our policy."""

import asyncio

import pytest
from redis.exceptions import ConnectionError as Disconnected

from knowledge.chain import Fault
from knowledge.store import faults


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
