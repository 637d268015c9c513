"""How often somebody may ask: per key and kind of request, in each worker by itself."""

import math
import time

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

ASKING = "600/minute"
REPORTING = "1200/minute"
"""Outcomes: systems behind send a day's worth of them at once."""
READING = "120/minute"
CHANGING = "30/minute"
GUESSING = "30/minute"
"""Requests without a right key, of all strangers together: who has a key is not held up."""


class Limits:
    def __init__(self) -> None:
        self._windows = MovingWindowRateLimiter(MemoryStorage())
        self._rates: dict[str, RateLimitItem] = {}

    def wait(self, rate: str, who: str) -> int:
        """Seconds until the next request would be taken; 0: this one is. `rate`: "30/minute"."""
        item = self._rates.setdefault(rate, parse(rate))
        if self._windows.hit(item, who):
            return 0
        again = self._windows.get_window_stats(item, who).reset_time
        return max(1, math.ceil(again - time.time()))
