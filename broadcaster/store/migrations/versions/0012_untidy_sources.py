"""Sources whose documents have to be mended before they can be read."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Bring the tables to this revision."""
    with op.batch_alter_table("source_states") as batch:
        batch.add_column(sa.Column("untidy", sa.Text()))
