"""The callers, in a process and where there is one on a core of their own.

    python -m tests.chaos.fleet.crowd '{"voice": …}'

Orders come line by line on standard input, what they tell goes to standard output: of each call
when it is over, and of all of them five times a second.
"""

import asyncio
import contextlib
import gc
import json
import os
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson
import uvloop

from agent.simulators.rest import TwilioRest
from agent.simulators.twilio import Account, Conditions, OnDrop, Twilio
from agent.simulators.twilio.call import Call
from agent.simulators.twilio.clip import SLOT
from tests.chaos.fleet.content import clips
from tests.chaos.fleet.conversation import Conversation, Manner
from tests.chaos.fleet.told import told

LONGEST = 3600.0
"""Seconds of a call: whoever gives orders ends it before."""
BEATS = 10
"""Packets between two lines about all of them."""


@dataclass(frozen=True, slots=True)
class Part:
    voice: str
    """URL of the webhook."""
    status: str
    rest: int
    """Port of Twilio's REST."""
    token: str
    recordings: str
    """Folder."""
    core: int
    """-1: any."""


@dataclass(frozen=True, slots=True)
class Order:
    """What the crowd is to do."""

    do: str
    """ring, cut, freeze, again, leave, margins."""
    count: int = 0
    every: float = 0.1
    """Seconds between two calls."""
    manner: Manner = field(default_factory=Manner)
    on_drop: str = OnDrop.ACTION
    copies: int = 1
    """Of each webhook."""


class Party:
    def __init__(self, order: Order, number: int, crowd: "Crowd") -> None:
        self.call: Call | None = None
        self.conversation = Conversation(order.manner, crowd.clips, crowd.part.status, number)
        self._order = order
        self._crowd = crowd

    def enter(self, call: Call) -> None:
        """Twilio's REST is told too: it ends and redirects this call."""
        self.call = call
        self._crowd.rest.enter(call)

    def employ(self, exchange: Twilio) -> None:
        """It is called by nobody."""

    async def phone(self) -> None:
        conditions = Conditions(
            longest=LONGEST,
            on_drop=OnDrop(self._order.on_drop),
            webhook_copies=self._order.copies,
            status_callback=self._crowd.part.status,
        )
        async with Twilio(self._crowd.rest.account, rest=self) as twilio:
            self.conversation.call = lambda: self.call
            report = await twilio.call(self._crowd.part.voice, self.conversation.script, conditions)
        assert self.call is not None
        tell({"told": asdict(told(report, self.call.zero, tuple(self.conversation.asked)))})

    @property
    def open(self) -> bool:
        stream = self.call.stream if self.call is not None else None
        return stream is not None and stream.is_open


class Crowd:
    def __init__(self, part: Part, rest: TwilioRest) -> None:
        self.part = part
        self.rest = rest
        self.clips = clips(Path(part.recordings))
        for clip in self.clips:
            clip.prepare()
        self._parties: dict[asyncio.Task[None], Party] = {}
        self._placed = 0

    async def obey(self, order: Order) -> None:
        parties = list(self._parties.values())
        match order.do:
            case "ring":
                await self._ring(order)
            case "leave":
                for party in parties:
                    party.conversation.leaving.set()
            case "margins":
                tell({"margins": [list(_margins(party)) for party in parties]})
            case "cut" | "freeze" | "again":
                for party in parties[: order.count or None]:
                    party.conversation.disturb(order.do)

    async def _ring(self, order: Order) -> None:
        for _ in range(order.count):
            party = Party(order, self._placed, self)
            self._placed += 1
            task = asyncio.create_task(party.phone())
            self._parties[task] = party
            task.add_done_callback(self._over)
            await asyncio.sleep(order.every)

    def _over(self, task: asyncio.Task[None]) -> None:
        del self._parties[task]
        task.result()

    async def watch(self) -> None:
        while True:
            late = [await _beat() for _ in range(BEATS)]
            parties = self._parties.values()
            tell(
                {
                    "at": time.monotonic(),
                    "on": len(parties),
                    "open": sum(party.open for party in parties),
                    "greeted": sum(party.conversation.greeted for party in parties),
                    "asking": sum(party.conversation.asking for party in parties),
                    "late": late,
                }
            )


async def _beat() -> float:
    """Seconds by which this loop was late for the length of a packet."""
    due = time.monotonic() + SLOT
    await asyncio.sleep(SLOT)
    return max(0.0, time.monotonic() - due)


def _margins(party: Party) -> tuple[float, ...]:
    """Since they were asked for last."""
    if party.call is None:
        return ()
    found = tuple(party.call.ear.margins)
    party.call.ear.margins.clear()
    return found


def tell(line: dict[str, Any]) -> None:
    sys.stdout.buffer.write(orjson.dumps(line) + b"\n")
    sys.stdout.buffer.flush()


async def main(part: Part) -> None:
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(orders), sys.stdin
    )
    account = Account(token=part.token)
    async with TwilioRest(account, port=part.rest) as rest:
        crowd = Crowd(part, rest)
        gc.freeze()  # a full collection would make the callers late
        gc.set_threshold(50_000, 20, 1000)
        watching = asyncio.create_task(crowd.watch())
        ordered: set[asyncio.Task[None]] = set()
        async for line in orders:
            fields = json.loads(line)
            order = Order(**{**fields, "manner": Manner(**fields.get("manner", {}))})
            task = asyncio.create_task(crowd.obey(order))
            ordered.add(task)
            task.add_done_callback(ordered.discard)
        watching.cancel()


if __name__ == "__main__":
    given = Part(**json.loads(sys.argv[1]))
    if given.core >= 0:
        os.sched_setaffinity(0, {given.core})
    with (
        contextlib.suppress(KeyboardInterrupt),
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(main(given))
