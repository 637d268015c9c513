"""Results by the hash of what they were made from, in files: work that need not be done twice."""

import hashlib
import os
import time
from contextlib import suppress
from pathlib import Path

UNUSED = 30 * 86400.0
"""Seconds after which a result that nobody asked for goes."""


class Kept:
    """A folder that may vanish, fill up or hold anything: then the work is done again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._here: dict[str, bytes] = {}

    @staticmethod
    def key(*parts: str | bytes) -> str:
        made = hashlib.sha256()
        for part in parts:
            data = part.encode() if isinstance(part, str) else part
            made.update(len(data).to_bytes(8, "big") + data)
        return made.hexdigest()

    def get(self, key: str) -> bytes | None:
        if key in self._here:
            return self._here[key]
        file = self._folder / key
        try:
            value = file.read_bytes()
            if time.time() - file.stat().st_mtime > UNUSED / 2:
                os.utime(file)
        except OSError:
            return None
        return value

    def put(self, key: str, value: bytes, *, lasting: bool = True) -> None:
        """Whole or not at all; what is not lasting is kept as long as this object."""
        if not lasting:
            self._here[key] = value
            return
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            write(self._folder / key, value)

    def tidy(self) -> None:
        horizon = time.time() - UNUSED
        with suppress(OSError):
            for file in self._folder.iterdir():
                if file.stat().st_mtime < horizon:
                    file.unlink()


def write(file: Path, data: bytes) -> None:
    """Whoever reads the file sees the old one or the new one, never a part. Raises OSError."""
    beside = file.with_name(f".{file.name}.{os.getpid()}.{time.monotonic_ns()}")
    try:
        with beside.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)
