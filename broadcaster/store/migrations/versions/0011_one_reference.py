"""One reference from a delivery to its text, in place of one to the text and one to the message."""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Bring the tables to this revision."""
    with op.batch_alter_table("renditions") as batch:
        batch.create_unique_constraint(op.f("uq_renditions_id_message"), ["id", "message"])
    with op.batch_alter_table("deliveries") as batch:
        batch.drop_constraint(op.f("fk_deliveries_message"), type_="foreignkey")
        batch.drop_constraint(op.f("fk_deliveries_rendition"), type_="foreignkey")
        batch.create_foreign_key(
            op.f("fk_deliveries_rendition_message"), "renditions", ["rendition", "message"], ["id", "message"]
        )
