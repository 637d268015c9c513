"""Readings are shared by workers; who looks into Redis learns nothing of them."""

import pytest
from redis.asyncio import Redis

from knowledge.chain import Fault
from knowledge.readings import Readings
from tests.eventually import eventually
from tests.knowledge.stalled import Stalled
from tests.valkey import PATIENT

WORDS, ENGLISH = "me llamo rodrigo y tengo una duda", "my name is Rodrigo and I have a question"


def readings(redis: Redis, key: bytes = b"ours") -> Readings:
    return Readings(redis, key=key, budget=PATIENT)


def silent(fault: Fault) -> None:
    raise AssertionError(fault)


async def found(readings: Readings, words: str, target: str = "en") -> tuple[str, str] | None:
    return await readings.find(words, "es", target, silent)


async def kept(redis: Redis) -> bytes:
    """The key of what one worker has read."""
    readings(redis).keep(WORDS, "es", "en", ENGLISH, "openai")

    async def written() -> bool:
        return bool(await redis.keys("*"))

    await eventually(written)
    (key,) = await redis.keys("*")
    assert isinstance(key, bytes)
    return key


async def test_what_one_worker_has_read_another_finds(redis: Redis) -> None:
    await kept(redis)
    other = readings(redis)
    assert await found(other, WORDS) == (ENGLISH, "openai")
    assert await found(other, WORDS, "fr") is None
    assert await found(other, "otra cosa") is None


async def test_neither_key_nor_value_tells_a_word(redis: Redis) -> None:
    key = await kept(redis)
    shared = (key + (await redis.get(key) or b"")).lower()
    assert not any(
        word.encode() in shared for word in f"{WORDS} {ENGLISH}".lower().split() if len(word) > 3
    )
    assert await found(readings(redis, b"theirs"), WORDS) is None
    assert 0 < await redis.ttl(key) <= 86_400


async def test_what_holds_a_number_is_not_kept(redis: Redis) -> None:
    mine = readings(redis)
    mine.keep("mi poliza es ab 1234567", "es", "en", "my policy is", "openai")
    mine.keep(WORDS, "es", "en", ENGLISH, "openai")  # written after it, were it written

    async def written() -> bool:
        return await found(mine, WORDS) is not None

    await eventually(written)
    assert len(await redis.keys("*")) == 1


async def test_a_value_that_somebody_else_wrote_is_none(redis: Redis) -> None:
    key = await kept(redis)
    for rubbish in (b"", b"short", b"x" * 60):
        await redis.set(key, rubbish)
        assert await found(readings(redis), WORDS) is None


@pytest.mark.own_clock
async def test_without_redis_nothing_is_found_and_nothing_raised_but_reported() -> None:
    away, faults = Readings(Stalled(), key=b"ours"), []
    away.keep(WORDS, "es", "en", ENGLISH, "openai")
    assert await away.find(WORDS, "es", "en", faults.append) is None
    assert [fault.kind for fault in faults] == ["late"]
    await away.close()
