"""An operator's line for each event worth one; no event carries a caller's words."""

from dataclasses import asdict
from typing import Any

from loguru import logger

from knowledge.events import (
    Acknowledged,
    Answered,
    Drifted,
    Event,
    Guarded,
    Late,
    Malformed,
    Opened,
    Switched,
    Unacknowledged,
    Waited,
)
from knowledge.memory import Unwritten

SILENT = (Acknowledged, Answered, Late, Waited)
"""Counted, not logged: several come with each turn."""
WARNING = (Drifted, Guarded, Malformed, Opened, Switched, Unacknowledged, Unwritten)


def write(event: Event) -> None:
    """An `Emit`."""
    if isinstance(event, SILENT):
        return
    fields = {name: _plain(value) for name, value in asdict(event).items()}
    level = "WARNING" if isinstance(event, WARNING) else "INFO"
    logger.bind(**fields).log(level, type(event).__name__.lower())


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    return list(value) if isinstance(value, tuple) else value
