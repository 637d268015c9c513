"""python -m tests.soak [--calls 5000] [--warm 500] [--at-once 20]

One worker behind HAProxy, with Redis and PostgreSQL. Exit 1: a call was lost, memory grew by more
than 5 %, or tasks, threads or sockets did not come back to what they were after warm-up.
"""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from loguru import logger

from benchmarks.sides.machine import memory, threads
from tests.chaos.fleet import proof
from tests.chaos.fleet.conversation import Manner
from tests.chaos.fleet.crowd import Order
from tests.chaos.fleet.report import Report, Row, machine
from tests.chaos.fleet.site import Shape, Site, site
from tests.soak.census import VARIABLE

MB = 1024 * 1024
GROWTH = 5.0
"""Percent of the memory after warm-up."""
SLACK = 2
"""Tasks, threads and sockets that may come and go by themselves."""
ASKING = 5
"""One caller in so many asks a question; all others hear the greeting and hang up."""
SETTLED = 12.0
"""Seconds without a call: connections that nobody uses are closed, garbage is collected."""
CENSUS = 20.0
"""Seconds that it may take."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Of the worker, while nobody is on the line."""

    resident: float
    """Megabytes."""
    trimmed: float
    """The same when malloc has given back what it can."""
    tasks: dict[str, int]
    threads: int
    files: int
    """Open ones, which are mostly sockets."""
    objects: int
    kinds: dict[str, int]
    used: float
    free: float
    """Megabytes, as malloc has them."""
    collections: int
    """Of the oldest generation so far; the last one is ours."""
    longest: float
    """Seconds that one of them took since the last count, ours left out."""
    freed: int
    """Objects that waited for them."""


class Soak:
    def __init__(self, made: Site, folder: Path, at_once: int) -> None:
        self._site = made
        self._census = folder / "census.json"
        self._at_once = at_once
        self.lost: list[str] = []

    async def calls(self, count: int) -> None:
        crowd, placed = self._site.crowd, 0
        while placed < count:
            some = min(count - placed, max(0, self._at_once - crowd.on))
            for number in range(placed, placed + some):
                manner = Manner(period=4.0, questions=int(not number % ASKING))
                await crowd.do(Order("ring", 1, every=0.0, manner=manner))
            placed += some
            await asyncio.sleep(0.25 if some else 0.05)
        if not await crowd.until(lambda crowd: not crowd.on, 120.0):
            self.lost.append(f"{crowd.on} callers do not hang up")
        await asyncio.sleep(0.5)
        for told in crowd.take():
            if told.lost:
                self.lost.append(f"{told.call} {told.ended_by} {told.failure}")

    async def count(self) -> Counted:
        await proof.written(self._site)
        await asyncio.sleep(SETTLED)
        process = self._site.process(0)
        resident = memory(process).resident
        os.kill(process, signal.SIGUSR1)
        async with asyncio.timeout(CENSUS):
            while not self._census.exists():  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        found: dict[str, Any] = orjson.loads(self._census.read_bytes())
        self._census.unlink()
        return Counted(
            resident,
            memory(process).resident,
            found["tasks"],
            threads(process),
            _files(process),
            found["objects"],
            found["kinds"],
            used=found["malloc"].get("used", 0) / MB,
            free=found["malloc"].get("free", 0) / MB,
            collections=found["collections"],
            longest=found["longest"],
            freed=found["freed"],
        )


def _files(process: int) -> int:
    return len(list(Path(f"/proc/{process}/fd").iterdir()))


async def main(calls: int, warm: int, at_once: int, report: Report) -> None:
    with tempfile.TemporaryDirectory(prefix="answerline-soak-") as name:
        folder = Path(name)
        shape = Shape(
            workers=1,
            variables={VARIABLE: str(folder / "census.json")},
            arguments=("--pipeline", "tests.soak.census:stages"),
        )
        async with site(folder, shape) as made:
            soak = Soak(made, folder, at_once)
            await soak.calls(warm)
            before, began = await soak.count(), time.monotonic()
            await soak.calls(calls)
            took = time.monotonic() - began
            _judge(report, before, await soak.count(), soak.lost)
            report.rows.append(Row("soak", "calls", calls, None))
            report.rows.append(Row("soak", "calls a second", calls / took, None))


def _judge(report: Report, before: Counted, after: Counted, lost: list[str]) -> None:
    growth = 100 * (after.resident / before.resident - 1)
    tasks = [sum(counted.tasks.values()) for counted in (before, after)]
    report.rows += [
        Row("soak", "calls lost", len(lost), 0),
        Row("soak", "memory after warm-up", before.resident, None, "MB"),
        Row("soak", "memory at the end", after.resident, None, "MB"),
        Row("soak", "growth", growth, GROWTH, "%"),
        Row("soak", "tasks more than after warm-up", tasks[1] - tasks[0], SLACK),
        Row("soak", "threads more", after.threads - before.threads, SLACK),
        Row("soak", "open files and sockets more", after.files - before.files, SLACK),
        Row("soak", "trimmed: memory after warm-up", before.trimmed, None, "MB"),
        Row("soak", "trimmed: memory at the end", after.trimmed, None, "MB"),
        Row("soak", "of malloc, in use more", after.used - before.used, None, "MB"),
        Row("soak", "of malloc, free more", after.free - before.free, None, "MB"),
        Row("soak", "objects more", after.objects - before.objects, None),
        Row("soak", "full collections", after.collections - before.collections - 1, None),
        Row("soak", "longest of them", 1000 * after.longest, None, "ms"),
        Row("soak", "objects that waited for them", after.freed - before.freed, None),
    ]
    report.notes += lost
    for name, old, new in (
        ("tasks", before.tasks, after.tasks),
        ("objects", before.kinds, after.kinds),
    ):
        grown = {kind: new[kind] - old.get(kind, 0) for kind in new}
        most = sorted(grown.items(), key=lambda pair: -pair[1])[:8]
        report.notes += [f"{name}: {kind} +{count}" for kind, count in most if count > SLACK]


if __name__ == "__main__":
    options = argparse.ArgumentParser(prog="python -m tests.soak")
    options.add_argument("--calls", type=int, default=5000)
    options.add_argument("--warm", type=int, default=500)
    options.add_argument("--at-once", type=int, default=20)
    options.add_argument("--json", type=Path, default=Path("reports/soak.json"))
    given = options.parse_args()
    logger.remove()
    made = Report({"calls": given.calls, "warm": given.warm, "at_once": given.at_once})
    sys.stdout.write(f"{machine()}\n")
    asyncio.run(main(given.calls, given.warm, given.at_once, made))
    made.write(given.json)
    sys.stdout.write(made.table() + "\n")
    sys.stdout.writelines(f"  ! {note}\n" for note in made.notes)
    sys.exit(1 if made.missed else 0)
