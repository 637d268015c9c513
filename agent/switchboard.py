"""The calls of this process: which are on, which stream speaks for each, which are over."""

import asyncio
from collections import OrderedDict

from agent import steering
from agent.call import Call, Stages
from agent.fleet.commands import Answer, Command
from agent.line.protocol import Start
from agent.line.rest import TwilioRest
from agent.line.stream import MediaStream, Socket
from agent.operator import Operator
from agent.providers import Providers
from knowledge.events import Emit, Gone
from knowledge.persona import Phrase

DECIDED = frozenset({"goodbye", "idle", "too_long", "dismissed"})
"""Ends that the agent decided on: Twilio is told to hang up rather than to connect again."""
ATTEMPTS = 2
"""Streams of one call that may fail by our own fault before it is ended rather than reopened."""
REMEMBERED = 10_000
"""Calls whose streams have failed."""


class Switchboard:
    def __init__(self, providers: Providers, stages: Stages) -> None:
        self._providers = providers
        self._stages = stages
        self.operator = Operator(
            providers.rest,
            providers.settings.public,
            home=providers.settings.languages[0],
            say=self.say,
            emit=providers.emit,
        )
        self._calls: dict[str, Call] = {}
        self._endings = providers.endings
        self._failed: OrderedDict[str, int] = OrderedDict()
        self._idle = asyncio.Event()
        self._idle.set()

    def say(self, phrase: Phrase, language: str) -> str:
        """As the newest agent.yaml has it."""
        return self._providers.persona.say(phrase, language)

    def __len__(self) -> int:
        """Calls that are on."""
        return len(self._calls)

    @property
    def rest(self) -> TwilioRest | None:
        return self._providers.rest

    @property
    def emit(self) -> Emit:
        return self._providers.emit

    async def answer(self, socket: Socket, start: Start) -> str:
        """Serves an accepted stream until it ends, and says how it did. A newer stream of the same
        call wins."""
        if (older := self._calls.get(start.call)) is not None:
            older.end("superseded")
        await self._providers.freshen()
        call = Call(
            MediaStream(socket, start, self._providers.emit),
            self._providers,
            self._stages,
            operator=self.operator,
            parameters=start.parameters,
        )
        self._calls[start.call] = call
        self._idle.clear()
        try:
            return await call.run()
        finally:
            self._judge(call)
            if self._calls.get(start.call) is call:
                del self._calls[start.call]
            if not self._calls:
                self._idle.set()

    async def ended(self, sid: str) -> bool:
        """Whether the agent ended this call: then Twilio is to hang up, else to connect again.

        Twilio asks as soon as the stream is closed, while the call may still be putting away.
        """
        call = self._calls.get(sid)
        if call is not None and self._is_over(call):
            return True
        return await self._endings.knows(sid)

    def over(self, sid: str, outcome: str) -> None:
        """Twilio says the call itself is over, whatever its stream does."""
        self._endings.note_here(sid)
        if (call := self._calls.get(sid)) is not None:
            call.end(outcome)
        else:
            self.emit(Gone(sid, outcome))

    def obey(self, command: Command) -> Answer:
        """What somebody outside wants of a call."""
        call = self._calls.get(command.call)
        return Answer.UNKNOWN if call is None else steering.obey(call, command)

    def to_people(self) -> None:
        """All calls, now."""
        for call in self._calls.values():
            steering.put_through(call)

    def superseded(self, sid: str) -> None:
        """Another worker has this call by now."""
        if (call := self._calls.get(sid)) is not None:
            call.end("superseded")

    async def move_all(self) -> None:
        """To other workers, each at a pause."""
        rest, public = self._providers.rest, self._providers.settings.public
        calls = list(self._calls.values())
        await asyncio.gather(*(steering.move(call, rest, public) for call in calls))

    async def drained(self) -> None:
        """Returns when no call is on."""
        await self._idle.wait()

    def end_all(self, outcome: str) -> None:
        for call in list(self._calls.values()):
            call.end(outcome)

    def _judge(self, call: Call) -> None:
        """Whether Twilio is to connect this call again when it asks."""
        if self._is_over(call):
            self._endings.note_here(call.sid)
        elif call.outcome == "failed":
            self._failed[call.sid] = self._failed.get(call.sid, 0) + 1
            while len(self._failed) > REMEMBERED:
                self._failed.popitem(last=False)

    def _is_over(self, call: Call) -> bool:
        if call.outcome == "failed":
            return self._failed.get(call.sid, 0) + 1 >= ATTEMPTS
        return call.outcome in DECIDED
