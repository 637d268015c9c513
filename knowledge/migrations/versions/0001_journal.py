"""The journal's tables. What stands here never changes again: the next change is a revision."""

from alembic import op
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    Integer,
    Numeric,
    String,
    false,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None

NUMBER = BigInteger().with_variant(Integer, "sqlite")
DOCUMENT = JSON().with_variant(JSONB, "postgresql")
MOMENT = DateTime(timezone=True)


def upgrade() -> None:
    history()
    accuracy()
    conversations()
    happenings()
    learning()


def history() -> None:
    op.create_table(
        "routing_history",
        Column("id", NUMBER, primary_key=True, autoincrement=True),
        Column("ticket_id", String(255), nullable=False, unique=True),
        Column("department", String(100)),
        Column("confidence", Numeric(3, 2)),
        Column("method", String(50)),
        Column("created_at", MOMENT, nullable=False, server_default=func.now()),
        Column("actual_outcome", String(100)),
        Column("resolution_time_hours", Numeric(5, 2)),
        Column("customer_satisfaction", Numeric(3, 1)),
        Column("probability", Double),
        Column("entry", String(255)),
        Column("language", String(16)),
        Column("call", String(64), index=True),
        Column("arm", String(200)),
        Column("calibrated", Boolean),
        Column("leaning", Boolean),
        Column("cached", String(16)),
        Column("sources", DOCUMENT),
        Column("seconds", Double),
    )
    op.create_index("ix_routing_history_department", "routing_history", ["department"])
    op.create_index("ix_routing_history_created_at", "routing_history", ["created_at"])
    op.create_table(
        "outcomes",
        Column("id", String(36), primary_key=True),
        Column("call", String(64), nullable=False, index=True),
        Column("ticket_id", String(255), nullable=False, index=True),
        Column("actual_outcome", String(100)),
        Column("resolution_time_hours", Numeric(5, 2)),
        Column("customer_satisfaction", Numeric(3, 1)),
        Column("at", MOMENT, nullable=False),
    )


def accuracy() -> None:
    op.create_table(
        "routing_accuracy",
        Column("id", NUMBER, primary_key=True, autoincrement=True),
        Column("department", String(100), nullable=False, unique=True),
        Column("total_predictions", Integer, nullable=False),
        Column("correct_predictions", Integer, nullable=False),
        Column("accuracy_rate", Numeric(5, 4)),
        Column("last_updated", MOMENT, nullable=False),
    )


def conversations() -> None:
    op.create_table(
        "calls",
        Column("call", String(64), primary_key=True),
        Column("began_at", MOMENT, index=True),
        Column("ended_at", MOMENT),
        Column("resumed", Boolean, nullable=False, server_default=false()),
        Column("outcome", String(50)),
        Column("seconds", Double),
    )
    op.create_table(
        "turns",
        Column("id", String(36), primary_key=True),
        Column("call", String(64), nullable=False, index=True),
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
        Column("at", MOMENT, nullable=False),
    )


def happenings() -> None:
    op.create_table(
        "transfers",
        Column("id", String(36), primary_key=True),
        Column("call", String(64), nullable=False, index=True),
        Column("department", String(100)),
        Column("outcome", String(50)),
        Column("seconds", Double),
        Column("at", MOMENT, nullable=False),
    )
    op.create_table(
        "call_backs",
        Column("id", String(36), primary_key=True),
        Column("call", String(64), nullable=False, index=True),
        Column("department", String(100)),
        Column("at", MOMENT, nullable=False),
    )
    op.create_table(
        "tool_uses",
        Column("id", String(36), primary_key=True),
        Column("call", String(64), nullable=False, index=True),
        Column("tool", String(100)),
        Column("outcome", String(50)),
        Column("seconds", Double),
        Column("at", MOMENT, nullable=False),
    )


def learning() -> None:
    op.create_table(
        "thresholds",
        Column("id", String(36), primary_key=True),
        Column("department", String(100), nullable=False),
        Column("before", Double, nullable=False),
        Column("after", Double, nullable=False),
        Column("why", String(50), nullable=False),
        Column("at", MOMENT, nullable=False),
    )
    op.create_index("ix_thresholds_department_at", "thresholds", ["department", "at"])
    op.create_table(
        "drifts",
        Column("id", String(36), primary_key=True),
        Column("what", String(50), nullable=False),
        Column("department", String(100), nullable=False),
        Column("value", Double, nullable=False),
        Column("at", MOMENT, nullable=False),
    )
    op.create_table(
        "experiments",
        Column("name", String(100), primary_key=True),
        Column("department", String(100), nullable=False),
        Column("arms", DOCUMENT, nullable=False),
        Column("started", MOMENT, nullable=False),
        Column("stopped", MOMENT),
        Column("why", String(200)),
    )
