"""Commands reach the worker that has the call; what happens in calls reaches whoever looks on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from redis.asyncio import Redis

from agent.fleet import commands as ordering
from agent.fleet.commands import Answer, Command, Commands
from agent.fleet.feed import Feed
from agent.fleet.fleet import Fleet
from agent.fleet.identity import identity
from knowledge.chain import Fault
from knowledge.events import Began, Ended, Event, Late

pytestmark = pytest.mark.wire


@dataclass(slots=True)
class Post:
    fleet: Fleet
    commands: Commands
    obeyed: list[tuple[str, str, str]] = field(default_factory=list)


@asynccontextmanager
async def post(redis: Redis | None, answer: Answer = Answer.DONE) -> AsyncIterator[Post]:
    fleet = Fleet(redis, identity(1), most=5)

    def obey(command: Command) -> Answer:
        made.obeyed.append((command.call, command.wish, command.department))
        return answer

    made = Post(fleet, Commands(fleet, redis, obey))
    async with fleet.member():
        yield made


async def test_a_command_is_carried_out_by_the_worker_that_has_the_call(redis: Redis) -> None:
    async with post(redis) as one, post(redis, Answer.UNFIT) as two:
        async with one.fleet.having("CA1"), two.fleet.having("CA2"):
            assert await one.commands.give("CA1", "end") is Answer.DONE
            assert await two.commands.give("CA1", "transfer", "claims") is Answer.DONE
            assert await one.commands.give("CA2", "end") is Answer.UNFIT
            assert await one.commands.give("CA3", "end") is Answer.UNKNOWN
        assert one.obeyed == [("CA1", "end", ""), ("CA1", "transfer", "claims")]
        assert two.obeyed == [("CA2", "end", "")]


async def test_a_worker_that_does_not_answer_is_said_to_be_away(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ordering, "PATIENCE", 0.1)
    async with post(redis) as one, post(redis) as two, one.fleet.having("CA1"):
        monkeypatch.setattr(one.fleet, "_beat", asyncio.sleep)  # as one that was killed
        with pytest.raises(Fault):
            await two.commands.give("CA1", "end")
        monkeypatch.undo()


async def test_without_redis_commands_stay_in_the_process() -> None:
    async with post(None) as one, one.fleet.having("CA1"):
        assert await one.commands.give("CA1", "end") is Answer.DONE
        assert await one.commands.give("CA2", "end") is Answer.UNKNOWN


STORY: list[Event] = [
    Began("CA1", resumed=False),
    Late("CA1", 0.03),
    Ended("CA1", "goodbye", 12.0),
]


async def test_events_of_all_workers_are_read_in_order(redis: Redis) -> None:
    one, two = Feed(redis, identity(1)), Feed(redis, identity(2))
    async with one.flowing(), two.flowing():
        one.record(STORY[0])
        one.record(STORY[1])
    async with two.flowing():
        two.record(STORY[2])
    told = await one.after("", 10)
    assert [(t.event["kind"], t.event["call"]) for t in told] == [
        ("Began", "CA1"),
        ("Ended", "CA1"),
    ]
    assert told[0].event["worker"] != told[1].event["worker"]
    assert await two.after(told[0].id, 10) == told[1:]
    assert await two.after("", 1) == told[1:]


async def test_without_redis_events_are_the_processes_own() -> None:
    feed = Feed(None, identity(1))
    async with feed.flowing():
        for event in STORY:
            feed.record(event)
        told = await feed.after("", 10)
        assert [t.event["kind"] for t in told] == ["Began", "Ended"]
        assert await feed.after(told[0].id, 10) == told[1:]
        with pytest.raises(ValueError, match="int"):
            await feed.after("x", 1)


async def test_the_stream_of_events_has_a_bound(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.fleet.feed.MOST", 100)
    feed = Feed(redis, identity(1))
    async with feed.flowing():
        for _ in range(900):
            feed.record(STORY[0])
    assert 100 <= await redis.xlen("answerline:events") < 300, "Redis cuts in blocks of a hundred"
