"""Readings are shared by workers; who looks into Redis learns nothing of them."""

from redis.asyncio import Redis

from knowledge.readings import Readings
from knowledge.store import connect

WORDS, ENGLISH = "me llamo rodrigo y tengo una duda", "my name is Rodrigo and I have a question"


async def test_what_one_worker_has_read_another_finds(redis: Redis) -> None:
    await Readings(redis, key=b"ours").keep(WORDS, "es", "en", ENGLISH, "openai")
    other = Readings(redis, key=b"ours")
    assert await other.find(WORDS, "es", "en") == (ENGLISH, "openai")
    assert await other.find(WORDS, "es", "fr") is None
    assert await other.find("otra cosa", "es", "en") is None


async def test_neither_key_nor_value_tells_a_word(redis: Redis) -> None:
    await Readings(redis, key=b"ours").keep(WORDS, "es", "en", ENGLISH, "openai")
    (key,) = await redis.keys("*")
    kept = (key + await redis.get(key)).lower()
    assert not any(
        word.encode() in kept for word in f"{WORDS} {ENGLISH}".lower().split() if len(word) > 3
    )
    assert await Readings(redis, key=b"theirs").find(WORDS, "es", "en") is None
    assert 0 < await redis.ttl(key) <= 86_400


async def test_what_holds_a_number_is_not_kept(redis: Redis) -> None:
    readings = Readings(redis, key=b"ours")
    await readings.keep("mi poliza es ab 1234567", "es", "en", "my policy is", "openai")
    assert await redis.keys("*") == []


async def test_a_value_that_somebody_else_wrote_is_none(redis: Redis) -> None:
    readings = Readings(redis, key=b"ours")
    await readings.keep(WORDS, "es", "en", ENGLISH, "openai")
    (key,) = await redis.keys("*")
    for rubbish in (b"", b"short", b"x" * 60):
        await redis.set(key, rubbish)
        assert await readings.find(WORDS, "es", "en") is None


async def test_without_redis_nothing_is_found_and_nothing_raised() -> None:
    away = connect("redis://127.0.0.1:1/0")
    readings = Readings(away, key=b"ours")
    await readings.keep(WORDS, "es", "en", ENGLISH, "openai")
    assert await readings.find(WORDS, "es", "en") is None
    await away.aclose()
