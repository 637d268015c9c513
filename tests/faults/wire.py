"""A piece of wire between a client and a server, and what may be wrong with it."""

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from types import TracebackType
from typing import Self

MID = 700
"""Bytes of an answer after which it goes wrong in the middle: headers and a frame or two."""
CRAWL = 0.05
"""Seconds between two bytes of a slow answer."""
NOISE = b"\x00\xff\x16\x03 <html> }{ \r\n\r\n" * 20


class Trouble(StrEnum):
    REFUSED = "refused"
    CONNECT = "hang at connect"
    STREAM = "hang mid-stream"
    LIMITED = "429 with Retry-After"
    BROKEN = "500"
    GARBAGE = "garbage"
    HALF = "half a frame"
    SLOW = "slow"
    RESET = "reset"
    EMPTY = "valid but empty"


SPOKEN = frozenset({Trouble.LIMITED, Trouble.BROKEN, Trouble.EMPTY})
"""Those that are said in the server's own protocol: no wire can."""

Reply = Callable[[Trouble, bytes], bytes]
"""What a server in this trouble would say to these bytes of a client."""


class Wire:
    """`async with Wire(port) as wire`: connect to `wire.port`. Loopback only."""

    def __init__(self, server: int, *, mid: int = MID, reply: Reply | None = None) -> None:
        """`server`: its port. `mid`: bytes of an answer before it goes wrong in the middle."""
        self._server = server
        self._mid = mid
        self._reply = reply
        self.port = 0
        self.trouble: Trouble | None = None
        self._listener: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self._listen()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._hang_up()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def be(self, trouble: Trouble | None) -> None:
        """From now on. What a connection has suffered stays: only new ones are well again."""
        before, self.trouble = self.trouble, trouble
        if trouble is Trouble.REFUSED:
            await self._hang_up()
        elif before is Trouble.REFUSED:
            await self._listen()

    def cut(self) -> None:
        """Whoever is connected has to connect again."""
        for writer in list(self._open):
            writer.transport.abort()

    async def _listen(self) -> None:
        self._listener = await asyncio.start_server(self._carry, "127.0.0.1", self.port)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def _hang_up(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        self.cut()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._open.add(writer)
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._server)
            self._open.add(back)
            up = asyncio.create_task(self._asks(reader, writer, back))
            down = asyncio.create_task(self._answers(there, writer))
            await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
            for one in (up, down):
                one.cancel()
            await asyncio.wait({up, down})
            back.transport.abort()
            self._open.discard(back)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()
            self._open.discard(writer)
            self._tasks.discard(task)

    async def _asks(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, back: asyncio.StreamWriter
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(1 << 16):
                if self.trouble in SPOKEN and self._reply is not None:
                    if not (said := self._reply(self.trouble, data)):
                        return
                    writer.write(said)
                    await writer.drain()
                else:
                    back.write(data)
                    await back.drain()

    async def _answers(self, there: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        suffered = 0
        with suppress(OSError):
            while data := await there.read(1 << 16):
                trouble = self.trouble
                if trouble is None or trouble in SPOKEN:
                    writer.write(data)
                    await writer.drain()
                elif trouble is Trouble.SLOW:
                    await self._crawl(data, writer)
                elif trouble is Trouble.GARBAGE:
                    writer.write(NOISE)
                    await writer.drain()
                else:
                    left = 0 if trouble is Trouble.CONNECT else max(0, self._mid - suffered)
                    writer.write(data[:left])
                    await writer.drain()
                    suffered += len(data)
                    if len(data) >= left:
                        await self._break(trouble, writer)
                        return

    async def _crawl(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        for place in range(len(data)):
            writer.write(data[place : place + 1])
            await asyncio.sleep(CRAWL)

    async def _break(self, trouble: Trouble, writer: asyncio.StreamWriter) -> None:
        if trouble is Trouble.RESET:
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()
        elif trouble is Trouble.HALF:
            writer.close()
            await writer.wait_closed()
        else:
            await asyncio.Event().wait()


def redis_reply(trouble: Trouble, data: bytes) -> bytes:
    """Of a Redis that is there and cannot, one for each command."""
    said = {
        Trouble.LIMITED: b"-ERR max number of clients reached\r\n",
        Trouble.BROKEN: b"-LOADING Redis is loading the dataset in memory\r\n",
        Trouble.EMPTY: b"$-1\r\n",
    }[trouble]
    return said * max(1, data.count(b"\r\n*") + data.startswith(b"*"))


def postgres_reply(trouble: Trouble, data: bytes) -> bytes:
    """Of a PostgreSQL that is there and cannot."""
    if data[4:8] == b"\x04\xd2\x16\x2f":  # SSLRequest
        return b"N"
    if trouble is Trouble.EMPTY:
        first = data[4:8] == b"\x00\x03\x00\x00"
        welcome = b"R\x00\x00\x00\x08\x00\x00\x00\x00"
        return (welcome if first else b"I\x00\x00\x00\x04") + b"Z\x00\x00\x00\x05I"
    code = b"53300" if trouble is Trouble.LIMITED else b"XX000"
    fields = b"SFATAL\x00VFATAL\x00C" + code + b"\x00Mnot now\x00\x00"
    return b"E" + struct.pack(">i", 4 + len(fields)) + fields
