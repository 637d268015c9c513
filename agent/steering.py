"""What is done with a running call from outside: it is ended, put through, or moved."""

import asyncio
from contextlib import suppress

from loguru import logger

from agent.call import Call, State
from agent.fleet.commands import Answer, Command
from agent.line import twiml
from agent.line.rest import CallGone, TwilioError, TwilioRest
from knowledge.persona import Phrase
from processors.frames import PersonFrame

PAUSE = 10.0
"""Seconds in which a pause of the speech is waited for; then it is moved all the same."""
SETTLED = 2.0
"""Seconds of a pause in which its last turn is to get into memory, where the next worker finds
it; later it would be refused there, as coming from an older stream."""
LOOK = 0.02
"""Seconds between two looks whether there is one."""


def obey(call: Call, command: Command) -> Answer:
    if call.state is not State.TALKING or call.outcome:
        return Answer.UNFIT
    if command.wish == "end":
        call.own(call.hang_up("dismissed"))
        return Answer.DONE
    return Answer.DONE if put_through(call, command.department) else Answer.UNFIT


def put_through(call: Call, department: str = "") -> bool:
    """As if the caller had asked for a person; False where there is no number to call."""
    if not call.transfer.possible or call.state is not State.TALKING:
        return False
    if not call.transfer.under_way:
        call.own(call.say(Phrase.PERSON, then=PersonFrame(department)))
    return True


async def move(call: Call, rest: TwilioRest | None, public: str) -> None:
    """To another worker: Twilio asks anew for the call's stream, at a pause in the speech. Without
    REST it does so when the stream ends."""
    with suppress(TimeoutError):
        async with asyncio.timeout(PAUSE):
            await _ripe(call)
    if call.state is not State.TALKING or call.outcome:
        return
    call.outcome = "moved"
    unnoticed = "?moved=1" if in_pause(call) else ""
    if rest is None or rest.breaker.open:
        call.end("moved")
        return
    try:
        await rest.instruct(call.sid, twiml.redirect(f"{public}/twilio/stream-ended{unnoticed}"))
    except CallGone:
        call.outcome = "hung_up"
        call.end("hung_up")
    except TwilioError as error:
        logger.bind(call=call.sid, fault=str(error)).warning("call not moved by REST")
        call.end("moved")
    else:
        await call.leave("moved")


async def _ripe(call: Call) -> None:
    """In a pause, all that was said before it remembered."""
    patience = SETTLED
    while not in_pause(call) or (patience > 0 and not call.exchanges.settled()):
        patience -= LOOK if in_pause(call) else 0.0
        await asyncio.sleep(LOOK)


def in_pause(call: Call) -> bool:
    """Nobody speaks, nobody is owed an answer, and no colleague's telephone rings."""
    if not call.begun:
        return False
    floor = call.turns.floor
    return not (floor.busy or floor.in_turn or floor.watching or call.transfer.under_way)
