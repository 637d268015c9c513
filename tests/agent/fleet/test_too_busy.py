"""HAProxy as shipped, before workers that are all too busy to want calls, or even to say so."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from deploy import check
from tests.agent.fleet.balanced import launched
from tests.agent.fleet.ports import free_ports
from tests.eventually import eventually

pytestmark = [
    pytest.mark.wire,
    pytest.mark.timeout(90),
    pytest.mark.skipif(
        check.openssl() is None or check.haproxy() is None, reason="no openssl or no haproxy"
    ),
]
HANGS = 0
"""In place of a status."""


class Worker:
    def __init__(self) -> None:
        self.ready, self.serves = 200, 200
        """Statuses."""
        self.looks = 0
        """Of the balancer, at whether it is ready."""

    async def readyz(self, _: web.Request) -> web.Response:
        self.looks += 1
        if self.ready == HANGS:
            await asyncio.sleep(60)
        return web.Response(status=self.ready)

    async def twilio(self, _: web.Request) -> web.Response:
        return web.Response(status=self.serves)

    @asynccontextmanager
    async def on(self, port: int) -> AsyncIterator[None]:
        app = web.Application()
        app.router.add_get("/readyz", self.readyz)
        app.router.add_post("/twilio/voice", self.twilio)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        try:
            yield
        finally:
            await runner.cleanup()


class Door:
    def __init__(self, session: aiohttp.ClientSession, https: int) -> None:
        self._session = session
        self._url = f"https://localhost:{https}/twilio/voice"

    async def status(self) -> int:
        try:
            async with self._session.post(self._url) as response:
                return response.status
        except aiohttp.ClientError:
            return 0

    async def open(self) -> bool:
        return await self.status() == 200


@asynccontextmanager
async def balanced(folder: Path, workers: list[Worker]) -> AsyncIterator[Door]:
    async with AsyncExitStack() as stack:
        first, http, https = free_ports(2), free_ports(1), free_ports(1)
        for number, worker in enumerate(workers):
            await stack.enter_async_context(worker.on(first + number))
        certificate = check.certificate(folder)
        tls = ssl.create_default_context(cafile=certificate)
        session = await stack.enter_async_context(
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=tls))
        )
        place = check.Site(certificate, http, https, (first, first + 1))
        command = [str(check.haproxy()), "-db", "-f", str(check.HAPROXY)]
        await stack.enter_async_context(launched(*command, **check.haproxy_variables(place)))
        door = Door(session, https)
        await eventually(door.open)
        yield door


@pytest.mark.parametrize("ready", [404, HANGS])
async def test_where_nobody_wants_calls_one_that_drains_is_not_who_gets_them(
    tmp_path: Path, ready: int
) -> None:
    workers = [Worker(), Worker()]
    async with balanced(tmp_path, workers) as door:
        workers[0].serves = 503  # it drains
        for worker in workers:
            worker.ready, worker.looks = ready, 0

        async def noticed() -> bool:
            """Three looks at each, and one more that nobody waits for."""
            return min(worker.looks for worker in workers) >= 4

        await eventually(noticed, within=40.0)
        assert [await door.status() for _ in range(4)] == [200] * 4


async def test_where_all_drain_that_is_what_is_said(tmp_path: Path) -> None:
    workers = [Worker(), Worker()]
    async with balanced(tmp_path, workers) as door:
        for worker in workers:
            worker.ready, worker.serves = 404, 503

        async def refused() -> bool:
            return await door.status() == 503

        await eventually(refused)
