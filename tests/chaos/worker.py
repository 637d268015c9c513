"""A process that records decisions, turns and outcomes as fast as it can; its parent kills it.

    python -m tests.chaos.worker '{"prefix": …}'

What is acknowledged is written to a file before anything else happens: the parent's truth.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from loguru import logger

from knowledge.database import Database
from knowledge.events import Acknowledged, Decided, Event, Learned, Turn
from knowledge.identity import fresh
from knowledge.journal import Journal
from knowledge.outbox.segments import Folder, Segments
from knowledge.outbox.stream import Group, Stream
from knowledge.relay import Relay

FULL = 2000
"""Events that wait: then this process rests."""
CLAIM = 0.5


@dataclass(frozen=True)
class Part:
    """Of a round, for one process."""

    prefix: str
    database: str
    redis: str
    """URL, or "" for files alone."""
    folder: str
    acknowledged: str
    """Path of a file, one event a line."""
    pace: float
    """Events a second, at most."""
    records: bool
    relays: bool


def relay(part: Part) -> Relay:
    sources: list[Folder | Group] = [Folder(Path(part.folder))]
    if part.redis:
        sources.append(Group(part.redis, part.prefix, claim=CLAIM))
    return Relay(Database(part.database), sources)


def journal(part: Part) -> Journal:
    log = os.open(part.acknowledged, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def emit(event: Event) -> None:
        if isinstance(event, Acknowledged):
            os.write(log, f"{event.call} {event.where}\n".encode())

    files = Segments(Path(part.folder), part.prefix)
    return Journal([Stream(part.redis), files] if part.redis else [files], emit=emit)


def events(prefix: str, number: int) -> Iterator[Event]:
    """Each with a call of its own, by which it is found again; every other outcome comes early."""
    ticket = fresh()
    name = f"{prefix}-{number}"
    decided = Decided(f"{name}-decided", ticket, "knowledge", 0.9, "e", "claims", "en", 0.0001)
    learned = Learned(f"{name}-learned", ticket, "claims")
    yield from (learned, decided) if number % 2 else (decided, learned)
    yield Turn(
        f"{name}-turn", number, "en", "knowledge", 0.9, "e", ticket, "agent",
        interrupted=False, backchannels=0,
        decision=0.1, routing=0.1, text=0.1, audio=0.1, answer=0.1,
    )  # fmt: skip


async def main(part: Part) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    writing = relay(part) if part.relays else None
    if writing is not None:
        await writing.start()
    if part.records:
        recording = journal(part)
        await recording.start()
        number = 0
        while not stop.is_set():
            if recording.waiting < FULL:
                for event in events(part.prefix, number):
                    recording.record(event)
                number += 1
            await asyncio.sleep(0 if number % 10 else 30 / part.pace)
        await recording.close()
    await stop.wait()
    if writing is not None:
        await writing.close()


if __name__ == "__main__":
    logger.remove()
    logger.add(sys.stderr, format="{time:mm:ss.SSS} {message} {extra}", level="WARNING")
    asyncio.run(main(Part(**json.loads(sys.argv[1]))))
