"""Workers are replaced while they have calls."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from tests.chaos.fleet.conversation import Manner
from tests.chaos.fleet.crowd import Order
from tests.chaos.fleet.log import Line, Log
from tests.chaos.fleet.stage import TALK, Stage, gaps_of
from tests.chaos.fleet.told import Told

ROLLED = 240.0
"""Seconds until all workers are replaced, on a busy machine."""
EVERY = 1.0
"""Seconds between two new calls meanwhile."""
SELDOM = 3.0
"""The same where new calls are not what it is about."""
SOON = 1.0
"""Seconds after which nobody comes to a worker that drains."""


async def rolled(stage: Stage) -> None:
    """SIGUSR2 to the supervisor: calls that run at the drain's deadline are moved."""
    scene = "rolling restart"
    told, at = await roll(stage, scene)
    await judge(stage, scene, told, at)


async def roll(
    stage: Stage, scene: str, halfway: Callable[[], Awaitable[None]] | None = None
) -> tuple[list[Told], float]:
    """What callers tell, and when it began. `halfway`: done when the first worker is a new one; it
    wants callers who are patient."""
    patient, every = halfway is not None, EVERY if halfway is None else SELDOM
    await stage.begin(manner=replace(stage.sizes.manner, patient=patient))
    await asyncio.sleep(TALK)
    at = time.monotonic()
    os.kill(stage.site.supervisor, signal.SIGUSR2)
    ringing = asyncio.create_task(_ring(stage, Manner(12.0, 1, patient=patient), every))
    try:
        async with asyncio.timeout(ROLLED):
            if halfway is not None:
                await _logged(stage.site.log, "worker ready", at)
                await halfway()
            await _logged(stage.site.log, "all workers are replaced", at)
    finally:
        ringing.cancel()
        await asyncio.wait([ringing])
    await stage.back()
    await asyncio.sleep(TALK)
    stage.lateness(scene)
    return await stage.crowd.leave(), at


async def judge(stage: Stage, scene: str, told: Sequence[Told], at: float) -> None:
    await stage.prove(scene, told)
    stage.count(scene, "new calls on a draining worker after 1 s", _late(stage.site.log, at), 0)
    stage.gaps(scene, _moves(told), p95=1.0, most=2.0)


async def _logged(log: Log, message: str, since: float) -> None:
    while not list(log.lines(message, since=since)):  # noqa: ASYNC110
        await asyncio.sleep(0.2)


async def _ring(stage: Stage, manner: Manner, every: float) -> None:
    while True:
        await stage.crowd.do(Order("ring", 1, manner=manner))
        await asyncio.sleep(every)


def _late(log: Log, since: float) -> int:
    """Streams that began on a worker from a second after its drain until it was a new one."""
    draining: dict[int, float] = {}
    late = 0
    for line in log.lines(since=since):
        match line.message:
            case "worker is replaced":
                draining[int(line.labels["number"])] = line.at
            case "worker started":
                draining.pop(int(line.labels["number"]), None)
            case "began":
                late += _drains(line, draining)
    return late


def _drains(line: Line, draining: dict[int, float]) -> bool:
    return line.worker in draining and line.at > draining[line.worker] + SOON


def _moves(told: Sequence[Told]) -> list[float]:
    """Each is a fault of its own, at the moment at which the stream was closed."""
    return [
        silence
        for one in told
        for leg in one.legs[:-1]
        if leg.started is not None and leg.closed is not None
        for silence in gaps_of([one], leg.closed)
    ]
