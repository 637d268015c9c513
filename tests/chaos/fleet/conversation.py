"""What a caller of the crowd does: asks now and then, listens, and goes when told to."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from agent.simulators.twilio import Caller, CallOver, Clip, Unmet
from agent.simulators.twilio.call import Call
from tests.chaos.fleet.told import Asked

GREETING = 60.0
"""Seconds a caller waits for the greeting."""
PATIENT = 8.0
"""Seconds for an answer; then it is asked for again."""
PAUSE = 0.8
"""Seconds of silence that end an answer."""
GOLDEN = 0.618
STATUSES = ("in-progress", "ringing", "initiated", "in-progress")
"""In an order in which nothing happens."""


@dataclass(frozen=True, slots=True)
class Manner:
    period: float = 12.0
    """Seconds from one question to the next; 0: none is asked."""
    questions: int | None = None
    """After which the caller hangs up; None: when told to."""
    patient: bool = False
    """Whoever hears an answer break off waits for the agent to go on, and does not ask again."""
    status: str = ""
    """`disorder`: Twilio's status callbacks come twice and in the wrong order."""


class Conversation:
    def __init__(self, manner: Manner, clips: Sequence[Clip], status: str, number: int) -> None:
        self.asked: list[Asked] = []
        self.leaving = asyncio.Event()
        self.greeted = self.asking = False
        self.call: Callable[[], Call | None] = lambda: None
        self._manner = manner
        self._clips = clips
        self._status = status
        self._number = number
        self._caller: Caller | None = None
        self._doing: set[asyncio.Task[object]] = set()

    async def script(self, caller: Caller) -> None:
        self._caller = caller
        try:
            await caller.listen(within=GREETING)
            self.greeted = True
            if self._manner.status:
                await self._disorder()
            if self._manner.period and not self._enough:
                await self._pause(self._manner.period * (self._number * GOLDEN % 1.0))
            while not (self.leaving.is_set() or self._enough):
                await self._turn(caller)
        except CallOver:
            return

    @property
    def _enough(self) -> bool:
        most = self._manner.questions
        return most is not None and len(self.asked) >= most

    async def _turn(self, caller: Caller) -> None:
        if not self._manner.period:
            await self._pause(60.0)
            return
        began = time.monotonic()
        self.asking = True
        try:
            asked = await self._ask(caller)
        finally:
            self.asking = False
        self.asked.append(asked)
        if (asked.heard or self._manner.patient) and not self._enough:
            await self._pause(began + self._manner.period - time.monotonic())

    async def _ask(self, caller: Caller) -> Asked:
        clip = self._clips[(self._number + len(self.asked)) % len(self._clips)]
        before = caller.stream_sid
        said = await caller.say(clip)
        assert said.began is not None
        assert said.ended is not None
        try:
            await caller.hear(within=PATIENT)
            await caller.quiet(PAUSE)
        except Unmet:
            return Asked(said.began, said.ended, None, heard=False)
        answered = next((at for at in self._onsets() if at >= said.ended), None)
        stream, call = caller.stream_sid, self.call()
        still = call is not None and call.stream is not None and call.stream.is_open
        heard = stream == before and still
        if self._manner.patient and not heard:
            with suppress(Unmet):
                await caller.listen(within=PATIENT)
        return Asked(said.began, said.ended, answered, heard=heard)

    def _onsets(self) -> list[float]:
        call = self.call()
        return [] if call is None else [sound.start for sound in call.ear.sounds]

    async def _pause(self, seconds: float) -> None:
        """Or until the caller is to leave, or the line breaks."""
        caller = self._caller
        assert caller is not None
        end = time.monotonic() + seconds
        leaving = self.leaving
        await caller.until(
            lambda now: now >= end or leaving.is_set(), max(seconds, 0.0) + 20.0, "for a while"
        )

    def disturb(self, how: str) -> None:
        """Twilio's side of the stream: cut, frozen, or opened a second time by the same token."""
        caller = self._caller
        if caller is None:
            return
        match how:
            case "cut":
                caller.break_stream()
            case "freeze":
                caller.freeze_stream()
            case "again":
                task: asyncio.Task[object] = asyncio.create_task(caller.open_again(seconds=1.0))
                self._doing.add(task)
                task.add_done_callback(self._doing.discard)

    async def _disorder(self) -> None:
        call = self.call()
        assert call is not None
        for number, status in enumerate(STATUSES):
            more = {"CallStatus": status, "SequenceNumber": str(len(STATUSES) - number)}
            for _ in range(2):
                await call.webhooks.ask(self._status, call.form() | more)
