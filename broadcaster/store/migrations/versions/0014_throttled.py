"""How long a provider wants an account to be quiet, so that another process knows it too."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.add_column("lanes", sa.Column("throttled_reason", sa.Text()))
    op.add_column("lanes", sa.Column("throttled_since", sa.BigInteger()))
    op.add_column("lanes", sa.Column("throttled_until", sa.BigInteger()))
