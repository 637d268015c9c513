"""A caller is put through: what is said meanwhile, what comes of it, the offer of a call back.

The caller stays with the agent while the colleague's telephone rings, and while the colleague is
told what it is about; only then the two are joined, by the operator.
"""

import asyncio
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from loguru import logger

from agent.errand import Errand, Progress, Ringing
from agent.line.rest import TwilioError
from agent.line.twiml import Said
from agent.operator import RING, NoOperator, Operator
from knowledge.departments import is_open, next_opening, spoken
from knowledge.events import CallBack, Transferred
from knowledge.persona import Phrase
from knowledge.replies import Reply, reply

if TYPE_CHECKING:
    from agent.call import Call

COMFORT = 6.0
"""Seconds between two sentences while it rings."""
SLACK = 10.0
"""Seconds beyond `RING` in which Twilio says that nobody answered."""
SUMMARY = 45.0
"""Seconds in which a colleague who has answered has been told everything."""
GIVE_UP = 4.0
"""Seconds that the end of a call waits for the colleague's telephone to fall silent."""
LONGEST = 300
"""Characters of a summary that are spoken."""
_NUMBER = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)


class Outcome(StrEnum):
    """As in `Transferred`."""

    JOINED = "joined"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    FAILED = "failed"
    CLOSED = "closed"
    NOBODY = "nobody"
    """No number to call, or nothing to call it with."""
    CANCELLED = "cancelled"
    """The caller did not want to wait, or hung up."""


_OUTCOMES = {
    Progress.JOINED: Outcome.JOINED,
    Progress.BUSY: Outcome.BUSY,
    Progress.NO_ANSWER: Outcome.NO_ANSWER,
}
_PHRASES = {
    Outcome.BUSY: Phrase.BUSY,
    Outcome.NO_ANSWER: Phrase.NO_ANSWER,
    Outcome.CLOSED: Phrase.CLOSED,
}


def department_of(asked: str, numbers: Mapping[str, str]) -> str | None:
    """Whom to call: the department that was asked for, else the first that has a number. These
    are the only numbers that are ever dialled."""
    return asked if asked in numbers else next(iter(numbers), None)


class Transfer:
    """A call's own: one attempt at a time, as many as the caller asks for."""

    def __init__(
        self, call: "Call", operator: Operator, numbers: Mapping[str, str], called: str
    ) -> None:
        """`numbers` by department. `called`: our number that the caller dialled."""
        self._call = call
        self._operator = operator
        self._numbers = numbers
        self.called = called
        self._attempt: asyncio.Task[None] | None = None
        self._ringing: Ringing | None = None
        self._department = ""
        self._began = 0.0
        self._undecided = False
        """An attempt of which no outcome is known yet."""
        self._offered = False
        """The caller was asked whether to be called back, and has said nothing since."""

    @property
    def possible(self) -> bool:
        """Whether there is anybody to call."""
        return bool(self._numbers)

    @property
    def under_way(self) -> bool:
        return self._attempt is not None and not self._attempt.done()

    def begin(self, department: str, summary: str, language: str) -> None:
        """`summary`: a sentence in `language` on what the caller wants. Repeated wishes wait."""
        if self.under_way:
            return
        self._department, self._began = department, time.monotonic()
        self._undecided = True
        self._attempt = self._call.own(self._put_through(department, summary, language))

    def answered(self, text: str, _language: str) -> Phrase | None:
        """What is said to a turn of the caller's that concerns the transfer; None: it does not."""
        said = reply(text)
        offered, self._offered = self._offered, False
        if self.under_way:
            if said is not Reply.NO or not self._stop():
                return None
            return Phrase.NEVER_MIND
        if not offered or said is None:
            return None
        if said is Reply.NO:
            return Phrase.CALL_BACK_NO
        self._call.emit(CallBack(self._call.sid, self._department))
        return Phrase.CALL_BACK_OK

    async def came_back(self, department: str) -> None:
        """The caller had left for a colleague who then was not there."""
        self._department = department
        await self._tell(Outcome.FAILED)

    async def moved(self) -> bool:
        """Whether the stream was stopped because the caller is being put through."""
        return self._ringing is not None and await self._operator.moved(self._ringing)

    async def close(self) -> None:
        """The call is over, or goes on elsewhere: nobody's telephone rings for it any more."""
        ringing, self._ringing = self._ringing, None
        transferred = self._call.outcome == "transferred"
        if self._undecided and not transferred:
            self._note(Outcome.CANCELLED)
        if ringing is not None and transferred:
            self._operator.finished(ringing)
        elif ringing is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(GIVE_UP):
                    await self._operator.give_up(ringing)

    def _stop(self) -> bool:
        """Ends the attempt; False where the colleague is being joined already."""
        ringing = self._ringing
        if self._attempt is None or (ringing is not None and self._operator.joining(ringing)):
            return False
        self._attempt.cancel()
        self._note(Outcome.CANCELLED)
        self._ringing = None
        if ringing is not None:
            self._call.own(self._operator.give_up(ringing))
        return True

    async def _put_through(self, department: str, summary: str, language: str) -> None:
        comfort = asyncio.create_task(self._comfort())
        try:
            outcome = await self._try(department, summary, language)
        finally:
            comfort.cancel()
        if outcome is Outcome.JOINED:  # the operator has told so
            await self._call.leave("transferred")
            return
        self._ringing = None
        self._note(outcome)
        await self._tell(outcome)

    async def _try(self, department: str, summary: str, language: str) -> Outcome:
        call, persona = self._call, self._call.persona
        chosen = department_of(department, self._numbers)
        if chosen is None:
            return Outcome.NOBODY
        self._department = chosen
        if not is_open(persona.department(chosen), datetime.now(UTC)):
            return Outcome.CLOSED
        if not _NUMBER.fullmatch(self.called):
            logger.bind(call=call.sid).warning("no number of ours to call a colleague from")
            return Outcome.NOBODY
        told = [Said(persona.say(Phrase.COLLEAGUE, call.home), call.home)]
        if summary := " ".join(summary.split())[:LONGEST]:
            told.append(Said(summary, language or call.home))
        errand = Errand.new(call.sid, chosen, call.turns.language)
        try:
            ringing = await self._operator.call(errand, self._numbers[chosen], self.called, told)
        except NoOperator:
            return Outcome.NOBODY
        except TwilioError as error:
            logger.bind(call=call.sid, fault=str(error)).warning("colleague not called")
            return Outcome.FAILED
        self._ringing = ringing
        return await self._follow(ringing)

    async def _follow(self, ringing: Ringing) -> Outcome:
        try:
            async with asyncio.timeout(RING + SLACK):
                progress = await ringing.after(Progress.RINGING)
        except TimeoutError:
            await self._operator.give_up(ringing)
            return Outcome.NO_ANSWER
        if progress is Progress.ANSWERED:
            await self._call.say(Phrase.REACHED)
            try:
                async with asyncio.timeout(SUMMARY):
                    progress = await ringing.after(Progress.ANSWERED)
            except TimeoutError:
                await self._operator.give_up(ringing)
        if progress is not Progress.JOINED:
            self._operator.finished(ringing)
        return _OUTCOMES.get(progress, Outcome.FAILED)

    async def _comfort(self) -> None:
        """Until it is cancelled: a sentence now and then, and nobody asks who is there."""
        turns, variant = self._call.turns, 0
        while True:
            turns.idle.wait(time.monotonic(), 2 * COMFORT)
            await asyncio.sleep(COMFORT)
            ringing = self._ringing
            rings = ringing is not None and ringing.progress is Progress.RINGING
            if rings and not turns.floor.busy and not turns.floor.in_turn:
                text = self._call.persona.say(Phrase.COMFORT, turns.language, variant)
                await self._call.speak(text, turns.language, remembered=False)
                variant += 1

    async def _tell(self, outcome: Outcome) -> None:
        """An honest sentence, and the offer of a call back."""
        call, persona, language = self._call, self._call.persona, self._call.turns.language
        said = [persona.say(_PHRASES.get(outcome, Phrase.NOT_POSSIBLE), language)]
        if outcome is Outcome.CLOSED:
            now = datetime.now(UTC)
            opens = next_opening(persona.department(self._department), now)
            if opens is not None and (moment := spoken(opens, now, language)):
                again = persona.say(Phrase.OPENS_AGAIN, language)
                said.append(again.replace("{opening}", moment))
        said.append(persona.say(Phrase.CALL_BACK_OFFER, language))
        self._offered = True
        await call.speak(" ".join(said), language)

    def _note(self, outcome: Outcome) -> None:
        self._undecided = False
        seconds = time.monotonic() - self._began
        self._call.emit(Transferred(self._call.sid, self._department, outcome.value, seconds))
