"""How often a websocket is read: at each message, or, while its reader is in no hurry, less often.

A wake-up for each of 50 messages a second is most of what a silent line costs. Reading three at
once costs a third of that.
"""

import asyncio
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from agent.line.playout import GRID
from agent.line.stream import REST, UNHURRIED

SLACK = 0.005
"""Seconds: timers come in whole milliseconds, a few too early."""


JUST_NOW = 0.001
"""Seconds since a read after which there may be more to read."""


class Reading(WebSocketsSansIOProtocol):
    """uvicorn's own, which reads on as soon as the application has taken what there was."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._unhurried = False
        self._extensions: dict[str, Any] = {}
        self._rest: asyncio.TimerHandle | None = None
        self._read_at = 0.0

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)  # the application starts in the loop's next round
        if self.handshake_initiated and not self.close_sent:
            extensions: Any = self.scope["extensions"]
            self._extensions = extensions
            self._extensions[UNHURRIED] = self._be

    async def receive(self) -> Any:
        message = await self.queue.get()
        if self.read_paused and self.queue.empty():
            if self._unhurried:
                # on the grid on which the agents' voices are sent: one wake-up for both
                at = int((self.loop.time() + REST + SLACK) / GRID) * GRID
                self._rest = self._rest or self.loop.call_at(at, self._read_on)
            else:
                self._read_on()
        return message

    def data_received(self, data: bytes) -> None:
        self._read_at = self.loop.time()
        super().data_received(data)

    async def send(self, message: Any) -> None:
        if self._unhurried and self.loop.time() - self._read_at > JUST_NOW:
            # writing to a peer that has gone ends the connection, with its goodbye not yet read
            self._read_on()
            await asyncio.sleep(0)
            await asyncio.sleep(0)  # asyncio's own loop looks in the next round, reads in this one
        await super().send(message)
        if self.initial_response is not None and self.close_sent:
            # a refusal is an answer: uvicorn 0.54 logs an error for each stranger that gets one
            self.handshake_complete = True

    def connection_lost(self, exc: Exception | None) -> None:
        if self._rest is not None:
            self._rest.cancel()
        super().connection_lost(exc)
        self._extensions.pop(UNHURRIED, None)  # else the protocol holds itself

    def _be(self, unhurried: bool) -> None:
        self._unhurried = unhurried

    def _read_on(self) -> None:
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None
        if self.read_paused and not self.transport.is_closing():
            self.read_paused = False
            self.transport.resume_reading()
