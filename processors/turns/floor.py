"""Who has the floor: what the caller's sounds mean while the agent speaks, or is about to.

Without I/O and without a clock of its own. Speech first only holds the agent's voice; what is then
heard decides: a word that is no backchannel, or enough of voice, takes the floor.
"""

from collections import deque
from enum import Enum, auto
from typing import Literal

from processors.turns.backchannels import is_backchannel, is_echo

BargeIn = Literal["words", "speech", "off"]

VOICED = 0.6
"""Seconds of voice that take the floor without a word known."""
GOING_ON = 0.35
"""The same while the agent has not begun to answer: the caller had only paused. Longer than a
cough."""
FINAL = 0.35
"""Seconds after the end of wordless speech in which its transcript may still come."""
_REMEMBERED = 60
"""Words of ours that an echo may repeat."""


class Act(Enum):
    NONE = auto()
    TAKE = auto()
    """The caller's turn begins; the agent stops."""
    RELEASE = auto()
    """The agent goes on from the held sample."""
    BACKCHANNEL = auto()
    """As RELEASE, and the transcript is recorded as a sound of listening."""
    DISCARD = auto()
    """The transcript is our own voice."""


class Floor:
    def __init__(self, barge_in: BargeIn) -> None:
        self._barge_in = barge_in
        self._speaking = False
        self._owing = False
        self._guarded = False
        self._in_turn = False
        self._watching = False
        self._agreed = False
        """In the speech watched now only backchannels were heard so far."""
        self._deferred = False
        self._announced = False
        """Speech was announced since the agent began: a transcript may be the caller's."""
        self._said: deque[str] = deque(maxlen=_REMEMBERED)

    @property
    def busy(self) -> bool:
        """The agent speaks or owes an answer."""
        return self._speaking or self._owing

    @property
    def owing(self) -> bool:
        """An answer is owed, and nothing of it sounds."""
        return self._owing and not self._speaking and not self._in_turn

    @property
    def watching(self) -> bool:
        """Speech is being watched: `voiced` wants to be asked."""
        return self._watching and not self._in_turn

    @property
    def enough(self) -> float:
        """Seconds of voice that take the floor now, without a word known."""
        return VOICED if self._speaking else GOING_ON

    @property
    def in_turn(self) -> bool:
        return self._in_turn

    def said(self, words: str) -> None:
        """What the agent is saying: for knowing it again when it comes back."""
        self._said.extend(words.split())

    def agent_started(self) -> None:
        self._speaking = True
        self._announced = False

    def agent_stopped(self) -> Act:
        """TAKE: the caller said something while the agent was not to be stopped."""
        self._speaking = self._owing = self._watching = False
        return self._now_free()

    def guard(self, *, on: bool) -> Act:
        """A sentence that must not be stopped begins or ends."""
        self._guarded = on
        return Act.NONE if on else self._now_free()

    def turn_started(self) -> None:
        self._in_turn = True
        self._watching = self._owing = self._deferred = False

    def turn_stopped(self, *, answered: bool) -> None:
        """`answered`: there were words, so an answer is owed."""
        self._in_turn = False
        self._owing = answered

    def speech_started(self) -> Act:
        self._announced = True
        if self._in_turn:
            return Act.NONE
        if not self.busy or (self._barge_in == "speech" and not self._guarded):
            return Act.TAKE
        self._watching = not self._closed
        self._agreed = False
        return Act.NONE

    def voiced(self, seconds: float) -> Act:
        """`seconds` of voice in the speech that is being watched."""
        if self.watching and not self._agreed and seconds >= self.enough:
            return Act.TAKE
        return Act.NONE

    def speech_quiet(self) -> Act:
        """The speech ended `FINAL` seconds ago and nothing was understood."""
        if not self.watching:
            return Act.NONE
        self._watching = False
        return Act.RELEASE

    def interim(self, text: str) -> Act:
        if self._in_turn or not text.strip() or self._is_echo(text):
            return Act.NONE
        if not self.busy:
            return Act.TAKE
        if self._closed:
            return Act.NONE
        if is_backchannel(text):
            self._agreed = True
            return Act.RELEASE
        return Act.TAKE

    def final(self, text: str) -> Act:
        if self._in_turn or not text.strip():
            return Act.NONE
        if self._is_echo(text):
            return Act.DISCARD
        if not self.busy:
            return Act.TAKE
        if is_backchannel(text) and not (self._owing and not self._speaking):
            self._watching = False
            return Act.BACKCHANNEL
        if self._closed:
            self._deferred = True
            return Act.NONE
        return Act.TAKE

    @property
    def _closed(self) -> bool:
        return self._barge_in == "off" or self._guarded

    def _now_free(self) -> Act:
        if self._deferred and not self._in_turn and not (self._closed and self.busy):
            self._deferred = False
            return Act.TAKE
        return Act.NONE

    def _is_echo(self, text: str) -> bool:
        return bool(self._said) and is_echo(text, " ".join(self._said), heard=self._announced)
