"""How sure each decision was, as the thresholds cut it then: High, Medium, Low."""

from alembic import op
from sqlalchemy import Column, String

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("routing_history", Column("band", String(16)))
