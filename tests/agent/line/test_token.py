"""One token, one stream, soon: in this process and in a real Valkey."""

import asyncio

import pytest
from redis.asyncio import Redis

from agent.line.token import LIFE, REPEATED, OwnStore, RedisStore, Tokens
from knowledge.events import Event, Switched


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["own", "redis"])
def tokens(request: pytest.FixtureRequest, clock: Clock, redis: Redis) -> Tokens:
    shared = RedisStore(redis) if request.param == "redis" else None
    return Tokens("key", OwnStore(clock), shared, clock, deadline=5.0)


async def test_a_token_opens_one_stream_once(tokens: Tokens) -> None:
    token = await tokens.issue("CA1")
    assert await tokens.redeem("CA1", token)
    assert not await tokens.redeem("CA1", token)


async def test_a_token_opens_no_other_calls_stream(tokens: Tokens) -> None:
    token = await tokens.issue("CA1")
    assert not await tokens.redeem("CA2", token)
    assert await tokens.redeem("CA1", token)


async def test_a_repeated_webhook_gets_the_same_token(tokens: Tokens) -> None:
    assert await tokens.issue("CA1") == await tokens.issue("CA1")
    assert await tokens.issue("CA1") != await tokens.issue("CA2")


async def test_after_it_was_redeemed_the_next_token_is_a_fresh_one(tokens: Tokens) -> None:
    first = await tokens.issue("CA1")
    await tokens.redeem("CA1", first)
    second = await tokens.issue("CA1")
    assert second != first
    assert not await tokens.redeem("CA1", first), "a replay does not spoil the fresh one"
    assert await tokens.redeem("CA1", second)


async def test_of_many_at_once_one_wins(tokens: Tokens) -> None:
    token = await tokens.issue("CA1")
    won = await asyncio.gather(*(tokens.redeem("CA1", token) for _ in range(20)))
    assert sum(won) == 1


async def test_a_token_is_too_old_after_its_life(tokens: Tokens, clock: Clock) -> None:
    token = await tokens.issue("CA1")
    clock.now += LIFE + 0.1
    assert not await tokens.redeem("CA1", token)


async def test_shortly_before_its_end_a_token_is_not_handed_out_again(clock: Clock) -> None:
    tokens = Tokens("key", OwnStore(clock), clock=clock)
    first = await tokens.issue("CA1")
    clock.now += REPEATED
    second = await tokens.issue("CA1")
    assert second != first
    assert await tokens.redeem("CA1", second)


@pytest.mark.parametrize("token", ["", "x", "é", "=" * 40, "A" * 38, "A" * 5000, "\ud800"])
async def test_a_made_up_token_opens_nothing(tokens: Tokens, token: str) -> None:
    assert not await tokens.redeem("CA1", token)


async def test_a_token_changed_in_any_place_opens_nothing(tokens: Tokens) -> None:
    token = await tokens.issue("CA1")
    for place in range(len(token)):
        for letter in "AQz-":
            mutated = token[:place] + letter + token[place + 1 :]
            assert mutated == token or not await tokens.redeem("CA1", mutated)
    assert await tokens.redeem("CA1", token)


async def test_a_token_of_another_key_opens_nothing(clock: Clock) -> None:
    token = await Tokens("another", OwnStore(clock), clock=clock).issue("CA1")
    assert not await Tokens("key", OwnStore(clock), clock=clock).redeem("CA1", token)


async def test_a_stream_may_come_to_another_worker_than_its_webhook(
    redis: Redis, clock: Clock
) -> None:
    one = Tokens("key", OwnStore(clock), RedisStore(redis), clock, deadline=5.0)
    two = Tokens("key", OwnStore(clock), RedisStore(redis), clock, deadline=5.0)
    token = await one.issue("CA1")
    assert await two.issue("CA1") == token
    assert await two.redeem("CA1", token)
    assert not await one.redeem("CA1", token)


async def test_a_token_that_was_issued_while_redis_was_late_opens_a_stream_anywhere(
    redis: Redis, clock: Clock
) -> None:
    issuing = Tokens("key", OwnStore(clock), clock=clock, deadline=5.0)
    elsewhere = Tokens("key", OwnStore(clock), RedisStore(redis), clock, deadline=5.0)
    token = await issuing.issue("CA1")
    assert await elsewhere.redeem("CA1", token)
    assert not await elsewhere.redeem("CA1", token)


async def test_a_token_whose_redemption_redis_did_not_confirm_is_not_handed_out_again(
    redis: Redis, clock: Clock
) -> None:
    tokens = Tokens("key", OwnStore(clock), RedisStore(redis), clock, deadline=5.0)
    first = await tokens.issue("CA1")
    await redis.set(f"answerline:call:{{CA1}}:redeemed:{first}", 1)  # and the answer came too late
    second = await tokens.issue("CA1")
    assert second != first
    assert await tokens.issue("CA1") == second
    assert await tokens.redeem("CA1", second)


async def test_while_redis_is_away_calls_are_still_taken_and_a_replay_is_not(clock: Clock) -> None:
    nobody = Redis(port=1, socket_connect_timeout=0.05)
    events: list[Event] = []
    tokens = Tokens(
        "key", OwnStore(clock), RedisStore(nobody), clock, deadline=5.0, emit=events.append
    )
    token = await tokens.issue("CA1")
    away = Switched("CA1", "tokens", "redis", "refused")
    assert events == [away]
    assert await tokens.redeem("CA1", token)
    assert events == [away, away]
    assert not await tokens.redeem("CA1", token)
    await nobody.aclose()


async def test_a_process_remembers_no_more_than_its_bound(clock: Clock) -> None:
    store = OwnStore(clock, most=100)
    tokens = Tokens("key", store, clock=clock)
    for number in range(300):
        await tokens.redeem(f"CA{number}", await tokens.issue(f"CA{number}"))
        await tokens.issue(f"CB{number}")
    assert len(store._redeemed) <= 100
    assert len(store._waiting) <= 100


class LateOnce(OwnStore):
    """A shared store that keeps the first caller waiting for ever."""

    asked = 0

    async def keep(self, call: str, token: str) -> str:
        self.asked += 1
        if self.asked == 1:
            await asyncio.Event().wait()
        return await super().keep(call, token)


class LateToTake(RedisStore):
    """Too late for the first redemption, which it never hears of."""

    asked = 0

    async def take(self, call: str, token: str) -> bool:
        self.asked += 1
        if self.asked == 1:
            await asyncio.Event().wait()
        return await super().take(call, token)


async def test_what_was_redeemed_while_redis_was_late_is_redeemed_for_good(
    redis: Redis, clock: Clock
) -> None:
    tokens = Tokens("key", OwnStore(clock), LateToTake(redis), clock, deadline=0.5)
    first = await tokens.issue("CA1")
    assert await tokens.redeem("CA1", first)
    assert not await tokens.redeem("CA1", first)
    second = await tokens.issue("CA1")
    assert second != first, "the call is not given a token that opens nothing"
    assert await tokens.redeem("CA1", second)


async def test_two_webhooks_at_once_get_one_token_though_redis_is_late_for_one(
    clock: Clock,
) -> None:
    tokens = Tokens("key", OwnStore(clock), LateOnce(clock, name="late"), clock)
    one, other = await asyncio.gather(tokens.issue("CA1"), tokens.issue("CA1"))
    assert one == other


async def test_a_token_made_with_the_old_key_opens_its_stream_while_both_are_good(
    tokens: Tokens,
) -> None:
    first, second = await tokens.issue("CA1"), await tokens.issue("CA2")
    tokens.renew(("new", "key"))
    assert await tokens.redeem("CA1", first)
    tokens.renew(("new",))
    assert not await tokens.redeem("CA2", second)
    assert await tokens.redeem("CA3", await tokens.issue("CA3"))
