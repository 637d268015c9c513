"""What a call gets that comes in: the agent, a person, a sentence, the busy tone."""

import time
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from agent.fleet.arrivals import Arrivals
from agent.fleet.elsewhere import Elsewhere
from agent.fleet.fleet import Fleet
from agent.fleet.front import Front
from agent.fleet.identity import identity
from knowledge.events import Refused
from knowledge.persona import Phrase, load
from tests.agent.web.conftest import Worker, worker

pytestmark = pytest.mark.wire
CLAIMS = "+15550100200"
OURS = "+15550100000"
NUMBERS = {"claims": CLAIMS, "billing": "+15550100201"}


def furniture(fleet: Fleet, *, rate: str = "1000/minute", **changes: Any) -> dict[str, Any]:
    persona = load()
    told: dict[str, Any] = {
        "public": "https://voice.example.com",
        "say": persona.say,
        "languages": ("en", "es"),
        "departments": NUMBERS,
    }
    arrivals = Arrivals(fleet.admit, people=lambda: fleet.people, rate=rate)
    return {"front": Front(arrivals, Elsewhere(**(told | changes)))}


def fleet_of(most: int) -> Fleet:
    return Fleet(None, identity(1), most=most)


AGENT = ["Connect", "Redirect"]


async def rings(site: Worker, call: str, caller: str = "+15550100999", **more: str) -> ET.Element:
    form = {"CallSid": call, "From": caller, "To": OURS, **more}
    status, text = await site.post("/twilio/voice", form)
    assert status == 200
    return ET.fromstring(text)


def tags(document: ET.Element) -> list[str]:
    return [verb.tag for verb in document]


async def test_a_full_fleet_says_so_at_once_in_each_language() -> None:
    async with worker(**furniture(fleet_of(1))) as site:
        assert tags(await rings(site, "CA1")) == AGENT
        began = time.monotonic()
        english, spanish, hangup = await rings(site, "CA2")
        assert time.monotonic() - began < 1.0
        assert tags(await rings(site, "CA1")) == AGENT, "a repeated webhook"
        assert site.events == [Refused("CA2", "full")]
    persona = load()
    assert (english.text, english.get("language")) == (persona.say(Phrase.FULL, "en"), "en-US")
    assert (spanish.text, spanish.get("language")) == (persona.say(Phrase.FULL, "es"), "es-MX")
    assert hangup.tag == "Hangup"


async def test_a_full_fleet_may_put_callers_into_a_queue_or_dial_a_department() -> None:
    async with worker(**furniture(fleet_of(0), when_full="queue:front-desk")) as site:
        [queue] = await rings(site, "CA1")
        assert (queue.tag, queue.text) == ("Enqueue", "front-desk")
    async with worker(**furniture(fleet_of(0), when_full="department:claims")) as site:
        [dial] = await rings(site, "CA1")
        assert dial.get("callerId") == OURS
        assert dial.get("action") == "https://voice.example.com/twilio/dialled"
        assert [(noun.tag, noun.text) for noun in dial] == [("Number", CLAIMS)]


async def test_all_calls_go_to_people_while_the_switch_is_on() -> None:
    fleet = fleet_of(5)
    async with worker(**furniture(fleet)) as site:
        await fleet.switch(people=True)
        *said, dial = await rings(site, "CA1")
        assert [one.tag for one in said] == ["Say", "Say"]
        assert dial[0].text == CLAIMS
        _, text = await site.post("/twilio/stream-ended", {"CallSid": "CA2", "To": OURS})
        assert tags(ET.fromstring(text)) == ["Say", "Say", "Dial"], "also one that comes back"
        await fleet.switch(people=False)
        assert tags(await rings(site, "CA3")) == AGENT


async def test_a_call_that_goes_to_people_instead_of_coming_back_is_looked_for_by_nobody() -> None:
    fleet, over = fleet_of(1), list[str]()
    front = replace(furniture(fleet)["front"], over=over.append)
    async with worker(front=front) as site:
        await fleet.switch(people=True)
        _, text = await site.post("/twilio/stream-ended", {"CallSid": "CA1", "To": OURS})
    assert tags(ET.fromstring(text))[-1] == "Dial"
    assert over == ["CA1"]


@pytest.mark.parametrize(
    ("status", "verbs"), [("completed", ["Hangup"]), ("no-answer", ["Say", "Say", "Hangup"])]
)
async def test_after_a_number_the_call_ends_with_a_word_where_nobody_answered(
    status: str, verbs: list[str]
) -> None:
    async with worker(**furniture(fleet_of(1))) as site:
        _, text = await site.post("/twilio/dialled", {"CallSid": "CA1", "DialCallStatus": status})
        assert tags(ET.fromstring(text)) == verbs


async def test_who_calls_too_often_hears_the_busy_tone_and_nobody_else_does() -> None:
    async with worker(**furniture(fleet_of(100), rate="2/minute")) as site:
        for call in ("CA1", "CA1", "CA1", "CA2"):
            assert tags(await rings(site, call)) == AGENT, "a repetition is no further call"
        [reject] = await rings(site, "CA3")
        assert (reject.tag, reject.get("reason")) == ("Reject", "busy")
        assert tags(await rings(site, "CA4", "+15550100998")) == AGENT
        for call in ("CA5", "CA6", "CA7"):
            assert tags(await rings(site, call, "anonymous")) == AGENT
        assert site.events == [Refused("CA3", "often")]
