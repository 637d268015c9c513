"""Which words of a call are final, what is still owed, and where the next recogniser begins.

Pure: time is the number of samples received, handed in.
"""

from asyncio import Future
from dataclasses import dataclass, replace

from knowledge.rough import Rough
from processors.ears.mouth import PRE_ROLL, Heard, Mouth, Word
from processors.ears.ring import RATE

OVERLAP = round(0.3 * RATE)
"""Samples before the last final word's end that a new connection hears again: an engine needs a
run-up. What it repeats is dropped."""
ONSET = round(0.5 * RATE)
"""Samples that may hold the beginning of speech which the VAD has not reported yet."""
RUN_UP = RATE
"""Samples heard before speech that has no final word yet."""
BLUR = round(0.15 * RATE)
"""Samples by which two recognisers may differ about the same word."""
LAG = round(0.3 * RATE)
"""Samples by which an answer may fall short of the end of speech and still belong to it."""


@dataclass(frozen=True, slots=True)
class Said:
    """What goes on to the pipeline."""

    text: str
    final: bool
    finalized: bool
    """Every word of the stretch of speech is final now."""
    language: str
    confidence: float
    span: tuple[int, int]
    """The samples that were listened to for it; none of them belongs to another final."""
    reading: Future[Rough | None] | None = None


class Words:
    def __init__(self) -> None:
        self.done = 0
        """Where the last final word ended."""
        self._listened = 0
        """Up to here everything was listened to, and is final."""
        self._spanned = 0
        """Up to here every sample belongs to a final, or never will."""
        self.speaking = False
        self.interim = False
        """Words were heard that are not final yet."""
        self._began = 0
        self._over = 0
        self._ended = 0
        self._owed: int | None = None
        self._asked = 0
        self._again = 0
        self._last = ""

    @property
    def owed(self) -> bool:
        """Speech has ended, and its last words have not come."""
        return self._asked > 0

    @property
    def idle(self) -> bool:
        """Nobody speaks and nothing is owed: a moment to change the recogniser."""
        return not (self.speaking or self.interim or self.owed)

    @property
    def wordless(self) -> bool:
        """In the last stretch of speech no word was heard."""
        return not self.interim and self.done <= self._began

    @property
    def voiced(self) -> float:
        """Seconds of the last stretch of speech."""
        return (self._over - self._began - PRE_ROLL) / RATE

    def began(self, now: int, start_secs: float) -> int:
        """The caller has spoken for `start_secs`; the sample at which this may have begun."""
        self.speaking = True
        self._began = max(now - round(start_secs * RATE) - PRE_ROLL, self._ended, self.done, 0)
        if self._owed is None:
            self._owed = self._began
        return self._began

    def ceased(self, now: int, stop_secs: float) -> bool:
        """Speech ended `stop_secs` ago. True when its words were all final before that."""
        self.speaking = False
        self._over = now - round(stop_secs * RATE)
        self._ended = now
        self._asked += 1
        if self.interim or max(self.done, self._listened) < self._over - BLUR:
            return False
        self._settle()
        return True

    def connected(self, now: int) -> int:
        """A new connection: the sample from which it has to listen."""
        self._again = self.done
        if self.idle:
            return max(self.done, now - ONSET, 0)
        start = self.done - OVERLAP if self._owed is None else self._owed - RUN_UP
        return max(start, self.done - OVERLAP, 0)

    def resumed(self) -> int | None:
        """Where the speech begins that a new connection takes over; None: there is none."""
        return None if self._owed is None else max(self._owed, self.done)

    def take(self, heard: Heard, mouth: Mouth) -> Said | None:
        """What is new in it. None where nothing is to be passed on."""
        fresh = self._fresh(heard.words, mouth)
        text = heard.text
        if len(fresh) < len(heard.words):
            text = " ".join(word.text for word in fresh)
        self.interim = bool(text) and not heard.final
        finalized = False
        since = max(self._spanned, mouth.sample(heard.since))
        until = max(since, mouth.sample(heard.until))
        if heard.final:
            self._spanned = until
            self._listened = max(self._listened, mouth.sample(heard.until))
            if fresh:
                self._last = fresh[-1].text
                self.done = max(self.done, mouth.sample(fresh[-1].end))
            elif text:
                self.done = max(self.done, mouth.sample(heard.until))
            finalized = self._answered(heard, mouth)
        if not text:
            return None
        span = since, until
        said = Said(text, heard.final, finalized, heard.language, heard.confidence, span)
        return replace(said, reading=heard.reading) if text == heard.text else said

    def give_up(self, now: int) -> None:
        """Nobody makes words of it: what was said so far is no longer owed."""
        self.done = max(self.done, now)
        self._spanned = max(self._spanned, now)
        self.interim = False
        self._settle()

    def _answered(self, heard: Heard, mouth: Mouth) -> bool:
        """Whether this final closes the last stretch of speech."""
        if not self._asked:
            return False
        until = mouth.sample(heard.until)
        if not heard.answers and until < self._over:
            return False
        if self._asked > 1 and until < self._over - LAG:
            self._asked -= 1
            return False
        self.done = max(self.done, min(self._ended, max(until, self._over)))
        self._settle()
        return not self.speaking

    def _settle(self) -> None:
        self._asked = 0
        self._owed = self._began if self.speaking else None

    def _fresh(self, words: tuple[Word, ...], mouth: Mouth) -> tuple[Word, ...]:
        """Without what an earlier connection has made final already."""
        if mouth.began >= self._again:
            return words
        fresh = [word for word in words if _middle(word, mouth) > self._again]
        if fresh and _same(fresh[0].text, self._last):
            blurred = _middle(fresh[0], mouth) <= self._again + BLUR
            fresh = fresh[1:] if blurred else fresh
        return tuple(fresh)


def _middle(word: Word, mouth: Mouth) -> int:
    return mouth.sample((word.start + word.end) / 2)


def _same(one: str, other: str) -> bool:
    letters = ["".join(c for c in text.lower() if c.isalnum()) for text in (one, other)]
    return letters[0] == letters[1]
