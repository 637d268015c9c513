"""Tape: one recording on the disk, a WAV and a file of events; written by the scribe's thread."""

import audioop
import os
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path

from loguru import logger

from agent.line.protocol import RATE
from agent.recording import shelf
from agent.recording.legs import Piece
from agent.recording.scribe import Scribe
from agent.recording.wav import Wav, private

MOST = 30 * 3 * RATE
"""Bytes of one recording that may wait for the disk: half a minute."""
MOST_OF_ALL = 64 * 1024 * 1024
"""Bytes of all recordings of the process that may wait."""


class Tape:
    """The methods without `_` are the event loop's; they return at once."""

    def __init__(self, scribe: Scribe, folder: Path, call: str, *, began: float) -> None:
        """`began`: Unix seconds."""
        self.call = call
        self.name = shelf.name(call, began)
        self.failed = False
        """The disk has refused something: no more is written."""
        self._scribe = scribe
        self._folder = folder
        self._given = 0
        self._done = 0  # only the thread counts here
        self._unwanted = False
        self._wav: Wav | None = None
        self._events = -1
        scribe.submit(self._open)

    @property
    def overrun(self) -> bool:
        """The disk does not keep up."""
        return self._given - self._done > MOST or self._scribe.waiting > MOST_OF_ALL

    def write(self, piece: Piece | None, events: Sequence[bytes]) -> None:
        """`events`: lines with their ends."""
        size = sum(map(len, events)) + (3 * piece.samples if piece else 0)
        self._given += size
        self._scribe.submit(lambda: self._write(piece, events, size), size)

    def finish(self) -> Future[None]:
        """Whatever reached the disk is kept."""
        return self._scribe.submit(self._finish)

    def discard(self) -> None:
        """What waits is dropped; who deletes the files is the studio."""
        self._unwanted = True
        self._scribe.submit(lambda: self._close(lasting=False))

    @property
    def _parts(self) -> list[Path]:
        return [self._folder / f"{self.name}.{kind}{shelf.PART}" for kind in ("wav", "jsonl")]

    def _open(self) -> None:
        try:
            sound, events = self._parts
            self._wav = Wav(sound)
            self._events = private(events)
        except OSError as error:
            self._fail(error)

    def _write(self, piece: Piece | None, events: Sequence[bytes], size: int) -> None:
        self._done += size
        if self.failed or self._unwanted or self._wav is None:
            return
        try:
            if events:
                os.write(self._events, b"".join(events))
            if piece is not None:
                self._wav.write(_stereo(piece))
        except OSError as error:
            self._fail(error)

    def _finish(self) -> None:
        if self._unwanted:
            return
        try:
            self._close(lasting=True)
            for part in self._parts:
                if part.exists():  # or somebody has it forgotten
                    part.rename(part.with_name(part.name.removesuffix(shelf.PART)))
        except OSError as error:
            self._fail(error)

    def _close(self, *, lasting: bool) -> None:
        fd, self._events = self._events, -1
        if fd >= 0:
            os.close(fd)
        if self._wav is not None:
            self._wav.close(lasting=lasting)

    def _fail(self, error: OSError) -> None:
        if not self.failed:
            self.failed = True
            logger.bind(call=self.call, fault=os.strerror(error.errno or 0)).error(
                "recording not written"
            )


def _stereo(piece: Piece) -> bytes:
    """The caller left, the agent right."""
    left = audioop.tostereo(piece.caller, 2, 1, 0)
    right = audioop.tostereo(audioop.ulaw2lin(piece.agent, 2), 2, 0, 1)
    return audioop.add(left, right, 2)
