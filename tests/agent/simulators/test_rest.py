"""Twilio's REST side: updates of running calls and its errors."""

import asyncio
import base64

import aiohttp
import pytest

from agent.simulators.rest import RestCall, TwilioRest
from agent.simulators.server import Fault
from agent.simulators.twilio import Account, Listen, Stay, Twilio
from tests.agent.simulators.reference import ReferenceAgent

pytestmark = pytest.mark.wire
ACCOUNT = Account()


def address(rest: TwilioRest, sid: str) -> str:
    return f"{rest.url}/2010-04-01/Accounts/{ACCOUNT.sid}/Calls/{sid}.json"


async def update(rest: TwilioRest, sid: str, **fields: str) -> tuple[int, dict[str, object]]:
    pair = f"{ACCOUNT.sid}:{ACCOUNT.token}".encode()
    headers = {"Authorization": "Basic " + base64.b64encode(pair).decode()}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(address(rest, sid), data=fields) as response,
    ):
        return response.status, await response.json()


async def test_completed_hangs_the_call_up() -> None:
    async with ReferenceAgent(ACCOUNT) as agent, TwilioRest() as rest:
        tasks: list[asyncio.Task[tuple[int, dict[str, object]]]] = []

        def hang_up(call: str) -> None:
            tasks.append(asyncio.create_task(update(rest, call, Status="completed")))

        agent.on_stream = hang_up
        async with Twilio(ACCOUNT, rest=rest) as twilio:
            report = await twilio.call(agent.voice, [Stay(within=5.0)])
        status, body = await tasks[0]
    assert (report.ended_by, report.failure) == ("rest", "")
    assert (status, body["sid"]) == (200, report.call_sid)
    assert agent.messages[-1]["event"] == "stop"
    assert [one.fields for one in rest.updates] == [{"Status": "completed"}]


async def test_new_twiml_stops_the_stream_and_runs() -> None:
    async with ReferenceAgent(ACCOUNT) as agent, TwilioRest() as rest:
        tasks: list[asyncio.Task[tuple[int, dict[str, object]]]] = []
        twiml = "<Response><Dial><Number>+15550123</Number></Dial></Response>"

        def transfer(call: str) -> None:
            tasks.append(asyncio.create_task(update(rest, call, Twiml=twiml)))

        agent.on_stream = transfer
        async with Twilio(ACCOUNT, rest=rest) as twilio:
            report = await twilio.call(agent.voice, [Stay(within=5.0)])
        await tasks[0]
    assert report.dialled == (("Number", "+15550123"),)
    assert report.streams[0].ended_by == "twilio"
    assert "/ended" not in [path for path, _ in agent.forms]


async def test_a_new_url_is_posted_to() -> None:
    async with ReferenceAgent(ACCOUNT) as agent, TwilioRest() as rest:
        tasks: list[asyncio.Task[tuple[int, dict[str, object]]]] = []

        def redirect(call: str) -> None:
            tasks.append(asyncio.create_task(update(rest, call, Url=f"{agent.url}/next")))

        agent.on_stream = redirect
        async with Twilio(ACCOUNT, rest=rest) as twilio:
            report = await twilio.call(agent.voice, [Stay(within=5.0)])
        await tasks[0]
    assert agent.forms[-1][0] in {"/next", "/status"}
    assert "/next" in [path for path, _ in agent.forms]
    assert report.ended_by == "agent"


async def test_a_call_that_is_over_cannot_be_redirected() -> None:
    async with ReferenceAgent(ACCOUNT) as agent, TwilioRest() as rest:
        async with Twilio(ACCOUNT, rest=rest) as twilio:
            report = await twilio.call(agent.voice, [Listen(pause=0.1)])
        status, body = await update(rest, report.call_sid, Status="completed")
    assert (status, body["code"]) == (400, 21220)


async def test_an_unknown_call_is_not_found() -> None:
    async with TwilioRest() as rest:
        status, body = await update(rest, "CA-nobody", Status="completed")
    assert (status, body["code"]) == (404, 20404)


async def test_twiml_and_url_are_exclusive() -> None:
    async with TwilioRest() as rest:
        rest.enter(RestCall("CA1"))
        status, _ = await update(rest, "CA1", Twiml="<Response/>", Url="http://127.0.0.1/")
    assert status == 400


async def test_a_call_of_its_own_shows_what_was_done_to_it() -> None:
    call = RestCall("CA1")
    async with TwilioRest() as rest:
        rest.enter(call)
        await update(rest, "CA1", Twiml="<Response/>")
        await update(rest, "CA1", Status="completed")
    assert (call.redirects, call.status) == (["<Response/>"], "completed")


FROM, TO = "+15005550100", "+15550100200"
WANTED = {"From": FROM, "To": TO, "Twiml": "<Response/>"}


async def create(rest: TwilioRest, **fields: str) -> tuple[int, dict[str, object]]:
    pair = f"{ACCOUNT.sid}:{ACCOUNT.token}".encode()
    headers = {"Authorization": "Basic " + base64.b64encode(pair).decode()}
    url = f"{rest.url}/2010-04-01/Accounts/{ACCOUNT.sid}/Calls.json"
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(url, data=fields) as response,
    ):
        return response.status, await response.json()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"To": ""}, 21201),
        ({"From": ""}, 21213),
        ({"To": "5550100"}, 21211),
        ({"To": "+0155501002"}, 21211),
        ({"From": "sip:a@b"}, 21212),
        ({"From": "+15005550199"}, 21210),
        ({"Twiml": ""}, 21205),
        ({"Url": "https://a.example/"}, 21205),
        ({"Twiml": "", "Url": "nowhere"}, 21205),
        ({"StatusCallback": "/status"}, 21205),
        ({"Twiml": "x" * 4001}, 20001),
        ({"Timeout": "4"}, 20001),
        ({"Timeout": "soon"}, 20001),
    ],
)
async def test_what_twilio_places_no_call_for(change: dict[str, str], code: int) -> None:
    async with TwilioRest() as rest:
        rest.numbers.add(FROM)
        status, body = await create(rest, **(WANTED | change))
        assert rest.orders == []
    assert (status, body["code"]) == (400, code)


async def test_a_placed_call_is_known_and_can_be_ended() -> None:
    async with TwilioRest() as rest:
        rest.numbers.add(FROM)
        status, body = await create(rest, **WANTED)
        sid = str(body["sid"])
        assert (status, body["status"], len(rest.orders)) == (201, "queued", 1)
        assert (await update(rest, sid, Status="completed"))[0] == 200


async def test_wrong_credentials_are_denied() -> None:
    async with TwilioRest() as rest, aiohttp.ClientSession() as session:
        rest.enter(RestCall("CA1"))
        async with session.get(address(rest, "CA1")) as response:
            assert response.status == 401


@pytest.mark.parametrize(
    ("fault", "status"), [(Fault.LIMITED, 429), (Fault.BROKEN, 500), (Fault.DENIED, 401)]
)
async def test_faults_come_in_twilios_form(fault: Fault, status: int) -> None:
    async with TwilioRest() as rest:
        rest.enter(RestCall("CA1"))
        await rest.behave(fault=fault)
        answered, body = await update(rest, "CA1", Status="completed")
    assert (answered, body["status"]) == (status, status)


async def test_a_dropped_connection_has_no_answer() -> None:
    async with TwilioRest() as rest:
        rest.enter(RestCall("CA1"))
        await rest.behave(fault=Fault.DROP)
        with pytest.raises(aiohttp.ClientError):
            await update(rest, "CA1", Status="completed")
