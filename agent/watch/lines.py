"""An operator's line for each event worth one; no event carries a caller's words."""

from dataclasses import asdict
from typing import Any

from loguru import logger

from knowledge.events import (
    Acknowledged,
    Answered,
    Drifted,
    Event,
    Flooded,
    Guarded,
    Late,
    Malformed,
    Opened,
    Quota,
    Switched,
    Unacknowledged,
    Used,
    Waited,
)
from knowledge.sharedmemory import Unwritten

SILENT = (Acknowledged, Answered, Late, Quota, Used, Waited)
"""Counted, not logged: several come with each turn."""
UNTOLD = {"caller"}
"""Fields for the journal alone: a log would show who called again."""
WARNING = (Drifted, Flooded, Guarded, Malformed, Opened, Switched, Unacknowledged, Unwritten)


def write(event: Event) -> None:
    """An `Emit`."""
    if isinstance(event, SILENT):
        return
    fields = {name: _plain(value) for name, value in asdict(event).items() if name not in UNTOLD}
    level = "WARNING" if isinstance(event, WARNING) else "INFO"
    logger.bind(**fields).log(level, type(event).__name__.lower())


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    return list(value) if isinstance(value, tuple) else value
