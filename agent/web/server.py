"""The server of one worker: uvicorn, except that SIGTERM drops nobody.

uvicorn itself closes every websocket as soon as the signal comes.
"""

import asyncio
import signal
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from importlib.metadata import version
from types import FrameType

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from loguru import logger
from starlette.types import Receive, Scope, Send

from agent.fleet import leash
from agent.fleet.watchdog import watchdog
from agent.settings import Settings
from agent.watch import heap
from agent.web.app import create_app
from agent.web.doors import Doors
from agent.web.house import House
from agent.web.reading import Reading

LONGEST_MESSAGE = 64 * 1024
"""Bytes; Twilio's are below 300. A longer one closes its socket with 1009."""
PING = 20.0
"""Seconds between pings and for each pong; a dead stream is noticed earlier, by its silence."""
TICK = 0.1
"""Seconds between two looks at what a drain waits for."""
MOVING = 20.0
"""Seconds that calls have to be moved: a pause is waited for, and Twilio asked."""
AT_ONCE = 0.3
"""Seconds within which two signals are one: systemd tells the workers, and the supervisor tells
them too."""
LAST_WORDS = 5.0
"""Seconds that calls cut off at the deadline have to put their affairs in order."""


async def _nowhere() -> None:
    """There is no other worker."""


class Lobby:
    """The application while it is being loaded: alive, and not ready."""

    def __init__(self) -> None:
        self.app: FastAPI | None = None
        self._starting = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
        self._starting.add_api_route("/api/health", self._health)
        self._starting.add_api_route("/readyz", self._not_ready)
        self._starting.add_exception_handler(404, self._unavailable)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (self.app or self._starting)(scope, receive, send)

    async def _health(self) -> JSONResponse:
        return JSONResponse({"status": "ok", "version": version("answerline")})

    async def _not_ready(self) -> JSONResponse:
        return JSONResponse({"status": "starting"}, status_code=404)

    async def _unavailable(self, _request: Request, _error: Exception) -> Response:
        return Response(status_code=503)


class CallServer(uvicorn.Server):
    """The first signal drains, a second one ends at once."""

    def __init__(
        self, app: FastAPI | Lobby, doors: Doors | None, *, drain_deadline: float = 0.0
    ) -> None:
        """`doors` are set when there are any. `drain_deadline`: seconds that running calls have
        after the first signal."""
        super().__init__(
            uvicorn.Config(
                app,
                access_log=False,
                date_header=False,
                lifespan="off",
                log_config=None,
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=int(LAST_WORDS),
                timeout_keep_alive=5,
                ws=Reading,
                ws_max_size=LONGEST_MESSAGE,
                ws_per_message_deflate=False,
                ws_ping_interval=PING,
                ws_ping_timeout=PING,
            )
        )
        self.doors = doors
        self.move: Callable[[], Awaitable[None]] = _nowhere
        """Moves what still runs at the deadline to other workers."""
        self._moving: asyncio.Task[None] | None = None
        self._drain_deadline = drain_deadline
        self._deadline = float("inf")
        self._signalled = float("-inf")
        self._told = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def end(self) -> None:
        """Now; calls that are on have `LAST_WORDS`. From any thread, and from a signal."""
        self.should_exit = True
        self._wake()

    def drain(self) -> None:
        """As at the first signal. What has not opened its doors yet ends at once."""
        if self.doors is None:
            self.end()
            return
        if not self._draining:
            self.doors.drain()
            self._deadline = time.monotonic() + self._drain_deadline
        self._wake()

    def deafen(self) -> None:
        """No connection is accepted any more; those that are there stay."""
        for server in self.servers:
            server.close()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Called between two bytecodes of the main thread: sets flags, `on_tick` acts on them."""
        del sig, frame
        before, self._signalled = self._signalled, time.monotonic()
        if before == float("-inf"):
            self.drain()
        elif self._signalled - before > AT_ONCE:
            self.end()

    def _wake(self) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._told.set)

    async def main_loop(self) -> None:
        """In place of uvicorn's, which looks ten times a second whether it is to end: with a call
        on a quiet line that was a fifth of all wake-ups."""
        self._loop = asyncio.get_running_loop()
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                async with asyncio.timeout(TICK if self._draining else None):
                    await self._told.wait()
            self._told.clear()

    @property
    def _draining(self) -> bool:
        return self.doors is not None and self.doors.state == "draining"

    async def on_tick(self, counter: int) -> bool:
        """After what `handle_exit` did, and every `TICK` from then on."""
        if self.doors is not None and self._draining:
            late = time.monotonic() >= self._deadline
            if late and self.doors.calls and self._moving is None:
                logger.bind(calls=self.doors.calls).info("calls are moved at the drain deadline")
                self._moving = asyncio.create_task(self._move(), name="move")
            moved = self._moving is not None and self._moving.done()
            self.should_exit = self.should_exit or moved or self.doors.calls == 0
        return await super().on_tick(counter)

    async def _move(self) -> None:
        try:
            async with asyncio.timeout(MOVING):
                await self.move()
        except TimeoutError:
            logger.bind(calls=self.doors and self.doors.calls).warning("calls are cut off")

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._moving is not None:
            self._moving.cancel()
        await super().shutdown(sockets)


class EmbeddedServer(CallServer):
    """In a process that has other things to do, and keeps its own signal handlers."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises OSError with the address in its text."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=2048)
    listener.setblocking(False)
    return listener


@asynccontextmanager
async def running(app: FastAPI, doors: Doors, listener: socket.socket) -> AsyncIterator[None]:
    """Serves inside this process until the block ends; open calls are cut off then."""
    server = EmbeddedServer(app, doors)
    task = asyncio.create_task(server.serve([listener]), name="server")
    doors.open()
    try:
        yield
    finally:
        server.end()
        await task


def serve(
    settings: Settings,
    furnish: Callable[[Settings], AbstractAsyncContextManager[House]],
    *,
    supervised: bool = False,
) -> None:
    """Runs one worker on HOST and PORT until it has drained. `furnish` loads what calls need.
    `supervised`: it also drains when its supervisor is no more.

    Raises OSError when the address is taken, unless by a worker that has lost its supervisor.
    """
    heap.few()
    place = f"{settings.host}:{settings.port}"
    inheritance = leash.inherited(place)
    enter = inheritance.enter if inheritance else _at_once
    listener = inheritance.listener if inheritance else listen(settings.host, settings.port)

    async def main() -> None:
        lobby = Lobby()
        server = CallServer(lobby, None, drain_deadline=settings.drain_deadline)
        serving = asyncio.create_task(server.serve([listener]), name="server")
        opening = asyncio.create_task(_open(lobby, server, furnish(settings), enter), name="open")
        leashed = asyncio.create_task(_leashed(server, listener, place)) if supervised else None
        try:
            await asyncio.wait({serving, opening}, return_when=asyncio.FIRST_COMPLETED)
            if opening.done():
                server.end()
            await serving
        finally:
            if leashed is not None:
                leashed.cancel()
            opening.cancel()
            await asyncio.wait({opening})
        if not opening.cancelled():
            opening.result()  # what could not be loaded is raised here

    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(main())


async def _leashed(server: CallServer, listener: socket.socket, place: str) -> None:
    await leash.parted()
    logger.error("the supervisor is gone")
    server.drain()
    await leash.bequeath(listener, place)
    logger.info("another process has the port")
    server.deafen()


def _at_once() -> None:
    """Nobody else has the port."""


async def _open(
    lobby: Lobby,
    server: CallServer,
    furnished: AbstractAsyncContextManager[House],
    enter: Callable[[], None],
) -> None:
    """Holds the house open until it is cancelled. `enter` is called when calls may come."""
    async with furnished as house:
        lobby.app, server.doors, server.move = create_app(house), house.doors, house.move
        async with watchdog():
            enter()
            house.doors.open()
            await _hangups(house.reread)


async def _hangups(reread: Callable[[], Awaitable[None]]) -> None:
    """SIGHUP: secrets are read again. Until it is cancelled."""
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    if hasattr(signal, "SIGHUP"):  # Windows has none
        loop.add_signal_handler(signal.SIGHUP, told.set)
    while True:
        await told.wait()
        told.clear()
        await reread()


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415
    except ImportError:  # Windows has none
        return None
    return uvloop.new_event_loop
