"""How many messages a stream may send: twice what Twilio does, and a burst after a hold-up."""

import time
from collections.abc import Callable

RATE = 100.0
"""Messages a second; Twilio sends 50."""
BURST = 500.0
"""Messages: ten seconds that a network had held up come at once."""
TELLING = 1.0
"""Seconds between two times that what was too much is told."""


class Bucket:
    """Of tokens, one for a message."""

    def __init__(
        self,
        rate: float = RATE,
        burst: float = BURST,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._tokens = burst
        self._at = self._told = clock()
        self._spilt = 0

    def take(self) -> bool:
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens < 1:
            self._spilt += 1
            return False
        self._tokens -= 1
        return True

    def spilt(self, *, at_last: bool = False) -> int:
        """Messages that found no token since this was told; at most once a second, or `at_last`."""
        if not self._spilt or (self._at - self._told < TELLING and not at_last):
            return 0
        told, self._spilt, self._told = self._spilt, 0, self._at
        return told
