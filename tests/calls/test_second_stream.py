"""A second stream of a call that is on: by a fresh token it wins, and the first one ends."""

import asyncio
from pathlib import Path

import aiohttp
import pytest

from agent.reception import serving
from agent.settings import load
from tests.calls.streams import events, opened, token
from tests.calls.witness import Witness

pytestmark = [pytest.mark.call, pytest.mark.timeout(150)]
CALL = "CA00000000000000000000000000000001"


async def test_the_newest_stream_wins_by_a_fresh_token(tmp_path: Path) -> None:
    witness = Witness()
    settings = load({"LANGUAGES": "en", "DATA_DIR": str(tmp_path), "EMBEDDING": "none"}, None)
    async with (
        serving(settings, stages=witness.stages, also=witness.emit) as service,
        aiohttp.ClientSession() as session,
        asyncio.timeout(120),
    ):
        first = await opened(service, CALL, "MZ1", await token(service, session, CALL))
        assert (await events(first, "media"))["streamSid"] == "MZ1"
        second = await opened(service, CALL, "MZ2", await token(service, session, CALL))
        assert (await events(second, "media"))["streamSid"] == "MZ2"
        await first.wait_closed()
        assert first.close_code == 1000
        await events(second, "mark")
        await second.close()
