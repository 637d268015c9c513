"""A server that answers late."""

import asyncio

BUSY = 2.0
"""Seconds that a machine full of other work may add."""


class Slow:
    """A TCP proxy that holds back what the server says."""

    def __init__(self, port: int) -> None:
        self.delay = 0.0
        self.port = 0
        self._target = port
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "Slow":
        self._server = await asyncio.start_server(self._join, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _join(self, down: asyncio.StreamReader, up: asyncio.StreamWriter) -> None:
        self._tasks.add(asyncio.current_task())  # type: ignore[arg-type]
        reader, writer = await asyncio.open_connection("127.0.0.1", self._target)
        try:
            await asyncio.gather(self._copy(down, writer, 0.0), self._copy(reader, up, None))
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            up.close()
            writer.close()

    async def _copy(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, delay: float | None
    ) -> None:
        while data := await source.read(65536):
            await asyncio.sleep(self.delay if delay is None else delay)
            sink.write(data)
            await sink.drain()
        sink.close()
