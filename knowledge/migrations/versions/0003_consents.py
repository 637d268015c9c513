"""What callers said to being recorded."""

from alembic import op
from sqlalchemy import Column, DateTime, String

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "consents",
        Column("id", String(36), primary_key=True),
        Column("call", String(64), nullable=False, index=True),
        Column("answer", String(50)),
        Column("at", DateTime(timezone=True), nullable=False),
    )
