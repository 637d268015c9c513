"""The database's tables, as PostgreSQL and SQLite both have them. No words of a caller in any.

Old and new workers run on one schema: a migration only ever adds (tables, nullable columns or
ones with a default, indexes), and nothing here loses a column before no worker reads it.
"""

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Double,
    Index,
    Integer,
    MetaData,
    Numeric,
    String,
    Table,
    TypeDecorator,
    false,
    func,
)
from sqlalchemy.dialects import postgresql

REVISION = "0005"
"""The newest migration. Revisions are numbered so that two of them can be compared as text."""


class Instant(TypeDecorator[datetime]):
    """A moment with its time zone: SQLite keeps none, so that there all of them are UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without its time zone")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


_NUMBER = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up INTEGER keys only
_DOCUMENT = JSON().with_variant(postgresql.JSONB, "postgresql")


def _event() -> Column[str]:
    """The key of what happened: the event's own id, so that it is in the table once."""
    return Column("id", String(36), primary_key=True)


def _call() -> Column[str]:
    """The CallSid, or "" outside of any call."""
    return Column("call", String(64), nullable=False, index=True)


def _at() -> Column[datetime]:
    """When it happened, not when it was written down."""
    return Column("at", Instant, nullable=False)


metadata = MetaData()

routing_history = Table(
    "routing_history",
    metadata,
    Column("id", _NUMBER, primary_key=True, autoincrement=True),
    Column("ticket_id", String(255), nullable=False, unique=True),
    Column("department", String(100)),
    # Rounded for people; `probability` is what is computed with.
    Column("confidence", Numeric(3, 2, asdecimal=False)),
    # The route: cache, knowledge, model, clarify, person.
    Column("method", String(50)),
    Column("created_at", Instant, nullable=False, server_default=func.now()),
    Column("actual_outcome", String(100)),
    Column("resolution_time_hours", Numeric(5, 2, asdecimal=False)),
    Column("customer_satisfaction", Numeric(3, 1, asdecimal=False)),
    Column("probability", Double),
    Column("entry", String(255)),
    Column("language", String(16)),
    Column("call", String(64), index=True),
    Column("arm", String(200)),
    Column("calibrated", Boolean),
    Column("leaning", Boolean),
    Column("differing", Boolean),
    # High, Medium, Low, as the thresholds cut it then.
    Column("band", String(16)),
    # own, shared, or "" where the decision was made.
    Column("cached", String(16)),
    Column("sources", _DOCUMENT),
    Column("seconds", Double),
    Index("ix_routing_history_department", "department"),
    Index("ix_routing_history_created_at", "created_at"),
)

routing_accuracy = Table(
    "routing_accuracy",
    metadata,
    Column("id", _NUMBER, primary_key=True, autoincrement=True),
    Column("department", String(100), nullable=False, unique=True),
    Column("total_predictions", Integer, nullable=False),
    Column("correct_predictions", Integer, nullable=False),
    Column("accuracy_rate", Numeric(5, 4, asdecimal=False)),
    Column("last_updated", Instant, nullable=False),
)

outcomes = Table(
    # As they came; merged into `routing_history`, whichever of the two came first.
    "outcomes",
    metadata,
    _event(),
    _call(),
    Column("ticket_id", String(255), nullable=False, index=True),
    Column("actual_outcome", String(100)),
    Column("resolution_time_hours", Numeric(5, 2, asdecimal=False)),
    Column("customer_satisfaction", Numeric(3, 1, asdecimal=False)),
    _at(),
)

calls = Table(
    "calls",
    metadata,
    Column("call", String(64), primary_key=True),
    # Of its first stream, and of its last: a call may be resumed by another worker.
    Column("began_at", Instant, index=True),
    Column("ended_at", Instant),
    Column("resumed", Boolean, nullable=False, server_default=false()),
    Column("outcome", String(50)),
    # Of its last stream.
    Column("seconds", Double),
    # HMAC of the number, by which a caller's calls are erased; none where it was withheld.
    Column("caller", String(64), index=True),
)

turns = Table(
    "turns",
    metadata,
    _event(),
    _call(),
    Column("number", Integer),
    Column("language", String(16)),
    Column("route", String(50)),
    Column("probability", Double),
    Column("entry", String(255)),
    Column("ticket_id", String(255), index=True),
    Column("agent", String(64)),
    Column("interrupted", Boolean),
    Column("backchannels", Integer),
    Column("decision", Double),
    Column("routing", Double),
    Column("text", Double),
    Column("audio", Double),
    Column("answer", Double),
    _at(),
)

transfers = Table(
    "transfers",
    metadata,
    _event(),
    _call(),
    Column("department", String(100)),
    Column("outcome", String(50)),
    Column("seconds", Double),
    _at(),
)

call_backs = Table(
    "call_backs",
    metadata,
    _event(),
    _call(),
    Column("department", String(100)),
    _at(),
)

consents = Table(
    # What callers said to being recorded: given, refused, withdrawn, unanswered.
    "consents",
    metadata,
    _event(),
    _call(),
    Column("answer", String(50)),
    _at(),
)

tool_uses = Table(
    "tool_uses",
    metadata,
    _event(),
    _call(),
    Column("tool", String(100)),
    Column("outcome", String(50)),
    Column("seconds", Double),
    _at(),
)

thresholds = Table(
    # Every change; the last one of a department is in force.
    "thresholds",
    metadata,
    _event(),
    Column("department", String(100), nullable=False),
    Column("before", Double, nullable=False),
    Column("after", Double, nullable=False),
    Column("why", String(50), nullable=False),
    _at(),
    Index("ix_thresholds_department_at", "department", "at"),
)

drifts = Table(
    "drifts",
    metadata,
    _event(),
    Column("what", String(50), nullable=False),
    Column("department", String(100), nullable=False),
    Column("value", Double, nullable=False),
    _at(),
)

experiments = Table(
    "experiments",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("department", String(100), nullable=False),
    # Arm by name: its threshold, index or model, as `knowledge.experiments` reads it.
    Column("arms", _DOCUMENT, nullable=False),
    Column("started", Instant, nullable=False),
    Column("stopped", Instant),
    # Why it was stopped: harm, decided, admin.
    Column("why", String(200)),
)

erased = Table(
    # Digests of calls and callers whose records are dropped, wherever they still wait.
    "erased",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("at", Instant, nullable=False, index=True),
)

erasures = Table(
    # That something was erased, by whom; nothing of whom it was about.
    "erasures",
    metadata,
    _event(),
    Column("by", String(50), nullable=False),
    Column("calls", Integer, nullable=False),
    Column("rows", Integer, nullable=False),
    _at(),
)
