"""Callers who arrive together."""

import asyncio
from itertools import pairwise
from pathlib import Path

import aiohttp
import pytest
from pipecat.processors.frame_processor import FrameProcessor

from agent.call import Call
from agent.pipeline import stages
from agent.reception import serving
from agent.settings import load
from tests.calls.streams import events, opened, token

pytestmark = [pytest.mark.call, pytest.mark.timeout(60)]
CALLERS = 6


class Rounds:
    """In which round of the event loop each call was built."""

    def __init__(self) -> None:
        self.built: list[int] = []
        self._now = 0
        self._next: asyncio.Handle | None = None

    def count(self) -> None:
        self._now += 1
        self._next = asyncio.get_running_loop().call_soon(self.count)

    def stages(self, call: Call) -> list[FrameProcessor]:
        self.built.append(self._now)
        return stages(call)

    def stop(self) -> None:
        if self._next is not None:
            self._next.cancel()


async def test_those_who_speak_already_come_before_each_one_who_begins(tmp_path: Path) -> None:
    (tmp_path / "agent.yaml").write_text("greeting: {en: Hello.}\n")
    variables = {"LANGUAGES": "en", "DATA_DIR": str(tmp_path), "KNOWLEDGE_DIR": str(tmp_path),
                 "EMBEDDING": "none"}  # fmt: skip
    rounds = Rounds()
    async with (
        serving(load(variables, None), stages=rounds.stages) as service,
        aiohttp.ClientSession() as session,
    ):
        calls = [f"CA{number:032}" for number in range(CALLERS)]
        tokens = await asyncio.gather(*(token(service, session, call) for call in calls))
        rounds.count()
        sockets = await asyncio.gather(
            *(opened(service, call, "MZ1", of) for call, of in zip(calls, tokens, strict=True))
        )
        await asyncio.gather(*(events(socket, "media") for socket in sockets))
        rounds.stop()
        await asyncio.gather(*(socket.close() for socket in sockets))
    assert len(rounds.built) == len(set(rounds.built)) == CALLERS
    assert all(after - before > 1 for before, after in pairwise(rounds.built))
