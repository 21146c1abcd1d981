"""Codes of sign-ups on the web, on their way to residents."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.add_column("signups", sa.Column("lane", sa.Text(), nullable=True))
    op.add_column("signups", sa.Column("outgoing", sa.Text(), nullable=True))
    where = sa.text("outgoing IS NOT NULL")
    op.create_index(
        "ix_signups_outgoing", "signups", ["lane", "created"], unique=False, sqlite_where=where, postgresql_where=where
    )
