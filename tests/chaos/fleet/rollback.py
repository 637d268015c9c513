"""Workers are replaced by ones of the version before, and those by this one again: a fleet of both
works on one Redis and one database, and calls go from either to the other."""

import asyncio
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.fleet import deploys, launch
from tests.chaos.fleet.crowd import Order
from tests.chaos.fleet.log import Log
from tests.chaos.fleet.previous import ROOT
from tests.chaos.fleet.stage import Stage
from tests.chaos.fleet.told import Told

SETTLED = 2.0
"""Seconds that callers have to ask something before the streams of all are cut."""


async def rolled_back(stage: Stage, before: Path) -> None:
    """To the version whose files are in `before`, and from it to this one."""
    for scene, tree in (("rollback", before), ("deployment", ROOT)):
        stage.site.deploy(tree)
        failed = await _migrate(stage)
        stage.count(scene, "exit code of `answerline migrate`", failed, 0)
        await _replaced(stage, scene, tree)


async def _replaced(stage: Stage, scene: str, tree: Path) -> None:
    cut = 0.0

    async def halfway() -> None:
        nonlocal cut
        await asyncio.sleep(SETTLED)
        cut = time.monotonic()
        await stage.crowd.do(Order("cut"))

    told, at = await deploys.roll(stage, scene, halfway)
    await deploys.judge(stage, scene, told, at)
    stage.count(scene, "workers that run another version", _strangers(stage, tree, at), 0)
    log = stage.site.log
    asked = _open(told, log, cut)
    stage.count(scene, "open questions when all streams were cut", len(asked), None)
    dropped = sum(not _gone_on(log, one, cut) for one in asked)
    stage.count(scene, "of them not gone on with", dropped, 0)
    unread = len(list(log.lines("memory record is not readable", since=at)))
    stage.count(scene, "records of a call that were not readable", unread, 0)


async def _migrate(stage: Stage) -> int:
    """As whoever deploys this version runs it; the exit code."""
    folder = stage.site.data.parent
    with (folder / "migrate.log").open("ab") as out:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", launch.__name__, "migrate", cwd=folder, stdout=out, stderr=out,
            env={**os.environ, "PYTHONPATH": str(ROOT), "DATABASE_URL": stage.site.database},
        )  # fmt: skip
    return await process.wait()


def _strangers(stage: Stage, tree: Path, since: float) -> int:
    """Workers whose newest process does not run this code."""
    newest = {line.worker: line for line in stage.site.log.lines("launched", since=since)}
    wanted = range(stage.site.shape.workers)
    return sum(
        number not in newest or newest[number].labels["tree"] != str(tree) for number in wanted
    )


@dataclass(frozen=True, slots=True)
class Open:
    """A question that was decided upon, and whose turn was not over when its stream was cut."""

    call: str
    again: float
    """When its caller speaks next, or hangs up."""


def _open(told: Sequence[Told], log: Log, cut: float) -> list[Open]:
    decided, over = _last(log, "decided", cut), _last(log, "turn", cut)
    return [
        Open(one.call, min((a.began for a in one.asked if a.began > cut), default=one.ended))
        for one in told
        if one.call in decided and over.get(one.call, 0.0) < decided[one.call]
    ]


def _last(log: Log, message: str, until: float) -> dict[str, float]:
    """When it happened in each call."""
    return {line.call: line.at for line in log.lines(message) if line.at <= until}


def _gone_on(log: Log, question: Open, since: float) -> bool:
    """It was decided upon once more, by whoever has the call now."""
    decided = log.lines("decided", since=since)
    return any(line.call == question.call and line.at < question.again for line in decided)
