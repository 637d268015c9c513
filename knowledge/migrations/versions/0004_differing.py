"""Which decisions were another question than the entry's, by a rule."""

from alembic import op
from sqlalchemy import Boolean, Column

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("routing_history", Column("differing", Boolean))
