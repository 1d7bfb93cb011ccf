"""what reconcile read besides SNMP."""

import sqlalchemy as sa
from alembic import op

from netops.core import store

revision = "0004"
down_revision = "0003"
branch_labels = depends_on = None

MENTIONS = {
    "ip": ["plane", "ip", "last_seen"], "mac": ["plane", "mac", "last_seen"], "name": ["plane", "name", "last_seen"],
    "plane_last_seen": ["plane", "last_seen"], "source": ["plane", "source", "is_open"],
}  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "address_sources",
        sa.Column("plane", sa.String(8), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("tried_at", store.Instant(), nullable=False),
        sa.Column("told_at", store.Instant()),
        sa.Column("since", store.Instant()),
        sa.Column("is_good", sa.Boolean(), nullable=False),
        sa.Column("is_whole", sa.Boolean(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("facts", store.Json(), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("bad", sa.Integer(), nullable=False),
        sa.Column("faults", store.Json(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("plane", "name", name=op.f("pk_address_sources")),
    )
    op.create_table(
        "address_mentions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plane", sa.String(8), nullable=False),
        sa.Column("source", sa.String(255), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("ip", sa.String(45), nullable=False),
        sa.Column("mac", sa.String(17), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("interface", sa.String(64), nullable=False),
        sa.Column("first_seen", store.Instant(), nullable=False),
        sa.Column("last_seen", store.Instant(), nullable=False),
        sa.Column("alive_at", store.Instant()),
        sa.Column("expires", store.Instant()),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address_mentions")),
    )
    for name, columns in MENTIONS.items():
        op.create_index(f"ix_address_mentions_{name}", "address_mentions", columns)
    blocks = sa.text("first <> last")
    op.create_index(
        "ix_allocations_blocks", "allocations", ["plane", "first", "last"], sqlite_where=blocks, postgresql_where=blocks
    )


def downgrade() -> None:
    op.drop_index("ix_allocations_blocks", table_name="allocations")
    op.drop_table("address_mentions")
    op.drop_table("address_sources")
