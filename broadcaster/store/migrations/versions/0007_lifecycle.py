"""Incidents, and what a message does to those that it follows."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table(
        "incidents",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("opened", sa.BigInteger(), nullable=False),
        sa.Column("opened_by", sa.Text(), nullable=False),
        sa.Column("closed", sa.BigInteger()),
        sa.Column("closed_by", sa.Text()),
        sa.Column("aware", sa.BigInteger()),
        sa.Column("earlier", sa.Text()),
        sa.ForeignKeyConstraint(["earlier"], ["incidents.name"], name=op.f("fk_incidents_earlier")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_incidents")),
    )
    op.execute(
        "INSERT INTO incidents (name, opened, opened_by) "
        "SELECT incident, min(issued), '' FROM messages GROUP BY incident"
    )
    op.create_table(
        "incident_reports",
        sa.Column("incident", sa.Text(), nullable=False),
        sa.Column("deadline", sa.String(length=16), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("not_due", sa.Text()),
        sa.ForeignKeyConstraint(["incident"], ["incidents.name"], name=op.f("fk_incident_reports_incident")),
        sa.PrimaryKeyConstraint("incident", "deadline", name=op.f("pk_incident_reports")),
    )
    with op.batch_alter_table("messages") as batch:
        batch.add_column(sa.Column("follows", sa.String(length=10)))
        batch.add_column(sa.Column("retracted", sa.BigInteger()))
        batch.create_foreign_key(op.f("fk_messages_follows"), "messages", ["follows"], ["id"])
        batch.create_index(op.f("ix_messages_incident"), ["incident"])
    key = ["message", "municipality", "channel", "language"]
    with op.batch_alter_table("renditions") as batch:
        batch.add_column(sa.Column("operation", sa.String(length=8), server_default=sa.text("'send'"), nullable=False))
        batch.drop_constraint(op.f("_".join(("uq_renditions", *key))), type_="unique")
        batch.create_unique_constraint(op.f("_".join(("uq_renditions", *key, "operation"))), [*key, "operation"])
    op.add_column("deliveries", sa.Column("after", sa.BigInteger(), nullable=True))
    op.add_column("deliveries", sa.Column("acts_on", sa.BigInteger(), nullable=True))
    op.add_column("deliveries", sa.Column("only_after_sent", sa.Integer(), server_default="0", nullable=False))
    op.add_column("deliveries", sa.Column("called_off", sa.Text(), nullable=True))
    where = sa.text("state = 'waiting'")
    op.create_index(
        "ix_deliveries_waiting", "deliveries", ["id", "after"], unique=False, sqlite_where=where, postgresql_where=where
    )
