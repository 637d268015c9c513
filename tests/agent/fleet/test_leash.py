"""How the port of a worker without a supervisor comes to the next one."""

import asyncio
import os
import socket
import sys

import pytest

from agent.fleet.leash import Inheritance, bequeath, inherited, parted

pytestmark = [pytest.mark.wire, pytest.mark.skipif(sys.platform != "linux", reason="no such names")]


async def heir(place: str) -> Inheritance:
    while (found := await asyncio.to_thread(inherited, place)) is None:  # noqa: ASYNC110
        await asyncio.sleep(0.005)
    return found


def listening() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


def place_of(listener: socket.socket) -> str:
    return f"127.0.0.1:{listener.getsockname()[1]}"


async def test_a_worker_knows_when_nobody_holds_the_other_end() -> None:
    here, there = os.pipe()
    waiting = asyncio.create_task(parted(here))
    await asyncio.sleep(0)
    os.write(there, b"x")
    _, running = await asyncio.wait([waiting], timeout=0.1)
    assert running, "whatever it is told"
    os.close(there)
    await asyncio.wait_for(waiting, 30)
    os.close(here)


async def test_a_port_is_answered_while_it_goes_to_the_next_one() -> None:
    old = listening()
    address = old.getsockname()
    leaving = asyncio.create_task(bequeath(old, place_of(old)))
    inheritance = await heir(place_of(old))
    assert not leaving.done(), "the next one does not answer yet"
    inheritance.enter()
    await asyncio.wait_for(leaving, 30)
    old.close()
    with inheritance.listener as new, socket.create_connection(address, timeout=30):
        accepted, _ = await asyncio.get_running_loop().sock_accept(new)
        accepted.close()


async def test_a_next_one_that_dies_leaves_the_port_to_another() -> None:
    with listening() as old:
        leaving = asyncio.create_task(bequeath(old, place_of(old)))
        first = await heir(place_of(old))
        first.listener.close()
        first.testator.close()
        second = await heir(place_of(old))
        assert not leaving.done()
        second.enter()
        second.listener.close()
        await asyncio.wait_for(leaving, 30)


def test_there_is_nothing_to_inherit_from_a_worker_that_has_a_supervisor() -> None:
    with listening() as taken:
        assert inherited(place_of(taken)) is None
