"""what is recorded about incidents; where they happen, and who has them in hand."""

import sqlalchemy as sa
from alembic import op

from netops.core import store

revision = "0008"
down_revision = "0007"
branch_labels = depends_on = None


def upgrade() -> None:
    op.create_table(
        "incident_events",
        sa.Column("incident", sa.String(24), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("at", store.Instant(), nullable=False),
        sa.Column("recorded", store.Instant(), nullable=False),
        sa.Column("actor", sa.String(128), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("detail", store.Json(), nullable=False),
        sa.PrimaryKeyConstraint("incident", "seq", name=op.f("pk_incident_events")),
    )
    op.create_index(op.f("ix_incident_events_kind"), "incident_events", ["kind"])
    with op.batch_alter_table("incidents") as table:
        table.add_column(sa.Column("place", sa.String(256), nullable=False, server_default=""))
        table.add_column(sa.Column("acknowledged", store.Instant(), nullable=True))
        table.add_column(sa.Column("acknowledged_by", sa.String(128), nullable=False, server_default=""))
    with op.batch_alter_table("incidents") as table:
        table.alter_column("place", server_default=None)
        table.alter_column("acknowledged_by", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("incidents") as table:
        for name in ("acknowledged_by", "acknowledged", "place"):
            table.drop_column(name)
    op.drop_index(op.f("ix_incident_events_kind"), "incident_events")
    op.drop_table("incident_events")
