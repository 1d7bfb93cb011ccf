"""counters of lost, late and sampled flows, and what exporters tell by options."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = depends_on = None

EXPORTER = ("lost_datagrams", "lost_records", "reordered", "resets", "late", "future", "clock_offset_ms")


def upgrade() -> None:
    with op.batch_alter_table("flow_hits") as batch_op:
        batch_op.add_column(sa.Column("estimated", sa.BigInteger(), server_default="0", nullable=False))
    with op.batch_alter_table("flow_exporters") as batch_op:
        for name in EXPORTER:
            batch_op.add_column(sa.Column(name, sa.BigInteger(), server_default="0", nullable=False))


    op.create_table(
        "flow_settings",
        sa.Column("exporter", sa.String(45), nullable=False),
        sa.Column("domain", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("what", sa.String(16), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("exporter", "domain", "what", "number", name=op.f("pk_flow_settings")),
    )


def downgrade() -> None:
    op.drop_table("flow_settings")
    with op.batch_alter_table("flow_exporters") as batch_op:
        for name in reversed(EXPORTER):
            batch_op.drop_column(name)
    with op.batch_alter_table("flow_hits") as batch_op:
        batch_op.drop_column("estimated")
