"""`answerline serve` as a process among others: called, terminated, refused by its providers."""

import asyncio
import json
import signal
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from twilio.request_validator import RequestValidator

from agent.simulators.elevenlabs import ElevenLabs
from agent.simulators.openai import OpenAI, table
from agent.simulators.twilio import Account, Caller, CallReport, Listen, Twilio
from tests import recordings
from tests.commands import PATIENCE, SCRIPT, environment

pytestmark = [pytest.mark.call, pytest.mark.timeout(400)]

THIRD_PARTY = Path(__file__).parents[1] / "thirdparty"  # codespell:ignore thirdparty
TOKEN = "0123456789abcdef0123456789abcdef"
NEW_TOKEN = "fedcba9876543210fedcba9876543210"
WEATHER = "What's the weather like?"
ENTRY = """---
id: brooklyn-bridge
department: general
en:
  question: How old is the Brooklyn Bridge?
  phrasings: [when was the Brooklyn Bridge built, what age is the Brooklyn Bridge]
  answer: It was opened in the year eighteen eighty three.
---
"""


class OpenAIWithEars(OpenAI):
    """Chat, and a transcription that always makes the same of what it hears."""

    def routes(self) -> list[web.RouteDef]:
        return [*super().routes(), web.post("/v1/audio/transcriptions", self._transcribe)]

    async def _transcribe(self, request: web.Request) -> web.Response:
        await request.read()
        return web.json_response({"text": WEATHER})


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@dataclass(slots=True)
class Service:
    process: asyncio.subprocess.Process
    root: str
    session: aiohttp.ClientSession
    log: Path

    async def status(self, path: str) -> int:
        """0 where nobody answers."""
        try:
            async with self.session.get(self.root + path) as response:
                return response.status
        except aiohttp.ClientError:
            return 0

    async def signed(self, token: str) -> int:
        """The status of a webhook that is signed with this token."""
        url, form = f"{self.root}/twilio/status", {"CallSid": "CAnobody"}
        signature = str(RequestValidator(token).compute_signature(url, form))
        headers = {"X-Twilio-Signature": signature}
        async with self.session.post(url, data=form, headers=headers) as response:
            return response.status

    async def until(self, path: str, status: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while await self.status(path) != status:
                assert self.process.returncode is None, "the service has ended"
                await asyncio.sleep(0.05)


@asynccontextmanager
async def serving(folder: Path, *arguments: str, **variables: str) -> AsyncIterator[Service]:
    """`answerline serve` with simulated providers, as soon as it is ready."""
    port = free_port()
    usual = {
        "LANGUAGES": "en",
        "PORT": str(port),
        "KNOWLEDGE_DIR": str(folder),
        "TWILIO_AUTH_TOKEN": TOKEN,
        **variables,
    }
    path = folder / f"{port}.log"
    with path.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            SCRIPT,
            "serve",
            *arguments,
            cwd=THIRD_PARTY,
            env=environment(folder, **usual),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        async with aiohttp.ClientSession() as session:
            service = Service(process, f"http://127.0.0.1:{port}", session, path)
            await service.until("/readyz", 200)
            yield service
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@dataclass(frozen=True, slots=True)
class Deployed:
    report: CallReport
    turned_away: CallReport
    prompts: list[dict[str, Any]]
    exit_code: int
    health: dict[str, str]
    log: str


@dataclass(frozen=True, slots=True)
class Refused:
    report: dict[str, Any]
    """As `answerline call --json` prints it."""
    exit_code: int | None
    log: list[dict[str, Any]]
    """Of the service."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the scenes left behind."""

    deployed: Deployed
    refused: Refused


async def deployed(folder: Path) -> Deployed:
    """SIGTERM in the middle of a call that runs through somebody else's pipeline."""
    question = recordings.clip("azure_weather_mulaw", WEATHER)
    account, token = Account(token=TOKEN), folder / "token"
    token.write_text(TOKEN)
    async with (
        OpenAIWithEars(table({"weather": "It is sunny today."})) as openai,
        ElevenLabs() as voice,
        serving(
            folder,
            "--pipeline",
            "loud.line:stages",
            OPENAI_API_KEY="sk",
            OPENAI_BASE_URL=openai.api,
            ELEVENLABS_API_KEY="el",
            ELEVENLABS_BASE_URL=voice.url,
            LOUD_STT_URL=openai.api,
            DEEPGRAM_API_KEY="dg",
            LOCAL_MODELS_DIR=str(folder),  # these ears are somebody else's: none of ours is loaded
            TWILIO_AUTH_TOKEN="",
            TWILIO_AUTH_TOKEN_FILE=str(token),
        ) as service,
        Twilio(account) as twilio,
    ):
        async with service.session.get(f"{service.root}/api/health") as response:
            health = await response.json()
        away: list[CallReport] = []
        assert await service.signed(NEW_TOKEN) == 403

        async def talk(caller: Caller) -> None:
            await caller.listen()
            await caller.say(question)
            await caller.listen()
            token.write_text(f"{NEW_TOKEN},{TOKEN}\n")
            service.process.send_signal(signal.SIGHUP)
            async with asyncio.timeout(PATIENCE):
                while await service.signed(NEW_TOKEN) != 204:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            assert await service.signed(TOKEN) == 204
            service.process.send_signal(signal.SIGTERM)
            await service.until("/readyz", 404)
            away.append(await twilio.call(f"{service.root}/twilio/voice", [Listen()]))
            await caller.say(question)
            await caller.listen()

        report = await twilio.call(f"{service.root}/twilio/voice", talk)
        async with asyncio.timeout(PATIENCE):
            code = await service.process.wait()
        return Deployed(
            report, away[0], list(openai.requests), code, health, service.log.read_text()
        )


async def refused(folder: Path) -> Refused:
    """The first ears are a closed port; called by `answerline call`."""
    question = recordings.folder() / "google_brooklyn.wav"
    async with (
        ElevenLabs() as voice,
        serving(
            folder,
            DEEPGRAM_API_KEY="dg",
            DEEPGRAM_BASE_URL=f"http://127.0.0.1:{free_port()}",
            ELEVENLABS_API_KEY="el",
            ELEVENLABS_BASE_URL=voice.url,
        ) as service,
    ):
        url = f"{service.root}/twilio/voice"
        calling = await asyncio.create_subprocess_exec(
            SCRIPT, "call", url, "--wav", question, "--json",
            cwd=folder,
            env=environment(folder, TWILIO_AUTH_TOKEN=TOKEN),
            stdout=subprocess.PIPE,
        )  # fmt: skip
        out, _ = await calling.communicate()
    log = [json.loads(line) for line in service.log.read_text().splitlines() if line[0] == "{"]
    return Refused(json.loads(out), calling.returncode, log)


async def play(folder: Path) -> Seen:
    (folder / "bridge.md").write_text(ENTRY)
    async with asyncio.TaskGroup() as group:
        deploying = group.create_task(deployed(folder))
        refusing = group.create_task(refused(folder))
    return Seen(deploying.result(), refusing.result())


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """All scenes at the same time."""
    return asyncio.run(play(tmp_path_factory.mktemp("serve")))


def test_the_service_says_that_it_is_well(seen: Seen) -> None:
    assert seen.deployed.health["status"] == "ok"
    assert set(seen.deployed.health) == {"status", "version"}


def test_a_call_runs_through_stages_and_ears_of_another_package(seen: Seen) -> None:
    report = seen.deployed.report
    assert report.failure == ""
    assert [turn.voice_to_voice is not None for turn in report.turns] == [True, True]
    asked = [
        m["content"]
        for body in seen.deployed.prompts
        for m in body["messages"]
        if m["role"] == "user"
    ]
    assert WEATHER.upper() in asked
    assert WEATHER not in asked


def test_a_deployment_ends_no_call_and_takes_no_new_one(seen: Seen) -> None:
    assert seen.deployed.report.ended_by == "caller"
    assert [stream.ended_by for stream in seen.deployed.report.streams] == ["twilio"]
    assert [hook.status for hook in seen.deployed.turned_away.webhooks] == [503]
    assert seen.deployed.exit_code == 0


def test_secrets_are_read_again_while_a_call_is_on(seen: Seen) -> None:
    assert '"changed": ["TWILIO_AUTH_TOKEN"]' in seen.deployed.log
    assert NEW_TOKEN not in seen.deployed.log
    assert seen.deployed.report.ended_by == "caller"


def test_a_provider_that_refuses_at_the_start_delays_no_call(seen: Seen) -> None:
    report = seen.refused.report
    assert seen.refused.exit_code == 0
    assert report["failure"] == ""
    assert report["greeting"] < 3.0, "0.3 alone on a machine"
    (turn,) = report["turns"]
    assert turn["voice_to_voice"] is not None
    said = [(line["message"], line.get("labels", {})) for line in seen.refused.log]
    assert [fields["provider"] for event, fields in said if event == "switched"] == ["deepgram"]
    assert [fields["entry"] for event, fields in said if event == "decided"] == ["brooklyn-bridge"]
