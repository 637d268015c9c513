"""Files of this machine, as an outbox and as a source.

A worker appends to a file of its own, which it holds locked (flock) and cuts every now and then. A
file that nobody holds was cut, or its worker is dead: any relay with this folder may take it. The
kernel drops a dead process's locks, so that nothing has to be cleaned up. One record a line; a last
line without its end was never acknowledged.
"""

import asyncio
import fcntl
import os
import re
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO, TypeVar

from loguru import logger

from knowledge.chain import Breaker, Fault
from knowledge.identity import fresh
from knowledge.outbox import Entry

MOST = 1 << 30
"""Bytes of one worker that may wait: more than that is somebody's alarm, not a bigger file."""
SIZE = 16 << 20
"""Bytes of one file."""
CUT = 0.25
"""Seconds until a file is cut so that a relay can have it."""
FEW = 4
"""Cut files that nobody has read yet: from then on only full ones are cut."""
SUFFIX = ".jsonl"
NEW = ".new"
ASIDE = "aside.txt"

T = TypeVar("T")


class Segments:
    """What one worker writes. Appending and fsync happen in a thread of their own, in turn."""

    name = "file"

    def __init__(
        self,
        folder: Path,
        worker: str,
        *,
        most: int = MOST,
        size: int = SIZE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`worker`: begins the files' names, so that people know whose they are."""
        self.breaker = Breaker(rest=1.0)
        self._folder = folder
        self._worker = re.sub(r"[^\w-]", "-", worker)
        self._most = most
        self._size = size
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, "outbox")
        self._live: _Live | None = None

    async def write(self, lines: Sequence[bytes]) -> str:
        await self._apart(lambda: self._append(b"".join(line + b"\n" for line in lines)))
        return self.name

    async def tend(self) -> list[bytes]:
        live = self._live
        if live is not None and self._clock() - live.since > CUT:
            await self._apart(self._cut_unless_many)
        return []

    async def close(self) -> None:
        await self._apart(self._cut)
        self._thread.shutdown()

    async def _apart(self, work: Callable[[], T]) -> T:
        """In the thread, to its end: also where whoever waits gives up."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except OSError as error:
            raise Fault("broken", type(error).__name__ + _code(error)) from error

    def _append(self, data: bytes) -> None:
        if self._live is not None and self._live.size >= self._size:
            self._cut()
        if self._waiting() + len(data) > self._most:
            raise Fault("limited", "the outbox is full")
        if self._live is None:
            self._live = _Live.open(self._folder, self._worker, self._clock())
        try:
            self._live.append(data)
        except OSError:
            self._cut()  # whatever of it is in the file, the next one begins a new one
            raise

    def _waiting(self) -> int:
        live = self._live.size if self._live else 0
        return live + sum(_size(path) for path in self._cut_files())

    def _cut_files(self) -> list[Path]:
        live = self._live.path if self._live else None
        return [p for p in self._folder.glob(f"{self._worker}.*{SUFFIX}") if p != live]

    def _cut_unless_many(self) -> None:
        if len(self._cut_files()) < FEW:
            self._cut()

    def _cut(self) -> None:
        if self._live is not None:
            self._live.close()
            self._live = None


class _Live:
    """The file being written."""

    def __init__(self, path: Path, descriptor: int, since: float) -> None:
        self.path = path
        self.size = 0
        self.since = since
        self._descriptor = descriptor

    @classmethod
    def open(cls, folder: Path, worker: str, since: float) -> "_Live":
        """Locked before it has a name that relays look for; the name itself survives as well."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{worker}.{fresh()}{SUFFIX}"
        unnamed = path.with_suffix(NEW)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
        descriptor = os.open(unnamed, flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            unnamed.rename(path)
            _sync_folder(folder)
        except OSError:
            os.close(descriptor)
            unnamed.unlink(missing_ok=True)
            raise
        return cls(path, descriptor, since)

    def append(self, data: bytes) -> None:
        """On the disk when it returns; cut back to what was whole when it raises."""
        try:
            _write(self._descriptor, data)
            os.fdatasync(self._descriptor)
        except OSError:
            os.ftruncate(self._descriptor, self.size)
            raise
        self.size += len(data)

    def close(self) -> None:
        """Lets a relay have it."""
        os.close(self._descriptor)


class Folder:
    """What relays read: files of dead workers, and those that living ones have cut."""

    name = "file"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._thread = ThreadPoolExecutor(1, "relay")
        self._file: BinaryIO | None = None
        self._path = folder
        self._refused: set[Path] = set()

    async def take(self, most: int) -> list[Entry]:
        return await self._apart(lambda: self._take(most))

    async def done(self, entries: Sequence[Entry]) -> None:
        """The file goes as a whole, when its end was read: until then it would be read again."""

    async def aside(self, entry: Entry, why: str) -> None:
        await self._apart(lambda: self._put_aside(entry, why))

    async def close(self) -> None:
        await self._apart(self._release)
        self._thread.shutdown()

    async def _apart(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except OSError as error:
            raise Fault("broken", type(error).__name__ + _code(error)) from error

    def _take(self, most: int) -> list[Entry]:
        while True:
            if self._file is None and not self._open_next():
                return []
            if entries := self._read(most):
                return entries
            self._path.unlink(missing_ok=True)  # its last lines were done before they asked again
            self._release()

    def _open_next(self) -> bool:
        for path in sorted(self._folder.glob(f"*{SUFFIX}"), key=lambda path: path.stem[-36:]):
            try:
                file = path.open("rb")
            except FileNotFoundError:
                continue
            except OSError as error:
                self._unreadable(path, error)
                continue
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                mine = os.fstat(file.fileno()).st_ino == path.stat().st_ino
            except (BlockingIOError, FileNotFoundError):
                mine = False
            if mine:
                self._file, self._path = file, path
                return True
            file.close()  # its worker writes, or another relay was faster
        return False

    def _unreadable(self, path: Path, error: OSError) -> None:
        """Said once; the others go on."""
        if path not in self._refused:
            self._refused.add(path)
            logger.bind(file=path.name, error=type(error).__name__).error(
                "outbox file cannot be read"
            )

    def _read(self, most: int) -> list[Entry]:
        assert self._file is not None
        entries: list[Entry] = []
        while len(entries) < most and (line := self._file.readline()):
            if not line.endswith(b"\n"):
                logger.bind(file=self._path.name).info("outbox file ends in an unfinished line")
            elif line := line.strip(b"\n\0"):
                entries.append(Entry(self._path.name, line))
        return entries

    def _put_aside(self, entry: Entry, why: str) -> None:
        with (self._folder / ASIDE).open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(why.encode() + b"\t" + entry.line + b"\n")
            file.flush()
            os.fdatasync(file.fileno())

    def _release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def aside(folder: Path, wanted: Callable[[bytes], bool]) -> int:
    """Records put aside that are wanted. Blocks; raises Fault."""
    return _aside(folder, wanted, strike=False)


def strike(folder: Path, wanted: Callable[[bytes], bool]) -> int:
    """Those go; how many. Files that wait are the relays' own, who drop what was erased."""
    return _aside(folder, wanted, strike=True)


def _aside(folder: Path, wanted: Callable[[bytes], bool], *, strike: bool) -> int:
    try:
        with (folder / ASIDE).open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            lines = file.readlines()
            kept = [line for line in lines if not wanted(line.partition(b"\t")[2].strip())]
            if strike and len(kept) < len(lines):
                file.seek(0)
                file.writelines(kept)
                file.truncate()
                file.flush()
                os.fsync(file.fileno())
            return len(lines) - len(kept)
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise Fault("broken", type(error).__name__ + _code(error)) from error


def _write(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _code(error: OSError) -> str:
    return f" {error.errno}" if error.errno is not None else ""
