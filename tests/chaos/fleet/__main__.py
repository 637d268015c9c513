"""python -m tests.chaos.fleet [--calls 30] [--talking 10] [--rounds 10] [--scene kill …]

A fleet on this machine, and what may happen to it while people call. Exit 1: something was lost,
or a limit was missed in a scene in which the callers themselves were in time.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from loguru import logger

from deploy import check
from tests.chaos.fleet import crowding, deaths, deploys, drops, outages
from tests.chaos.fleet.report import Report, machine
from tests.chaos.fleet.site import Shape, site
from tests.chaos.fleet.stage import Sizes, Stage

Scene = Callable[[Stage], Awaitable[None]]
SCENES: dict[str, Scene] = {
    "kill": deaths.killed,
    "stop": deaths.stopped,
    "busy": deaths.busy,
    "roll": deploys.rolled,
    "redis": outages.redis,
    "postgres": outages.postgres,
    "drops": drops.drops,
    "duplicates": drops.duplicates,
    "strangers": crowding.strangers,
    "overload": crowding.overload,
}
LONGEST = 1800.0
"""Seconds for one scene."""


async def main(names: Sequence[str], sizes: Sizes, shape: Shape, report: Report) -> None:
    usual = [name for name in names if name != "overload"]
    if usual:
        await _play(usual, sizes, shape, report)
    if "overload" in names:
        full = max(1, sizes.calls // shape.workers)
        await _play(["overload"], sizes, Shape(shape.workers, most=full), report)


async def _play(names: Sequence[str], sizes: Sizes, shape: Shape, report: Report) -> None:
    with tempfile.TemporaryDirectory(prefix="answerline-chaos-") as folder:
        async with site(Path(folder), shape) as made:
            for name in names:
                await _scene(name, Stage(made, report, sizes))


async def _scene(name: str, stage: Stage) -> None:
    began, report = time.monotonic(), stage.report
    known, noted = len(report.rows), len(report.notes)
    try:
        async with asyncio.timeout(LONGEST):
            await SCENES[name](stage)
    except Exception as error:  # noqa: BLE001 (what broke is a finding)
        report.notes.append(f"{name}: {type(error).__name__}: {error}")
        stage.count(name, "scenes that broke off", 1, 0)
        with suppress(Exception):
            await stage.crowd.leave()
    rows = report.rows[known:]
    late = max((report.late.get(row.scene, 0.0) for row in rows), default=0.0)
    sys.stdout.write(report.table(rows) + "\n")
    sys.stdout.writelines(f"  ! {note}\n" for note in report.notes[noted:])
    sys.stdout.write(
        f"  {name}: {time.monotonic() - began:.0f} s, callers late by {late * 1000:.1f} ms (p99)\n"
    )
    sys.stdout.flush()


def _options() -> argparse.Namespace:
    usual = Sizes()
    options = argparse.ArgumentParser(prog="python -m tests.chaos.fleet")
    options.add_argument("--scene", action="append", choices=list(SCENES))
    options.add_argument("--workers", type=int, default=3)
    for name, value in asdict(usual).items():
        options.add_argument(f"--{name}", type=type(value), default=value)
    options.add_argument("--json", type=Path, default=Path("reports/chaos.json"))
    return options.parse_args()


if __name__ == "__main__":
    given = _options()
    logger.remove()
    if check.haproxy() is None or check.openssl() is None:
        sys.exit("HAProxy (extra `test`) and openssl are needed")
    wanted = Sizes(**{name: getattr(given, name) for name in asdict(Sizes())})
    made = Report({**asdict(wanted), "workers": given.workers})
    sys.stdout.write(f"{machine()}\n")
    asyncio.run(main(given.scene or list(SCENES), wanted, Shape(given.workers), made))
    made.write(given.json)
    bad = made.missed
    sys.stdout.write(f"{len(made.rows)} rows, {len(bad)} missed; {given.json}\n")
    sys.exit(1 if bad else 0)
