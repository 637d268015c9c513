"""A stereo WAV that grows: 16-bit, 8 kHz. Its header is right after each write."""

import fcntl
import os
import struct
from pathlib import Path

from agent.line.protocol import RATE

HEADER = 44
"""Bytes before the first sample."""
_FRAME = 4
"""Bytes of one moment: two samples of 16 bits."""


class Wav:
    """Locked while it is open: nobody else takes the file for one that a crash has left."""

    def __init__(self, path: Path) -> None:
        """Raises OSError, FileExistsError among them."""
        self._fd = private(path)
        self._bytes = 0
        os.write(self._fd, header(0))

    def write(self, frames: bytes) -> None:
        """Both samples of each moment. Raises OSError; what does not fit is not there then."""
        end = HEADER + self._bytes
        written = 0
        while written < len(frames):
            written += os.pwrite(self._fd, frames[written:], end + written)
        self._bytes += len(frames)
        os.pwrite(self._fd, header(self._bytes), 0)

    def close(self, *, lasting: bool = True) -> None:
        """`lasting`: it is on the disk afterwards. Raises OSError."""
        fd, self._fd = self._fd, -1
        if fd < 0:
            return
        try:
            if lasting:
                os.ftruncate(fd, HEADER + self._bytes)  # without half a write
                os.fsync(fd)
        finally:
            os.close(fd)


def private(path: Path) -> int:
    """A new file that only we can read, locked until it is closed. Raises OSError."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(fd)
        raise
    return fd


def header(size: int) -> bytes:
    """Of `size` bytes of samples."""
    form = struct.pack("<HHIIHH", 1, 2, RATE, RATE * _FRAME, _FRAME, 16)
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", size)
    return b"RIFF" + struct.pack("<I", len(body) + size) + body


def mend(fd: int) -> int:
    """Makes the header say what a file holds; its bytes of samples. Raises OSError."""
    size = max(0, os.fstat(fd).st_size - HEADER)
    size -= size % _FRAME
    os.ftruncate(fd, HEADER + size)
    os.pwrite(fd, header(size), 0)
    os.fsync(fd)
    return size
