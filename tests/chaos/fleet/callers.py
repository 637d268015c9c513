"""The crowd, as whoever started it sees it."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

from tests.chaos.fleet.crowd import Order, Part
from tests.chaos.fleet.gaps import percentile
from tests.chaos.fleet.told import Told, read

LATE = 0.005
"""Seconds; a crowd that was later (p99) says nothing about times."""
LONGEST = 1 << 24
"""Bytes of a line."""


class Callers:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.told: list[Told] = []
        """Of calls that are over, since somebody took them."""
        self.on = self.open = self.greeted = self.asking = 0
        self.most_open = 0
        self._late: list[float] = []
        self._margins: asyncio.Queue[list[list[float]]] = asyncio.Queue()
        self._process = process

    async def do(self, order: Order) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(orjson.dumps(asdict(order)) + b"\n")
        await self._process.stdin.drain()

    async def until(self, holds: Callable[["Callers"], bool], within: float) -> bool:
        """Whether it came to be."""
        try:
            async with asyncio.timeout(within):
                while not holds(self):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
        except TimeoutError:
            return False
        return True

    async def leave(self, within: float = 60.0) -> list[Told]:
        """All hang up, after what they are saying; what they tell of their calls."""
        await asyncio.sleep(0.5)  # what was ordered before has begun
        await self.do(Order("leave"))
        if not await self.until(lambda crowd: not crowd.on, within):
            raise TimeoutError(f"{self.on} callers do not hang up")
        await asyncio.sleep(0.5)
        return self.take()

    def take(self) -> list[Told]:
        taken, self.told = self.told, []
        return taken

    async def margins(self) -> list[float]:
        """Seconds of speech that lay at the caller when the next piece came, since the last time;
        by their differences, as each call has its own."""
        await self.do(Order("margins"))
        calls = await self._margins.get()
        return [sorted(call)[len(call) // 2] - one for call in calls for one in call]

    def lateness(self) -> float:
        """p99, in seconds, since it was asked for last."""
        late, self._late = percentile(self._late, 0.99), []
        return late

    async def follow(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            self._hear(json.loads(line))

    def _hear(self, line: dict[str, Any]) -> None:
        if "told" in line:
            self.told.append(read(line["told"]))
        elif "margins" in line:
            self._margins.put_nowait(line["margins"])
        else:
            self.on, self.open = line["on"], line["open"]
            self.greeted, self.asking = line["greeted"], line["asking"]
            self.most_open = max(self.most_open, self.open)
            self._late += line["late"]


@asynccontextmanager
async def callers(part: Part, certificate: Path, log: Path) -> AsyncIterator[Callers]:
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.chaos.fleet.crowd", json.dumps(asdict(part)),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, limit=LONGEST,
            env={**os.environ, "SSL_CERT_FILE": str(certificate)},
        )  # fmt: skip
    crowd = Callers(process)
    following = asyncio.create_task(crowd.follow())
    try:
        if not await crowd.until(lambda _: bool(crowd._late), 60.0):
            raise TimeoutError(f"the callers did not start: {log}")
        yield crowd
    finally:
        following.cancel()
        if process.returncode is None:
            process.kill()
        await process.wait()
