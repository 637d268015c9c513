"""What the caller hears and when: our side's model of Twilio's playout buffer, without I/O.

Positions are samples (8 kHz, one byte of mu-law each) from the beginning of the stream. Twilio is
kept at most `LEAD` ahead, so that a hold is a silence within that time and a barge-in loses little.
"""

import re
from collections import deque
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from agent.line.protocol import RATE

GRID = 0.02
"""Seconds: all calls of a process wake on one common grid, in one loop iteration."""
LEAD = 0.1
"""Seconds of audio that may lie at Twilio after a send."""
CHUNK = 480
"""Samples in a full outbound message: 60 ms, a voice's block."""
ECHO_GRACE = 0.6
"""Seconds after which an unconfirmed mark is believed to have been played."""
WORD = 0.15
"""Seconds into a word at which it counts as heard; voices report where a word begins."""

_SENTENCE_END = re.compile(r"[.!?…][\"'”»)]*\s*$")

T = TypeVar("T")


@dataclass(slots=True)
class Text:
    """Words and the audio that says them."""

    start: int
    end: int
    words: str
    remembered: bool
    timed: bool = False
    """A single word whose beginning the voice reported."""


@dataclass(slots=True)
class _Cue(Generic[T]):
    position: int
    item: T | Text


@dataclass(slots=True)
class Playout(Generic[T]):
    """`T`: whatever else has to wait its turn behind the audio before it."""

    queued: int = 0
    """End of all audio handed in."""
    sent: int = 0
    held: bool = False
    generation: int = 0
    """Counts interruptions: a mark of an earlier generation confirms nothing."""
    lag: float = 0.0
    """Seconds by which the caller's ear is behind our clock, learnt from marks."""
    _dry: float = 0.0
    _buffer: bytearray = field(default_factory=bytearray)
    _cues: deque[_Cue[T]] = field(default_factory=deque)
    _marks: deque[int] = field(default_factory=deque)
    """Positions at which a mark is still to be sent."""
    _awaited: dict[str, tuple[int, float]] = field(default_factory=dict)
    """Marks sent and not echoed: position, and our clock's time of it."""
    _confirmed: int = 0
    _texted: int = 0
    """Up to here each sample belongs to a text."""
    _protected: deque[tuple[int, int]] = field(default_factory=deque)

    def add_audio(self, mulaw: bytes, *, protected: bool = False) -> None:
        start = self.queued
        self._buffer += mulaw
        self.queued += len(mulaw)
        if protected:
            self._protected.append((start, self.queued))

    def add_text(self, words: str, *, remembered: bool) -> None:
        """Words said by the audio since the last text; a mark follows the end of a sentence."""
        self._cues.append(
            _Cue(self.queued, Text(self._texted, self.queued, words, remembered=remembered))
        )
        self._texted = self.queued
        if _SENTENCE_END.search(words):
            self._mark_here()

    def add_word(self, word: str, start: int, *, remembered: bool) -> None:
        """A word that begins at sample `start`; words come in order."""
        heard = start + int(WORD * RATE)
        self._cues.append(_Cue(heard, Text(start, heard, word, remembered=remembered, timed=True)))
        self._texted = max(self._texted, heard)
        if _SENTENCE_END.search(word):
            self._mark_here()

    def add(self, item: T) -> None:
        """Given out when everything before it was played."""
        self._mark_here()
        self._cues.append(_Cue(self.queued, item))

    @property
    def busy(self) -> bool:
        """Whether anything is still to be sent, played or given out."""
        return bool(self._buffer or self._cues)

    def audible(self, now: float) -> bool:
        """Whether there is audio that the caller has not heard yet."""
        return bool(self._buffer) or self.dry(now) > 0

    def protected(self, now: float) -> bool:
        """Whether what the caller is hearing must not be stopped."""
        heard = max(self._confirmed, self.played(now - ECHO_GRACE))
        while self._protected and self._protected[0][1] <= heard:
            self._protected.popleft()
        return bool(self._protected) and self._protected[0][0] <= self.sent

    def dry(self, now: float) -> float:
        """Seconds of audio that still lie at Twilio."""
        return max(0.0, self._dry - now)

    def played(self, now: float) -> int:
        return self.sent - int(self.dry(now) * RATE)

    @property
    def slot(self) -> float:
        """When the next chunk should leave, in our clock's seconds."""
        return self._dry - (LEAD - CHUNK / RATE)

    def next_chunk(self, now: float) -> bytes | None:
        """The audio to send now, if it is time; the send is taken as done."""
        if self.held or not self._buffer:
            return None
        ahead = self.dry(now)
        if ahead > LEAD - CHUNK / RATE:
            return None
        size = min(CHUNK, len(self._buffer))
        if self._marks and self.sent < self._marks[0] < self.sent + size:
            size = self._marks[0] - self.sent
        whole = size == CHUNK or (self._marks and self.sent + size == self._marks[0])
        if not whole and ahead > CHUNK / RATE / 2:
            return None  # the rest of this block is on its way
        chunk = bytes(self._buffer[:size])
        del self._buffer[:size]
        self.sent += size
        self._dry = max(now, self._dry) + size / RATE
        return chunk

    def next_mark(self) -> str | None:
        """The mark to send now: all audio before it has been sent."""
        if not self._marks or self._marks[0] > self.sent:
            return None
        position = self._marks.popleft()
        name = f"{self.generation}.{position}"
        self._awaited[name] = position, self._dry
        return name

    def echoed(self, name: str, now: float) -> None:
        """Twilio has played up to this mark, unless we emptied its buffer since."""
        position, due = self._awaited.pop(name, (0, now))
        if name.startswith(f"{self.generation}.") and position > self._confirmed:
            self._confirmed = position
            self.lag = 0.8 * self.lag + 0.2 * min(max((now - due) / 2, 0.0), 0.5)

    def take_played(self, now: float) -> list[Text | T]:
        """What has been heard since the last call, in order: texts, and items behind them."""
        ear = self.played(now - self.lag)
        late = self.played(now - ECHO_GRACE)
        given: list[Text | T] = []
        while self._cues:
            cue = self._cues[0]
            timed = isinstance(cue.item, Text) and cue.item.timed
            if not (cue.position <= self._confirmed or cue.position <= (ear if timed else late)):
                break
            given.append(cue.item)
            self._cues.popleft()
        return given

    def interrupt(self, now: float) -> tuple[list[Text], list[T]]:
        """Drops all that was not heard: the texts heard until now, the items that had to wait."""
        ear = max(self.played(now - self.lag), self._confirmed)
        heard: list[Text] = []
        waiting: list[T] = []
        for cue in self._cues:
            if not isinstance(cue.item, Text):
                waiting.append(cue.item)
            elif cue.item.end <= ear:
                heard.append(cue.item)
            elif not cue.item.timed and (part := _share(cue.item, ear)):
                heard.append(
                    Text(cue.item.start, ear, part, remembered=cue.item.remembered),
                )
        self._buffer.clear()
        self._cues.clear()
        self._marks.clear()
        self._awaited.clear()
        self._protected.clear()
        self.queued = self._texted = self._confirmed = self.sent
        self._dry = now
        self.held = False
        self.generation += 1
        return heard, waiting

    def _mark_here(self) -> None:
        last = self._marks[-1] if self._marks else max(self._confirmed, 0)
        pending = any(position == self.queued for position, _ in self._awaited.values())
        if self.queued > last and not pending:
            self._marks.append(self.queued)


def _share(text: Text, ear: int) -> str:
    """The words of a sentence heard when its audio was stopped at sample `ear`."""
    if ear <= text.start:
        return ""
    letters = len(text.words) * (ear - text.start) / max(1, text.end - text.start)
    heard, used = [], 0
    for word in text.words.split():
        used += len(word) + 1
        if used > letters:
            break
        heard.append(word)
    return " ".join(heard)
