"""python -m tests.chaos.fleet [--calls 30] [--talking 10] [--rounds 10] [--scene kill …]
                             [--previous REVISION]

A fleet on this machine, and what may happen to it while people call. Exit 1: something was lost,
or a limit was missed in a scene in which the callers themselves were in time.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

from loguru import logger

from deploy import check
from tests.chaos.fleet import crowding, deaths, deploys, drops, outages
from tests.chaos.fleet.previous import ROOT, NoHistory, commit_of, previous
from tests.chaos.fleet.report import Report, machine
from tests.chaos.fleet.rollback import rolled_back
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
}
"""On one fleet, one after the other."""
ROLLBACK, OVERLOAD = "rollback", "overload"
ALL = (*SCENES, ROLLBACK, OVERLOAD)
LONGEST = 1800.0
"""Seconds for one scene."""


async def main(
    names: Sequence[str], sizes: Sizes, shape: Shape, report: Report, before: str = ""
) -> None:
    """`before`: the revision that is the version before; "": `previous` finds one."""
    usual = {name: scene for name, scene in SCENES.items() if name in names}
    if usual:
        await _play(usual, sizes, shape, report)
    if ROLLBACK in names:
        await _roll_back(sizes, shape, report, before)
    if OVERLOAD in names:
        full = max(1, sizes.calls // shape.workers)
        full_house = Shape(shape.workers, most=full)
        await _play({OVERLOAD: crowding.overload}, sizes, full_house, report)


async def _roll_back(sizes: Sizes, shape: Shape, report: Report, before: str) -> None:
    try:
        with previous(before) as tree:
            scene = partial(rolled_back, before=tree)
            await _play({ROLLBACK: scene}, sizes, replace(shape, tree=ROOT), report)
    except NoHistory as why:
        report.notes.append(f"{ROLLBACK} is left out: {why}")
        sys.stdout.write(f"  ! {report.notes[-1]}\n")


async def _play(scenes: Mapping[str, Scene], sizes: Sizes, shape: Shape, report: Report) -> None:
    with tempfile.TemporaryDirectory(prefix="answerline-chaos-") as folder:
        async with site(Path(folder), shape) as made:
            for name, scene in scenes.items():
                await _scene(name, scene, Stage(made, report, sizes))


async def _scene(name: str, scene: Scene, stage: Stage) -> None:
    began, report = time.monotonic(), stage.report
    known, noted = len(report.rows), len(report.notes)
    try:
        async with asyncio.timeout(LONGEST):
            await scene(stage)
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
    options.add_argument("--scene", action="append", choices=ALL)
    options.add_argument("--workers", type=int, default=3)
    options.add_argument("--previous", metavar="REVISION", default="")
    for name, value in asdict(usual).items():
        options.add_argument(f"--{name}", type=type(value), default=value)
    options.add_argument("--json", type=Path, default=Path("reports/chaos.json"))
    given = options.parse_args()
    if given.previous:
        try:
            commit_of(given.previous)
        except NoHistory:
            options.error(f"--previous: {given.previous} is no commit of this repository")
    return given


if __name__ == "__main__":
    given = _options()
    logger.remove()
    if check.haproxy() is None or check.openssl() is None:
        sys.exit("HAProxy (extra `test`) and openssl are needed")
    wanted = Sizes(**{name: getattr(given, name) for name in asdict(Sizes())})
    made = Report({**asdict(wanted), "workers": given.workers})
    sys.stdout.write(f"{machine()}\n")
    asyncio.run(main(given.scene or ALL, wanted, Shape(given.workers), made, given.previous))
    made.write(given.json)
    bad = made.missed
    sys.stdout.write(f"{len(made.rows)} rows, {len(bad)} missed; {given.json}\n")
    sys.exit(1 if bad else 0)
