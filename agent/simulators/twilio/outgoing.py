"""A call that the agent places by REST, and the person whose telephone rings."""

import asyncio
import math
import time
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Literal

from agent.simulators.twilio import document
from agent.simulators.twilio.account import new_sid
from agent.simulators.twilio.conditions import Conditions
from agent.simulators.twilio.conference import Meeting, Rooms, Seat
from agent.simulators.twilio.measures import Exchange
from agent.simulators.twilio.notices import Code, Notice, Refused
from agent.simulators.twilio.program import Fetch, Given, Program, Source, wait
from agent.simulators.twilio.stream import Ended
from agent.simulators.twilio.webhook import Answer, Webhooks

EVENTS = {"queued": "initiated", "ringing": "ringing", "in-progress": "answered"}
"""`StatusCallbackEvent` of a state; every other state is the event `completed`."""
DETECTED = 0.3
"""Seconds after which it is known whether a person has answered; Twilio takes about four."""
GRACE = 5.0
"""Seconds that Twilio lets a telephone ring beyond `Timeout`."""


@dataclass(frozen=True, slots=True)
class Colleague:
    """Whoever answers a number, or does not."""

    number: str
    caller_id: str = ""
    """Only for calls from this number; empty: from any."""
    does: Literal["answers", "voicemail", "busy", "no-answer", "failed"] = "answers"
    rings: float = 0.2
    """Seconds until it answers or is found busy."""
    stays: float = math.inf
    """Seconds from the answer until it hangs up, whatever it hears."""
    talks: float = 0.3
    """Seconds from being joined with somebody until it hangs up."""
    say_rate: float = 60.0
    """Characters of a `<Say>` a second."""

    def takes(self, order: "Order") -> bool:
        return self.number == order.to and self.caller_id in {"", order.caller_id}


@dataclass(frozen=True, slots=True)
class Order:
    """What `POST Calls.json` asked for."""

    to: str
    caller_id: str
    """`From`."""
    twiml: str = ""
    url: str = ""
    method: str = "POST"
    timeout: float = 60.0
    status_callback: str = ""
    events: tuple[str, ...] = ("completed",)
    machine_callback: str = ""
    """`AsyncAmdStatusCallback`, where machines are to be detected."""


@dataclass(frozen=True, slots=True)
class OutgoingReport:
    call_sid: str
    to: str
    caller_id: str
    status: str
    """How it ended: `completed`, `busy`, `no-answer`, `failed`, `canceled`."""
    ended_by: str
    """`colleague`, `agent` (the TwiML), `rest`, `twilio` (nobody answered), `failure`."""
    spoken: tuple[str, ...]
    """Texts of `<Say>`, in order."""
    meetings: tuple[Meeting, ...]
    webhooks: tuple[Exchange, ...]
    warnings: tuple[Notice, ...]


class Outgoing:
    def __init__(
        self, order: Order, colleague: Colleague, webhooks: Webhooks, rooms: Rooms, account: str
    ) -> None:
        self.sid = new_sid("CA")
        self.status = "queued"
        self.direction = "outbound-api"
        self.order = order
        self.conditions = Conditions(say_rate=colleague.say_rate)
        self.webhooks = webhooks
        self.keys: asyncio.Queue[str] = asyncio.Queue()
        self.spoken: list[str] = []
        self.dialled: list[tuple[str, str]] = []
        self.warnings: list[Notice] = []
        self.meetings: list[Meeting] = []
        self._colleague = colleague
        self._rooms = rooms
        self._account = account
        self._zero = time.monotonic()
        self._told = 0
        self._ended_by = ""
        self._over = asyncio.Event()
        self._updates: asyncio.Queue[Source] = asyncio.Queue(maxsize=16)
        self._seat: Seat | None = None
        self._telling: list[asyncio.Task[Answer]] = []

    async def run(self) -> None:
        """From the first ring to the last status callback."""
        await self._tell()
        await self._become("ringing")
        does = self._colleague.does
        if await self._rings():
            await self._become("canceled")
        elif does in {"answers", "voicemail"}:
            await self._become("in-progress")
            await self._talk()
            await self._become("completed")
        else:
            self._end("twilio")
            await self._become(does)
        await asyncio.gather(*self._telling)

    async def _rings(self) -> bool:
        """Whether it was given up before anything came of it."""
        patience = self.order.timeout + GRACE
        rings = self._colleague.rings
        if self._colleague.does == "no-answer":
            rings = min(rings, patience)
        try:
            async with asyncio.timeout(rings):
                await self._over.wait()
        except TimeoutError:
            return False
        return True

    async def _talk(self) -> None:
        first = Given(self.order.twiml) if self.order.twiml else Fetch(self.order.url)
        if self.order.machine_callback:
            self._telling.append(asyncio.create_task(self._detect()))
        tasks = [
            asyncio.create_task(self._execute(first)),
            asyncio.create_task(self._leave()),
            asyncio.create_task(_quietly(self._over.wait())),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _execute(self, source: Source) -> None:
        while True:
            running = asyncio.create_task(Program(self).run(source))
            update = asyncio.create_task(self._updates.get())
            try:
                await asyncio.wait({running, update}, return_when=asyncio.FIRST_COMPLETED)
                if not update.done():
                    await running
                    self._end("agent")
                    return
                source = update.result()
            except Refused as error:
                self.warn(error.code, error.detail)
                self._end("failure")
                return
            finally:
                update.cancel()
                running.cancel()
                await asyncio.gather(running, update, return_exceptions=True)

    async def _detect(self) -> Answer:
        """What answered, after a moment of listening."""
        await asyncio.sleep(DETECTED)
        taken = "machine_start" if self._colleague.does == "voicemail" else "human"
        form = {
            "CallSid": self.sid,
            "AccountSid": self._account,
            "AnsweredBy": taken,
            "MachineDetectionDuration": str(round(DETECTED * 1000)),
        }
        return await self.webhooks.ask(self.order.machine_callback, form)

    async def _leave(self) -> None:
        """The colleague hangs up: after `stays` at the latest, after having talked."""
        deadline = time.monotonic() + self._colleague.stays
        while time.monotonic() < deadline:
            began = None if self._seat is None else self._seat.began
            if began is not None and time.monotonic() >= began + self._colleague.talks:
                break
            await asyncio.sleep(0.02)
        self._end("colleague")

    # What REST may do.

    def hang_up(self) -> None:
        self._end("rest")

    def redirect(self, *, twiml: str = "", url: str = "", method: str = "POST") -> None:
        self._updates.put_nowait(Given(twiml) if twiml else Fetch(url, method))

    def _end(self, by: str) -> None:
        self._ended_by = self._ended_by or by
        self._over.set()

    # What the program needs.

    def form(self) -> dict[str, str]:
        order = self.order
        return {
            "CallSid": self.sid,
            "AccountSid": self._account,
            "From": order.caller_id,
            "Caller": order.caller_id,
            "To": order.to,
            "Called": order.to,
            "CallStatus": self.status,
            "Direction": self.direction,
            "ApiVersion": "2010-04-01",
        }

    def warn(self, code: Code, detail: str) -> None:
        self.warnings.append(Notice(code.value, detail, time.monotonic() - self._zero))

    def answered(self) -> None:
        """It is in progress before its first verb."""

    async def connect(self, verb: document.Stream) -> Ended:
        self.warn(Code.STREAM_UNREACHABLE, f"no media stream is simulated here: {verb.url}")
        return Ended.REFUSED

    async def confer(self, noun: document.Conference) -> bool:
        seat = self._seat = Seat(self.sid, noun, lambda form: self._post(noun, form))
        try:
            return await self._rooms.sit(seat, lambda: wait(self, noun))
        finally:
            self.meetings.append(seat.meeting(self._zero))

    def _post(self, noun: document.Conference, form: dict[str, str]) -> None:
        form = form | {"AccountSid": self._account}
        told = self.webhooks.ask(noun.status_callback, form)
        self._telling.append(asyncio.create_task(told))

    async def _become(self, status: str) -> None:
        self.status = status
        await self._tell()

    async def _tell(self) -> None:
        order, event = self.order, EVENTS.get(self.status, "completed")
        if not order.status_callback or event not in order.events:
            return
        self._told += 1
        more = {"CallbackSource": "call-progress-events", "SequenceNumber": str(self._told - 1)}
        await self.webhooks.ask(order.status_callback, self.form() | more)

    def report(self) -> OutgoingReport:
        return OutgoingReport(
            self.sid,
            self.order.to,
            self.order.caller_id,
            self.status,
            self._ended_by,
            tuple(self.spoken),
            tuple(self.meetings),
            tuple(self.webhooks.log),
            tuple(self.warnings),
        )


async def _quietly(waiting: Awaitable[bool]) -> None:
    await waiting
