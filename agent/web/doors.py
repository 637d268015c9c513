"""Who may come in: what /readyz, new webhooks and new websockets go by."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

State = Literal["starting", "open", "draining"]
LAG_LIMIT = 1.0
"""Seconds of event-loop lag beyond which a worker asks for no new call."""


class Doors:
    """Starting, open, draining, in this order. Running calls are never asked to leave."""

    def __init__(
        self,
        lag: Callable[[], float] = lambda: 0.0,
        left: Callable[[int], None] = lambda _calls: None,
    ) -> None:
        """`lag`: recent event-loop lag in seconds. `left`: told the number of calls that remain."""
        self.state: State = "starting"
        self.calls = 0
        self._lag = lag
        self._left = left

    def open(self) -> None:
        """What the first call needs is loaded."""
        if self.state == "starting":
            self.state = "open"

    def drain(self) -> None:
        self.state = "draining"

    @property
    def closed(self) -> str:
        """Why no new call is wanted; "" when it is."""
        if self.state != "open":
            return self.state
        return "lagging" if self._lag() > LAG_LIMIT else ""

    @property
    def refusing(self) -> bool:
        """Whether one that comes all the same is turned away: a lagging worker still takes it."""
        return self.state != "open"

    @contextmanager
    def call(self) -> Iterator[None]:
        self.calls += 1
        try:
            yield
        finally:
            self.calls -= 1
            self._left(self.calls)
