"""The workers of one machine: started, restarted, replaced one by one, stopped.

Worker i listens on PORT+i by itself: a port that several share can be neither drained nor asked
how it is. uvicorn's own supervisor cannot be used, as it ignores what makes a worker drain.
"""

import asyncio
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from loguru import logger

from agent.settings import Settings

PAUSES = (0.5, 30.0)
"""Seconds before a worker that has died is started again: the first time, and at most."""
STEADY = 60.0
"""Seconds of life after which a death counts as the first one again."""
STARTING = 120.0
"""Seconds until a worker that replaces another one has to be ready."""
LAST_WORDS = 30.0
"""Seconds that a worker has beyond its drain deadline, to move its calls and to end."""
NOTICED = 2.0
"""Seconds until every balancer knows that a worker is ready: only then the next one is drained."""
LOOK = 0.1
"""Seconds between two questions whether a worker is ready."""
ANSWER = 2.0
"""Seconds for the answer to one."""
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104  # nosec B104
"""Addresses to listen on, and where this machine itself finds what listens there."""


@dataclass(frozen=True, slots=True)
class Site:
    """What all workers have in common."""

    command: Callable[[int], Sequence[str]]
    """Of the worker of this number; it drains when its standard input ends (`leash`)."""
    host: str
    drain_deadline: float
    """Seconds that a worker has after SIGTERM."""
    pauses: tuple[float, float] = PAUSES
    noticed: float = NOTICED


class Worker:
    """One process after another, on one port."""

    def __init__(self, number: int, port: int, site: Site) -> None:
        self.number = number
        self.was_ready = asyncio.Event()
        """The process that runs now has wanted calls."""
        self._port = port
        self._site = site
        self._process: asyncio.subprocess.Process | None = None
        self._log = logger.bind(number=number, port=port)
        self._stopped = asyncio.Event()
        self._given_up = asyncio.Event()
        """The last process was never ready, and ended by itself."""
        self._replacing = False
        self._rereads = False
        """Secrets have changed since the process that runs now was started."""

    async def run(self) -> int:
        """Until it is stopped; the code with which a process ended that was never any good."""
        shortest, longest = self._site.pauses
        pause = shortest
        self._given_up.clear()
        while not self._stopped.is_set():
            began = time.monotonic()
            code = await self._live()
            if self._stopped.is_set():
                break
            if self._replacing:
                self._replacing, pause = False, shortest
                continue
            self._log.bind(code=code).error("worker died")
            if not self.was_ready.is_set() and code > 0:
                self._given_up.set()
                return code
            if time.monotonic() - began >= STEADY:
                pause = shortest
            await self.rest(pause)
            pause = min(2 * pause, longest)
        return 0

    async def rest(self, seconds: float) -> None:
        """Or until it is stopped."""
        await _first(self._stopped, within=seconds)

    async def _live(self) -> int:
        self.was_ready.clear()
        self._rereads = False
        self._process = process = await asyncio.create_subprocess_exec(
            *self._site.command(self.number),
            stdin=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the supervisor, which then drains
        )
        self._log.bind(process=process.pid).info("worker started")
        if self._stopped.is_set():
            self.tell(signal.SIGTERM)
        watching = asyncio.create_task(self._watch(process))
        try:
            return await process.wait()
        finally:
            watching.cancel()
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        began = time.monotonic()
        while not await wants_calls(self._site.host, self._port):  # noqa: ASYNC110
            await asyncio.sleep(LOOK)
        if process is self._process:
            self.was_ready.set()
            if self._rereads:
                self.tell(signal.SIGHUP)
            self._log.bind(seconds=round(time.monotonic() - began, 2)).info("worker ready")

    def tell(self, sig: signal.Signals) -> None:
        process = self._process
        if process is not None and process.returncode is None:
            with suppress(ProcessLookupError):
                process.send_signal(sig)

    def stop(self) -> None:
        """The first time it drains, the second time it ends at once."""
        self._stopped.set()
        self.tell(signal.SIGTERM)

    def reread(self) -> None:
        """One that starts is told when it is ready: it may have read already, and nobody would
        take the signal."""
        self._rereads = True
        if self.was_ready.is_set():
            self.tell(signal.SIGHUP)

    async def replace(self) -> bool:
        """By a new process, when this one has drained; whether that one became ready."""
        old = self._process
        if old is None or old.returncode is not None:
            return False
        self._replacing = True
        self.tell(signal.SIGTERM)
        try:
            async with asyncio.timeout(self._site.drain_deadline + LAST_WORDS):
                await old.wait()
        except TimeoutError:
            self._log.error("worker killed: it did not drain")
            self.tell(signal.SIGKILL)
        while self._process is old:  # noqa: ASYNC110
            await asyncio.sleep(LOOK)
        await _first(self.was_ready, self._given_up, within=STARTING)
        return self.was_ready.is_set()


class Supervisor:
    """SIGTERM and SIGINT drain all workers, SIGHUP is passed on, SIGUSR2 replaces one by one."""

    def __init__(self, site: Site, ports: Sequence[int]) -> None:
        self._site = site
        self._workers = [Worker(number, port, site) for number, port in enumerate(ports)]
        self._rolling: asyncio.Task[None] | None = None
        self._killing: asyncio.Task[None] | None = None
        self._steady = False
        """A worker has been ready: from now on a death is no mistake of whoever started us."""

    async def run(self) -> int:
        """Until all workers have ended; the exit code."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self.stop)
        loop.add_signal_handler(signal.SIGINT, self.stop)
        loop.add_signal_handler(signal.SIGHUP, self.reread)
        loop.add_signal_handler(signal.SIGUSR2, self.roll)
        running = [asyncio.create_task(self._keep(worker)) for worker in self._workers]
        try:
            return max(await asyncio.gather(*running))
        finally:
            for task in (*running, self._rolling, self._killing):
                if task is not None:
                    task.cancel()
            await asyncio.wait(running)

    async def _keep(self, worker: Worker) -> int:
        """A worker that was never any good ends all of them while none has been ready; later,
        the others go on, and it is tried again."""
        first = asyncio.create_task(worker.was_ready.wait())
        first.add_done_callback(lambda _task: self._settle())
        try:
            while code := await worker.run():
                if not self._steady:
                    self.stop()
                    return code
                await worker.rest(self._site.pauses[1])
            return 0
        finally:
            first.cancel()

    def _settle(self) -> None:
        self._steady = True

    def stop(self) -> None:
        if self._rolling is not None:
            self._rolling.cancel()
        for worker in self._workers:
            worker.stop()
        if self._killing is None:
            self._killing = asyncio.create_task(self._kill())

    async def _kill(self) -> None:
        await asyncio.sleep(self._site.drain_deadline + LAST_WORDS)
        for worker in self._workers:
            worker.tell(signal.SIGKILL)

    def reread(self) -> None:
        for worker in self._workers:
            worker.reread()

    def roll(self) -> None:
        """Each worker in turn is drained and replaced; a second wish while it goes on is none."""
        if self._rolling is None or self._rolling.done():
            self._rolling = asyncio.create_task(self._roll())

    async def _roll(self) -> None:
        for worker in self._workers:
            logger.bind(number=worker.number).info("worker is replaced")
            if not await worker.replace():
                logger.bind(number=worker.number).error("replacing stops: worker is not ready")
                return
            await asyncio.sleep(self._site.noticed)
        logger.info("all workers are replaced")


async def _first(*events: asyncio.Event, within: float) -> None:
    """Until one of them is set, or it has taken too long."""
    waiting = [asyncio.create_task(event.wait()) for event in events]
    await asyncio.wait(waiting, timeout=within, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()


async def wants_calls(host: str, port: int) -> bool:
    """Whether /readyz says 200."""
    request = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    try:
        async with asyncio.timeout(ANSWER):
            reader, writer = await asyncio.open_connection(EVERYWHERE.get(host, host), port)
            try:
                writer.write(request)
                return b" 200 " in await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False


def planned(settings: Settings) -> tuple[Site, list[int]]:
    """Each worker is the command that started this process, with its number at the end."""

    def command(number: int) -> list[str]:
        return [sys.executable, *sys.orig_argv[1:], "--worker", str(number)]

    ports = [settings.port + number for number in range(settings.workers)]
    return Site(command, settings.host, settings.drain_deadline), ports


def supervise(site: Site, ports: Sequence[int]) -> int:
    work: Coroutine[Any, Any, int] = Supervisor(site, ports).run()
    return asyncio.run(work)
