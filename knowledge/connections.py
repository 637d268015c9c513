"""Connections to Redis, of which a process has one set for all its clients: as many as are needed
at once, up to a bound. Clients differ in how long they wait."""

import asyncio
from collections import deque
from contextlib import suppress
from typing import Any

from redis.asyncio.connection import (
    AbstractConnection,
    Connection,
    ConnectionPool,
    RedisSSLContext,
    SSLConnection,
    UnixDomainSocketConnection,
)
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import ReadOnlyError, RedisError
from redis.maint_notifications import MaintNotificationsConfig

UNTOLD = MaintNotificationsConfig(enabled=False)
"""No news of a server's maintenance, which cost a question for each new connection and hide that a
used one has an answer left."""


class _Watched(AbstractConnection):
    demoted = False
    """Its server has said that it only reads: another one has its place by now."""

    async def read_response(self, *args: Any, **options: Any) -> Any:
        try:
            return await super().read_response(*args, **options)
        except ReadOnlyError:
            self.demoted = True
            raise


class _Plain(_Watched, Connection):
    pass


class _Encrypted(_Watched, SSLConnection):
    pass


class _Local(_Watched, UnixDomainSocketConnection):
    pass


_WATCHED: dict[type[AbstractConnection], type[_Watched]] = {
    Connection: _Plain,
    SSLConnection: _Encrypted,
    UnixDomainSocketConnection: _Local,
}


def watched(made: ConnectionPool) -> ConnectionPool:
    """The same one; what it makes from now on tells when its server was demoted."""
    made.connection_class = _WATCHED.get(made.connection_class, made.connection_class)
    return made


def certificates(made: ConnectionPool) -> RedisSSLContext | None:
    """What the connections that it makes believe; None where they are not encrypted.

    To read it takes 60 ms of the event loop: here, once, and not for each connection.
    """
    with suppress(RedisError, OSError):  # whoever connects is told
        connection = made.make_connection()
        if isinstance(connection, SSLConnection):
            connection.ssl_context.get()
            return connection.ssl_context
    return None


class Connections:
    """Each is lent to one operation at a time. Where that is cut short, by its budget or by whoever
    waits for it, the library closes the connection, and it is not lent again. When a server says
    that it only reads, all connections are: they lead to the same one."""

    def __init__(
        self,
        made: ConnectionPool,
        *,
        idle: float,
        kept: int,
        believed: RedisSSLContext | None = None,
    ) -> None:
        """`made` makes them, and has the bound. What nobody has needed for `idle` seconds is closed
        when the next operation ends, except `kept` of them. `believed`: its `certificates`."""
        self.made = made
        self._idle = idle
        self._kept = kept
        self._believed = believed
        self._room = asyncio.Semaphore(made.max_connections)
        self._lent: set[AbstractConnection] = set()
        self._free: deque[tuple[float, AbstractConnection]] = deque()
        """With the time when each came back; the last one is lent first, so that others get old."""

    async def lend(self, budget: float) -> AbstractConnection:
        """`budget`: seconds for one to be free, and then for each answer. Raises RedisError."""
        try:
            async with asyncio.timeout(budget):
                await self._room.acquire()
        except TimeoutError as error:
            raise Disconnected("all connections are in use") from error
        try:
            connection = self._free.pop()[1] if self._free else self._new()
        except BaseException:
            self._room.release()
            raise
        self._lent.add(connection)
        connection.socket_timeout = budget
        try:
            await self.made.ensure_connection(connection)
        except BaseException:
            await connection.disconnect(nowait=True)
            await self.take_back(connection)
            raise
        return connection

    def _new(self) -> AbstractConnection:
        connection: AbstractConnection = self.made.make_connection()
        if isinstance(connection, SSLConnection) and self._believed is not None:
            connection.ssl_context = self._believed
        return connection

    async def take_back(self, connection: AbstractConnection) -> None:
        """It is back before anything is waited for: no cancellation loses one."""
        self._lent.remove(connection)
        now = asyncio.get_running_loop().time()
        closed: list[AbstractConnection] = []
        if isinstance(connection, _Watched) and connection.demoted:
            closed += [connection, *(old for _, old in self._free)]
            self._free.clear()
            for other in self._lent:
                other.mark_for_reconnect()
        elif connection.should_reconnect():
            closed.append(connection)
        elif connection.is_connected:
            self._free.append((now, connection))
        self._room.release()
        while len(self._free) > self._kept and self._free[0][0] < now - self._idle:
            closed.append(self._free.popleft()[1])
        for old in closed:
            await old.disconnect(nowait=True)

    async def close(self) -> None:
        """Those in use too. Whoever asks later opens new ones."""
        free, self._free = self._free, deque()
        closed = [*self._lent, *(connection for _, connection in free)]
        await asyncio.gather(*(one.disconnect() for one in closed), return_exceptions=True)


class Share(ConnectionPool):
    """What one client sees of them."""

    def __init__(self, connections: Connections, budget: float) -> None:
        made = connections.made
        super().__init__(
            made.connection_class, made.max_connections, UNTOLD, **made.connection_kwargs
        )
        self.connections = connections
        self._budget = budget

    async def get_connection(self, *_: Any) -> AbstractConnection:
        return await self.connections.lend(self._budget)

    async def release(self, connection: AbstractConnection) -> None:
        await self.connections.take_back(connection)

    async def aclose(self) -> None:
        await self.connections.close()
