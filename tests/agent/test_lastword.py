"""What Twilio is told to say in our place, how often, and what is remembered of it."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree

import aiohttp
import pytest

from agent.acquaintance import Acquaintance
from agent.exchanges import Exchanges
from agent.lastword import LONGEST, MOST, LastWord
from agent.line.rest import TwilioRest
from agent.simulators.rest import RestCall
from agent.simulators.rest import TwilioRest as SimulatedRest
from agent.simulators.server import Fault
from knowledge import persona as content
from knowledge.callers import Callers
from knowledge.erasure import Erased
from knowledge.events import Event
from knowledge.memory import LocalMemory
from knowledge.persona import Persona, Phrase

PUBLIC = "https://voice.example"
PERSONA = content.load()


@dataclass
class Caller:
    """What a last word needs of its call."""

    sid: str = "CA1"
    persona: Persona = PERSONA
    events: list[Event] = field(default_factory=list)
    memory: LocalMemory = field(default_factory=lambda: LocalMemory(ttl=60.0))
    told: RestCall = field(default_factory=lambda: RestCall("CA1"))

    def __post_init__(self) -> None:
        callers = Callers(None, ttl=60.0, erased=Erased())
        self.exchanges = Exchanges(
            Acquaintance(self.memory, callers, self.sid, "", languages=("en", "es"))
        )

    def emit(self, event: Event) -> None:
        self.events.append(event)

    def own(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return asyncio.create_task(work)

    @property
    def document(self) -> ElementTree.Element:
        return ElementTree.fromstring(self.told.redirects[-1])


@pytest.fixture
async def twilio() -> AsyncIterator[SimulatedRest]:
    async with SimulatedRest() as simulator:
        yield simulator


@pytest.fixture
async def rest(twilio: SimulatedRest) -> AsyncIterator[TwilioRest]:
    async def at_once(_seconds: float) -> None: ...

    async with aiohttp.ClientSession() as session:
        account = twilio.account
        yield TwilioRest(session, twilio.url, account.sid, account.token, sleep=at_once)


@pytest.fixture
def caller(twilio: SimulatedRest) -> Caller:
    made = Caller()
    twilio.enter(made.told)
    return made


def last_word(caller: Caller, rest: TwilioRest | None, said: str = "") -> LastWord:
    return LastWord(caller, rest, PUBLIC, said)  # type: ignore[arg-type]


async def test_twilio_says_it_in_the_callers_language_and_asks_for_a_stream_again(
    caller: Caller, rest: TwilioRest
) -> None:
    word = last_word(caller, rest)
    word.begin("Cuesta <5 & más>.", "es")
    assert word.under_way
    assert await word.outcome() == "relayed"
    say, back = caller.document
    assert (say.tag, say.text, say.get("language")) == ("Say", "Cuesta <5 & más>.", "es-MX")
    assert (back.tag, back.text) == ("Redirect", f"{PUBLIC}/twilio/stream-ended?said=1")


async def test_what_was_heard_of_an_answer_and_what_twilio_said_are_one_exchange(
    caller: Caller, rest: TwilioRest
) -> None:
    caller.exchanges.asked("What does it cost?")
    caller.exchanges.heard("It costs", "en")
    word = last_word(caller, rest)
    word.begin("five a month.", "en")
    await word.outcome()
    known = await caller.memory.recall("CA1")
    (exchange,) = known.exchanges
    assert (exchange.caller, exchange.agent) == ("What does it cost?", "It costs five a month.")
    assert known.greeted


async def test_an_answer_of_which_nothing_was_heard_is_remembered_as_well(
    caller: Caller, rest: TwilioRest
) -> None:
    caller.exchanges.asked("What does it cost?")
    word = last_word(caller, rest)
    word.begin("Five a month.", "en")
    await word.outcome()
    (exchange,) = (await caller.memory.recall("CA1")).exchanges
    assert exchange.agent == "Five a month."


async def test_the_last_time_the_call_ends_with_a_goodbye(caller: Caller, rest: TwilioRest) -> None:
    word = last_word(caller, rest, str(MOST - 1))
    word.begin("Five a month.", "en")
    assert await word.outcome() == "failed"
    say, end = caller.document
    assert say.text == f"Five a month. {PERSONA.say(Phrase.GOODBYE, 'en')}"
    assert end.tag == "Hangup"


async def test_a_document_is_never_too_long(caller: Caller, rest: TwilioRest) -> None:
    word = last_word(caller, rest)
    word.begin("&" * 5000, "en")
    await word.outcome()
    assert len(caller.document[0].text or "") <= LONGEST
    assert len(caller.told.redirects[-1]) <= 4000


async def test_where_twilio_does_not_answer_nothing_is_remembered_and_it_may_be_tried_again(
    caller: Caller, rest: TwilioRest, twilio: SimulatedRest
) -> None:
    await twilio.behave(fault=Fault.BROKEN)
    caller.exchanges.asked("What does it cost?")
    word = last_word(caller, rest)
    word.begin("Five a month.", "en")
    assert await word.outcome() == "hung_up"
    assert (await caller.memory.recall("CA1")).exchanges == ()
    assert not word.under_way
    await twilio.behave(fault=Fault.NONE)
    word.begin("Five a month.", "en")
    assert await word.outcome() == "relayed"


async def test_without_an_account_nothing_can_be_said(caller: Caller) -> None:
    word = last_word(caller, None)
    word.begin("Five a month.", "en")
    assert not word.under_way
    assert caller.told.redirects == []
