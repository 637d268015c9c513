"""An event loop whose time passes only while nothing is to be done: no machine is too slow for it.

For tests without sockets and threads: `pytestmark = pytest.mark.own_clock`.
"""

import asyncio
import selectors

Event = tuple[selectors.SelectorKey, int]


class _Jumping(selectors.DefaultSelector):
    """Does not wait: it says how long it would have."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        """Seconds of the loop's time."""

    def select(self, timeout: float | None = None) -> list[Event]:
        ready = super().select(None if timeout is None else 0)
        if not ready and timeout:
            self.now += timeout
        return ready


class OwnClock(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now

    def hold(self, seconds: float) -> None:
        """Something keeps everybody else waiting for so long."""
        self._jumping.now += seconds
