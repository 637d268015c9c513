"""Both legs of a call on one clock, held back until it is known what may reach the disk.

The caller's leg is silent by default: a stretch is heard only when its words were understood and
nothing in them was masked. Without I/O and without a clock: time is samples received (8 kHz).
"""

from collections import deque
from dataclasses import dataclass

from agent.line.protocol import RATE

HOLD = 45 * RATE
"""Samples held back while no words come; what comes later than that stays silent."""
BEHIND = 10 * RATE
"""Samples held back although they were understood: a number may go on in the next utterance."""
MARGIN = round(0.3 * RATE)
"""Samples around what is masked, and around a key, that are silent too."""
AHEAD = 5 * RATE
"""Samples by which the agent's leg may be ahead of a caller's that does not arrive."""
JOIN = round(0.02 * RATE)
"""Samples by which two pieces may miss each other and still be one."""
_QUIET = b"\xff"
"""Silence in mu-law."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of both legs that may be written."""

    caller: bytes
    """PCM."""
    agent: bytes
    """Mu-law, as long."""
    silenced: int
    """Samples of the caller's leg in which something was masked."""

    @property
    def samples(self) -> int:
        return len(self.agent)


@dataclass(frozen=True, slots=True)
class _Understood:
    since: int
    until: int
    numbers: bool
    """Digits were said, which may be the beginning of a number."""


class Legs:
    def __init__(self, began: int) -> None:
        """`began`: the sample of the call's clock at which the recording begins."""
        self.start = began
        """The first sample that was not taken yet."""
        self.received = began
        self._caller = bytearray()
        self._agent = bytearray()
        self._decided = began
        self._understood: deque[_Understood] = deque()
        self._silent: deque[tuple[int, int]] = deque()
        self._hushed: deque[tuple[int, int]] = deque()
        self._hushed_since: int | None = None

    def heard(self, pcm: bytes) -> None:
        self._caller += pcm
        self.received += len(pcm) // 2

    def key(self) -> None:
        """The caller has pressed a key just now."""
        self._silent.append((self.received - MARGIN, self.received + MARGIN))

    def sent(self, mulaw: bytes, at: int) -> None:
        """What the caller hears of the agent from sample `at` on."""
        if at > self.received + AHEAD:
            return
        offset = at - self.start
        if abs(offset - len(self._agent)) <= JOIN:
            offset = len(self._agent)
        if offset < 0:
            mulaw, offset = mulaw[-offset:], 0
        self._agent += _QUIET * (offset - len(self._agent))
        self._agent[offset : offset + len(mulaw)] = mulaw

    def cleared(self, at: int) -> None:
        """What the caller was to hear from `at` on is dropped."""
        del self._agent[max(0, at - self.start) :]

    def understood(self, since: int, until: int, *, numbers: bool) -> None:
        """Final words without anything personal."""
        self._understood.append(_Understood(since, until, numbers))
        self._decided = max(self._decided, until)

    def masked(self, since: int, until: int) -> None:
        """Something in the final words was masked; it may have begun in those before it."""
        self._silent.append((since - MARGIN, until + MARGIN))
        for one in reversed(self._understood):
            if not one.numbers or since - one.until > BEHIND:
                break
            since = one.since
            self._silent.append((since - MARGIN, one.until + MARGIN))
        self._decided = max(self._decided, until)

    def hush(self, at: int) -> None:
        """The agent says something personal, from some moment after `at` on."""
        if self._hushed_since is None:
            self._hushed_since = at

    def unhush(self, at: int) -> None:
        """The agent's sentence is over."""
        if self._hushed_since is not None:
            self._hushed.append((self._hushed_since, at))
            self._hushed_since = None

    def take(self, *, whole: bool = False) -> Piece | None:
        """What may be written now; None: nothing. `whole`: the call is over."""
        due = max(self._decided - BEHIND, self.received - HOLD)
        after = self.received if whole else min(due, self.received)
        if after <= self.start:
            return None
        caller, silenced = self._of_caller(after)
        piece = Piece(caller, self._of_agent(after), silenced)
        del self._caller[: 2 * piece.samples]
        del self._agent[: piece.samples]
        self.start = after
        for spans in (self._silent, self._hushed):
            while spans and spans[0][1] <= after:
                spans.popleft()
        while self._understood and self._understood[0].until <= after:
            self._understood.popleft()
        return piece

    def _of_caller(self, after: int) -> tuple[bytes, int]:
        made = bytearray(2 * (after - self.start))
        for one in self._understood:
            first, last = self._within(one.since, one.until, after)
            made[2 * first : 2 * last] = self._caller[2 * first : 2 * last]
        silenced = 0
        for since, until in self._silent:
            first, last = self._within(since, until, after)
            made[2 * first : 2 * last] = bytes(2 * (last - first))
            silenced += last - first
        return bytes(made), silenced

    def _of_agent(self, after: int) -> bytes:
        count = after - self.start
        made = self._agent[:count]
        made += _QUIET * (count - len(made))
        spans = list(self._hushed)
        if self._hushed_since is not None:
            spans.append((self._hushed_since, after))
        for since, until in spans:
            first, last = self._within(since, until, after)
            made[first:last] = _QUIET * (last - first)
        return bytes(made)

    def _within(self, since: int, until: int, after: int) -> tuple[int, int]:
        """As offsets into what is here, up to `after`."""
        first = min(max(since, self.start), after) - self.start
        return first, max(first, min(until, after) - self.start)
