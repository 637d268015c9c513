"""A fleet on loopback: workers and their supervisor, HAProxy before them, Valkey with an append-
only file and PostgreSQL behind them, simulated providers, and the crowd that calls."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from agent.simulators.deepgram import Deepgram
from agent.simulators.elevenlabs import ElevenLabs, Speaking
from agent.simulators.server import Behaviour
from agent.simulators.twilio import Account
from deploy import check
from knowledge.database import migrate
from tests import recordings
from tests.agent.fleet.ports import free_ports
from tests.chaos.fleet import content, launch
from tests.chaos.fleet.callers import Callers, callers
from tests.chaos.fleet.crowd import Part
from tests.chaos.fleet.log import Log
from tests.chaos.rounds import Valkey
from tests.postgres import Postgres, free_port, running

TOKEN = "0123456789abcdef0123456789abcdef"
READY = 180.0
"""Seconds that a busy machine may take to start all workers."""
FEW = 2
"""Cores of which none can be left to the callers alone."""
SWIFT = 0.05
"""Seconds until a provider answers."""
SERVE = [sys.executable, "-c", "from agent.cli import main; main()", "serve"]


@dataclass(frozen=True, slots=True)
class Shape:
    workers: int = 3
    most: int = 1000
    """Calls that a worker carries."""
    drain: float = 6.0
    """DRAIN_DEADLINE."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Further ones of the environment."""
    arguments: tuple[str, ...] = ()
    """Of `answerline serve`."""
    tree: Path | None = None
    """Where workers' code is to be changed: whose they run first."""

    @property
    def command(self) -> list[str]:
        serve = SERVE if self.tree is None else [sys.executable, "-m", launch.__name__, "serve"]
        return [*serve, *self.arguments]


@dataclass(slots=True)
class Site:
    shape: Shape
    crowd: Callers
    log: Log
    valkey: Valkey
    postgres: Postgres
    database: str
    data: Path
    https: int
    certificate: Path
    supervisor: int
    """Process id."""
    balancer: int
    """Process id."""
    first: int
    """Port of worker 0."""
    session: aiohttp.ClientSession

    def deploy(self, tree: Path) -> None:
        """Workers that start from now on run this code."""
        (self.data.parent / launch.CODE).write_text(str(tree), "utf-8")

    def process(self, worker: int) -> int:
        """The newest one of this number; a single worker has no supervisor."""
        if self.shape.workers == 1:
            return self.supervisor
        started = {one.labels["number"]: one for one in self.log.lines("worker started")}
        return int(started[worker].labels["process"])

    async def ready(self, within: float = READY) -> None:
        """All workers want calls, and the balancer knows."""
        async with asyncio.timeout(within):
            for number in range(self.shape.workers):
                while await self._status(number) != 200:  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
        await asyncio.sleep(1.5)  # three looks of the balancer

    async def metrics(self, worker: int, name: str) -> dict[str, float]:
        """By labels, of all samples with this name."""
        url = f"http://127.0.0.1:{self.first + worker}/api/metrics"
        async with self.session.get(url) as response:
            text = await response.text()
        return {
            ",".join(sample.labels.values()): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name
        }

    async def calls(self, worker: int) -> int:
        found = await self.metrics(worker, "answerline_calls_in_progress")
        return int(sum(found.values()))

    async def busiest(self) -> int:
        counts = [await self.calls(number) for number in range(self.shape.workers)]
        return counts.index(max(counts))

    async def _status(self, worker: int) -> int:
        try:
            async with self.session.get(f"http://127.0.0.1:{self.first + worker}/readyz") as found:
                return found.status
        except (aiohttp.ClientError, OSError):
            return 0


@asynccontextmanager
async def site(folder: Path, shape: Shape) -> AsyncIterator[Site]:
    """Ready for calls. Wants HAProxy and openssl."""
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        postgres = stack.enter_context(running())
        database = postgres.create("fleet")
        await migrate(database)
        valkey = Valkey(folder / "valkey")
        await valkey.start()
        stack.callback(valkey.kill)
        certificate, https, rest = check.certificate(folder), free_port(), free_port()
        first = free_ports(shape.workers)
        account = Account(token=TOKEN)
        variables = await _providers(stack, folder) | {
            "PUBLIC_URL": f"https://localhost:{https}",
            "PORT": str(first),
            "WORKERS": str(shape.workers),
            "MAX_CALLS": str(shape.most),
            "DRAIN_DEADLINE": str(shape.drain),
            "REDIS_URL": valkey.url,
            "DATABASE_URL": database,
            "TWILIO_ACCOUNT_SID": account.sid,
            "TWILIO_AUTH_TOKEN": TOKEN,
            "TWILIO_API_BASE_URL": f"http://127.0.0.1:{rest}",
        }
        part = Part(
            voice=f"https://localhost:{https}/twilio/voice",
            status=f"https://localhost:{https}/twilio/status",
            rest=rest,
            token=TOKEN,
            recordings=str(recordings.folder()),
            core=own_core(),
        )
        crowd = await enter(callers(part, certificate, folder / "crowd.log"))
        session = await enter(aiohttp.ClientSession())
        if shape.tree is not None:
            (folder / launch.CODE).write_text(str(shape.tree), "utf-8")
            variables["PYTHONPATH"] = str(shape.tree)
        supervisor = await enter(
            _serving(folder / "serve.log", {**variables, **shape.variables}, shape.command)
        )
        balancer = await enter(_balanced(folder, certificate, https, first, shape.workers))
        made = Site(
            shape, crowd, Log(folder / "serve.log"), valkey, postgres, database, folder / "data",
            https, certificate, supervisor, balancer, first, session,
        )  # fmt: skip
        await made.ready()
        yield made


async def _providers(stack: AsyncExitStack, folder: Path) -> dict[str, str]:
    """And what is the same for every site."""
    enter = stack.enter_async_context
    deepgram = await enter(Deepgram(content.known(), behaviour=Behaviour(latency=SWIFT)))
    voice = await enter(ElevenLabs(behaviour=Speaking(latency=SWIFT, pace=0.0)))
    return {
        "HOST": "127.0.0.1",
        "LANGUAGES": "en",
        "LOG_FORMAT": "json",
        "LOG_LEVEL": "INFO",
        "DATA_DIR": str(folder / "data"),
        "KNOWLEDGE_DIR": str(content.written(folder / "knowledge")),
        "EMBEDDING": "none",
        "IDLE_PROMPT": "3600",
        "DEEPGRAM_API_KEY": "dg",
        "DEEPGRAM_BASE_URL": deepgram.url,
        "ELEVENLABS_API_KEY": "el",
        "ELEVENLABS_BASE_URL": voice.url,
    }


def own_core() -> int:
    """Of the crowd, where the machine has two."""
    cores = sorted(os.sched_getaffinity(0))
    return cores[-1] if len(cores) > 1 else -1


def _leave_core(process: int) -> None:
    """To the crowd; where there are two only, that one is shared."""
    cores = os.sched_getaffinity(0)
    if len(cores) > FEW:
        os.sched_setaffinity(process, cores - {own_core()})


@asynccontextmanager
async def _serving(
    log: Path, variables: Mapping[str, str], command: Sequence[str]
) -> AsyncIterator[int]:
    """`answerline serve`; its process id."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "PYTHONPATH")
            if name in os.environ}  # fmt: skip
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            *command, env={**kept, **variables}, cwd=log.parent, stdout=out, stderr=out
        )
    _leave_core(process.pid)
    try:
        yield process.pid
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), 20)
            except TimeoutError:
                process.kill()  # workers end with their supervisor
                await process.wait()


@asynccontextmanager
async def _balanced(
    folder: Path, certificate: Path, https: int, first: int, workers: int
) -> AsyncIterator[int]:
    """HAProxy as shipped, with two lines for each further worker; its process id."""
    ports = [first + number for number in range(max(2, workers))]
    place = check.Site(certificate, free_port(), https, (ports[0], ports[1]))
    text = check.HAPROXY.read_text("utf-8")
    for number, port in list(enumerate(ports))[2:]:
        text += f"    server worker-{number} 127.0.0.1:{port}\n"
        text += f"    server anyway-{number} 127.0.0.1:{port} backup no-check\n"
    written = folder / "haproxy.cfg"
    written.write_text(text)
    with (folder / "haproxy.log").open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            str(check.haproxy()), "-db", "-f", str(written),
            env={**os.environ, **check.haproxy_variables(place)}, stdout=out, stderr=out,
        )  # fmt: skip
    _leave_core(process.pid)
    try:
        await _listens(https)
        yield process.pid
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _listens(port: int) -> None:
    async with asyncio.timeout(READY):
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            await asyncio.sleep(0.05)
