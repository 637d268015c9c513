"""Conference rooms: who sits in which, who waits, and who was joined with whom.

A conference starts when two are in it and one of them may start it; until then each hears what its
`waitUrl` answers. https://www.twilio.com/docs/voice/twiml/conference
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from agent.simulators.twilio.account import new_sid
from agent.simulators.twilio.document import Conference

Tell = Callable[[dict[str, str]], None]
"""Posts a conference's status callback, and waits for nobody."""


@dataclass(frozen=True, slots=True)
class Meeting:
    """One leg's time in a room. Moments by the clock that the report's other moments have."""

    room: str
    entered: float
    began: float | None
    """When the conference started; None: this leg waited alone."""
    left: float
    others: tuple[str, ...]
    """CallSids of those it was joined with."""


@dataclass(slots=True)
class Seat:
    call: str
    """CallSid."""
    noun: Conference
    tell: Tell
    entered: float = field(default_factory=time.monotonic)
    began: float | None = None
    others: set[str] = field(default_factory=set)
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    """The conference has started, or is over for this leg."""
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def meeting(self, zero: float) -> Meeting:
        began = None if self.began is None else self.began - zero
        left, others = time.monotonic() - zero, tuple(sorted(self.others))
        return Meeting(self.noun.room, self.entered - zero, began, left, others)


@dataclass(slots=True)
class Room:
    name: str
    sid: str = field(default_factory=lambda: new_sid("CF"))
    seats: list[Seat] = field(default_factory=list)
    started: bool = False
    ended: bool = False

    def enter(self, seat: Seat) -> None:
        self.seats.append(seat)
        self._tell("participant-join", "join", seat)
        if not self.started:
            starts = any(one.noun.starts for one in self.seats)
            self.started = len(self.seats) > 1 and starts
            if self.started:
                self._tell("conference-start", "start", seat)
        if self.started:
            now = time.monotonic()
            for one in self.seats:
                one.began = one.began or now
                one.others |= {other.call for other in self.seats} - {one.call}
                one.moved.set()

    def leave(self, seat: Seat) -> None:
        self._tell("participant-leave", "leave", seat)
        self.seats.remove(seat)
        if seat.noun.ends:
            for one in self.seats:
                one.over.set()
                one.moved.set()
        if not self.ended and (not self.seats or seat.noun.ends):
            self.ended = True
            self._tell("conference-end", "end", seat)

    def _tell(self, event: str, asked: str, seat: Seat) -> None:
        if seat.noun.status_callback and asked in seat.noun.events:
            form = {"ConferenceSid": self.sid, "FriendlyName": self.name}
            seat.tell(form | {"CallSid": seat.call, "StatusCallbackEvent": event})


class Rooms:
    """Of one account: a name is one room for all its calls."""

    def __init__(self) -> None:
        self._rooms: dict[str, Room] = {}

    async def sit(self, seat: Seat, wait: Callable[[], Awaitable[None]]) -> bool:
        """Until the conference is over for this leg; False where the room was full."""
        room = self._rooms.setdefault(seat.noun.room, Room(seat.noun.room))
        if len(room.seats) >= seat.noun.most:
            return False
        room.enter(seat)
        waiting = asyncio.ensure_future(wait())
        try:
            await seat.moved.wait()
            waiting.cancel()
            await seat.over.wait()
        finally:
            waiting.cancel()
            room.leave(seat)
            if self._rooms.get(room.name) is room and (not room.seats or seat.noun.ends):
                del self._rooms[room.name]
        return True
