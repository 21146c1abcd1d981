"""Every change of the board of services, and services of which nobody knows since when they stand as they do."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Bring the tables to this revision."""
    with op.batch_alter_table("services") as batch:
        batch.alter_column("since", existing_type=sa.BigInteger(), nullable=True)
    changes = op.create_table(
        "board_changes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("municipality", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("cause", sa.String(length=8), nullable=False),
        sa.Column("message", sa.Text()),
        sa.Column("old_status", sa.String(length=8)),
        sa.Column("old_note", sa.Text()),
        sa.Column("old_since", sa.BigInteger()),
        sa.Column("status", sa.String(length=8)),
        sa.Column("note", sa.Text()),
        sa.Column("since", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_board_changes")),
    )
    op.create_index(op.f("ix_board_changes_at"), "board_changes", ["at"])
    op.create_index(op.f("ix_board_changes_message"), "board_changes", ["message"])
    # What works and was put on the board as that never failed; which those are was not kept.
    op.execute("UPDATE services SET since = NULL WHERE status = 'working'")
    connection = op.get_bind()
    told = connection.execute(
        sa.text("SELECT at, actor, action, subject, details FROM audit WHERE action LIKE 'services.%' ORDER BY id")
    ).all()
    if told:
        connection.execute(sa.insert(changes), list(_changes(told)))


def _changes(told: Iterable[Sequence[Any]]) -> Iterator[dict[str, object]]:
    """Changes as far as the audit has them: what people did by hand, and not what messages did in between."""
    before: dict[str, str | None] = {}
    for at, actor, action, subject, details in told:
        municipality, _, name = subject.partition("/")
        status, former = details or None, before.get(subject)
        before[subject] = status
        yield {
            "municipality": municipality,
            "name": name,
            "at": at,
            "by": actor,
            "cause": action.removeprefix("services."),
            "old_status": former,
            "old_note": None if former is None else "",
            "status": status,
            "note": None if status is None else "",
        }
