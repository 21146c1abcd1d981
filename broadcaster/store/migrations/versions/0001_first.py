"""The whole path: messages, renditions, deliveries, subscribers, lanes, surfaces and the audit."""

import sqlalchemy as sa
from alembic import op

COUNTED = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table(
        "audit",
        sa.Column("id", COUNTED, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_table(
        "lanes",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=True),
        sa.Column("epoch", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("lease_until", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("halted_reason", sa.Text(), nullable=True),
        sa.Column("halted_since", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lanes")),
    )
    op.create_table(
        "messages",
        sa.Column("id", sa.String(length=10), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("incident", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("severity", sa.String(length=16), nullable=False),
        sa.Column("headline", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("issued", sa.BigInteger(), nullable=False),
        sa.Column("next_update", sa.BigInteger(), nullable=True),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint("content_hash", name=op.f("uq_messages_content_hash")),
    )
    op.create_index("ix_messages_expires", "messages", ["expires"], unique=False)
    op.create_table(
        "subscribers",
        sa.Column("id", COUNTED, nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("lookup", sa.String(length=64), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscribers")),
        sa.UniqueConstraint("lookup", name=op.f("uq_subscribers_lookup")),
    )
    op.create_table(
        "surfaces",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("surface", sa.Text(), nullable=False),
        sa.Column("slot", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("severity", sa.String(length=16), nullable=False),
        sa.Column("municipality", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("issued", sa.BigInteger(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "surface", "slot", name=op.f("pk_surfaces")),
    )
    op.create_table(
        "renditions",
        sa.Column("id", COUNTED, nullable=False),
        sa.Column("message", sa.String(length=10), nullable=False),
        sa.Column("municipality", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["message"], ["messages.id"], name=op.f("fk_renditions_message")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_renditions")),
        sa.UniqueConstraint(
            "message",
            "municipality",
            "channel",
            "language",
            name=op.f("uq_renditions_message_municipality_channel_language"),
        ),
    )
    op.create_table(
        "subscriptions",
        sa.Column("subscriber", COUNTED, nullable=False),
        sa.Column("municipality", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["subscriber"], ["subscribers.id"], name=op.f("fk_subscriptions_subscriber"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("subscriber", "municipality", name=op.f("pk_subscriptions")),
    )
    op.create_index("ix_subscriptions_municipality", "subscriptions", ["municipality"], unique=False)

    op.create_table(
        "deliveries",
        sa.Column("id", COUNTED, nullable=False),
        sa.Column("message", sa.String(length=10), nullable=False),
        sa.Column("rendition", COUNTED, nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("subscriber", COUNTED, nullable=True),
        sa.Column("target", sa.Text(), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("remote_id", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["message"], ["messages.id"], name=op.f("fk_deliveries_message")),
        sa.ForeignKeyConstraint(["rendition"], ["renditions.id"], name=op.f("fk_deliveries_rendition")),
        sa.ForeignKeyConstraint(
            ["subscriber"], ["subscribers.id"], name=op.f("fk_deliveries_subscriber"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
    )
    op.create_index(
        "ix_deliveries_message_state_rendition", "deliveries", ["message", "state", "rendition"], unique=False
    )
    for name, columns, condition in (
        ("ix_deliveries_pending", ["lane", "due", "id"], "state = 'pending'"),
        ("ix_deliveries_sending", ["lane"], "state = 'sending'"),
    ):
        where = sa.text(condition)
        op.create_index(name, "deliveries", columns, unique=False, sqlite_where=where, postgresql_where=where)
    op.create_index("ix_deliveries_subscriber", "deliveries", ["subscriber"], unique=False)
