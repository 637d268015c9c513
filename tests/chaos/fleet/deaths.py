"""A worker is killed, or stands still."""

import asyncio
import os
import signal
import time

from tests.chaos.fleet.burning import burning
from tests.chaos.fleet.stage import TALK, Stage, gaps_of
from tests.chaos.fleet.told import Told

STOPPED = 10.0
"""Seconds for which a worker is stopped: longer than the balancer waits for it."""
BUSY = 0.9
"""Share of each core that somebody else uses."""


async def killed(stage: Stage) -> None:
    """kill -9, the worker with the most calls each time."""
    scene = "kill -9"
    gaps: list[float] = []
    kills: list[float] = []
    told: list[Told] = []
    for _ in range(stage.sizes.rounds):
        await stage.begin()
        await asyncio.sleep(TALK)
        victim = stage.site.process(await stage.site.busiest())
        os.kill(victim, signal.SIGKILL)
        kills.append(time.monotonic())
        await stage.back()
        await asyncio.sleep(TALK)
        stage.lateness(scene)
        ended = await stage.crowd.leave()
        gaps += gaps_of(ended, kills[-1])
        told += ended
        await stage.site.ready()
    await stage.prove(scene, told, kills)
    stage.gaps(scene, gaps, p95=1.0, most=2.0)


async def stopped(stage: Stage) -> None:
    """SIGSTOP: only the balancer can find that out. Then it goes on as if nothing had been."""
    scene = "SIGSTOP"
    await stage.begin()
    await asyncio.sleep(TALK)
    victim = stage.site.process(await stage.site.busiest())
    os.kill(victim, signal.SIGSTOP)
    at = time.monotonic()
    try:
        await asyncio.sleep(STOPPED)
    finally:
        os.kill(victim, signal.SIGCONT)
    await stage.back()
    await asyncio.sleep(TALK)
    stage.lateness(scene)
    told = await stage.crowd.leave()
    await stage.site.ready()
    await stage.prove(scene, told, [at])
    stage.gaps(scene, gaps_of(told, at), p95=None, most=5.0)


async def busy(stage: Stage) -> None:
    """Somebody else uses 90 % of the processor: nobody may take that for a death."""
    scene = "90 % CPU"
    await stage.begin()
    async with burning(BUSY):
        await asyncio.sleep(stage.sizes.calm)
    stage.lateness(scene)
    told = await stage.crowd.leave()
    await stage.prove(scene, told)
    stage.count(scene, "calls moved", sum(one.moved for one in told), 0)
    stage.count(scene, "seconds", stage.sizes.calm, None)
