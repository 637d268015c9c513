"""However a call ends, nothing of it waits for the garbage collector."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from loguru import logger
from pipecat.processors.frame_processor import FrameProcessor
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from agent.call import Call
from agent.pipeline import stages
from agent.reception import Service, furnish
from agent.settings import load
from agent.web.app import create_app
from agent.web.house import House
from agent.web.server import listen, running
from knowledge.events import Ended
from tests.calls.frees import Frees
from tests.calls.streams import events, opened, token
from tests.calls.witness import Witness
from tests.eventually import until

pytestmark = [pytest.mark.call, pytest.mark.timeout(120)]
TOKEN = "0123456789abcdef0123456789abcdef"
HUNG_UP, LOST, GONE, SUPERSEDED, MOVED, FAILED = (f"CA{number:032}" for number in range(6))


def stages_of_most(call: Call) -> list[FrameProcessor]:
    if call.sid == FAILED:
        raise LookupError("no such stage")
    return stages(call)


@dataclass
class Site:
    house: House
    service: Service
    session: aiohttp.ClientSession
    witness: Witness
    frees: Frees

    async def stream(self, call: str) -> ClientConnection:
        return await opened(
            self.service, call, "MZ1", await token(self.service, self.session, call)
        )

    def outcomes(self, call: str) -> list[str]:
        return [ended.outcome for ended in self.witness.events(call, Ended)]


@asynccontextmanager
async def site(folder: Path) -> AsyncIterator[Site]:
    (folder / "agent.yaml").write_text("greeting: {en: Hello.}\n")
    listener = listen("127.0.0.1", 0)
    variables = {
        "PORT": str(listener.getsockname()[1]),
        "TWILIO_AUTH_TOKEN": TOKEN,
        "LANGUAGES": "en",
        "DATA_DIR": str(folder),
        "KNOWLEDGE_DIR": str(folder),
        "EMBEDDING": "none",
    }
    settings, witness = load(variables, None), Witness()
    with Frees(stages_of_most) as frees:
        async with (
            furnish(settings, stages=frees.stages, also=witness.emit) as house,
            running(create_app(house), house.doors, listener),
            aiohttp.ClientSession() as session,
        ):
            yield Site(house, Service(settings.public, TOKEN), session, witness, frees)


async def says_nothing(socket: ClientConnection) -> None:
    """A stream of which nothing comes for some seconds is dead."""
    media = {"payload": base64.b64encode(b"\xff" * 160).decode()}
    with suppress(ConnectionClosed):
        while True:
            await socket.send(message("media", media=media))
            await asyncio.sleep(0.5)


def message(event: str, **more: dict[str, str]) -> str:
    return json.dumps({"event": event, "streamSid": "MZ1", **more})


async def test_however_a_call_ends_nothing_of_it_waits_for_the_collector(tmp_path: Path) -> None:
    logger.remove()
    async with site(tmp_path) as on, asyncio.timeout(100), asyncio.TaskGroup() as group:
        (await on.stream(GONE)).transport.abort()  # at once
        calls = (HUNG_UP, LOST, SUPERSEDED, SUPERSEDED, MOVED, FAILED)
        hung_up, lost, older, newer, moved, failed = [await on.stream(call) for call in calls]
        for socket in (hung_up, lost, newer, moved):
            group.create_task(says_nothing(socket))
            await events(socket, "media")
        await hung_up.send(message("stop", stop={}))
        lost.transport.abort()
        await until(lambda: on.house.doors.calls == 2)
        await on.house.move()
        await until(lambda: not on.house.doors.calls)
        assert on.outcomes(HUNG_UP) == ["hung_up"]
        assert on.outcomes(LOST) == on.outcomes(GONE) == ["lost"]
        assert on.outcomes(SUPERSEDED) == ["superseded", "moved"]
        assert on.outcomes(MOVED) == ["moved"]
        assert on.outcomes(FAILED) == ["failed"]
        assert on.frees.calls == 6
        await until(lambda: not on.frees.here)
        assert on.frees.collected == []
        for socket in (hung_up, older, newer, moved, failed):
            await socket.close()
