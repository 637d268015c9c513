"""Twilio's webhooks of a transfer: whom they believe, and what they answer."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import pytest

from agent.errand import Errand
from agent.line.token import OwnStore, Tokens
from agent.operator import Operator
from knowledge.events import nowhere
from tests.agent.web.conftest import KEY, Worker, worker

pytestmark = pytest.mark.wire
FORM = {"CallSid": "CA1", "From": "+15550100", "To": "+15550100101", "CallStatus": "in-progress"}
ERRAND = Errand("room", "CA1", "claims", "es", 0.0)
STEPS = ("status", "join", "wait", "over", "back")


@pytest.fixture
async def site() -> AsyncIterator[Worker]:
    def say(phrase: str, language: str) -> str:
        return f"{phrase} {language}"

    operator = Operator(None, "https://a.example", home="en", say=say, emit=nowhere)
    async with worker(operator=operator, tokens=Tokens(KEY, OwnStore())) as running:
        yield running


def path(step: str, **more: str) -> str:
    address = urlsplit(ERRAND.address("", step, **({"who": "CA1", "times": "0"} | more)))
    return f"{address.path}?{address.query}"


def verbs(text: str) -> list[str]:
    return [verb.tag for verb in ET.fromstring(text)]


async def test_without_twilios_signature_over_the_whole_address_nothing_happens(
    site: Worker,
) -> None:
    for step in STEPS:
        another = site.sign(site.url + path(step).replace("claims", "billing"), FORM)
        for signature in ("", "x", another):
            answer = await site.post(path(step), FORM, **{"X-Twilio-Signature": signature})
            assert answer == (403, ""), step


async def test_an_address_without_a_transfer_is_refused(site: Worker) -> None:
    for step in STEPS:
        assert (await site.post(f"/twilio/transfer/{step}?room=1", FORM))[0] == 400
    for wrong in ({"times": "x"}, {"times": "-1"}, {"who": ""}):
        assert (await site.post(path("wait", **wrong), FORM))[0] == 400


async def test_news_of_an_unknown_transfer_are_taken(site: Worker) -> None:
    assert await site.post(path("status"), FORM) == (204, "")


async def test_a_caller_who_comes_back_gets_a_stream_with_a_fresh_token(site: Worker) -> None:
    for step, form in (("back", FORM), ("over", FORM | {"DialCallStatus": "failed"})):
        status, text = await site.post(path(step), form)
        parameters = {one.get("name"): one.get("value") for one in ET.fromstring(text).iter()}
        assert status == 200
        assert parameters["back"] == "claims"
        assert parameters["called"] == "+15550100101"
        assert parameters["token"]


async def test_after_the_conference_goodbye_is_said_and_the_call_ended(site: Worker) -> None:
    status, text = await site.post(path("over"), FORM | {"DialCallStatus": "answered"})
    assert status == 200
    assert verbs(text) == ["Say", "Hangup"]
    assert "goodbye es" in text


async def test_a_caller_who_hung_up_in_the_conference_is_over(site: Worker) -> None:
    _, text = await site.post(path("over"), FORM | {"CallStatus": "completed"})
    assert verbs(text) == ["Hangup"]
    assert site.over == {"CA1": "hung_up"}


async def test_a_draining_worker_ends_transfers_and_takes_nobody_back(site: Worker) -> None:
    with site.doors.call():  # as long as it has one, it listens
        site.doors.drain()
        assert (await site.post(path("back"), FORM))[0] == 503
        for step in ("status", "join", "wait", "over"):
            assert (await site.post(path(step), FORM))[0] < 300
