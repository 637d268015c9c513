"""What a transfer is about, and how far it has come."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from secrets import token_hex
from typing import Self
from urllib.parse import parse_qs, urlencode

from agent.line.rest import TwilioError

POLL = 2.0
"""Seconds without a status callback after which Twilio is asked: callbacks reach any worker."""


@dataclass(frozen=True, slots=True)
class Errand:
    """Rides in each address that Twilio is given for a transfer: any worker can carry it on, also
    one that was started after the first has died. Twilio's signature covers addresses."""

    room: str
    """Names the conference; not to be guessed, and nothing personal."""
    call: str
    """The caller's CallSid."""
    department: str
    language: str
    """The caller's."""
    began: float
    """Unix seconds."""

    @classmethod
    def new(cls, call: str, department: str, language: str) -> Self:
        return cls(token_hex(16), call, department, language, time.time())

    @classmethod
    def read(cls, query: str) -> Self:
        """Raises ValueError."""
        given = {name: values[0] for name, values in parse_qs(query, max_num_fields=16).items()}
        if not given.get("room") or not given.get("call"):
            raise ValueError("no transfer")
        return cls(
            given["room"],
            given["call"],
            given.get("department", ""),
            given.get("language", "en"),
            float(given.get("began", "0")),
        )

    def address(self, public: str, step: str, **more: str) -> str:
        """Of /twilio/transfer/`step`."""
        query = {
            "room": self.room,
            "call": self.call,
            "department": self.department,
            "language": self.language,
            "began": f"{self.began:.3f}",
            **more,
        }
        return f"{public}/twilio/transfer/{step}?{urlencode(query)}"

    @property
    def seconds(self) -> float:
        """Since it began."""
        return max(0.0, time.time() - self.began)


class Progress(Enum):
    """Of a colleague's call. It never goes back, in whichever order Twilio's news arrive."""

    RINGING = 0
    ANSWERED = 1
    JOINED = 2
    """The caller has been sent into the conference."""
    BUSY = 3
    NO_ANSWER = 4
    FAILED = 5
    """Not reached, or hung up before the caller was there."""

    @property
    def decided(self) -> bool:
        return self not in {Progress.RINGING, Progress.ANSWERED}


NEWS = {
    "queued": Progress.RINGING,
    "initiated": Progress.RINGING,
    "ringing": Progress.RINGING,
    "in-progress": Progress.ANSWERED,
    "answered": Progress.ANSWERED,
    "busy": Progress.BUSY,
    "no-answer": Progress.NO_ANSWER,
    "failed": Progress.FAILED,
    "canceled": Progress.FAILED,
    "completed": Progress.FAILED,
}
"""What Twilio's CallStatus means for a colleague who has not met the caller."""


class Ringing:
    """A colleague's call, as the worker follows it that holds the caller's stream."""

    def __init__(self, errand: Errand, sid: str, ask: Callable[[str], Awaitable[str]]) -> None:
        """`ask` gives the CallStatus of a call, or raises TwilioError."""
        self.errand = errand
        self.sid = sid
        self.progress = Progress.RINGING
        self._ask = ask
        self._changed = asyncio.Event()

    def note(self, progress: Progress) -> None:
        if not self.progress.decided and progress.value > self.progress.value:
            self.progress = progress
            self._changed.set()

    async def after(self, known: Progress) -> Progress:
        """Waits until it is something else."""
        while self.progress is known:
            self._changed.clear()
            try:
                async with asyncio.timeout(POLL):
                    await self._changed.wait()
            except TimeoutError:
                with suppress(TwilioError):  # asked again soon
                    self.note(NEWS.get(await self._ask(self.sid), known))
        return self.progress
