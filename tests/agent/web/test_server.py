"""How a worker ends."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from agent.web.app import create_app
from agent.web.server import EmbeddedServer, listen
from tests.agent.web.conftest import Worker, begin, until, worker

pytestmark = pytest.mark.wire


@asynccontextmanager
async def signalled(
    site: Worker, drain_deadline: float, move: Callable[[], Awaitable[Any]] | None = None
) -> AsyncIterator[asyncio.Task[None]]:
    """A server of the same doors that has had its SIGTERM; a second one ends it."""
    server = EmbeddedServer(create_app(site.house), site.doors, drain_deadline=drain_deadline)
    server.move = move or server.move
    serving = asyncio.create_task(server.serve([listen("127.0.0.1", 0)]))
    await until(lambda: server.started)
    server.handle_exit(signal.SIGTERM, None)
    yield serving
    server._signalled -= 1.0  # a while ago
    server.handle_exit(signal.SIGTERM, None)
    await serving


async def test_an_idle_worker_ends_at_the_signal(site: Worker) -> None:
    async with signalled(site, 60) as task:
        await asyncio.wait_for(asyncio.shield(task), 30)


async def test_a_running_call_is_finished_first(site: Worker) -> None:
    with site.doors.call():
        async with signalled(site, 60) as task:
            _, running = await asyncio.wait([task], timeout=0.4)
            assert running
            assert site.doors.closed == "draining"


async def test_a_worker_that_drains_by_itself_is_not_ended_by_the_first_signal(
    site: Worker,
) -> None:
    server = EmbeddedServer(create_app(site.house), site.doors, drain_deadline=60)
    serving = asyncio.create_task(server.serve([listen("127.0.0.1", 0)]))
    await until(lambda: server.started)
    with site.doors.call():
        server.drain()
        for _ in range(2):  # from systemd, and from the supervisor
            server.handle_exit(signal.SIGTERM, None)
        _, running = await asyncio.wait([serving], timeout=0.4)
        assert running
        server.handle_exit(signal.SIGTERM, None)
        await asyncio.wait_for(serving, 30)


async def test_at_the_deadline_a_call_is_cut_off(site: Worker) -> None:
    with site.doors.call():
        async with signalled(site, 0.05) as task:
            await asyncio.wait_for(asyncio.shield(task), 30)


async def test_at_the_deadline_calls_are_moved_before_it_ends(site: Worker) -> None:
    moving, moved = asyncio.Event(), asyncio.Event()

    async def move() -> None:
        moving.set()
        await moved.wait()

    with site.doors.call():
        async with signalled(site, 0.05, move) as task:
            await moving.wait()
            _, running = await asyncio.wait([task], timeout=0.3)
            assert running, "it waits for the calls that are on their way"
            moved.set()
            await asyncio.wait_for(asyncio.shield(task), 30)


async def test_calls_that_cannot_be_moved_do_not_keep_it(
    site: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.web.server.MOVING", 0.05)
    with site.doors.call():
        async with signalled(site, 0.0, asyncio.Event().wait) as task:
            await asyncio.wait_for(asyncio.shield(task), 30)


async def test_a_worker_that_ends_tells_its_callers_sockets_to_come_again() -> None:
    async with worker() as site:
        token = await site.token("CA1")
        socket = await site.dial()
        await begin(socket, "CA1", token)
        await until(lambda: site.doors.calls == 1)
    await asyncio.wait_for(socket.wait_closed(), 30)
    assert socket.close_code == 1012


def test_an_address_that_is_taken_is_named() -> None:
    taken = listen("127.0.0.1", 0)
    host, port = taken.getsockname()
    with taken, pytest.raises(OSError, match=str(port)):
        listen(host, port)
