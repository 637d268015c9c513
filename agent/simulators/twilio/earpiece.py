"""The caller's ear: Twilio's playout buffer, and when what was heard.

The buffer plays at 8000 Hz by a monotonic clock and needs no timer of its own: every moment
follows from when a chunk came and when the chunks before it ended.
"""

import audioop
from collections import deque
from dataclasses import dataclass

RATE = 8000
PIECE = 160
AUDIBLE = 104
"""Smallest amplitude above −50 dBFS."""
BREATH = 0.06
"""Seconds of silence that do not end a sound."""
DROUGHT = 0.02
"""Seconds; a buffer that was empty for less is not worth a note."""
PAUSE = 0.25
"""Seconds of an empty buffer after which what comes is another utterance."""

_LEVELS = [
    abs(int.from_bytes(audioop.ulaw2lin(bytes([code]), 2), "little", signed=True))
    for code in range(256)
]
_LOUD = bytes(1 if level >= AUDIBLE else 0 for level in _LEVELS)


@dataclass(slots=True)
class Sound:
    """A stretch of audible samples, in seconds of the monotonic clock."""

    start: float
    end: float


@dataclass(slots=True)
class MarkSeen:
    name: str
    received: float
    due: float
    """When the audio before it will have been played."""
    echoed: float | None = None
    cleared: bool = False
    """Echoed because of a `clear`: what it stood for was not heard."""


class Earpiece:
    def __init__(self, *, keep: float = 1.0) -> None:
        """`keep`: seconds of played audio that stay readable; infinity for a recording."""
        self.sounds: list[Sound] = []
        self.droughts: list[tuple[float, float]] = []
        """When the buffer had run empty: from its last sample to the next one's arrival."""
        self.clears: list[float] = []
        self.marks: list[MarkSeen] = []
        self.margins: deque[float] = deque(maxlen=10_000)
        """Seconds of audio that still lay there when the next piece came; below 0: it was late."""
        self.most = 0.0
        """Most seconds of audio that ever lay in the buffer."""
        self.played: deque[tuple[float, bytes]] = deque()
        self._keep = keep
        self._queue: deque[tuple[float, bytes]] = deque()
        self._pending: deque[MarkSeen] = deque()
        self._dry = 0.0

    def receive(self, audio: bytes, now: float) -> None:
        """Mu-law of any length; it plays when all before it has been played."""
        if self._dry and now - self._dry < PAUSE:
            self.margins.append(self._dry - now)
        if now > self._dry:
            if self._dry and now - self._dry > DROUGHT:
                self.droughts.append((self._dry, now))
            self._dry = now
        for at in range(0, len(audio), PIECE):
            piece = audio[at : at + PIECE]
            self._queue.append((self._dry, piece))
            self._dry += len(piece) / RATE
        self.most = max(self.most, self._dry - now)

    def mark(self, name: str, now: float) -> None:
        mark = MarkSeen(name, now, max(now, self._dry))
        self.marks.append(mark)
        self._pending.append(mark)

    def clear(self, now: float) -> list[str]:
        """Empties the buffer; the names of all marks that waited, to be echoed at once."""
        reached = self.advance(now)
        self.clears.append(now)
        self._cut(now)
        names = [mark.name for mark in self._pending]
        for mark in self._pending:
            mark.echoed, mark.cleared = now, True
        self._pending.clear()
        return reached + names

    def close(self, now: float) -> None:
        """The stream is over: what was not played is lost, and no mark comes back."""
        self.advance(now)
        self._cut(now)
        self._pending.clear()

    def advance(self, now: float) -> list[str]:
        """Plays up to `now`; the names of the marks that were reached."""
        queue = self._queue
        while queue and queue[0][0] + len(queue[0][1]) / RATE <= now:
            self._hear(*queue.popleft())
        names = []
        while self._pending and self._pending[0].due <= now:
            mark = self._pending.popleft()
            mark.echoed = now
            names.append(mark.name)
        return names

    def between(self, start: float, samples: int) -> bytes:
        """Mu-law of what was played from `start` on; empty where there was nothing."""
        found = bytearray()
        for at, piece in reversed(self.played):
            if at + len(piece) / RATE <= start:
                break
            if at < start + samples / RATE:
                found[:0] = piece
                first = at
        if not found:
            return b""
        skip = round((start - first) * RATE)
        return bytes(found[max(skip, 0) :][:samples])

    def audible_since(self, moment: float) -> bool:
        """Whether anything was heard after `moment`."""
        return bool(self.sounds) and self.sounds[-1].end > moment

    def quiet_for(self, now: float) -> float:
        """Seconds since the last audible sample, 0 while audio waits to be played."""
        if self._dry > now:
            return 0.0
        return now - self.sounds[-1].end if self.sounds else now

    def onset(self, pause: float) -> float | None:
        """Start of the latest stretch of speech without a silence longer than `pause`."""
        start = None
        for sound in reversed(self.sounds):
            if start is not None and start - sound.end > pause:
                break
            start = sound.start
        return start

    def _cut(self, now: float) -> None:
        if self._queue:
            start, piece = self._queue[0]
            heard = piece[: max(0, round((now - start) * RATE))]
            if heard:
                self._hear(start, heard)
            self._queue.clear()
        self._dry = min(self._dry, now)

    def _hear(self, start: float, piece: bytes) -> None:
        loud = piece.translate(_LOUD)
        first = loud.find(1)
        if first >= 0:
            begin = start + first / RATE
            end = start + (loud.rfind(1) + 1) / RATE
            if self.sounds and begin - self.sounds[-1].end <= BREATH:
                self.sounds[-1].end = end
            else:
                self.sounds.append(Sound(begin, end))
        self.played.append((start, piece))
        while self.played[0][0] < start - self._keep:
            self.played.popleft()
