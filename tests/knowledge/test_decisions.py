"""The same question is decided once; another version, a number, a different sense is not it."""

import asyncio
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from knowledge.answers import Answer, Passage, Question
from knowledge.decisions import Decisions
from knowledge.events import Event, Switched
from knowledge.store import BUDGET, connect
from tests.eventually import eventually, until
from tests.knowledge.stalled import Stalled
from tests.valkey import PATIENT

ANSWER = Answer("Yes.", 0.95, "hail", "claims", "en", passages=(Passage("hail", "Hail.", 0.8),))


class Thinker:
    """Counts what it is asked."""

    def __init__(self) -> None:
        self.asked: list[Question] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.version = "one"

    async def answer(self, question: Question) -> Answer | None:
        self.asked.append(question)
        await self.gate.wait()
        return ANSWER if "hail" in question.text.lower() else None


def decisions(thinker: Thinker, redis: Redis | None = None, **changes: int) -> Decisions:
    known = {"ttl": 60, "most": 100} | changes
    return Decisions(
        thinker, lambda: thinker.version, key=b"k", redis=redis, budget=PATIENT, **known
    )


async def shared(redis: Redis, text: str) -> bytes:
    """The key of what another process has decided."""
    await decisions(Thinker(), redis).answer(asked(text))

    async def written() -> bool:
        return bool(await redis.keys())

    await eventually(written)
    (key,) = await redis.keys()
    assert isinstance(key, bytes)
    return key


def asked(text: str, language: str = "en", heard: float = 1.0) -> Question:
    return Question(text, language, heard)


async def test_what_a_rough_reading_decided_holds_for_that_reading_alone() -> None:
    thinker = Thinker()
    cache = decisions(thinker)
    for reading, sure in (("is hail in", 0.8), ("is hell in", 0.8), ("is hail in", 0.7)):
        await cache.know(replace(asked("¿entra el hail?", "es"), reading=reading, sure=sure))
    assert len(thinker.asked) == 2
    for reading in ("Is hail covered?", "Does it cover hail?"):
        await cache.know(replace(asked("¿entra el hail?", "es"), reading=reading, sure=0.95))
    assert len(thinker.asked) == 3, "of one that is flawless the words matter no more"


async def test_the_same_question_is_thought_about_once() -> None:
    thinker = Thinker()
    cache = decisions(thinker)
    first = await cache.know(asked("Is hail covered?"))
    again = await cache.know(asked("is  hail covered"))
    assert (first.answer, first.found) == (ANSWER, "")
    assert (again.answer, again.found) == (ANSWER, "own")
    assert len(thinker.asked) == 1


async def test_what_is_not_known_is_remembered_too() -> None:
    thinker = Thinker()
    cache = decisions(thinker)
    assert await cache.answer(asked("Who are you?")) is None
    assert (await cache.know(asked("Who are you?"))).found == "own"


@pytest.mark.parametrize(
    "other",
    ["Is hail not covered?", "Isn't hail covered?", "Is hail covered in Ohio?", "Is rain covered?"],
)
async def test_another_question_is_another_decision(other: str) -> None:
    thinker = Thinker()
    cache = decisions(thinker)
    await cache.answer(asked("Is hail covered?"))
    assert (await cache.know(asked(other))).found == ""


async def test_another_language_is_another_decision() -> None:
    thinker = Thinker()
    cache = decisions(thinker)
    await cache.answer(asked("hail", "en"))
    assert (await cache.know(asked("hail", "es"))).found == ""


async def test_what_somebody_else_had_to_decide_is_not_kept() -> None:
    """The best answerer was away, or began to be away meanwhile."""
    thinker, lapses = Thinker(), iter((None, 0, 1, 1, 1))
    cache = Decisions(thinker, lambda: "one", key=b"k", ttl=60, lapses=lambda: next(lapses))
    for _ in range(3):
        assert (await cache.know(asked("Is hail covered?"))).found == ""
    assert (await cache.know(asked("Is hail covered?"))).found == "own"
    assert len(thinker.asked) == 3


async def test_what_was_decided_while_the_content_changed_is_not_kept() -> None:
    thinker = Thinker()
    cache = decisions(thinker)
    thinker.gate.clear()
    asking = asyncio.create_task(cache.know(asked("Is hail covered?")))
    await until(lambda: len(thinker.asked) == 1)
    thinker.version = "two"
    thinker.gate.set()
    await asking
    thinker.version = "one"
    assert (await cache.know(asked("Is hail covered?"))).found == ""


async def test_another_version_is_another_decision() -> None:
    thinker = Thinker()
    cache = decisions(thinker)
    await cache.answer(asked("Is hail covered?"))
    thinker.version = "two"
    assert (await cache.know(asked("Is hail covered?"))).found == ""


async def test_what_holds_a_number_is_never_kept() -> None:
    thinker = Thinker()
    cache = decisions(thinker)
    for _ in range(2):
        assert (await cache.know(asked("hail on policy AB-1234567"))).found == ""


async def test_a_badly_heard_question_takes_nothing_from_the_next() -> None:
    cache = decisions(Thinker())
    bad = await cache.answer(asked("Is hail covered?", heard=0.3))
    good = await cache.answer(asked("Is hail covered?"))
    assert bad is not None
    assert bad.confidence == pytest.approx(0.95 * 0.5)
    assert good == ANSWER


async def test_many_who_ask_at_once_wait_for_one() -> None:
    thinker = Thinker()
    thinker.gate.clear()
    cache = decisions(thinker)
    asking = [asyncio.create_task(cache.answer(asked("Is hail covered?"))) for _ in range(50)]
    await asyncio.sleep(0)
    asking[0].cancel()  # who asked first hangs up
    thinker.gate.set()
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert answers[1:] == [ANSWER] * 49
    assert len(thinker.asked) == 1


async def test_a_failure_is_not_remembered() -> None:
    class Broken(Thinker):
        async def answer(self, question: Question) -> Answer | None:
            if not self.asked:
                self.asked.append(question)
                raise OSError("away")
            return await super().answer(question)

    cache = decisions(Broken())
    with pytest.raises(OSError, match="away"):
        await cache.answer(asked("Is hail covered?"))
    assert await cache.answer(asked("Is hail covered?")) == ANSWER


async def test_no_more_is_kept_than_the_bound() -> None:
    thinker = Thinker()
    cache = decisions(thinker, most=2)
    for name in ("hail", "rain", "snow"):
        await cache.answer(asked(name))
    assert (await cache.know(asked("snow"))).found == "own"
    assert (await cache.know(asked("hail"))).found == ""


async def test_a_time_to_live_of_zero_keeps_nothing() -> None:
    cache = decisions(Thinker(), ttl=0)
    await cache.answer(asked("hail"))
    assert (await cache.know(asked("hail"))).found == ""


async def test_another_process_finds_what_one_decided(redis: Redis) -> None:
    await shared(redis, "Is hail covered?")
    other = Thinker()
    known = await decisions(other, redis).know(asked("Is hail covered?"))
    assert (known.answer, known.found) == (ANSWER, "shared")
    assert not other.asked


async def test_nothing_that_was_said_is_in_redis(redis: Redis) -> None:
    key = await shared(redis, "Is hail covered, my name is Dolores?")
    stored = key + (await redis.get(key) or b"")
    assert b"Dolores" not in stored
    assert b"dolores" not in stored
    assert 0 < await redis.ttl(key) <= 60


async def test_garbage_in_redis_is_decided_again(redis: Redis) -> None:
    key = await shared(redis, "hail")
    for garbage in (b"{", b"[]", b'{"text": 1}', b"\xff"):
        await redis.set(key, garbage)
        assert (await decisions(Thinker(), redis).know(asked("hail"))).answer == ANSWER


async def test_without_redis_it_decides_itself() -> None:
    nobody = connect("redis://127.0.0.1:1/0", budget=0.2)
    cache = decisions(Thinker(), nobody)
    known = await cache.know(asked("hail"))
    assert replace(known, found="") == known
    await cache.close()
    await nobody.aclose()


@pytest.mark.own_clock
async def test_a_redis_that_says_nothing_costs_a_question_its_budget_and_is_told_of() -> None:
    events: list[Event] = []
    thinker, clock = Thinker(), asyncio.get_running_loop().time
    cache = Decisions(thinker, lambda: "one", key=b"k", ttl=60, redis=Stalled(), emit=events.append)
    began = clock()
    answers = await asyncio.gather(*(cache.know(asked("Is hail covered?")) for _ in range(50)))
    assert clock() - began == pytest.approx(BUDGET)
    assert {known.found for known in answers} == {""}
    assert len(thinker.asked) == 1
    assert events == [Switched("", "decisions", "redis", "late")]
    await cache.close()


@pytest.mark.own_clock
async def test_nobody_waits_until_redis_has_been_told() -> None:
    redis, clock = Stalled(reads=True), asyncio.get_running_loop().time
    cache = decisions(Thinker(), redis)
    began = clock()
    assert await cache.answer(asked("Is hail covered?")) == ANSWER
    assert clock() == began
    assert (await cache.know(asked("Is hail covered?"))).found == "own"
    redis.answers.set()
    await until(lambda: bool(redis.written))
    await cache.close()


async def test_what_is_closed_leaves_nobody_asking() -> None:
    thinker = Thinker()
    thinker.gate.clear()
    cache = decisions(thinker)
    asking = asyncio.create_task(cache.know(asked("Is hail covered?")))
    await until(lambda: len(thinker.asked) == 1)
    await cache.close()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert asyncio.all_tasks() == {asyncio.current_task()}
