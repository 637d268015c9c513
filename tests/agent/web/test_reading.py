"""A websocket is read less often while its reader is in no hurry."""

import asyncio
import time
from contextlib import suppress
from itertools import pairwise

import pytest
from starlette.websockets import WebSocket, WebSocketDisconnect

from agent.line.protocol import Start
from agent.line.stream import REST, UNHURRIED
from tests.agent.web.conftest import begin, until, worker

pytestmark = pytest.mark.wire

MESSAGES = 30
GOODBYES = 12
PACE = 0.02
"""Seconds between two of Twilio's messages."""
TOGETHER = 0.005
"""Seconds between two that are taken from one read, at most."""


class Reader:
    """A call that notes what it is sent, and when it takes it."""

    def __init__(self, *, unhurried: bool) -> None:
        self._unhurried = unhurried
        self.taken: list[str] = []
        self.at: list[float] = []
        self.gone = False

    async def answer(self, websocket: WebSocket, _start: Start) -> None:
        websocket.scope["extensions"][UNHURRIED](self._unhurried)
        try:
            while True:
                self.taken.append(await websocket.receive_text())
                self.at.append(time.monotonic())
        except WebSocketDisconnect:
            self.gone = True

    @property
    def reads(self) -> int:
        return 1 + sum(later - earlier > TOGETHER for earlier, later in pairwise(self.at))


async def reader(*, unhurried: bool) -> Reader:
    """After a stream of messages, paced as a call's, and a hang-up."""
    call = Reader(unhurried=unhurried)
    async with worker(answer=call.answer) as site:
        async with site.dial() as socket:
            await begin(socket, "CA1", await site.token("CA1"))
            for number in range(MESSAGES):
                await socket.send(str(number))
                await asyncio.sleep(PACE)
            await until(lambda: len(call.taken) == MESSAGES)
        await until(lambda: call.gone)
    return call


async def test_who_is_in_no_hurry_gets_several_messages_at_a_time() -> None:
    call = await reader(unhurried=True)
    assert call.taken == [str(number) for number in range(MESSAGES)]
    assert call.reads <= 2 + (call.at[-1] - call.at[0]) / REST


async def test_who_is_in_a_hurry_gets_each_message_as_it_comes() -> None:
    call = await reader(unhurried=False)
    assert call.taken == [str(number) for number in range(MESSAGES)]
    assert call.reads > 2 + (call.at[-1] - call.at[0]) / REST


class Speaker:
    """A call that takes what it is sent, and speaks all the time."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    async def answer(self, websocket: WebSocket, _start: Start) -> None:
        websocket.scope["extensions"][UNHURRIED](True)
        speaking = asyncio.create_task(self._speak(websocket))
        try:
            while True:
                self.taken.append(await websocket.receive_text())
        except WebSocketDisconnect:
            speaking.cancel()

    async def _speak(self, websocket: WebSocket) -> None:
        with suppress(WebSocketDisconnect):
            while True:
                await websocket.send_text("media")
                await websocket.send_text("mark")
                await asyncio.sleep(PACE)


async def test_a_goodbye_is_read_although_its_sender_is_gone() -> None:
    async with worker(answer=(call := Speaker()).answer) as site:
        for number in range(GOODBYES):
            socket = await site.dial()
            await begin(socket, "CA1", await site.token("CA1"))
            await socket.send("hello")
            await until(lambda said=number: call.taken.count("hello") == said + 1)
            await asyncio.sleep(number * REST / GOODBYES)  # somewhere within a rest
            await socket.send("goodbye")
            socket.transport.abort()
            await until(lambda said=number: call.taken.count("goodbye") == said + 1)


async def test_the_end_of_the_worker_reaches_who_is_in_no_hurry() -> None:
    call = Reader(unhurried=True)
    async with worker(answer=call.answer) as site:
        socket = await site.dial()
        await begin(socket, "CA1", await site.token("CA1"))
        await socket.send("hello")
        await until(lambda: call.taken == ["hello"])
    await asyncio.wait_for(socket.wait_closed(), 30)
    assert call.gone
    assert socket.close_code == 1012
