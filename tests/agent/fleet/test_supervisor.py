"""Workers that die, are replaced and are stopped; real processes, real signals."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.agent.fleet.ports import free_ports

pytestmark = [pytest.mark.wire, pytest.mark.timeout(90)]
WITHIN = 40.0
"""Seconds that a busy machine may take for what an idle one does in half of one."""


@dataclass(slots=True)
class Fleet:
    folder: Path
    port: int
    supervisor: asyncio.subprocess.Process

    async def process(self, number: int) -> int:
        """The id of the one that is ready on a worker's port; 0 while none is."""
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port + number)
        except OSError:
            return 0
        try:
            writer.write(b"GET /readyz HTTP/1.1\r\n\r\n")
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
            return int(body) if b" 200 " in head else 0
        except OSError:
            return 0
        finally:
            writer.close()

    async def other(self, number: int, than: int = 0) -> int:
        """As soon as another process than this one is ready there."""
        async with asyncio.timeout(WITHIN):
            while (found := await self.process(number)) in {0, than}:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        return found

    async def none(self, number: int) -> None:
        async with asyncio.timeout(WITHIN):
            while await self.process(number):  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    async def nobody(self, number: int) -> None:
        """As soon as the worker's port is free."""
        async with asyncio.timeout(WITHIN):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port + number)
                except OSError:
                    return
                writer.close()
                await asyncio.sleep(0.02)

    async def ended(self) -> int:
        async with asyncio.timeout(WITHIN):
            return await self.supervisor.wait()

    async def logged(self, message: str) -> None:
        async with asyncio.timeout(WITHIN):
            while message not in {line["message"] for line in self.log()}:  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    def log(self) -> list[dict[str, Any]]:
        lines = (self.folder / "log").read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]


@asynccontextmanager
async def supervised(folder: Path, workers: int = 2) -> AsyncIterator[Fleet]:
    port = free_ports(workers)
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.agent.fleet.stub", str(folder), str(port), str(workers),
            stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    try:
        yield Fleet(folder, port, process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_a_worker_that_dies_is_started_again_and_the_others_go_on(tmp_path: Path) -> None:
    async with supervised(tmp_path) as fleet:
        first, second = await fleet.other(0), await fleet.other(1)
        os.kill(second, signal.SIGKILL)
        again = await fleet.other(1, than=second)
        os.kill(again, signal.SIGKILL)
        await fleet.other(1, than=again)
        assert await fleet.process(0) == first
        died = [line["labels"] for line in fleet.log() if line["message"] == "worker died"]
        assert [(one["number"], one["code"]) for one in died] == [(1, -9), (1, -9)]


async def test_all_workers_drain_before_the_supervisor_ends_with_success(tmp_path: Path) -> None:
    (tmp_path / "busy-1").touch()
    async with supervised(tmp_path) as fleet:
        await fleet.other(0)
        await fleet.other(1)
        fleet.supervisor.terminate()
        await fleet.none(0)
        await fleet.none(1)
        assert fleet.supervisor.returncode is None, "a call goes on"
        (tmp_path / "busy-1").unlink()
        assert await fleet.ended() == 0


async def test_workers_are_replaced_one_after_the_other(tmp_path: Path) -> None:
    (tmp_path / "busy-0").touch()
    async with supervised(tmp_path) as fleet:
        old = await fleet.other(0), await fleet.other(1)
        fleet.supervisor.send_signal(signal.SIGUSR2)
        await fleet.none(0)
        fleet.supervisor.send_signal(signal.SIGUSR2)
        assert await fleet.process(1) == old[1], "it waits for its turn"
        (tmp_path / "busy-0").unlink()
        new = await fleet.other(0, than=old[0]), await fleet.other(1, than=old[1])
        assert not set(new) & set(old)
        assert not [line for line in fleet.log() if line["message"] == "worker died"]


async def test_a_replacement_that_cannot_start_leaves_the_other_workers_alone(
    tmp_path: Path,
) -> None:
    async with supervised(tmp_path) as fleet:
        await fleet.other(0)
        second = await fleet.other(1)
        (tmp_path / "broken-0").touch()
        fleet.supervisor.send_signal(signal.SIGUSR2)
        await fleet.logged("replacing stops: worker is not ready")
        assert await fleet.process(1) == second
        (tmp_path / "broken-0").unlink()
        await fleet.other(0)


async def test_a_mistake_that_keeps_a_worker_from_starting_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "broken-0").touch()
    (tmp_path / "broken-1").touch()
    async with supervised(tmp_path) as fleet:
        assert await fleet.ended() == 2


async def test_workers_drain_when_their_supervisor_is_killed(tmp_path: Path) -> None:
    (tmp_path / "busy-0").touch()
    async with supervised(tmp_path) as fleet:
        await fleet.other(0)
        await fleet.other(1)
        fleet.supervisor.kill()
        await fleet.none(0)
        await fleet.nobody(1)
        await fleet.none(0)
        (tmp_path / "busy-0").unlink()
        await fleet.nobody(0)


async def test_secrets_are_read_again_by_every_worker(tmp_path: Path) -> None:
    async with supervised(tmp_path) as fleet:
        before = await fleet.other(0), await fleet.other(1)
        told = tmp_path / "hups"
        async with asyncio.timeout(WITHIN):
            while not told.exists() or set(told.read_text().split()) != {"0", "1"}:
                fleet.supervisor.send_signal(signal.SIGHUP)  # the supervisor learns who is ready
                await asyncio.sleep(0.05)
        assert (await fleet.process(0), await fleet.process(1)) == before


async def test_secrets_that_change_while_a_worker_starts_are_read_by_it_too(tmp_path: Path) -> None:
    (tmp_path / "slow-1").touch()
    async with supervised(tmp_path) as fleet:
        await fleet.other(0)
        told = tmp_path / "hups"
        async with asyncio.timeout(WITHIN):
            while not told.exists():
                fleet.supervisor.send_signal(signal.SIGHUP)  # the supervisor learns who is ready
                await asyncio.sleep(0.05)
        assert not await fleet.process(1)
        (tmp_path / "slow-1").unlink()
        await fleet.other(1)
        async with asyncio.timeout(WITHIN):
            while "1" not in told.read_text().split():  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert not [line for line in fleet.log() if line["message"] == "worker died"]
