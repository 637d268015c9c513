"""The events beside a recording, read back."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError


class NoRecording(ValueError):
    """What was given is no recording of a call."""


def _words(text: Any) -> Any:
    """A turn has a duration by this name."""
    return "" if isinstance(text, float) else text


class Fields(BaseModel):
    """Those of all kinds that a replay looks at."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    text: Annotated[str, BeforeValidator(_words)] = ""
    """Masked."""
    masked: bool = False
    span: tuple[float, float] | None = None
    turn: int = 0
    number: int = 0
    route: str = ""
    confidence: float = 0.0
    entry: str = ""
    decision: float = 0.0
    answer: float = 0.0
    service: str = ""
    provider: str = ""
    outcome: str = ""


class Happened(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    at: float
    """Seconds since the recording's first sample."""
    kind: str
    fields: Fields = Fields()


def read(path: Path) -> tuple[Happened, ...]:
    """Half a line at the end is what a crash has left. Raises `NoRecording`, OSError."""
    whole, _, _ = path.read_bytes().rpartition(b"\n")
    lines = whole.splitlines()
    if not lines:
        raise NoRecording(f"{path}: expected the events of a call, one JSON object a line")
    return tuple(_event(path, number, line) for number, line in enumerate(lines, 1))


def _event(path: Path, number: int, line: bytes) -> Happened:
    try:
        return Happened.model_validate_json(line)
    except ValidationError as error:
        raise NoRecording(
            f'{path}, line {number}: expected an event of a call, {{"at": …, "kind": …}}'
        ) from error


def providers(events: Sequence[Happened]) -> dict[str, str]:
    """By service, those that answered in a call, in the order of their first answer."""
    found: dict[str, list[str]] = {}
    for event in events:
        if event.kind == "answered":
            names = found.setdefault(event.fields.service, [])
            if event.fields.provider not in names:
                names.append(event.fields.provider)
    return {service: ", ".join(names) for service, names in found.items()}


def transferred(events: Sequence[Happened]) -> str:
    """How the call's transfer came out; "" where there was none."""
    outcomes = (event.fields.outcome for event in events if event.kind == "transferred")
    return next(outcomes, "")
