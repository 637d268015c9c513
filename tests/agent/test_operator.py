"""The operator, on a simulated Twilio's REST side: each step once, whoever is asked."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import aiohttp
import pytest

from agent.errand import Errand, Progress, Ringing
from agent.line.rest import TwilioAway, TwilioRest
from agent.line.twiml import Said
from agent.operator import NoOperator, Operator
from agent.simulators.rest import RestCall
from agent.simulators.rest import TwilioRest as SimulatedRest
from agent.simulators.server import Fault
from knowledge.events import Event, Transferred
from knowledge.persona import load
from tests.eventually import until

pytestmark = pytest.mark.wire
PUBLIC = "https://phone.example.com"
CALLER = "CA1"
TO, FROM = "+15550100200", "+15550100100"
TOLD = [Said("A call.", "en")]


class Office:
    """An operator, the calls that it deals with, and what it has told."""

    def __init__(self, operator: Operator, twilio: SimulatedRest) -> None:
        self.operator = operator
        self.twilio = twilio
        self.caller = RestCall(CALLER)
        self.events: list[Event] = []
        twilio.enter(self.caller)

    async def call(self) -> Ringing:
        return await self.operator.call(Errand.new(CALLER, "claims", "es"), TO, FROM, TOLD)


@asynccontextmanager
async def office() -> AsyncIterator[Office]:
    events: list[Event] = []
    async with SimulatedRest() as twilio, aiohttp.ClientSession() as session:
        account = twilio.account

        async def soon(_seconds: float) -> None: ...

        rest = TwilioRest(session, twilio.url, account.sid, account.token, sleep=soon)
        say = load().say
        operator = Operator(rest, PUBLIC, home="en", say=say, emit=events.append)
        found = Office(operator, twilio)
        found.events = events
        yield found


def verbs(document: str) -> list[str]:
    return [verb.tag for verb in ET.fromstring(document)]


def test_an_errand_is_read_from_the_address_that_it_was_written_into() -> None:
    errand = Errand.new("CA1", "lost & found é", "es")
    query = urlsplit(errand.address(PUBLIC, "join", who="CA2")).query
    read = Errand.read(query)
    assert read.room == errand.room
    assert (read.call, read.department, read.language) == ("CA1", "lost & found é", "es")
    assert read.began == pytest.approx(errand.began, abs=0.001)


@pytest.mark.parametrize("query", ["", "room=1", "call=CA1", "room=1&call=2&began=soon", "a&" * 99])
def test_what_is_no_errand(query: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        Errand.read(query)


@pytest.mark.parametrize(
    ("news", "progress"),
    [
        (["ringing", "initiated"], Progress.RINGING),
        (["in-progress", "ringing"], Progress.ANSWERED),
        (["busy", "completed"], Progress.BUSY),
        (["no-answer"], Progress.NO_ANSWER),
        (["completed", "in-progress"], Progress.FAILED),
        (["nonsense", "failed"], Progress.FAILED),
    ],
)
async def test_news_in_any_order_lead_forwards_only(news: list[str], progress: Progress) -> None:
    async with office() as found:
        ringing = await found.call()
        for status in news:
            await found.operator.news(ringing.errand, ringing.sid, status)
        assert ringing.progress is progress


async def test_twilio_is_asked_where_no_news_come() -> None:
    async def ask(_sid: str) -> str:
        return "busy"

    ringing = Ringing(Errand.new(CALLER, "claims", "en"), "CA2", ask)
    assert await ringing.after(Progress.RINGING) is Progress.BUSY


async def test_the_caller_is_moved_before_the_colleague_enters_and_only_once() -> None:
    async with office() as found:
        ringing = await found.call()
        first, second = await asyncio.gather(
            found.operator.join(ringing.errand, ringing.sid),
            found.operator.join(ringing.errand, ringing.sid),
        )
        assert first == second
        assert verbs(first) == ["Dial", "Hangup"]
        assert len(found.caller.redirects) == 1
        assert ringing.progress is Progress.JOINED
        (event,) = found.events
        assert isinstance(event, Transferred)
        assert (event.call, event.department, event.outcome) == (CALLER, "claims", "joined")
        assert await found.operator.moved(ringing)


async def test_a_worker_that_knows_nothing_of_a_transfer_carries_it_on() -> None:
    async with office() as found:
        document = await found.operator.join(Errand.new(CALLER, "claims", "en"), "CA2")
        assert verbs(document) == ["Dial", "Hangup"]
        assert len(found.caller.redirects) == 1


async def test_the_worker_with_the_stream_finds_out_that_another_has_moved_the_caller() -> None:
    async with office() as found:
        ringing = await found.call()
        assert not await found.operator.moved(ringing), "nobody has answered"
        ringing.note(Progress.ANSWERED)
        assert await found.operator.moved(ringing)
        found.caller.status = "completed"
        assert not await found.operator.moved(ringing)
        await found.twilio.behave(fault=Fault.BROKEN)
        assert not await found.operator.moved(ringing)


async def test_a_colleague_whose_caller_has_gone_is_told_so() -> None:
    async with office() as found:
        found.caller.status = "completed"
        ringing = await found.call()
        document = await found.operator.join(ringing.errand, ringing.sid)
        assert verbs(document) == ["Say", "Hangup"]
        assert "cannot be connected" in document
        assert ringing.progress is Progress.FAILED
        assert found.events == []


async def test_what_was_given_up_joins_nobody_and_rings_no_longer() -> None:
    async with office() as found:
        ringing = await found.call()
        await found.operator.give_up(ringing)
        await found.operator.give_up(ringing)
        assert [one.fields for one in found.twilio.updates] == [{"Status": "completed"}]
        document = await found.operator.join(ringing.errand, ringing.sid)
        assert verbs(document) == ["Say", "Hangup"]
        assert found.caller.redirects == []


async def test_a_call_that_was_placed_although_no_answer_came_is_ended_when_it_rings() -> None:
    async with office() as found:
        await found.twilio.behave(fault=Fault.DROP)
        errand = Errand.new(CALLER, "claims", "en")
        with pytest.raises(TwilioAway):
            await found.operator.call(errand, TO, FROM, TOLD)
        await found.twilio.behave(fault=Fault.NONE)
        found.twilio.enter(ghost := RestCall("CA7", "ringing"))
        await found.operator.news(errand, "CA7", "ringing")
        assert ghost.status == "completed"


async def test_whoever_is_alone_waits_once_and_then_goes_on() -> None:
    async with office() as found:
        errand = Errand.new(CALLER, "claims", "es")
        found.twilio.enter(colleague := RestCall("CA2"))
        assert verbs(await found.operator.wait(errand, CALLER, 0)) == ["Pause", "Redirect"]
        assert found.caller.redirects == []
        await found.operator.wait(errand, CALLER, 1)
        (back,) = found.caller.redirects
        assert "/twilio/transfer/back?" in back
        await found.operator.wait(errand, "CA2", 1)
        (gone,) = colleague.redirects
        assert verbs(gone) == ["Say", "Hangup"]


async def test_alone_and_already_gone_is_the_end_and_an_outage_is_waited_out() -> None:
    async with office() as found:
        errand = Errand.new(CALLER, "claims", "es")
        found.caller.status = "completed"
        assert verbs(await found.operator.wait(errand, CALLER, 1)) == ["Hangup"]
        await found.twilio.behave(fault=Fault.BROKEN)
        assert verbs(await found.operator.wait(errand, CALLER, 2)) == ["Pause", "Redirect"]


async def test_after_the_conference_the_caller_hears_goodbye_in_the_callers_language() -> None:
    async with office() as found:
        document = found.operator.over(Errand.new(CALLER, "claims", "es"))
        assert verbs(document) == ["Say", "Hangup"]
        assert "Adiós" in document


async def test_without_rest_there_is_no_desk() -> None:
    with pytest.raises(NoOperator):
        await Operator.none().call(Errand.new(CALLER, "claims", "en"), TO, FROM, TOLD)


async def test_waiting_ends_with_the_first_news() -> None:
    async with office() as found:
        ringing = await found.call()
        waiting = asyncio.create_task(ringing.after(Progress.RINGING))
        await found.operator.news(ringing.errand, ringing.sid, "in-progress")
        await until(waiting.done)
        assert waiting.result() is Progress.ANSWERED
