"""The operator of a process: calls colleagues, and joins them with callers.

Each step is asked for by Twilio and can be done by any worker, as the address says what it is
about (`Errand`). What only one worker knows makes it faster or kinder, never possible.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Self, TypeVar

from loguru import logger

from agent.errand import NEWS, Errand, Progress, Ringing
from agent.line import twiml
from agent.line.rest import CallGone, Dialling, TwilioAway, TwilioError, TwilioRest
from agent.line.twiml import Said
from knowledge.events import Emit, Transferred, nowhere
from knowledge.persona import Phrase

RING = 20
"""Seconds that a colleague's telephone rings."""
MACHINES = ("machine", "fax")
"""How AnsweredBy begins where no person has answered."""
ALONE = 5
"""Seconds that one of the two may be alone in a conference before it is given up."""
REMEMBERED = 10_000
"""Transfers whose webhooks may still come."""

T = TypeVar("T")


class NoOperator(Exception):
    """Nobody can be called from here: no REST, or a call without a number of ours."""


class Operator:
    def __init__(
        self,
        rest: TwilioRest | None,
        public: str,
        *,
        home: str,
        say: Callable[[Phrase, str], str],
        emit: Emit,
    ) -> None:
        """`public`: root of the service. `home`: the colleagues' language. `say`: a phrase in a
        language."""
        self._rest = rest
        self._public = public
        self._home = home
        self._say = say
        self._emit = emit
        self._ringing: dict[str, Ringing] = {}
        self._given_up: OrderedDict[str, None] = OrderedDict()
        self._joins: OrderedDict[str, asyncio.Task[bool]] = OrderedDict()
        """By room: whether the caller was moved. Twilio may ask twice, the caller is moved once."""

    @classmethod
    def none(cls) -> Self:
        """From which nobody can be called."""
        return cls(None, "", home="en", say=lambda _phrase, _language: "", emit=nowhere)

    async def call(self, errand: Errand, number: str, caller_id: str, told: list[Said]) -> Ringing:
        """Rings; a colleague who answers is told `told`. Raises NoOperator, TwilioError."""
        rest = self._rest
        if rest is None:
            raise NoOperator
        dialling = Dialling(
            number,
            caller_id,
            twiml.announce(told, errand.address(self._public, "join")),
            RING,
            errand.address(self._public, "status"),
        )
        try:
            sid = await rest.dial(dialling)
        except (TwilioAway, asyncio.CancelledError):
            self._remember(self._given_up, errand.room, None)  # should it ring all the same
            raise
        self._ringing[errand.room] = ringing = Ringing(errand, sid, rest.status)
        return ringing

    async def give_up(self, ringing: Ringing) -> None:
        """The colleague's call ends, whatever it has come to."""
        room = ringing.errand.room
        if room in self._given_up:
            return
        self._remember(self._given_up, room, None)
        self._ringing.pop(room, None)
        if not ringing.progress.decided:
            await self._hang_up(ringing.sid)

    def joining(self, ringing: Ringing) -> bool:
        """Whether it is too late to give up: the caller is on the way, or there."""
        return ringing.errand.room in self._joins

    def finished(self, ringing: Ringing) -> None:
        self._ringing.pop(ringing.errand.room, None)

    async def moved(self, ringing: Ringing) -> bool:
        """Whether a caller whose stream was stopped is on the way to the colleague: else it was
        the caller who left."""
        if (join := self._joins.get(ringing.errand.room)) is not None:
            return await asyncio.shield(join)
        if ringing.progress is Progress.RINGING or self._rest is None:
            return False
        try:  # another worker may have been asked to join them
            return await self._rest.status(ringing.errand.call) == "in-progress"
        except TwilioError:
            return False

    # What Twilio asks, or tells.

    async def news(self, errand: Errand, sid: str, status: str) -> None:
        """A status callback of a colleague's call."""
        progress = NEWS.get(status)
        if progress is None:
            return
        if errand.room in self._given_up and progress in {Progress.RINGING, Progress.ANSWERED}:
            await self._hang_up(sid)
        elif (ringing := self._ringing.get(errand.room)) is not None and not self.joining(ringing):
            ringing.note(progress)

    async def taken(self, errand: Errand, sid: str, by: str) -> None:
        """`by`: Twilio's AnsweredBy. Where a voicemail has answered, or a fax, nobody is there."""
        person = not by.startswith(MACHINES)
        if person or errand.room in self._joins or errand.room in self._given_up:
            return
        self._remember(self._given_up, errand.room, None)
        if (ringing := self._ringing.pop(errand.room, None)) is not None:
            ringing.note(Progress.NO_ANSWER)
        await self._hang_up(sid)

    async def join(self, errand: Errand, sid: str) -> str:
        """The colleague has been told everything: the caller first, then the colleague."""
        join = self._joins.get(errand.room)
        if join is None:
            join = asyncio.create_task(self._move(errand), name=f"transfer {errand.call}")
            self._remember(self._joins, errand.room, join)
        if not await asyncio.shield(join):
            return self._farewell(Phrase.CALLER_GONE, self._home)
        wait = errand.address(self._public, "wait", who=sid, times="0")
        return twiml.confer(errand.room, starts=True, wait=wait)

    async def wait(self, errand: Errand, who: str, times: int) -> str:
        """What somebody alone in a conference hears; after a while it is given up."""
        then = errand.address(self._public, "wait", who=who, times=str(times + 1))
        if times > 0 and self._rest is not None:
            logger.bind(call=errand.call, caller=who == errand.call).warning("alone in a transfer")
            if who == errand.call:
                after = twiml.redirect(errand.address(self._public, "back"))
            else:
                after = self._farewell(Phrase.CALLER_GONE, self._home)
            try:
                await self._rest.instruct(who, after)
            except CallGone:
                return twiml.hangup()
            except TwilioError as error:
                logger.bind(call=errand.call, fault=str(error)).warning("transfer not ended")
        return twiml.pause(ALONE, then)

    def over(self, errand: Errand) -> str:
        """After the conference."""
        return self._farewell(Phrase.GOODBYE, errand.language)

    def _farewell(self, phrase: Phrase, language: str) -> str:
        return twiml.say_and_hangup(Said(self._say(phrase, language), language))

    async def _move(self, errand: Errand) -> bool:
        """The caller out of the stream and into the conference."""
        if errand.room in self._given_up or self._rest is None:
            return False
        ringing = self._ringing.get(errand.room)
        caller = twiml.confer(
            errand.room,
            starts=False,
            wait=errand.address(self._public, "wait", who=errand.call, times="0"),
            action=errand.address(self._public, "over"),
        )
        try:
            await self._rest.instruct(errand.call, caller)
        except TwilioError as error:
            logger.bind(call=errand.call, fault=str(error)).warning("caller not put through")
            if ringing is not None:
                ringing.note(Progress.FAILED)
            return False
        self._emit(Transferred(errand.call, errand.department, "joined", errand.seconds))
        if ringing is not None:
            ringing.note(Progress.JOINED)
        return True

    async def _hang_up(self, sid: str) -> None:
        if self._rest is None:
            return
        try:
            await self._rest.hang_up(sid)
        except CallGone:
            pass
        except TwilioError as error:
            logger.bind(fault=str(error)).warning("a colleague's call could not be ended")

    def _remember(self, where: OrderedDict[str, T], room: str, what: T) -> None:
        where[room] = what
        while len(where) > REMEMBERED:
            where.popitem(last=False)
