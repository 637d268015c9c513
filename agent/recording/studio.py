"""Studio: what recordings have in common within a process, and how long they are kept."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal, Protocol

from loguru import logger

from agent.doctor import Check
from agent.recording import shelf
from agent.recording.scribe import Scribe
from agent.recording.tape import Tape
from agent.settings import Settings, SettingsError
from knowledge.chain import Fault
from knowledge.erasure import of_call
from knowledge.events import Emit, Event

Mode = Literal["off", "on", "consent"]

TENDED = 3600.0
"""Seconds between two looks at what is too old."""
REMEMBERED = 10_000
"""Calls of which it is known whether they may be recorded."""
_FOLDER = "recordings"
"""Under DATA_DIR."""


class Listener(Protocol):
    def note(self, event: Event) -> None: ...


class Studio:
    def __init__(self, folder: Path, mode: Mode, days: int, emit: Emit) -> None:
        """`days`: RETENTION_DAYS."""
        self.folder = folder
        self.mode: Mode = mode
        self.emit = emit
        self.scribe = Scribe()
        self._days = days
        self._allowed: OrderedDict[str, bool] = OrderedDict()
        self._on: dict[str, Listener] = {}
        self._owed: set[str] = set()
        """Calls whose recordings could not be deleted yet."""

    def allowed(self, call: str) -> bool | None:
        """What is known of the caller's will; None: nothing, for another worker has asked."""
        return self._allowed.get(call)

    def allow(self, call: str) -> None:
        self._settle(call, allowed=True)

    def refuse(self, call: str) -> None:
        """Now and for as long as the call lasts; what was recorded of it is deleted at once."""
        self._settle(call, allowed=False)
        self.scribe.submit(lambda: self._forget(call))

    def erase(self, digests: frozenset[str]) -> None:
        """Calls that were erased, by their digests; also where that was done elsewhere."""
        self.scribe.submit(lambda: self._erase(digests))

    def tape(self, call: str) -> Tape:
        return Tape(self.scribe, self.folder, call, began=time.time())

    def listen(self, call: str, listener: Listener) -> None:
        self._on[call] = listener

    def leave(self, call: str, listener: Listener) -> None:
        if self._on.get(call) is listener:
            del self._on[call]

    def note(self, event: Event) -> None:
        """An `Emit`: a call's events go to its recording."""
        if (listener := self._on.get(event.call)) is not None:
            listener.note(event)

    async def tend(self) -> None:
        """Until it is cancelled: what is too old goes, and what nobody wants."""
        while True:
            self.scribe.submit(self._tidy)
            await asyncio.sleep(TENDED)

    def _settle(self, call: str, *, allowed: bool) -> None:
        self._allowed[call] = allowed
        while len(self._allowed) > REMEMBERED:
            self._allowed.popitem(last=False)

    def _forget(self, call: str) -> None:
        try:
            shelf.forget(self.folder, [call])
            self._owed.discard(call)
        except OSError as error:
            self._owed.add(call)
            logger.bind(call=call, fault=error.strerror).error("recording not deleted")

    def _erase(self, digests: frozenset[str]) -> None:
        for call in {call for call in shelf.held(self.folder) if of_call(call) in digests}:
            self._forget(call)

    def _tidy(self) -> None:
        shelf.mend(self.folder)
        shelf.expire(self.folder, self._days, now=time.time())
        for call in list(self._owed):
            self._forget(call)


@asynccontextmanager
async def opened(settings: Settings, emit: Emit) -> AsyncIterator[Studio]:
    """Raises SettingsError where nothing can be written."""
    folder = folder_of(settings)
    if settings.recording != "off":
        try:
            await asyncio.to_thread(shelf.prepare, folder)
        except OSError as error:
            name = "RECORDING_DIR" if settings.recording_dir else "DATA_DIR"
            line = f"{name}: expected a folder that recordings can be written to"
            raise SettingsError([f"{line} ({error.strerror})"]) from error
    studio = Studio(folder, settings.recording, settings.retention_days, emit)
    studio.scribe.start()
    tending = asyncio.create_task(studio.tend(), name="recordings")
    try:
        yield studio
    finally:
        tending.cancel()
        await asyncio.wait({tending})
        await studio.scribe.close()


def checks(settings: Settings) -> Iterator[Check]:
    """The row of `doctor`."""
    if settings.recording == "off":
        yield Check("recording", "nothing", "RECORDING is off")
        return

    async def ask() -> None:
        try:
            await asyncio.to_thread(shelf.prepare, folder_of(settings))
        except OSError as error:
            raise Fault("refused", error.strerror or "cannot be written") from error

    used = "RECORDING_DIR" if settings.recording_dir else f"DATA_DIR/{_FOLDER}"
    yield Check("recording", used, f"RECORDING is {settings.recording}", ask)


def folder_of(settings: Settings) -> Path:
    return settings.recording_dir or settings.data_dir / _FOLDER
