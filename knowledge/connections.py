"""Connections to Redis, of which a process has one set for all its clients: as many as are needed
at once, up to a bound. Clients differ in how long they wait."""

import asyncio
from collections import deque
from typing import Any

from redis.asyncio.connection import AbstractConnection, ConnectionPool
from redis.exceptions import ConnectionError as Disconnected
from redis.maint_notifications import MaintNotificationsConfig

UNTOLD = MaintNotificationsConfig(enabled=False)
"""No news of a server's maintenance, which cost a question for each new connection and hide that a
used one has an answer left."""


class Connections:
    """Each is lent to one operation at a time. Where that is cut short, by its budget or by whoever
    waits for it, the library closes the connection, and it is not lent again."""

    def __init__(self, made: ConnectionPool, *, idle: float, kept: int) -> None:
        """`made` makes them, and has the bound. What nobody has needed for `idle` seconds is closed
        when the next operation ends, except `kept` of them."""
        self.made = made
        self._idle = idle
        self._kept = kept
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
        connection = self._free.pop()[1] if self._free else self.made.make_connection()
        self._lent.add(connection)
        connection.socket_timeout = budget
        try:
            await self.made.ensure_connection(connection)
        except BaseException:
            await connection.disconnect(nowait=True)
            await self.take_back(connection)
            raise
        return connection

    async def take_back(self, connection: AbstractConnection) -> None:
        """It is back before anything is waited for: no cancellation loses one."""
        self._lent.remove(connection)
        now = asyncio.get_running_loop().time()
        if connection.is_connected:
            self._free.append((now, connection))
        self._room.release()
        while len(self._free) > self._kept and self._free[0][0] < now - self._idle:
            _, old = self._free.popleft()
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
