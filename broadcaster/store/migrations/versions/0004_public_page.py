"""The board of services, and what the public page says of a message beside its text."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table(
        "services",
        sa.Column("municipality", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("municipality", "name", name=op.f("pk_services")),
    )
    op.add_column("surfaces", sa.Column("incident", sa.Text(), server_default=sa.text("''"), nullable=False))
    op.add_column("surfaces", sa.Column("next_update", sa.BigInteger()))
    op.execute(
        "UPDATE surfaces SET incident = messages.incident, next_update = messages.next_update "
        "FROM messages WHERE messages.id = surfaces.message"
    )
