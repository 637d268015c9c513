"""Redis or PostgreSQL is killed, and comes back."""

import asyncio
import time

from tests.chaos.fleet.conversation import Manner
from tests.chaos.fleet.crowd import Order
from tests.chaos.fleet.gaps import percentile
from tests.chaos.fleet.stage import TALK, Stage
from tests.chaos.fleet.told import Told

NEW = 4
"""Calls that come while a store is away."""


async def redis(stage: Stage) -> None:
    await _outage(stage, "Redis away", "redis")


async def postgres(stage: Stage) -> None:
    await _outage(stage, "PostgreSQL away", "postgres")


async def _outage(stage: Stage, scene: str, store: str) -> None:
    await stage.begin()
    await asyncio.sleep(TALK)
    began = time.monotonic()
    await _kill(stage, store)
    short = Manner(period=6.0, questions=2)
    await stage.crowd.do(Order("ring", NEW, every=stage.sizes.outage / NEW / 2, manner=short))
    await asyncio.sleep(stage.sizes.outage)
    ended = time.monotonic()
    await _start(stage, store)
    await asyncio.sleep(TALK)
    stage.lateness(scene)
    told = await stage.crowd.leave()
    await stage.prove(scene, told)
    stage.count(scene, "seconds away", ended - began, None)
    stage.count(scene, "streams lost", sum(one.moved for one in told), 0)
    stage.count(scene, "questions without an answer", _unanswered(told), 0)
    before = _waits(told, 0.0, began)
    during = _waits(told, began, ended)
    stage.time(scene, "voice-to-voice p50 before", percentile(before, 0.5), None)
    stage.time(scene, "voice-to-voice p50 while away", percentile(during, 0.5), None)
    stage.time(scene, "voice-to-voice p95 while away", percentile(during, 0.95), None)


async def _kill(stage: Stage, store: str) -> None:
    if store == "redis":
        stage.site.valkey.kill()
    else:
        await asyncio.to_thread(stage.site.postgres.kill)


async def _start(stage: Stage, store: str) -> None:
    if store == "redis":
        await stage.site.valkey.start()
    else:
        await asyncio.to_thread(stage.site.postgres.start)


def _unanswered(told: list[Told]) -> int:
    return sum(asked.answered is None for one in told for asked in one.asked)


def _waits(told: list[Told], since: float, until: float) -> list[float]:
    return [
        asked.answered - asked.ended
        for one in told
        for asked in one.asked
        if asked.answered is not None and since <= asked.ended < until
    ]
