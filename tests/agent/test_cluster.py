"""Everything that workers share, on a cluster of three servers."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress

import pytest
from redis.asyncio import Redis
from redis.crc import key_slot

from agent.fleet import fleet as fleets
from agent.fleet.commands import Answer, Command, Commands
from agent.fleet.feed import Feed
from agent.fleet.fleet import Fleet
from agent.fleet.identity import identity
from agent.fleet.places import PLACES
from agent.line.token import OwnStore, RedisStore, Tokens
from agent.web.limit import counting
from knowledge import shelf
from knowledge.callers import Directory
from knowledge.chain import Fault
from knowledge.events import Began, Ended, nowhere
from knowledge.outbox.stream import STREAM, Group, Stream, fit, strike
from knowledge.recollection import Exchange
from knowledge.sharedmemory import RedisMemory
from knowledge.store import BUDGET, connect, faults, servers, sharing
from tests.clustered import SLOTS, Clustered, cluster
from tests.eventually import eventually, until
from tests.valkey import PATIENT

pytestmark = pytest.mark.wire
CALLS = [f"CA{number}" for number in range(12)]
"""At every server some."""


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine takes longer than a call would wait."""
    monkeypatch.setattr(fleets, "BUDGET", PATIENT)
    monkeypatch.setattr("agent.fleet.places.GRACE", PATIENT)


@pytest.fixture(scope="module")
def clustered() -> Iterator[Clustered]:
    with cluster() as made:
        yield made


@pytest.fixture
async def redis(clustered: Clustered) -> AsyncIterator[Redis]:
    async with connect(clustered.url, budget=PATIENT) as connected:
        yield connected
        for server in await servers(connected):
            await server.client_unpause()
            await server.flushall()


@pytest.fixture
async def another(clustered: Clustered) -> AsyncIterator[Redis]:
    """Another worker's."""
    async with connect(clustered.url, budget=PATIENT) as connected:
        yield connected


def key_at(clustered: Clustered, number: int) -> str:
    """A key of that server's."""
    third = SLOTS // len(clustered.primaries)
    names = (f"key{name}" for name in range(1000))
    return next(name for name in names if key_slot(name.encode()) // third == number)


@asynccontextmanager
async def memory(redis: Redis) -> AsyncIterator[RedisMemory]:
    made = RedisMemory(redis, ttl=60, emit=nowhere, budget=PATIENT)
    await made.start()
    try:
        yield made
    finally:
        await made.close()


async def test_what_one_worker_remembers_another_one_finds(redis: Redis, another: Redis) -> None:
    async with memory(redis) as here:
        for number, call in enumerate(CALLS):
            await here.begin(call)
            here.remember(call, Exchange(number, f"question {call}", "answer", "en"))
        await until(lambda: all(here.written(call) for call in CALLS))
    async with memory(another) as there:
        for call in CALLS:
            known = await there.begin(call, again=True)
            assert [exchange.caller for exchange in known.exchanges] == [f"question {call}"]
    assert all([await server.dbsize() for server in await servers(redis)])


async def test_a_token_opens_one_stream_whichever_worker_is_asked(
    redis: Redis, another: Redis
) -> None:
    one, two = (
        Tokens("key", OwnStore(), RedisStore(client), deadline=PATIENT)
        for client in (redis, another)
    )
    for call in CALLS:
        token = await one.issue(call)
        assert await two.issue(call) == token
        asked = [worker.redeem(call, token) for worker in (one, two)]
        assert sorted(await asyncio.gather(*asked)) == [False, True]
        assert await one.issue(call) != token


async def test_workers_share_places_and_calls_and_the_owner_gets_the_command(
    redis: Redis, another: Redis
) -> None:
    one = Fleet(redis, identity(1), most=len(CALLS))
    two = Fleet(another, identity(2), most=1)
    obeyed: list[str] = []

    def obey(command: Command) -> Answer:
        obeyed.append(command.call)
        return Answer.DONE

    Commands(one, redis, obey)
    asking = Commands(two, another, obey)
    lost: list[str] = []
    one.lost = two.lost = lost.append
    async with one.member(), two.member():
        assert all([await one.admit(call) for call in CALLS])
        assert await two.admit("CA12")
        assert not await two.admit("CA13")
        assert await redis.zcard(PLACES) == len(CALLS) + 1
        muster = await two.muster()
        assert (muster.places_taken, set(muster.workers)) == (
            len(CALLS) + 1,
            {one.worker, two.worker},
        )
        async with asyncio.TaskGroup() as group:
            stop = asyncio.Event()
            for call in CALLS:
                group.create_task(having(one, call, stop))

            async def owned() -> bool:
                return {await two.owner(call) for call in CALLS} == {one.worker}

            await eventually(owned)
            given = [asking.give(call, "end") for call in CALLS]
            assert await asyncio.gather(*given) == [Answer.DONE] * len(CALLS)
            assert sorted(obeyed) == sorted(CALLS)
            assert lost == []
            async with two.having(CALLS[0]):
                await until(lambda: lost == [CALLS[0]])
            await two.switch(people=True)
            await until(lambda: one.people)
            await two.switch(people=False)
            stop.set()


async def having(fleet: Fleet, call: str, stop: asyncio.Event) -> None:
    async with fleet.having(call):
        await stop.wait()


async def test_records_are_read_once_and_are_gone_then(clustered: Clustered, redis: Redis) -> None:
    lines = [b'{"n":%d}' % number for number in range(10)]
    now = 0.0
    outbox = Stream(clustered.url, clock=lambda: now)
    source = Group(clustered.url, "relay", clock=lambda: 0.0)
    try:
        for line in lines:
            assert await outbox.write([line]) == "redis"
        now = 10.0
        assert await outbox.tend() == [], "an answer of the same server settles them"
        taken = await source.take(len(lines))
        assert [entry.line for entry in taken] == lines
        await source.done(taken)
        await source.aside(taken[0], "unreadable")
        assert await redis.xlen(STREAM) == 0
        assert await strike(redis, lambda line: line == lines[0]) == 1
    finally:
        await outbox.close()
        await source.close()


async def test_requests_are_counted_for_all_workers_together(redis: Redis, another: Redis) -> None:
    async with (
        counting(redis, b"key", nowhere, budget=PATIENT) as one,
        counting(another, b"key", nowhere, budget=PATIENT) as two,
    ):
        for who in CALLS:
            workers = (one, two, one, two)
            waits = [await worker.wait("3/minute", who) for worker in workers]
            assert waits[:3] == [0] * 3
            assert waits[3] > 0


async def test_callers_events_and_announcements_are_everybodys(
    redis: Redis, another: Redis
) -> None:
    directory = Directory(redis, ttl=60)
    await directory.note("somebody", {"CA1": directory._clock()}, "es")
    assert await Directory(another, ttl=60).language("somebody") == "es"
    assert await Directory(another, ttl=60).calls("somebody") == ["CA1"]
    assert await directory.forget("somebody") == 2
    feed = Feed(redis, identity(1))
    async with feed.flowing():
        feed.record(Began("CA1", resumed=False))
        feed.record(Ended("CA1", "goodbye", 1.0))
    told = await Feed(another, identity(2)).after("", 10)
    assert [each.event["kind"] for each in told] == ["Began", "Ended"]
    async with another.pubsub(ignore_subscribe_messages=True) as channel:
        await channel.subscribe(shelf.CHANNEL)
        await channel.get_message(timeout=PATIENT)
        for server in await servers(redis):
            await server.publish(shelf.CHANNEL, "version")
            assert await channel.get_message(timeout=PATIENT) is not None
        await shelf.announce(redis, "version")
        assert await channel.get_message(timeout=PATIENT) is not None


async def test_a_server_that_is_late_holds_up_no_other_ones_keys(
    clustered: Clustered, redis: Redis
) -> None:
    hasty = sharing(redis, budget=BUDGET)
    keys = [key_at(clustered, number) for number in range(3)]
    paused = (await servers(redis))[1]
    await paused.client_pause(60_000, all=False)
    clock = asyncio.get_running_loop().time
    began = clock()
    with pytest.raises(Fault, match="late"), faults():
        await hasty.set(keys[1], "new")
    assert clock() - began < PATIENT
    assert await redis.set(keys[0], "new")
    assert await redis.set(keys[2], "new")
    batch = hasty.pipeline(transaction=False)
    for key in keys:
        batch.set(key, "newer")
    with pytest.raises(Fault, match="late"), faults():
        await batch.execute()


async def test_a_transaction_over_several_slots_is_refused(redis: Redis) -> None:
    batch = redis.pipeline(transaction=True)
    for call in CALLS:
        batch.set(call, "x")
    with pytest.raises(Fault, match="ClusterCrossSlot"), faults():
        await batch.execute()
    assert [await redis.get(call) for call in CALLS] == [None] * len(CALLS)


async def test_without_the_word_it_is_said_what_is_missing(clustered: Clustered) -> None:
    async with connect(clustered.without, budget=PATIENT) as plain:
        with pytest.raises(Fault, match=r"denied: .*cluster=true"), faults():
            await read(plain, CALLS)
    with pytest.raises(Fault, match="append-only"):
        await fit(clustered.without)
    with pytest.raises(Fault, match="append-only"):
        await fit(clustered.url)


async def read(redis: Redis, keys: Sequence[str]) -> None:
    for key in keys:
        await redis.get(key)


async def test_a_slot_that_moves_is_followed(clustered: Clustered, redis: Redis) -> None:
    source, target = clustered.primaries[1], clustered.primaries[2]
    key = key_at(clustered, 1)
    slot = key_slot(key.encode())
    assert await redis.get(key) is None
    target.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", source.id)
    source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", target.id)
    await redis.set(key, "on its way")
    for server in (target, source):
        server.ask("CLUSTER", "SETSLOT", slot, "NODE", target.id)
    async with redis.pipeline(transaction=True) as batch:
        batch.get(key)
        batch.set(key, "there")
        assert await batch.execute() == [b"on its way", True]
    assert target.ask("GET", key) == "there"
    for server in (source, target):
        target.ask("DEL", key)
        server.ask("CLUSTER", "SETSLOT", slot, "NODE", source.id)


async def test_the_server_that_takes_a_dead_ones_place_is_found(
    clustered: Clustered, redis: Redis
) -> None:
    key = key_at(clustered, 0)
    await redis.set(key, "kept")
    await eventually(lambda: read_by_spare(clustered, key))
    clustered.primaries[0].own.stop()

    async def there() -> bool:
        with suppress(Fault), faults():
            return await redis.ping()
        return False

    await eventually(there)
    assert await redis.get(key) == b"kept"
    assert await redis.set(key, "new")


async def read_by_spare(clustered: Clustered, key: str) -> bool:
    async with Redis(port=clustered.spare.own.port, single_connection_client=True) as spare:
        await spare.execute_command("READONLY")
        return await spare.get(key) == b"kept"
