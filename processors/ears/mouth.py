"""What a recogniser is fed and what it gives back: the two sides of `Client.listen`."""

import asyncio
from asyncio import Future
from collections import deque
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol

from knowledge.chain import Breaker, Fault
from knowledge.events import Emit, nowhere
from knowledge.rough import Rough
from processors.ears.ring import RATE, Ring

BLOCK = round(0.06 * RATE)
"""Samples sent at a time: each message to a provider costs CPU of its own."""
QUIET = 3 * BLOCK
"""The same while nobody speaks: the first words are sent at once when the VAD has noticed them."""
CATCH_UP = round(0.5 * RATE)
"""Samples sent at a time when a connection is behind."""
PRE_ROLL = round(0.35 * RATE)
"""Samples before the VAD's first window of speech: a soft beginning belongs to the word."""
LONGEST = 24 * RATE
"""Samples of one utterance; whoever goes on talking is recognised in pieces."""
UTTERANCES = 8
"""Pieces that wait for a recogniser by utterance; the oldest is given up."""


@dataclass(frozen=True, slots=True)
class Word:
    text: str
    """As written, with its punctuation."""
    start: float
    end: float
    """Seconds since the connection's first sample."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Words from a provider. An interim replaces the one before it, finals are appended."""

    text: str
    words: tuple[Word, ...] = ()
    """Empty where the provider has no times."""
    until: float = 0.0
    """Seconds since the connection's first sample: everything before it was listened to."""
    since: float = 0.0
    """The same of where it began to listen, for recognisers that hear only what is speech."""
    final: bool = False
    answers: bool = False
    """This final answers the end of speech: no more words are to come for it."""
    language: str = ""
    """Two letters, or "" where the provider does not say."""
    confidence: float = 1.0
    """In [0, 1]."""
    reading: Future[Rough | None] | None = None
    """In English, where the recogniser makes one of what it heard."""


@dataclass(slots=True)
class Span:
    """One stretch of speech by the VAD, in samples of the call's clock."""

    start: int
    stop: int


class Mouth:
    """What one connection is fed: the call's audio from `began` on and the ends of speech."""

    def __init__(self, ring: Ring, began: int, *, call: str = "", emit: Emit = nowhere) -> None:
        self.call = call
        self.emit = emit
        self.began = max(began, ring.oldest)
        """The sample of the call's clock at which the connection's own clock is 0."""
        self.sent = self.began
        self._ring = ring
        self._flush: int | None = None
        self._talking: int | None = None
        self._utterances: deque[Span] = deque(maxlen=UTTERANCES)
        self._wake = asyncio.Event()

    def advance(self) -> None:
        """The ring has grown."""
        received = self._ring.received
        if received - self.sent >= self._enough:
            self._wake.set()
        if self._talking is not None and received - self._talking > LONGEST:
            self._utterances.append(Span(self._talking, received))
            self._talking = received
            self._wake.set()

    def started(self, at: int) -> None:
        """The caller began to speak at this sample."""
        self._talking = at
        self.advance()

    def stopped(self, at: int) -> None:
        """The VAD has waited long enough: what came before `at` is to be made final."""
        if self._talking is not None:
            self._utterances.append(Span(self._talking, at))
            self._talking = None
        self._flush = at
        self._wake.set()

    def paused(self, at: int) -> None:
        """The caller may have finished: what came before `at` is to be made final ahead of time."""
        self._flush = at
        self._wake.set()

    @property
    def _enough(self) -> int:
        return QUIET if self._talking is None else BLOCK

    async def block(self) -> bytes:
        """The next audio to send, 60 ms or more; b"" where what was sent is to be made final.

        Raises Fault("stalled") when the provider takes audio so slowly that it is kept no longer.
        """
        while True:
            limit = self._ring.received if self._flush is None else self._flush
            waiting = limit - self.sent
            if self._flush is not None and waiting <= 0:
                self._flush = None
                return b""
            if waiting >= self._enough or (self._flush is not None and waiting > 0):
                stop = self.sent + min(waiting, CATCH_UP)
                try:
                    pcm = self._ring.read(self.sent, stop)
                except LookupError as error:
                    raise Fault("stalled", "the provider takes no audio") from error
                self.sent = stop
                return pcm
            self._wake.clear()
            await self._wake.wait()

    async def utterance(self) -> tuple[bytes, Span]:
        """The next stretch of speech when it is over, for recognisers that do not stream."""
        while True:
            while self._utterances:
                span = self._utterances.popleft()
                start = max(span.start, self._ring.oldest)
                if start < span.stop:
                    self.sent = span.stop
                    return self._ring.read(start, span.stop), span
            self._wake.clear()
            await self._wake.wait()

    def seconds(self, sample: int) -> float:
        """A sample of the call's clock as seconds of this connection's."""
        return (sample - self.began) / RATE

    def sample(self, seconds: float) -> int:
        """Seconds of this connection's clock as a sample of the call's, never in the future."""
        return min(self.began + round(seconds * RATE), self._ring.received)


class Client(Protocol):
    """A thin client of one recogniser, shared by all calls: it raises `Fault`, never retries."""

    @property
    def name(self) -> str: ...
    @property
    def breaker(self) -> Breaker: ...
    @property
    def interims(self) -> bool:
        """It streams: words come while the caller speaks."""
        ...

    @property
    def patience(self) -> float:
        """Seconds from the end of speech within which its final is due."""
        ...

    def listen(self, mouth: Mouth) -> AsyncGenerator[Heard | None]:
        """None when connected, then words for as long as the call lasts. Its end is a fault."""
        ...

    async def probe(self) -> None:
        """Whether it listens and answers, without a call. Raises Fault."""
        ...
