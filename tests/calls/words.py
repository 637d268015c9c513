"""Calls in which it matters what words are made of; for test_words.py."""

from agent.simulators.acting import Messages, text_of
from agent.simulators.server import Fault
from agent.simulators.twilio import Caller
from tests.calls.house import OPENED, PATIENCE, PUENTE, THREE_DAYS, House, Said
from tests.calls.routing import ABRIO, BRIDGE, More, Plan

CARD = (
    Said("ps_forever", "My card is four one one one, one one."),
    Said("azure_weather_mulaw", "One one, one one one one."),
    Said("pyd_marcelo", "One one one one."),
)
WHOLE = "4111111111111111"
BORN = Said("sb_spk1_snt1", "I was born on March third 1980, and my mail is joe at mail dot com.")
FRENCH = Said("google_df_today", "Bonjour, est-ce que vous parlez français ?", "fr")
CUANTO = Said("google_df_half_an_hour", "¿Cuánto tarda un pago?", "es")
OBJECTS = Said("ps_librivox_0930", "Please don't record this.")
AGREES = Said("google_df_half_an_hour", "Yes, that's fine.")
DECLINES = Said("azure_weather_mulaw", "No, I'd rather not.")
PAID = Said("pyd_marcelo", "How long does a payment take?")
TORN = Said("ps_forever", "<div class=a></div><br/><br/> How old is it?")
LONG = Said("google_brooklyn", f"{BRIDGE.text} And how long is it, and who has built it?")
HANGS = Said("google_df_half_an_hour", "¿Cuánto demora un pago?", "es")
REFUSED = Said("google_df_today", "¿Cuántos días espero el pago?", "es")
RUBBISH = Said("pv_rhino_es_out", "¿Cuándo me hacen el pago?", "es")
TRES_DIAS = "Un pago tarda tres días."
HELP = "I can help you with that. What would you like to know?"
NOT_OURS = ("I only speak English and Spanish.", "Solo hablo español e inglés.")


async def numbers(house: House, caller: Caller, more: More) -> None:
    for said in CARD:
        await house.asks(caller, said, HELP)
    await house.asks(caller, BORN, HELP)
    await house.asks(caller, BRIDGE, OPENED)
    more["prompts"] = str([request["messages"] for request in house.openai.requests])


async def switches(house: House, caller: Caller, _more: More) -> None:
    await house.asks(caller, BRIDGE, OPENED)
    await house.asks(caller, ABRIO, PUENTE)
    await house.asks(caller, BRIDGE, OPENED)


async def foreign(house: House, caller: Caller, _more: More) -> None:
    await caller.say(FRENCH.clip)
    for sentence in NOT_OURS:
        await house.hears(caller, sentence)
    await house.asks(caller, BRIDGE, OPENED)


async def read(house: House, caller: Caller, more: More) -> None:
    """An entry that is told in English alone, asked for in Spanish: the first caller may be too
    early for the translator, the second is not."""
    await caller.say(CUANTO.clip)
    await house.hears(caller, TRES_DIAS, THREE_DAYS, HELP)
    await house.asks(caller, CUANTO, TRES_DIAS)
    more["asked"] = [request["messages"][-1]["content"] for request in house.openai.requests]


def troubles(messages: Messages) -> Fault:
    """A model that answers whatever it is asked, and cannot translate."""
    if not text_of(messages[0]).startswith("You translate"):
        return Fault.NONE
    asked = {HANGS.text: Fault.HANG, REFUSED.text: Fault.DENIED}
    return asked.get(text_of(messages[-1]), Fault.NONE)


async def hangs(house: House, caller: Caller, more: More) -> None:
    await house.asks(caller, HANGS, HELP)
    more["asked"] = _translated(house)


async def rubbish(house: House, caller: Caller, more: More) -> None:
    """Whatever it is asked for, translator and model say a question that the agent knows."""
    await house.asks(caller, RUBBISH, BRIDGE.text)
    more["asked"] = _translated(house)


async def refused(house: House, caller: Caller, more: More) -> None:
    """The last to ask: who was refused leaves the translator alone for a while."""

    def others(_now: float) -> bool:
        return {HANGS.text, RUBBISH.text} <= _translated(house)

    await caller.until(others, PATIENCE, "for the other two")
    await house.asks(caller, REFUSED, HELP)
    more["asked"] = _translated(house)


def _translated(house: House) -> set[str]:
    """What the translator was asked for."""
    asked = [request["messages"] for request in house.openai.requests]
    return {text_of(of[-1]) for of in asked if text_of(of[0]).startswith("You translate")}


async def damaged(house: House, caller: Caller, _more: More) -> None:
    await house.asks(caller, TORN, "Please say that another way.")
    await house.asks(caller, LONG, OPENED)


async def objects(house: House, caller: Caller, _more: More) -> None:
    await house.asks(caller, BRIDGE, OPENED)
    await house.asks(caller, OBJECTS, "The recording is gone.")
    await house.asks(caller, BRIDGE, OPENED)


async def agrees(house: House, caller: Caller, _more: More) -> None:
    await house.asks(caller, AGREES, "We record it.")
    await house.asks(caller, PAID, THREE_DAYS)


async def declines(house: House, caller: Caller, _more: More) -> None:
    await house.asks(caller, DECLINES, "We do not record it.")
    await house.asks(caller, PAID, THREE_DAYS)


PLANS = {
    "words": Plan(
        [*CARD, BORN, BRIDGE, ABRIO, FRENCH, CUANTO, OBJECTS],
        {
            "numbers": numbers,
            "switches": switches,
            "foreign": foreign,
            "read": read,
            "objects": objects,
        },
        {"LANGUAGES": "en,es", "RECORDING": "on"},
        answers={
            "un pago": "How long does a payment take?",
            "payment takes": TRES_DIAS,
        },
    ),
    "tight": Plan(
        [TORN, LONG, AGREES, DECLINES, PAID],
        {"damaged": damaged, "agrees": agrees, "declines": declines},
        {
            "RECORDING": "consent",
            "INPUT_PROCESSING_MAX_TEXT_LENGTH": str(len(BRIDGE.text)),
            "INPUT_PROCESSING_MIN_SANITIZATION_CONFIDENCE": "0.4",
        },
    ),
    "unread": Plan(
        [HANGS, REFUSED, RUBBISH],
        {"hangs": hangs, "rubbish": rubbish, "refused": refused},
        {"LANGUAGES": "en,es"},
        answers={RUBBISH.text: BRIDGE.text},
        troubles=troubles,
    ),
}
