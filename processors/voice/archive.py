"""Speech that was made ahead, on disk and in memory: bounded, the longest unused goes first."""

import asyncio
import fcntl
import os
import tempfile
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from processors.voice.speech import Speech, Unreadable, packed, unpacked

MOST = 256 << 20
"""Bytes on disk: nine hours of speech."""
MEMORY = 16 << 20
"""Bytes in memory: half an hour."""
_LOCK = ".filling"
_WRITING = ".writing-"
_DEAD = 3600.0
"""Seconds after which nobody is still writing."""


class Full(Exception):
    """All that lies there is wanted, and there is no room for more."""


class Archive:
    """A folder of files that are named by a digest, so that a name tells nothing.

    A file is whole from the moment it is there. Any number of processes read; one of them writes.
    What touches the disk (`load`, `scan`, `write`) belongs on a thread.
    """

    def __init__(self, folder: Path, *, most: int = MOST, memory: int = MEMORY) -> None:
        self._folder = folder
        self._most = most
        self._memory = memory
        self._recent: OrderedDict[str, Speech] = OrderedDict()
        self._held = 0

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[bool]:
        """Whether this process is the one that fills the folder, as long as it lives."""
        lock = await asyncio.to_thread(self._lock)
        try:
            yield lock is not None
        finally:
            if lock is not None:
                os.close(lock)

    def _lock(self) -> int | None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            lock = os.open(self._folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            return None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            return None
        return lock

    def recall(self, name: str) -> Speech | None:
        """From memory alone."""
        speech = self._recent.get(name)
        if speech is not None:
            self._recent.move_to_end(name)
        return speech

    def remember(self, name: str, speech: Speech) -> None:
        if (before := self._recent.pop(name, None)) is not None:
            self._held -= before.size
        self._recent[name] = speech
        self._held += speech.size
        while self._held > self._memory:
            _, oldest = self._recent.popitem(last=False)
            self._held -= oldest.size

    def load(self, name: str) -> Speech | None:
        """From disk; what is damaged there is thrown away. An unreadable disk holds nothing."""
        path = self._folder / name
        try:
            speech = unpacked(path.read_bytes())
            os.utime(path)
        except Unreadable:
            with suppress(OSError):
                path.unlink(missing_ok=True)
            return None
        except OSError:
            return None
        return speech

    def scan(self) -> frozenset[str]:
        """The names of all that lies there; what a writer that died has left is thrown away."""
        with suppress(OSError):
            for left in self._folder.glob(f"{_WRITING}*"):
                if left.stat().st_mtime < time.time() - _DEAD:
                    left.unlink(missing_ok=True)
        return frozenset(name for name, _, _ in self._files())

    def write(self, name: str, speech: Speech, wanted: Callable[[str], bool]) -> None:
        """`wanted` says which names make room for nobody. Raises Full, and OSError of the disk."""
        data = packed(speech)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._make_room(len(data), wanted)
        descriptor, temporary = tempfile.mkstemp(prefix=_WRITING, dir=self._folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self._folder / name)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)
            raise

    def _make_room(self, size: int, wanted: Callable[[str], bool]) -> None:
        files = sorted(self._files(), key=lambda file: file[2])
        over = sum(length for _, length, _ in files) + size - self._most
        for name, length, _ in files:
            if over <= 0:
                return
            if not wanted(name):
                (self._folder / name).unlink(missing_ok=True)
                over -= length
        if over > 0:
            raise Full

    def _files(self) -> list[tuple[str, int, float]]:
        """Name, bytes, and when it was last used."""
        found = []
        with suppress(OSError), os.scandir(self._folder) as entries:
            for entry in entries:
                with suppress(OSError):
                    if not entry.name.startswith(".") and entry.is_file():
                        about = entry.stat()
                        found.append((entry.name, about.st_size, about.st_mtime))
        return found
