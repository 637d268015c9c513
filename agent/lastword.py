"""The last word: what no voice of ours could speak is spoken by Twilio, and the call comes back.

Twilio takes the caller out of the stream, says it, and then asks for a stream again: the next one,
at whichever worker, goes on with the memory and greets nobody twice.
"""

import asyncio
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from loguru import logger

from agent.line import twiml
from agent.line.rest import TwilioError, TwilioRest
from agent.line.twiml import Said
from knowledge.events import Answered
from knowledge.persona import Phrase

if TYPE_CHECKING:
    from agent.call import Call

MOST = 5
"""In one call; after the last one it is ended, for nothing else could be heard."""
LONGEST = 3000
"""Characters as XML has them; a document may have 4000."""
ESCAPED = 5
"""Characters that one may become."""
DEADLINE = 4.0
"""Seconds that Twilio has for it; the end of the stream waits so long as well."""


class LastWord:
    """Of one stream of a call."""

    def __init__(self, call: "Call", rest: TwilioRest | None, public: str, said: str) -> None:
        """`said`: how often Twilio has spoken in this call already, as the stream was told."""
        self._call = call
        self._rest = rest
        self._public = public
        self._said = int(said) if said.isdecimal() else 0
        self._task: asyncio.Task[None] | None = None
        self._spoken = False

    @property
    def under_way(self) -> bool:
        return self._task is not None

    def begin(self, text: str, language: str) -> None:
        """`text` is what the caller has not heard of an answer."""
        if self._task is not None or self._rest is None:
            logger.bind(call=self._call.sid).error("an answer could not be spoken")
            return
        self._task = self._call.own(self._say(self._rest, _fitting(text), language))

    async def outcome(self) -> str:
        """Of a stream that was stopped meanwhile."""
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=DEADLINE)
        if not self._spoken:
            return "hung_up"
        return "relayed" if self._said < MOST else "failed"

    async def _say(self, rest: TwilioRest, text: str, language: str) -> None:
        call, loop = self._call, asyncio.get_running_loop()
        began = loop.time()
        self._said += 1
        if self._said < MOST:
            back = f"{self._public}/twilio/stream-ended?said={self._said}"
            document = twiml.say_and_return(Said(text, language), back)
        else:
            farewell = call.persona.say(Phrase.GOODBYE, language)
            document = twiml.say_and_hangup(Said(f"{text} {farewell}", language))
        try:
            async with asyncio.timeout(DEADLINE):
                await rest.instruct(call.sid, document)
        except (TwilioError, TimeoutError) as error:
            self._task = None
            logger.bind(call=call.sid, fault=str(error)).error("an answer could not be spoken")
            return
        self._spoken = True
        call.exchanges.went_on(text, language)
        call.emit(Answered(call.sid, "voice", "twilio", loop.time() - began))
        logger.bind(call=call.sid, times=self._said).warning("spoken by Twilio")


def _fitting(text: str) -> str:
    return text if len(escape(text)) <= LONGEST else text[: LONGEST // ESCAPED]
