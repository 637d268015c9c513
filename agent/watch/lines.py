"""An operator's line for each event worth one; no event carries a caller's words."""

from dataclasses import asdict

from loguru import logger

from knowledge.events import Answered, Event, Late, Malformed, Switched, Waited
from knowledge.memory import Unwritten

SILENT = (Answered, Late, Waited)
"""Counted, not logged: several come with each turn."""
WARNING = (Malformed, Switched, Unwritten)


def write(event: Event) -> None:
    """An `Emit`."""
    if isinstance(event, SILENT):
        return
    fields = {
        name: round(value, 4) if isinstance(value, float) else value
        for name, value in asdict(event).items()
    }
    level = "WARNING" if isinstance(event, WARNING) else "INFO"
    logger.bind(**fields).log(level, type(event).__name__.lower())
