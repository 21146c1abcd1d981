"""What settling a doubt, believing a receipt and going by another provider need to know."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.add_column("deliveries", sa.Column("tried", sa.BigInteger()))
    op.add_column("deliveries", sa.Column("receipt", sa.String(12)))
    for name in ("looks", "again", "held"):
        op.add_column("deliveries", sa.Column(name, sa.Integer(), server_default="0", nullable=False))
    where = sa.text("state = 'in_doubt'")
    op.create_index(
        "ix_deliveries_in_doubt", "deliveries", ["lane", "due", "id"], sqlite_where=where, postgresql_where=where
    )
    op.add_column("lanes", sa.Column("down_reason", sa.Text()))
    op.add_column("lanes", sa.Column("down_since", sa.BigInteger()))
    op.add_column("subscribers", sa.Column("gone", sa.BigInteger()))
    op.add_column("subscribers", sa.Column("gone_reason", sa.Text()))
