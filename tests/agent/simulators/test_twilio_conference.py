"""Calls that an agent places, and conferences: who rings, who waits, who meets whom."""

import asyncio
import base64

import aiohttp
import pytest

from agent.simulators.rest import TwilioRest
from agent.simulators.twilio import Account, Colleague, Conditions, Meet, Stay, Twilio
from tests.agent.simulators.reference import ReferenceAgent

pytestmark = pytest.mark.wire
ACCOUNT = Account()
FROM, TO = "+15005550100", "+15550100200"
EVENTS = ["initiated", "ringing", "answered", "completed"]


async def post(rest: TwilioRest, path: str, **fields: object) -> dict[str, str]:
    pair = f"{ACCOUNT.sid}:{ACCOUNT.token}".encode()
    headers = {"Authorization": "Basic " + base64.b64encode(pair).decode()}
    url = f"{rest.url}/2010-04-01/Accounts/{ACCOUNT.sid}/{path}"
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(url, data=fields) as response,
    ):
        assert response.status < 300, await response.text()
        body: dict[str, str] = await response.json()
        return body


async def ring(
    agent: ReferenceAgent, rest: TwilioRest, twiml: str = "<Response/>", **more: str
) -> str:
    callback = {"StatusCallback": f"{agent.url}/status", "StatusCallbackEvent": EVENTS}
    form = {"From": FROM, "To": TO, "Twiml": twiml, **callback, **more}
    return (await post(rest, "Calls.json", **form))["sid"]


def news(agent: ReferenceAgent) -> list[str]:
    return [form["CallStatus"] for path, form in agent.forms if path == "/status"]


async def carried(colleague: Colleague, twiml: str, **more: str) -> tuple[Twilio, ReferenceAgent]:
    """One placed call, from its first ring to its end."""
    async with ReferenceAgent(ACCOUNT) as agent, TwilioRest() as rest:
        async with Twilio(ACCOUNT, rest=rest) as twilio:
            twilio.colleagues.append(colleague)
            await ring(agent, rest, twiml, **more)
            await twilio.settled()
        assert all(agent.signatures)
        return twilio, agent


@pytest.mark.parametrize("does", ["busy", "no-answer", "failed"])
async def test_a_call_that_nobody_takes(does: str) -> None:
    colleague = Colleague(TO, does=does, rings=0.05)  # type: ignore[arg-type]
    twilio, agent = await carried(colleague, "<Response><Say>x</Say></Response>")
    (report,) = twilio.outgoing
    assert (report.status, report.ended_by, report.spoken) == (does, "twilio", ())
    assert news(agent) == ["queued", "ringing", does]


async def test_a_colleague_hears_what_is_said_and_the_call_ends_with_the_document() -> None:
    twilio, agent = await carried(Colleague(TO, rings=0.0), "<Response><Say>Hi</Say></Response>")
    (report,) = twilio.outgoing
    assert (report.status, report.ended_by, report.spoken) == ("completed", "agent", ("Hi",))
    assert news(agent) == ["queued", "ringing", "in-progress", "completed"]
    numbers = [form["SequenceNumber"] for path, form in agent.forms if path == "/status"]
    assert numbers == ["0", "1", "2", "3"]
    assert agent.forms[0][1]["Direction"] == "outbound-api"


async def test_a_colleague_may_hang_up_before_the_end() -> None:
    document = "<Response><Pause length='30'/></Response>"
    twilio, _ = await carried(Colleague(TO, rings=0.0, stays=0.05), document)
    assert [one.ended_by for one in twilio.outgoing] == ["colleague"]


async def test_only_the_asked_events_are_told() -> None:
    colleague = Colleague(TO, does="busy", rings=0.0)
    _, agent = await carried(colleague, "<Response/>", StatusCallbackEvent="ringing")
    assert news(agent) == ["ringing"]


async def test_who_rings_depends_on_both_numbers() -> None:
    async with ReferenceAgent(ACCOUNT) as agent, TwilioRest() as rest:
        async with Twilio(ACCOUNT, rest=rest) as twilio:
            twilio.colleagues += [
                Colleague(TO, caller_id="+15005550199", does="failed"),
                Colleague(TO, does="busy", rings=0.0),
            ]
            await ring(agent, rest)
            await twilio.settled()
        assert [one.status for one in twilio.outgoing] == ["busy"]


async def test_a_ringing_call_can_be_given_up() -> None:
    async with ReferenceAgent(ACCOUNT) as agent, TwilioRest() as rest:
        async with Twilio(ACCOUNT, rest=rest) as twilio:
            sid = await ring(agent, rest)
            await post(rest, f"Calls/{sid}.json", Status="completed")
            await twilio.settled()
        (report,) = twilio.outgoing
        assert (report.status, report.ended_by) == ("canceled", "rest")
        assert news(agent)[-1] == "canceled"


def room(agent: ReferenceAgent, **attributes: str) -> str:
    given = {
        "waitUrl": f"{agent.url}/next",
        "statusCallback": f"{agent.url}/next",
        "statusCallbackEvent": "start end join leave",
    } | attributes
    said = " ".join(f"{name}='{value}'" for name, value in given.items())
    return (
        f"<Response><Dial action='{agent.url}/ended'><Conference {said}>r</Conference></Dial>"
        "</Response>"
    )


async def test_two_who_are_sent_into_a_room_meet_and_part() -> None:
    async with ReferenceAgent(ACCOUNT) as agent, TwilioRest() as rest:
        agent.manners.ended = "<Response><Say>Wait</Say><Pause length='9'/></Response>"
        tasks: list[asyncio.Task[object]] = []

        async def join(call: str) -> None:
            waits = room(agent, startConferenceOnEnter="false", endConferenceOnExit="true")
            await post(rest, f"Calls/{call}.json", Twiml=waits)
            starts = room(agent, endConferenceOnExit="true")
            await ring(agent, rest, f"<Response><Say>Ann</Say>{starts[10:]}")

        agent.on_stream = lambda call: tasks.append(asyncio.create_task(join(call)))
        async with Twilio(ACCOUNT, rest=rest) as twilio:
            twilio.colleagues.append(Colleague(TO, rings=0.1, talks=0.1))
            report = await twilio.call(agent.voice, [Meet(), Stay(within=5.0)], Conditions())
            await asyncio.gather(*tasks)
            await twilio.settled()
    (theirs,) = twilio.outgoing
    (mine,) = report.meetings
    assert theirs.ended_by == "colleague"
    assert mine.others == (theirs.call_sid,)
    assert theirs.meetings[0].others == (report.call_sid,)
    assert mine.began is not None
    assert mine.began > mine.entered, "it waited alone first"
    assert report.spoken[0] == "Wait"
    assert theirs.spoken == ("Ann",)
    told = [form["StatusCallbackEvent"] for _, form in agent.forms if "ConferenceSid" in form]
    assert sorted(told) == [
        "conference-end", "conference-start", "participant-join", "participant-join",
        "participant-leave", "participant-leave",
    ]  # fmt: skip
    action = next(form for path, form in agent.forms if path == "/ended")
    assert (action["CallSid"], action["DialCallStatus"]) == (report.call_sid, "answered")


async def test_two_of_whom_nobody_may_start_wait_and_so_does_one_alone() -> None:
    async with ReferenceAgent(ACCOUNT) as agent, TwilioRest() as rest:
        agent.manners.ended = "<Response><Hangup/></Response>"
        async with Twilio(ACCOUNT, rest=rest) as twilio:
            twilio.colleagues.append(Colleague(TO, rings=0.0, stays=0.3))
            for _ in range(2):
                await ring(agent, rest, room(agent, startConferenceOnEnter="false"))
            await twilio.settled()
            await ring(agent, rest, room(agent))
            await twilio.settled()
    assert [one.meetings[0].began for one in twilio.outgoing] == [None, None, None]


async def test_a_full_room_takes_nobody_in() -> None:
    async with ReferenceAgent(ACCOUNT) as agent, TwilioRest() as rest:
        agent.manners.ended = "<Response><Hangup/></Response>"
        async with Twilio(ACCOUNT, rest=rest) as twilio:
            twilio.colleagues.append(Colleague(TO, rings=0.0, stays=0.5))
            for _ in range(2):
                await ring(agent, rest, room(agent, maxParticipants="1"))
            await twilio.settled()
        (action,) = [form for path, form in agent.forms if path == "/ended"]
    assert action["DialCallStatus"] == "failed"
