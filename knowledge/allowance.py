"""How many requests a provider may be sent beyond what turns need: hedges, and the same again.

Who is slow because of too many requests is not helped by twice as many.
"""

from collections import deque
from dataclasses import dataclass, field


@dataclass(slots=True)
class Allowance:
    """One per provider and process; pure, `now` in seconds of any monotonic clock."""

    share: float = 0.1
    """Extra requests for each usual one."""
    least: int = 10
    """Extra requests that are always granted."""
    span: float = 60.0
    """Seconds that all of it is about."""
    _usual: deque[float] = field(default_factory=deque)
    _extra: deque[float] = field(default_factory=deque)

    def asked(self, now: float) -> None:
        """A request that a turn needed."""
        self._usual.append(now)
        self._forget(self._usual, now)

    def granted(self, now: float) -> bool:
        """Whether one more may be sent; it counts as sent."""
        self._forget(self._usual, now)
        self._forget(self._extra, now)
        if len(self._extra) >= max(self.least, int(self.share * len(self._usual))):
            return False
        self._extra.append(now)
        return True

    def _forget(self, times: deque[float], now: float) -> None:
        while times and times[0] <= now - self.span:
            times.popleft()
