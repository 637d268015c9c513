"""What the simulated providers share: a loopback server whose behaviour can be changed."""

import asyncio
import math
import socket
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import TracebackType
from typing import Self

from aiohttp import web

_WATCH = 0.02
"""Seconds between two looks at whether the client has gone."""


class Fault(StrEnum):
    """How a provider may fail. `--fault` of `answerline simulate` takes these words."""

    NONE = "none"
    REFUSE = "refuse"  # the port is closed
    DENIED = "401"
    LIMITED = "429"
    BROKEN = "500"
    HANG = "hang"  # accepts the request and never says anything
    DROP = "drop"  # cuts the connection in mid-stream
    GARBAGE = "garbage"  # answers with data that means nothing
    EMPTY = "empty"  # answers properly, with nothing in it


@dataclass(frozen=True, slots=True)
class Behaviour:
    fault: Fault = Fault.NONE
    latency: float = 0.1
    """Seconds from the request (or the end of speech) to the first byte of an answer."""
    retry_after: float = 0.0
    """Seconds, sent as `Retry-After` with a 429 when above 0."""


@dataclass(slots=True)
class Ledger:
    """What the provider saw: tests and load reports read it."""

    requests: int = 0
    open: int = 0
    """Connections or streams that are open now."""
    cancelled: int = 0
    """Streams that the client closed before they were complete."""
    keys: list[str] = field(default_factory=list)
    """Credentials as they came, for tests of authentication."""


class Simulator(ABC):
    """One simulated provider. `async with Deepgram() as provider: provider.url`."""

    scheme = "http"

    def __init__(self, *, port: int = 0, behaviour: Behaviour | None = None) -> None:
        """`port` 0 takes a free one. Loopback only."""
        self.behaviour = behaviour or Behaviour()
        self.seen = Ledger()
        self._port = port
        self._runner: web.AppRunner | None = None
        self._site: web.SockSite | None = None

    @abstractmethod
    def routes(self) -> list[web.RouteDef]:
        """What it answers to."""

    @property
    def url(self) -> str:
        """The root that a `*_BASE_URL` setting takes."""
        return f"{self.scheme}://127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=1 << 22)
        app.add_routes(self.routes())
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await self._listen()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = self._site = None

    async def behave(self, **changes: object) -> None:
        """From now on; `fault=Fault.REFUSE` closes the port, any other opens it."""
        self.behaviour = replace(self.behaviour, **changes)  # type: ignore[arg-type]
        if self.behaviour.fault is Fault.REFUSE and self._site is not None:
            await self._site.stop()
            self._site = None
        elif self.behaviour.fault is not Fault.REFUSE and self._site is None:
            await self._listen()

    async def _listen(self) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self._port))
        self._port = listener.getsockname()[1]
        if self.behaviour.fault is Fault.REFUSE:
            listener.close()
            return
        assert self._runner is not None
        self._site = web.SockSite(self._runner, listener)
        await self._site.start()

    @property
    def latency(self) -> float:
        """Seconds to the first byte; without end where the provider hangs."""
        return math.inf if self.behaviour.fault is Fault.HANG else self.behaviour.latency

    async def pause(self, request: web.Request, seconds: float) -> None:
        """Raises ConnectionResetError as soon as the client has gone."""
        clock = asyncio.get_running_loop().time
        end = clock() + seconds
        while request.transport is not None and not request.transport.is_closing():
            if (left := end - clock()) <= 0:
                return
            await asyncio.sleep(min(left, _WATCH))
        raise ConnectionResetError

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Ends quietly where the client has gone, or was thrown out."""
        self.seen.open += 1
        try:
            yield
        except* ConnectionResetError:
            self.seen.cancelled += 1
        except* ConnectionAbortedError:
            pass
        finally:
            self.seen.open -= 1

    async def refusal(self, error: Callable[[int], web.Response]) -> web.Response | None:
        """The answer to a request that is to fail before it begins, in the provider's own form."""
        match self.behaviour.fault:
            case Fault.DENIED | Fault.LIMITED | Fault.BROKEN as fault:
                response = error(int(fault))
                if fault is Fault.LIMITED and self.behaviour.retry_after > 0:
                    response.headers["Retry-After"] = str(self.behaviour.retry_after)
                return response
            case Fault.HANG:
                await asyncio.Event().wait()
        return None
