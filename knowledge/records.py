"""An event as the outbox keeps it: one line of JSON, and the rows that it becomes.

Whoever reads a record may be older or newer than who wrote it: a field that is not there is NULL,
one that is not known is left out, a kind that is not known is put aside.
"""

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import String, Table

from knowledge import tables
from knowledge.events import (
    Adjusted,
    Began,
    CallBack,
    Consent,
    Decided,
    Drifted,
    Ended,
    Event,
    Gone,
    Learned,
    ToolUsed,
    Transferred,
    Turn,
)

VERSION = 1
KINDS: dict[str, type[Event]] = {
    kind.__name__: kind
    for kind in (
        Decided,
        Learned,
        Turn,
        Began,
        Ended,
        Gone,
        Transferred,
        CallBack,
        Consent,
        ToolUsed,
        Adjusted,
        Drifted,
    )
}
"""What the journal writes down; every other event passes it by."""


class Unfit(ValueError):
    """Nothing that the database could ever take. Its text is safe to log."""


@dataclass(frozen=True, slots=True)
class Record:
    id: str
    """A decision's ticket_id; of any other event the UUID it got when it was recorded."""
    at: float
    """Unix time at which it was recorded."""
    kind: str
    fields: Mapping[str, Any]

    @property
    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.at, UTC)


def packed(event: Event, *, id: str, at: float) -> bytes:
    """One line, without its end. Raises Unfit for what JSON cannot hold."""
    record = {"v": VERSION, "id": id, "at": at, "kind": type(event).__name__, "fields": event}
    try:
        return orjson.dumps(record)
    except TypeError as error:
        raise Unfit(f"{type(event).__name__} is not JSON") from error


def unpacked(line: bytes) -> Record:
    """Raises Unfit for what this version cannot read."""
    try:
        found = orjson.loads(line)
        record = Record(found["id"], float(found["at"]), found["kind"], dict(found["fields"]))
        _ = record.moment
    except (ValueError, TypeError, LookupError, OverflowError, OSError) as error:
        raise Unfit("not a record") from error
    if record.kind not in KINDS or not isinstance(record.id, str) or not record.id:
        raise Unfit("a record of an unknown kind")
    if not math.isfinite(record.at):
        raise Unfit("a record of no time")
    return record


def concerns(line: bytes, calls: Collection[str], caller: str) -> bool:
    """Whether a waiting record is of one of these calls, or of a call by this caller."""
    try:
        fields = unpacked(line).fields
    except Unfit:
        return False
    return fields.get("call") in calls or bool(caller and fields.get("caller") == caller)


def row(record: Record, table: Table) -> dict[str, Any]:
    """Its fields that the table has, in the order of the columns; the id where that is the key."""
    given = {**record.fields, "id": record.id, "at": record.moment}
    found: dict[str, Any] = {}
    for column in table.columns:
        if column.name == "id" and not isinstance(column.type, String):
            continue  # the database counts
        found[column.name] = _fitting(given.get(column.name), column)
    return found


_SAME = (
    "department",
    "entry",
    "language",
    "call",
    "arm",
    "calibrated",
    "leaning",
    "differing",
    "band",
    "cached",
    "seconds",
)
"""Columns of a decision that are called as the event's fields."""


def decision(record: Record) -> dict[str, Any]:
    """A `Decided` as a row of `routing_history`; what came of it is merged later."""
    probability = _number(record.fields.get("confidence"))
    named = {
        "ticket_id": record.id,
        "method": record.fields.get("route"),
        "created_at": record.moment,
        "confidence": None if probability is None else round(probability, 2),
        "probability": probability,
    }
    columns = tables.routing_history.columns
    found = named | {name: record.fields.get(name) for name in _SAME}
    fitting = {name: _fitting(value, columns[name]) for name, value in found.items()}
    return fitting | {"sources": list(record.fields.get("sources") or ())}


def turn(record: Record) -> dict[str, Any]:
    return row(record, tables.turns) | {"probability": _number(record.fields.get("confidence"))}


def of_kind(records: Iterable[Record], kind: type[Event]) -> list[Record]:
    return [record for record in records if record.kind == kind.__name__]


_KEYS = ("id", "ticket_id", "call")
"""Cut short they would be somebody else's."""


def _fitting(value: Any, column: Any) -> Any:
    """PostgreSQL refuses a NUL in a text, and a text that is longer than its column."""
    if not isinstance(value, str):
        return value
    text = value.replace("\0", "")
    return text if column.name in _KEYS else text[: column.type.length]


def _number(value: Any) -> float | None:
    """JSON has no NaN: it came as null."""
    if value is None:
        return None
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise Unfit("a probability that is no number") from error
