"""A voice that times each character: how much of its audio may leave, and which words that is.

Only whole words leave, but for the first: it is heard while its rest comes. If the stream breaks,
what was passed on ends between two words, and the next voice goes on with the one that was torn.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.chain import Fault
from processors.voice.client import SECOND, Sound, Word

PATIENCE = 0.3
"""Seconds of audio without any time before we believe that none will come."""
FAST = 25.0
"""Characters a second that nobody speaks: less audio than this for the rest means it is missing."""


@dataclass(frozen=True, slots=True)
class Timed:
    """Characters and when each begins and ends, in seconds from the stream's first sample."""

    characters: Sequence[str]
    starts: Sequence[float]
    ends: Sequence[float]


@dataclass(frozen=True, slots=True)
class _Known:
    """A word that is complete: `end` seconds, after `letters` letters and figures of the text."""

    word: Word
    end: float
    letters: int


class Aligner:
    """Fed with what comes, gives what may leave. One per request."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._marks = [i for i, sign in enumerate(text) if sign.isalnum()]
        self._held = bytearray()
        self._passed = 0
        self._known: deque[_Known] = deque()
        self._word = ""
        self._at = 0.0
        self._end = 0.0
        self._letters = 0
        self._opening = True
        """Within the first word."""
        self._timed: bool | None = None
        """None: nothing is known yet."""

    def feed(self, pcm: bytes, timed: Timed | None) -> Sound | None:
        self._held += pcm
        if timed is not None and timed.characters and self._timed is not False:
            self._timed = True
            self._read(timed)
        if self._timed is None and len(self._held) > PATIENCE * SECOND:
            self._timed = False
        if self._timed is False:
            return self._pass(len(self._held), (), None) if self._held else None
        return self._whole_words()

    def close(self) -> Sound | None:
        """The stream ended properly: the rest. Raises Fault when there is none or too little."""
        if not self._held and not self._passed:
            raise Fault("empty", "no audio")
        if not self._timed:
            return self._pass(len(self._held), (), None) if self._held else None
        missing = len(self._marks) - self._letters
        made = (self._passed + len(self._held)) / SECOND
        if missing > 0 and made - self._end < missing / FAST:
            raise Fault("cut", "the speech ends before its text")
        self._finish()
        words = tuple(known.word for known in self._known)
        self._known.clear()
        return self._pass(len(self._held), words, len(self._text))

    def _read(self, timed: Timed) -> None:
        for sign, start, end in zip(timed.characters, timed.starts, timed.ends, strict=False):
            if sign.isspace():
                self._finish()
            else:
                if not self._word:
                    self._at = start
                self._word += sign
                self._letters += sum(map(str.isalnum, sign))
            self._end = max(self._end, end)

    def _finish(self) -> None:
        if self._word:
            self._known.append(_Known(Word(self._word, self._at), self._end, self._letters))
            self._word = ""

    def _whole_words(self) -> Sound | None:
        """The words that are complete and whose audio is here."""
        here = (self._passed + len(self._held)) / SECOND
        words, last = [], None
        while self._known and self._known[0].end <= here:
            last = self._known.popleft()
            words.append(last.word)
        if last is None:
            first = self._held and self._timed and self._opening
            return self._pass(len(self._held), (), 0) if first else None
        self._opening = False
        size = int(last.end * SECOND) - self._passed
        return self._pass(max(size, 0), tuple(words), self._done(last.letters))

    def _done(self, letters: int) -> int:
        """Characters of the text up to the end of the word that its last letter belongs to."""
        if not 0 < letters <= len(self._marks):
            return len(self._text) if letters else 0
        end = self._marks[letters - 1] + 1
        while end < len(self._text) and not self._text[end].isspace():
            end += 1
        return end

    def _pass(self, size: int, words: tuple[Word, ...], done: int | None) -> Sound:
        pcm = bytes(self._held[: size // 2 * 2])
        del self._held[: len(pcm)]
        self._passed += len(pcm)
        return Sound(pcm, words, done)
