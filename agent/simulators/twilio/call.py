"""One simulated phone call: Twilio's side, the caller, and what both measured."""

import asyncio
import math
import time

import aiohttp

from agent.simulators.twilio import document, measures
from agent.simulators.twilio.account import Account, Addresses, new_sid
from agent.simulators.twilio.caller import Caller, CallOver, Unmet
from agent.simulators.twilio.clip import SLOT
from agent.simulators.twilio.conditions import Conditions
from agent.simulators.twilio.conference import Meeting, Rooms, Seat
from agent.simulators.twilio.earpiece import Earpiece
from agent.simulators.twilio.mouth import Mouth, Path
from agent.simulators.twilio.notices import Code, Notice, Refused
from agent.simulators.twilio.program import Fetch, Given, Program, Source, wait
from agent.simulators.twilio.report import report
from agent.simulators.twilio.script import Script, clips, follow
from agent.simulators.twilio.stream import Ended, Stream
from agent.simulators.twilio.webhook import Answer, Limits, Webhooks

LAST_WORD = 0.2
"""Seconds that a script has after the end of the call."""
TELL = 2.0
"""Seconds that status callbacks have after the end of the call."""
LATE = 0.02
"""Seconds after its slot from which a packet of ours counts as late."""


class Call:
    def __init__(
        self,
        session: aiohttp.ClientSession,
        account: Account,
        addresses: Addresses,
        *,
        conditions: Conditions,
        limits: Limits,
        rooms: Rooms | None = None,
    ) -> None:
        """`rooms` that this call shares with others."""
        self.sid = new_sid("CA")
        self.status = "ringing"
        self.conditions = conditions
        self.zero = time.monotonic()
        kept = conditions.recording_dir is not None
        self.ear = Earpiece(keep=math.inf if kept else 1.0)
        self.mouth = Mouth(self.ear, noise=conditions.noise, echo=conditions.echo, keep=kept)
        self.caller = Caller(self)
        self.stream: Stream | None = None
        self.keys: asyncio.Queue[str] = asyncio.Queue(maxsize=64)
        self.spoken: list[str] = []
        self.dialled: list[tuple[str, str]] = []
        self.seat: Seat | None = None
        self.meetings: list[Meeting] = []
        self._rooms = rooms or Rooms()
        self.webhooks = Webhooks(
            session,
            account,
            addresses,
            zero=self.zero,
            limits=limits,
            copies=conditions.webhook_copies,
        )
        self._session = session
        self._account = account
        self._addresses = addresses
        self._path = Path(conditions.network)
        self.warnings: list[Notice] = []
        self.streams: list[Stream] = []
        self._verb: document.Stream | None = None
        self.pressed: list[str] = []
        self.packets = self.late = 0
        self.failure = ""
        self.ended_by = ""
        self._telling: list[asyncio.Task[Answer]] = []
        self._begun = asyncio.Event()
        self._over = asyncio.Event()
        self._updates: asyncio.Queue[Source] = asyncio.Queue(maxsize=16)

    @property
    def account_sid(self) -> str:
        return self._account.sid

    async def run(self, voice_url: str, script: Script) -> measures.CallReport:
        """The whole call. Never raises for what the agent does."""
        self.mouth.level_noise(clips(script))
        tasks = [
            asyncio.create_task(self._execute(Fetch(voice_url))),
            asyncio.create_task(self._follow(script)),
            asyncio.create_task(self._beat()),
        ]
        for task in tasks:
            task.add_done_callback(self._finished)
        try:
            async with asyncio.timeout(self.conditions.longest):
                await self._over.wait()
        except TimeoutError:
            self._fail(f"longer than {self.conditions.longest:g} s")
        finally:
            await self._hang_up(tasks)
        for task in tasks:
            if _broken(task):
                await task
        return await self._close()

    def _finished(self, task: "asyncio.Task[None]") -> None:
        if _broken(task):
            self.end("failure")

    async def _hang_up(self, tasks: "list[asyncio.Task[None]]") -> None:
        self.status = "completed"
        if not self._begun.is_set():
            self.failure = self.failure or "the call ended before the caller could speak"
        self.caller.over()
        if self.stream is not None:
            await self.stream.stop()
        _, script, _ = tasks
        if self._begun.is_set():
            await asyncio.wait({script}, timeout=LAST_WORD)
        if self._telling:
            await asyncio.wait(self._telling, timeout=TELL)
        for task in (*tasks, *self._telling):
            task.cancel()
        await asyncio.gather(*tasks, *self._telling, return_exceptions=True)

    async def _close(self) -> measures.CallReport:
        seconds = time.monotonic() - self.zero
        if self.conditions.status_callback:
            done = {"CallDuration": str(math.ceil(seconds)), "SequenceNumber": "0"}
            await self.webhooks.ask(self.conditions.status_callback, self.form() | done)
        return await report(self, seconds)

    # What REST and the caller may do.

    def end(self, by: str) -> None:
        """At once; the first one who does it counts."""
        self.ended_by = self.ended_by or by
        self._over.set()

    def hang_up(self) -> None:
        self.end("rest")

    def redirect(self, *, twiml: str = "", url: str = "", method: str = "POST") -> None:
        """Replaces the running TwiML; an open stream is stopped."""
        self._updates.put_nowait(Given(twiml) if twiml else Fetch(url, method))

    async def press(self, digit: str) -> None:
        self.pressed.append(digit)
        if self.stream is not None and self.stream.is_open:
            await self.stream.press(digit)
        elif not self.keys.full():
            self.keys.put_nowait(digit)

    async def duplicate(self, seconds: float) -> measures.StreamReport:
        """Opens the last stream a second time, listens for so long, and leaves."""
        assert self._verb is not None
        again = self._new_stream(self._verb, Earpiece())
        try:
            await again.open(self._session, self._addresses)
            async with asyncio.timeout(seconds):
                await again.listen()
        except Refused as error:
            self.warn(error.code, error.detail)
        except TimeoutError:
            pass
        return again.report(self.zero)

    def turns(self) -> tuple[measures.Turn, ...]:
        self.ear.advance(time.monotonic())
        return measures.turns(self.mouth.said, self.ear, zero=self.zero)

    # What the program needs.

    def form(self) -> dict[str, str]:
        return {
            "CallSid": self.sid,
            "AccountSid": self._account.sid,
            "From": self.conditions.caller,
            "Caller": self.conditions.caller,
            "To": self.conditions.called,
            "Called": self.conditions.called,
            "CallStatus": self.status,
            "Direction": "inbound",
            "ApiVersion": "2010-04-01",
        }

    def warn(self, code: Code, detail: str) -> None:
        self.warnings.append(Notice(code.value, detail, time.monotonic() - self.zero))

    def answered(self) -> None:
        self.status = "in-progress"
        self._begun.set()

    async def connect(self, verb: document.Stream) -> Ended:
        self.status = "in-progress"
        self._verb = verb
        stream = self.stream = self._new_stream(verb, self.ear)
        try:
            await stream.open(self._session, self._addresses)
        except Refused as error:
            self.warn(error.code, error.detail)
            self._tell(verb, stream, "stream-error", StreamError=error.detail)
            return Ended.REFUSED
        self.answered()
        self._tell(verb, stream, "stream-started")
        try:
            return await stream.listen()
        finally:
            await stream.stop()
            self._tell(verb, stream, "stream-stopped")

    async def confer(self, noun: document.Conference) -> bool:
        seat = self.seat = Seat(self.sid, noun, lambda form: self._post(noun.status_callback, form))
        try:
            return await self._rooms.sit(seat, lambda: wait(self, noun))
        finally:
            self.meetings.append(seat.meeting(self.zero))

    def _new_stream(self, verb: document.Stream, ear: Earpiece) -> Stream:
        stream = Stream(verb, ear, call=self.sid, account=self._account, warn=self.warn)
        self.streams.append(stream)
        return stream

    def _tell(self, verb: document.Stream, stream: Stream, event: str, **more: str) -> None:
        """The stream's status callback; the call does not wait for it."""
        if verb.status_callback:
            form = {"CallSid": self.sid, "StreamSid": stream.sid, "StreamEvent": event, **more}
            self._post(verb.status_callback, form)

    def _post(self, url: str, form: dict[str, str]) -> None:
        told = self.webhooks.ask(url, form | {"AccountSid": self._account.sid})
        self._telling.append(asyncio.create_task(told))

    # The three tasks of a call.

    async def _execute(self, source: Source) -> None:
        """The TwiML, replaced by whatever an update brings."""
        program = Program(self, self.conditions.fallback)
        while True:
            running = asyncio.create_task(program.run(source))
            update = asyncio.create_task(self._updates.get())
            try:
                await asyncio.wait({running, update}, return_when=asyncio.FIRST_COMPLETED)
                if not update.done():
                    await running
                    self.end("agent")
                    return
                source = update.result()
            except Refused as error:
                self.warn(error.code, error.detail)
                self._fail(str(error))
                return
            finally:
                await self._abandon(running, update)

    async def _abandon(self, running: "asyncio.Task[None]", update: "asyncio.Task[Source]") -> None:
        update.cancel()
        if not running.done():
            if self.stream is not None:
                await self.stream.stop()
            running.cancel()
        await asyncio.gather(running, update, return_exceptions=True)

    async def _follow(self, script: Script) -> None:
        await self._begun.wait()
        try:
            await follow(script, self.caller)
            self.end("caller")
        except Unmet as error:
            self._fail(f"the caller {error}")
        except CallOver as error:
            self.failure = self.failure or str(error)

    async def _beat(self) -> None:
        """Every 20 ms, on a grid that all calls of the process share."""
        slot = (math.floor(time.monotonic() / SLOT) + 1) * SLOT
        while True:
            await asyncio.sleep(slot - time.monotonic())
            now = time.monotonic()
            reached = self.ear.advance(now)
            stream = self.stream if self.stream is not None and self.stream.is_open else None
            if stream is not None and reached:
                await stream.echo(reached)
            while slot <= now + 0.001:
                await self._packet(slot, now, stream)
                slot += SLOT
            self.caller.tick(now)

    async def _packet(self, slot: float, now: float, stream: Stream | None) -> None:
        out = self.mouth.speak(slot)
        for sent, arrived in self._path.carry(slot, out):
            if stream is not None:
                self.packets += 1
                self.late += now - slot > LATE
                await stream.media(sent, arrived)

    def _fail(self, why: str) -> None:
        self.failure = self.failure or why
        self.end("failure")


def _broken(task: "asyncio.Task[None]") -> bool:
    """Failed with an error of the script's own, an assertion of a test for one."""
    return task.done() and not task.cancelled() and task.exception() is not None
