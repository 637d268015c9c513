"""Twilio's REST API, as a call uses it."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from agent.line import rest
from agent.line.rest import (
    CallGone,
    Dialling,
    TwilioAway,
    TwilioDenied,
    TwilioError,
    TwilioLeftAlone,
)
from agent.simulators.rest import RestCall
from agent.simulators.rest import TwilioRest as SimulatedRest
from agent.simulators.server import Fault

pytestmark = pytest.mark.wire


class Naps:
    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


@pytest.fixture
async def twilio() -> AsyncIterator[SimulatedRest]:
    async with SimulatedRest() as simulator:
        yield simulator


@pytest.fixture
def naps() -> Naps:
    return Naps()


@pytest.fixture
async def client(twilio: SimulatedRest, naps: Naps) -> AsyncIterator[rest.TwilioRest]:
    async with aiohttp.ClientSession() as session:
        account = twilio.account
        yield rest.TwilioRest(session, twilio.url, account.sid, account.token, sleep=naps)


async def test_a_call_is_hung_up(twilio: SimulatedRest, client: rest.TwilioRest) -> None:
    call = RestCall("CA1")
    twilio.enter(call)
    await client.hang_up("CA1")
    assert call.status == "completed"


async def test_a_call_is_given_other_instructions(
    twilio: SimulatedRest, client: rest.TwilioRest
) -> None:
    call = RestCall("CA1")
    twilio.enter(call)
    await client.instruct("CA1", "<Response/>")
    assert call.redirects == ["<Response/>"]


DIALLING = Dialling(
    "+15550100200",
    "+15550100100",
    "<Response><Say>Hello</Say></Response>",
    20,
    "https://a.example/status?room=1",
)


async def test_a_call_is_placed_once_with_all_that_it_needs(
    twilio: SimulatedRest, client: rest.TwilioRest
) -> None:
    sid = await client.dial(DIALLING)
    (order,) = twilio.orders
    assert (order.to, order.caller_id) == ("+15550100200", "+15550100100")
    assert (order.twiml, order.timeout) == ("<Response><Say>Hello</Say></Response>", 20.0)
    assert order.status_callback == "https://a.example/status?room=1"
    assert order.machine_callback == order.status_callback
    assert order.events == ("initiated", "ringing", "answered", "completed")
    assert await client.status(sid) == "queued"


@pytest.mark.parametrize(
    "fault", [Fault.LIMITED, Fault.BROKEN, Fault.GARBAGE, Fault.DROP, Fault.EMPTY, Fault.REFUSE]
)
async def test_a_call_of_which_nothing_is_known_is_not_placed_again(
    twilio: SimulatedRest, client: rest.TwilioRest, naps: Naps, fault: Fault
) -> None:
    await twilio.behave(fault=fault)
    with pytest.raises(TwilioAway):
        await client.dial(DIALLING)
    assert twilio.seen.requests <= 1
    assert naps.seconds == []


async def test_a_call_from_a_number_that_is_not_ours_is_refused(
    twilio: SimulatedRest, client: rest.TwilioRest
) -> None:
    twilio.numbers.add("+15550100999")
    with pytest.raises(TwilioError) as refused:
        await client.dial(DIALLING)
    assert (refused.value.status, refused.value.code) == (400, 21210)
    assert "5550100" not in str(refused.value)


async def test_a_call_that_is_over_is_told_from_a_failure(
    twilio: SimulatedRest, client: rest.TwilioRest
) -> None:
    twilio.enter(RestCall("CA1", status="completed"))
    with pytest.raises(CallGone) as over:
        await client.hang_up("CA1")
    with pytest.raises(CallGone) as unknown:
        await client.hang_up("CA2")
    assert (over.value.code, unknown.value.code) == (21220, 20404)


@pytest.mark.parametrize(
    ("fault", "error", "attempts"),
    [
        (Fault.DENIED, TwilioDenied, 1),
        (Fault.LIMITED, TwilioAway, 3),
        (Fault.BROKEN, TwilioAway, 3),
        (Fault.GARBAGE, TwilioAway, 3),
        (Fault.DROP, TwilioAway, 3),
    ],
)
async def test_what_may_pass_is_tried_again_twice_and_nothing_else(
    twilio: SimulatedRest, fault: Fault, error: type[TwilioError], attempts: int
) -> None:
    twilio.enter(RestCall("CA1"))
    await twilio.behave(fault=fault)
    naps = Naps()
    sid, token = twilio.account.sid, twilio.account.token
    async with aiohttp.ClientSession() as session:
        client = rest.TwilioRest(session, twilio.url, sid, token, sleep=naps)
        with pytest.raises(error):
            await client.hang_up("CA1")
    assert twilio.seen.requests == attempts
    assert len(naps.seconds) == attempts - 1
    assert all(0.1 <= nap <= 1.0 for nap in naps.seconds)


async def test_a_refused_connection_is_an_absence(
    twilio: SimulatedRest, client: rest.TwilioRest
) -> None:
    await twilio.behave(fault=Fault.REFUSE)
    with pytest.raises(TwilioAway, match="no answer"):
        await client.hang_up("CA1")


async def test_a_hang_is_left_at_the_deadline(twilio: SimulatedRest, naps: Naps) -> None:
    await twilio.behave(fault=Fault.HANG)
    sid, token = twilio.account.sid, twilio.account.token
    async with aiohttp.ClientSession() as session:
        client = rest.TwilioRest(session, twilio.url, sid, token, timeout=0.05, sleep=naps)
        with pytest.raises(TwilioAway):
            await client.hang_up("CA1")


async def test_twilios_own_pause_is_kept_when_it_is_short(
    twilio: SimulatedRest, client: rest.TwilioRest, naps: Naps
) -> None:
    await twilio.behave(fault=Fault.LIMITED, retry_after=1.5)
    with pytest.raises(TwilioAway):
        await client.instruct("CA1", "<Response/>")
    assert naps.seconds == [1.5, 1.5]
    await twilio.behave(fault=Fault.LIMITED, retry_after=60.0)
    with pytest.raises(TwilioAway):
        await client.instruct("CA1", "<Response/>")
    assert naps.seconds == [1.5, 1.5], "a call does not wait a minute"


async def spared(twilio: SimulatedRest, client: rest.TwilioRest) -> bool:
    """Whether what has another way fails without asking."""
    asked = twilio.seen.requests
    for request in (client.hang_up("CA1"), client.dial(DIALLING)):
        with pytest.raises(TwilioAway) as away:
            await request
        if not isinstance(away.value, TwilioLeftAlone):
            return False
    return twilio.seen.requests == asked


async def test_who_wants_to_be_left_alone_is_asked_for_nothing_that_has_another_way(
    twilio: SimulatedRest, client: rest.TwilioRest
) -> None:
    await twilio.behave(fault=Fault.LIMITED, retry_after=60.0)
    with pytest.raises(TwilioAway) as limited:
        await client.hang_up("CA1")
    assert limited.value.status == 429
    assert await spared(twilio, client)
    client.breaker.until = 0.0  # the minute is over
    with pytest.raises(TwilioAway) as limited:
        await client.hang_up("CA1")
    assert limited.value.status == 429


@pytest.fixture
async def hasty(twilio: SimulatedRest, naps: Naps) -> AsyncIterator[rest.TwilioRest]:
    async with aiohttp.ClientSession() as session:
        sid, token = twilio.account.sid, twilio.account.token
        yield rest.TwilioRest(session, twilio.url, sid, token, timeout=0.5, sleep=naps)


async def test_who_hangs_twice_is_waited_for_only_by_those_that_have_no_other_way(
    twilio: SimulatedRest, hasty: rest.TwilioRest
) -> None:
    await twilio.behave(fault=Fault.HANG)
    with pytest.raises(TwilioAway):
        await hasty.hang_up("CA1")
    assert twilio.seen.requests == 2, "the third time nobody waits"
    assert await spared(twilio, hasty)
    with pytest.raises(TwilioAway, match="no answer"):
        await hasty.instruct("CA1", "<Response/>")
    assert twilio.seen.requests == 3


async def test_any_answer_ends_it(twilio: SimulatedRest, hasty: rest.TwilioRest) -> None:
    twilio.enter(call := RestCall("CA1"))
    await twilio.behave(fault=Fault.HANG)
    with pytest.raises(TwilioAway):
        await hasty.hang_up("CA1")
    assert await spared(twilio, hasty)
    await twilio.behave(fault=Fault.NONE)
    await hasty.instruct("CA1", "<Response/>")
    await hasty.hang_up("CA1")
    assert call.status == "completed"


async def test_what_fails_at_once_is_asked_again_and_again(
    twilio: SimulatedRest, client: rest.TwilioRest
) -> None:
    await twilio.behave(fault=Fault.BROKEN)
    for _ in range(3):
        with pytest.raises(TwilioAway):
            await client.hang_up("CA1")
    assert twilio.seen.requests == 9


async def test_a_second_attempt_that_works_is_enough(twilio: SimulatedRest, naps: Naps) -> None:
    twilio.enter(call := RestCall("CA1"))
    await twilio.behave(fault=Fault.BROKEN)

    async def mended(_seconds: float) -> None:
        await twilio.behave(fault=Fault.NONE)

    async with aiohttp.ClientSession() as session:
        account = twilio.account
        client = rest.TwilioRest(session, twilio.url, account.sid, account.token, sleep=mended)
        await client.hang_up("CA1")
    assert call.status == "completed"


async def test_a_valid_account_is_told_from_a_wrong_one(
    twilio: SimulatedRest, client: rest.TwilioRest
) -> None:
    await client.check()
    async with aiohttp.ClientSession() as session:
        wrong = rest.TwilioRest(session, twilio.url, twilio.account.sid, "another")
        with pytest.raises(TwilioDenied) as denied:
            await wrong.check()
    assert "another" not in str(denied.value)


async def test_while_the_accounts_token_is_replaced_either_one_will_do(
    twilio: SimulatedRest, client: rest.TwilioRest
) -> None:
    for number, tokens in enumerate([("old", twilio.account.token), (twilio.account.token, "old")]):
        call = RestCall(f"CA{number}")
        twilio.enter(call)
        client.renew(tokens)
        await client.hang_up(call.sid)
        assert call.status == "completed"
    asked = twilio.seen.requests
    await client.status("CA0")
    assert twilio.seen.requests == asked + 1, "the one that was good is asked with first"
    client.renew(("older", "old"))
    with pytest.raises(TwilioDenied):
        await client.hang_up("CA0")
