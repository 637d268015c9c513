"""What Twilio does to a stream or a webhook: each way is a row."""

import asyncio
import time

from agent.simulators.twilio import OnDrop
from tests.chaos.fleet.conversation import Manner
from tests.chaos.fleet.crowd import Order
from tests.chaos.fleet.gaps import percentile
from tests.chaos.fleet.stage import Stage, gaps_of
from tests.chaos.fleet.told import Told

SOME = 4
"""Calls in each way."""
TALKATIVE = Manner(period=7.0)
HALF_OPEN = 60.0
"""Seconds in which a stream that passes nothing has been replaced."""
NOTICED = 15.0
"""Seconds that this may take: five of silence, three of an expired lease, a request to Twilio."""


async def drops(stage: Stage) -> None:
    """The connection is cut without a close frame, and then …"""
    for on_drop in (OnDrop.ACTION, OnDrop.NEXT):
        await _dropped(stage, f"cut, then {on_drop}", on_drop, "cut")
    await _ended(stage)
    await _dropped(stage, "half-open", OnDrop.ACTION, "freeze")


async def _dropped(stage: Stage, scene: str, on_drop: OnDrop, how: str) -> None:
    await stage.begin(calls=SOME, manner=TALKATIVE, on_drop=on_drop)
    await asyncio.sleep(3.0)
    at = time.monotonic()
    await stage.crowd.do(Order(how))
    if how == "freeze":
        await _moved(stage)
    await stage.back(SOME)
    await asyncio.sleep(8.0)
    stage.lateness(scene)
    told = await stage.crowd.leave()
    await stage.prove(scene, told)
    found = gaps_of(told, at)
    stage.count(scene, "calls that did not come back", SOME - len(found), 0)
    stage.time(scene, "gap max", max(found, default=0.0), NOTICED if how == "freeze" else 2.0)


async def _moved(stage: Stage) -> None:
    """Until each call has another stream, as the workers' log tells."""
    since, count = time.monotonic(), 0
    while count < SOME and time.monotonic() < since + HALF_OPEN:
        await asyncio.sleep(0.2)
        count = len({line.call for line in stage.site.log.lines("began", since=since)})


async def _ended(stage: Stage) -> None:
    """… the call is over too: nothing of it may stay."""
    scene = "cut, then end"
    await stage.begin(calls=SOME, manner=TALKATIVE, on_drop=OnDrop.END)
    await asyncio.sleep(3.0)
    await stage.crowd.do(Order("cut"))
    gone = await stage.crowd.until(lambda crowd: not crowd.on, 15.0)
    told = stage.crowd.take() if gone else await stage.crowd.leave()
    stage.count(scene, "calls that went on all the same", SOME - _over(told), 0)
    await asyncio.sleep(1.0)
    left = [await stage.site.calls(number) for number in range(stage.site.shape.workers)]
    stage.count(scene, "calls that workers still have", sum(left), 0)


def _over(told: list[Told]) -> int:
    return sum(one.ended_by == "agent" for one in told)


async def duplicates(stage: Stage) -> None:
    """Each webhook comes twice; the same token opens a second stream, which is refused; status
    callbacks come twice and in the wrong order."""
    await _twice(stage, "webhooks twice", TALKATIVE, "")
    await _twice(stage, "second stream, same token", TALKATIVE, "again")
    await _twice(stage, "status out of order", Manner(period=7.0, status="disorder"), "")


async def _twice(stage: Stage, scene: str, manner: Manner, order: str) -> None:
    copies = 2 if scene == "webhooks twice" else 1
    await stage.begin(calls=SOME, manner=manner, copies=copies)
    if order:
        await stage.crowd.do(Order(order))
    await asyncio.sleep(9.0)
    told = await stage.crowd.leave()
    await stage.prove(scene, told)
    refused = sum(post.status >= 300 for one in told for post in one.posts)
    stage.count(scene, "webhooks refused", refused, 0)
    closed = sum(
        leg.ended_by != "twilio" for one in told for leg in one.legs[: 1 if order else None]
    )
    stage.count(scene, "first streams that did not live on", closed, 0)
    waits = [a.answered - a.ended for one in told for a in one.asked if a.answered is not None]
    stage.time(scene, "voice-to-voice p50", percentile(waits, 0.5), None)
