"""The folder of recordings: what lies there, for how long, and how it goes. Plain files, no loop.

`CAxxxx-20261122T041953Z.wav` and, beside it, `….jsonl`: the CallSid and when it began, no number
of anybody. While a recording grows its files end in `.part` and are locked.
"""

import fcntl
import os
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from agent.recording import wav

PART = ".part"
DAY = 86400.0
_OURS = re.compile(r"([A-Za-z0-9]+)-\d{8}T\d{6}\d*Z\.(wav|jsonl)(\.part)?")


def name(call: str, began: float) -> str:
    """Of a recording's files, without the end. `began`: Unix seconds."""
    moment = datetime.fromtimestamp(began, UTC).strftime("%Y%m%dT%H%M%S%f")
    return f"{_plain(call)}-{moment[:-3]}Z"


def prepare(folder: Path) -> None:
    """Makes the folder, for nobody but us, and tries it. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    probe = folder / f".{os.getpid()}.{time.monotonic_ns()}"
    try:
        probe.write_bytes(b"?")
    finally:
        probe.unlink(missing_ok=True)


def mend(folder: Path) -> int:
    """Finishes what a crash has left; how many files that were. What still grows is left alone."""
    mended = 0
    for file, _ in _files(folder):
        if file.suffix == PART:
            with suppress(OSError):
                mended += _mend(file)
    return mended


def forget(folder: Path, calls: Iterable[str]) -> int:
    """Deletes all recordings of these CallSids at once, also those that still grow; how many files
    that were. Raises OSError when one cannot be deleted."""
    wanted = {_plain(call) for call in calls}
    gone = [file for file, call in _files(folder) if call in wanted]
    for file in gone:
        file.unlink(missing_ok=True)
    return len(gone)


def held(folder: Path) -> list[str]:
    """The CallSid of each file."""
    return [call for _, call in _files(folder)]


def expire(folder: Path, days: int, *, now: float) -> int:
    """Deletes what ended more than `days` ago (0: everything); how many files that were."""
    gone = 0
    for file, _ in _files(folder):
        with suppress(OSError):
            if now - file.stat().st_mtime >= days * DAY:
                file.unlink()
                gone += 1
    return gone


def _files(folder: Path) -> Iterator[tuple[Path, str]]:
    """Ours, with the CallSid; anything else in the folder is nobody's business."""
    with suppress(FileNotFoundError):
        for file in sorted(folder.iterdir()):
            if found := _OURS.fullmatch(file.name):
                yield file, found[1]


def _mend(file: Path) -> bool:
    fd = os.open(file, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)  # raises where somebody writes it
        whole = file.with_name(file.name.removesuffix(PART))
        if whole.suffix == ".wav" and wav.mend(fd) == 0:
            file.unlink()
        else:
            file.rename(whole)
    finally:
        os.close(fd)
    return True


def _plain(call: str) -> str:
    return re.sub("[^A-Za-z0-9]", "", call)[:64] or "unnamed"
