"""What people have recorded of messages in their own voice."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table(
        "recordings",
        sa.Column("message", sa.String(length=10), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["message"], ["messages.id"], name=op.f("fk_recordings_message")),
        sa.PrimaryKeyConstraint("message", "language", name=op.f("pk_recordings")),
    )
