"""What other authorities say, and what became of it."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table(
        "source_states",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("next_poll", sa.BigInteger(), nullable=False),
        sa.Column("polled", sa.BigInteger()),
        sa.Column("rule", sa.String(length=16)),
        sa.Column("etag", sa.Text()),
        sa.Column("last_modified", sa.Text()),
        sa.Column("succeeded", sa.BigInteger()),
        sa.Column("failed", sa.BigInteger()),
        sa.Column("reason", sa.Text()),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_source_states")),
    )
    op.create_table(
        "source_items",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("sent", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("severity", sa.String(length=16), nullable=False),
        sa.Column("expires", sa.BigInteger()),
        sa.Column("municipalities", sa.Text(), nullable=False),
        sa.Column("withdrawn", sa.Integer(), server_default="0", nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("decision", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("incident", sa.Text()),
        sa.Column("text", sa.Text()),
        sa.Column("message", sa.String(length=10)),
        sa.Column("draft", sa.Text()),
        sa.Column("details", sa.Text()),
        sa.ForeignKeyConstraint(["message"], ["messages.id"], name=op.f("fk_source_items_message")),
        sa.PrimaryKeyConstraint("source", "item", "version", name=op.f("pk_source_items")),
    )
    op.create_index("ix_source_items_source_seen", "source_items", ["source", "seen"], unique=False)
