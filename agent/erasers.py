"""Every place that keeps something of a call, in one list: another one is another line."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from agent.books import OUTBOX, address, kept
from agent.erasing import Eraser, Erasing, Order, Place, Places, Report, Whom
from agent.pepper import pepper
from agent.recording import shelf
from agent.recording.studio import folder_of
from agent.settings import Settings
from knowledge import recollection
from knowledge.callers import Directory
from knowledge.chain import Fault
from knowledge.database import Database
from knowledge.events import nowhere
from knowledge.forgetting import Forgetting
from knowledge.outbox import Source, segments, stream
from knowledge.records import concerns
from knowledge.relay import Relay
from knowledge.store import connect, faults, servers

PATIENCE = 2.0
"""Seconds for an answer of Redis: nobody on the phone waits for it."""
REWRITING = 3.0
"""Seconds that its file may take to be written anew while somebody waits for it."""


def places(settings: Settings, database: Database, redis: Redis | None) -> Places:
    """`redis`: a patient client. Both are closed by their owner."""
    journal = Forgetting(database)
    folder = Path(settings.data_dir) / OUTBOX
    contents: list[Eraser] = [_Rows(journal), _Aside(folder), _Recordings(folder_of(settings))]
    ways: list[Eraser] = [_Calls(journal)]
    if redis is None:
        return Places(journal, None, contents, ways)
    directory = Directory(redis, ttl=kept(settings))
    contents += [_Waiting(redis), _Words(redis)]
    ways.append(_Caller(directory))
    return Places(journal, directory, contents, ways, lambda: rewritten(redis))


@asynccontextmanager
async def patient(settings: Settings) -> AsyncIterator[Redis | None]:
    """A client for what takes longer than a call may wait."""
    if settings.redis_url is None:
        yield None
        return
    redis = connect(settings.redis_url.get_secret_value(), budget=PATIENCE)
    try:
        yield redis
    finally:
        await redis.aclose()


async def by_command(settings: Settings, order: Order) -> Report:
    """In a process of its own, beside workers or without any. Raises NoNumber, NoCall."""
    database = Database(address(settings))
    try:
        async with patient(settings) as redis:
            erase = Erasing(places(settings, database, redis), pepper(settings), emit=nowhere)
            report = await erase(order)
            if report.done and not order.dry_run:
                await _drain(settings)
            return report
    finally:
        await database.close()


async def _drain(settings: Settings) -> None:
    """What waits for a worker that does not run is written down, without what was erased."""
    sources: list[Source] = [segments.Folder(Path(settings.data_dir) / OUTBOX)]
    if settings.redis_url is not None:
        sources.append(stream.Group(settings.redis_url.get_secret_value(), "erase"))
    relay = Relay(Database(address(settings)), sources)
    await relay.start()
    await relay.close()


@dataclass(frozen=True, slots=True)
class _Rows:
    """Turns, transfers, call backs, tools, outcomes; decisions lose what leads to a call."""

    journal: Forgetting
    name: str = "journal"

    async def count(self, whom: Whom) -> int:
        return await self.journal.count(whom.calls)

    async def erase(self, whom: Whom) -> int:
        return await self.journal.forget(whom.calls)


@dataclass(frozen=True, slots=True)
class _Calls:
    """The rows by which a caller's calls are found."""

    journal: Forgetting
    name: str = "calls"

    async def count(self, whom: Whom) -> int:
        return len(whom.calls)

    async def erase(self, whom: Whom) -> int:
        return await self.journal.dismiss(whom.calls)


@dataclass(frozen=True, slots=True)
class _Caller:
    """The language, and the calls by caller, in Redis."""

    directory: Directory
    name: str = "caller"

    async def count(self, whom: Whom) -> int:
        return sum([await self.directory.count(caller) for caller in whom.callers])

    async def erase(self, whom: Whom) -> int:
        if whom.whole:
            return sum([await self.directory.forget(caller) for caller in whom.callers])
        return sum([await self.directory.drop(caller, whom.calls) for caller in whom.callers])


@dataclass(frozen=True, slots=True)
class _Words:
    """What was said, in Redis; workers drop what they have themselves when they are told."""

    redis: Redis
    name: str = "memory"

    async def count(self, whom: Whom) -> int:
        return await self._each([recollection.key(call) for call in whom.calls], "exists")

    async def erase(self, whom: Whom) -> int:
        await self._each([recollection.epoch_key(call) for call in whom.calls], "delete")
        return await self._each([recollection.key(call) for call in whom.calls], "delete")

    async def _each(self, keys: Iterable[str], what: str) -> int:
        """A key at a time: in a cluster they lie in many places."""
        with faults():
            async with self.redis.pipeline(transaction=False) as batch:
                for key in keys:
                    getattr(batch, what)(key)
                return sum(await batch.execute())


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Records in Redis that the database has not got yet, or will never take."""

    redis: Redis
    name: str = "outbox"

    async def count(self, whom: Whom) -> int:
        found = await stream.places(self.redis, _about(whom))
        return sum(len(listed) for listed in found.values())

    async def erase(self, whom: Whom) -> int:
        return await stream.strike(self.redis, _about(whom))


@dataclass(frozen=True, slots=True)
class _Aside:
    """The same in files of this machine; what only waits there, relays drop."""

    folder: Path
    name: str = "put aside"

    async def count(self, whom: Whom) -> int:
        return await asyncio.to_thread(segments.aside, self.folder, _about(whom))

    async def erase(self, whom: Whom) -> int:
        return await asyncio.to_thread(segments.strike, self.folder, _about(whom))


@dataclass(frozen=True, slots=True)
class _Recordings:
    """Files of this machine; workers on others delete theirs when they are told."""

    folder: Path
    name: str = "recordings"

    async def count(self, whom: Whom) -> int:
        held = await asyncio.to_thread(shelf.held, self.folder)
        return sum(call in whom.calls for call in held)

    async def erase(self, whom: Whom) -> int:
        try:
            return await asyncio.to_thread(shelf.forget, self.folder, whom.calls)
        except OSError as error:
            raise Fault("broken", type(error).__name__) from error


def _about(whom: Whom) -> Callable[[bytes], bool]:
    calls, caller = frozenset(whom.calls), whom.callers[0] if whom.whole else ""
    return lambda line: concerns(line, calls, caller)


async def rewritten(redis: Redis) -> Place:
    """An append-only file holds what was deleted until it is written anew."""
    name = "append-only file"
    try:
        async with asyncio.timeout(REWRITING):
            with faults():
                files = [each for each in await servers(redis) if await _appends(each)]
                if not files:
                    return Place(name, "done", why="there is none")
                await asyncio.gather(*map(_begun, files))
                while any([await _rewriting(each) for each in files]):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
    except TimeoutError:
        return Place(name, "done", why="is being written anew")
    except Fault as fault:
        return Place(name, "refused", why=f"{fault}: BGREWRITEAOF, or wait for the next rewrite")
    return Place(name, "done", 1)


async def _appends(redis: Redis) -> bool:
    return bool((await redis.info("persistence")).get("aof_enabled"))


async def _begun(redis: Redis) -> None:
    """One that was under way already may hold what was erased: another follows."""
    while True:
        try:
            await redis.bgrewriteaof()
        except ResponseError as error:
            if "in progress" not in str(error):
                raise
            await asyncio.sleep(0.05)
        else:
            return


async def _rewriting(redis: Redis) -> bool:
    found = await redis.info("persistence")
    return bool(found.get("aof_rewrite_in_progress") or found.get("aof_rewrite_scheduled"))
