"""Callers who give their policy's number, by keys and by voice; scenes of routing.py."""

import re
from typing import Any

from loguru import logger

from agent.simulators.acting import Call, Messages
from agent.simulators.twilio import Caller
from knowledge.events import Event
from tests.calls.house import Act, House, Said
from tests.processors.model.sensible import BOTH, last_result, sensible, wanted

STATUS = Said("google_brooklyn", "What is the status of my claim?")
ELEVEN = Said("ps_forever", "It is A B one two three four five six eleven.")
SEVEN = Said("sb_spk1_snt1", "No, seven, not eleven.")
LETTERS = Said("pyd_marcelo", "A B.")
BORN = Said("google_df_today", "March third 1980.")
YES = Said("dograh_yes", "Yes.")
SAID = [STATUS, ELEVEN, SEVEN, LETTERS, BORN, YES]

RIGHT = "Is that right?"
TOO_LONG = "Which part is wrong?"
AGAIN = "Once more."
WHICH_LETTERS = "Which letters?"
BIRTH = "And your date of birth, please: day, month and year?"
INSPECTED = "Your claim is inspected."
READ_BACK = "I have A, B, one two three, four five six seven."


async def typed(house: House, caller: Caller, more: dict[str, Any]) -> None:
    """Stops half-way at first, and confirms the number by a key."""
    lines: list[str] = []
    sink = logger.add(lines.append, level="INFO", serialize=True)
    await house.asks(caller, STATUS, BOTH)
    await caller.press("120")
    await house.hears(caller, AGAIN)
    await caller.press("1234567")
    await house.hears(caller, WHICH_LETTERS)
    await house.asks(caller, LETTERS, RIGHT)
    await caller.press("1")
    await house.hears(caller, BIRTH)
    logger.remove(sink)
    more["seen"] = seen(house, caller, lines)
    more["spoken"] = [request["text"] for request in house.voice.requests]


async def voiced(house: House, caller: Caller, more: dict[str, Any]) -> None:
    await house.asks(caller, STATUS, BOTH)
    await house.asks(caller, ELEVEN, TOO_LONG)
    await house.asks(caller, SEVEN, RIGHT)
    await house.asks(caller, YES, BIRTH)
    await house.asks(caller, BORN, RIGHT)
    await house.asks(caller, YES, INSPECTED)
    more["seen"] = seen(house, caller, [])


SCENES: dict[str, Act] = {"voiced": voiced, "typed": typed}


_CHANCE = re.compile(
    r"CA[0-9a-f]{32}|[0-9a-f]{64}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d*\.\d+"
)
"""Ids, callers' hashes and durations, in which any digits may stand."""


def seen(house: House, caller: Caller, lines: list[str]) -> str:
    """All that is known of this call outside of it: to the model, the memory, events and logs."""
    asked = [request["messages"] for request in house.openai.requests]
    of_house = [messages for messages in asked if STATUS.text in str(messages)]
    witness, call = house.witness, caller.call_sid
    of_call = [witness.heard[call], witness.said[call], witness.context[call]]
    told = str([of_house, of_call, witness.events(call, Event), lines])
    return _CHANCE.sub("", told)


def patient(messages: Messages, offered: frozenset[str]) -> Call | None:
    """Sensible, and knows after many turns what the caller has asked for."""
    if last_result(messages).get("note", "").startswith("The caller is identified"):
        said = [str(one["content"]).lower() for one in messages if one["role"] == "user"]
        return wanted(said, offered)
    return sensible(messages, offered)
