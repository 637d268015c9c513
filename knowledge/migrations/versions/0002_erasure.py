"""Who called, as a keyed hash; what was erased, and that something was."""

from alembic import op
from sqlalchemy import Column, DateTime, Integer, String

revision = "0002"
down_revision = "0001"

MOMENT = DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("calls", Column("caller", String(64)))
    op.create_index("ix_calls_caller", "calls", ["caller"])
    op.create_table(
        "erased",
        Column("digest", String(64), primary_key=True),
        Column("at", MOMENT, nullable=False, index=True),
    )
    op.create_table(
        "erasures",
        Column("id", String(36), primary_key=True),
        Column("by", String(50), nullable=False),
        Column("calls", Integer, nullable=False),
        Column("rows", Integer, nullable=False),
        Column("at", MOMENT, nullable=False),
    )
