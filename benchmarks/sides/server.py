"""The server under test, in a process and on a core of its own."""

import asyncio
import os
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import aiohttp

from agent.simulators.twilio import Account, Hear, Silence, Twilio
from benchmarks.sides.providers import Providers

READY = 90.0
"""Seconds that a server may take to be ready, on a busy machine."""
ROOT = Path(__file__).parents[2]
LOGS = {"LOG_LEVEL": "INFO", "LOG_FORMAT": "json"}
_KEY = "benchmark"


class Side(StrEnum):
    STOCK = "stock"
    ANSWERLINE = "answerline"


class NotReady(Exception):
    """A server that did not come up; the text says what it said."""


@dataclass(frozen=True, slots=True)
class Server:
    side: Side
    pid: int
    port: int
    log: Path
    """What it writes."""

    @property
    def voice(self) -> str:
        return f"http://127.0.0.1:{self.port}/twilio/voice"


@asynccontextmanager
async def server(
    side: Side, providers: Providers, *, core: int, logs: bool = False, archive: bool = False
) -> AsyncIterator[Server]:
    """Ready, and warmed up by one call. Raises NotReady.

    `logs`: its events, not only warnings. `archive`: it speaks ahead, in the background, and keeps
    what it speaks; once and for all, so that it is no part of what a call costs.
    """
    port = _free_port()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        if not archive:
            (Path(folder) / "speech").touch()
        with log.open("wb") as out:
            process = await asyncio.create_subprocess_exec(
                *_command(side, providers, port),
                cwd=folder,
                env=_environment(providers, port, folder) | (LOGS if logs else {}),
                stdout=out,
                stderr=out,
            )
            os.sched_setaffinity(process.pid, {core})
            try:
                await _ready(process, port, log)
                running = Server(side, process.pid, port, log)
                async with Twilio(Account()) as twilio:
                    await twilio.call(running.voice, [Hear(), Silence(1.0)])
                yield running
            finally:
                if process.returncode is None:
                    process.kill()
                await process.wait()


def _command(side: Side, providers: Providers, port: int) -> list[str]:
    if side is Side.ANSWERLINE:
        return [sys.executable, "-c", "from agent.cli import main; main()", "serve"]
    return [
        *(sys.executable, "-m", "benchmarks.stock", "--port", str(port)),
        *("--deepgram", _ws(providers.deepgram)),
        *("--openai", providers.openai),
        *("--elevenlabs", _ws(providers.elevenlabs)),
    ]


def _environment(providers: Providers, port: int, folder: str) -> dict[str, str]:
    """Nothing of the developer's own settings; both sides log warnings alone."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {
        "PYTHONPATH": str(ROOT),
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "DATA_DIR": folder,
        "LANGUAGES": "en",
        "LOG_LEVEL": "WARNING",
        "IDLE_PROMPT": "3600",
        "TWILIO_AUTH_TOKEN": Account().token,
        "DEEPGRAM_API_KEY": _KEY,
        "DEEPGRAM_BASE_URL": providers.deepgram,
        "OPENAI_API_KEY": _KEY,
        "OPENAI_BASE_URL": providers.openai,
        "ELEVENLABS_API_KEY": _KEY,
        "ELEVENLABS_BASE_URL": providers.elevenlabs,
        "MAX_CALLS": "1000",
    }


async def _ready(process: asyncio.subprocess.Process, port: int, log: Path) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + READY
    async with aiohttp.ClientSession() as session:
        while loop.time() < end and process.returncode is None:
            try:
                async with session.get(f"http://127.0.0.1:{port}/readyz") as response:
                    if response.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.1)
    raise NotReady(_last_words(log))


def _last_words(log: Path) -> str:
    said = log.read_text(errors="replace").strip().splitlines()[-5:]
    return "\n".join(["the server did not become ready; its last words:", *said])


def _ws(url: str) -> str:
    return url.replace("http", "ws", 1)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
