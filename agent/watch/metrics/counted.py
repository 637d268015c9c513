"""What a part of the metrics is: names, and which events feed them."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from knowledge.events import Event

Handlers = Mapping[type[Event], Callable[[Any], None]]
"""By the kind of event, which is handed over as it is."""


class Counted(Protocol):
    @property
    def handlers(self) -> Handlers: ...
