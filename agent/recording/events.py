"""The events beside a recording: one JSON object a line, so that a call can be run again."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson

from knowledge.events import Event

Value = str | float | int | bool | None | tuple[float, float]


@dataclass(frozen=True, slots=True)
class Line:
    """Words only as they are after the masking."""

    kind: str
    fields: Mapping[str, Value] | Event = field(default_factory=dict)


def line(what: Line, at: float) -> bytes:
    """`at`: seconds since the recording's first sample."""
    return orjson.dumps({"at": at, "kind": what.kind, "fields": what.fields}) + b"\n"
