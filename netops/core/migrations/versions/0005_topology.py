"""identity, events and history of devices and links."""

import sqlalchemy as sa
from alembic import op

from netops.core import store

revision = "0005"
down_revision = "0004"
branch_labels = depends_on = None


OUTCOMES = ("accepted", "repeated", "limited", "refused", "malformed", "unknown")


def upgrade() -> None:
    what_devices_tell()
    what_they_are_and_how_they_hang_together()


def downgrade() -> None:
    op.drop_table("link_evidence")
    op.drop_table("device_keys")
    with op.batch_alter_table("device_states") as batch_op:
        batch_op.drop_column("past")
    op.drop_table("device_baselines")
    op.drop_table("trap_sources")
    op.drop_table("device_events")


def what_they_are_and_how_they_hang_together() -> None:
    with op.batch_alter_table("device_states") as batch_op:
        batch_op.add_column(sa.Column("past", sa.LargeBinary(), nullable=True))
    op.create_table(
        "device_keys",
        sa.Column("plane", sa.String(8), nullable=False),
        sa.Column("device", sa.String(255), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("value", sa.String(255), nullable=False),
        sa.Column("first_seen", store.Instant(), nullable=False),
        sa.Column("gone_at", store.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("plane", "device", "kind", "value", "first_seen", name=op.f("pk_device_keys")),
    )
    op.create_index("ix_device_keys_value", "device_keys", ["plane", "kind", "value"])
    op.create_table(
        "link_evidence",
        sa.Column("id", sa.Integer(), nullable=False),
        *(
            sa.Column(f"{end}_{name}", sa.String(length), nullable=False)
            for end in "ab"
            for name, length in (("plane", 8), ("device", 255), ("interface", 255))
        ),
        sa.Column("layer", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("teller", sa.String(255), nullable=False),
        sa.Column("two_sided", sa.Boolean(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("neighbor", store.Json(), nullable=False),
        sa.Column("first_seen", store.Instant(), nullable=False),
        sa.Column("last_seen", store.Instant(), nullable=False),
        sa.Column("ended_at", store.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_evidence")),
    )
    op.create_index("ix_link_evidence_open", "link_evidence", ["ended_at", "teller"])
    op.create_index("ix_link_evidence_a", "link_evidence", ["a_device"])
    op.create_index("ix_link_evidence_b", "link_evidence", ["b_device"])


def what_devices_tell() -> None:
    op.create_table(
        "device_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plane", sa.String(8), nullable=False),
        sa.Column("device", sa.String(255), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("oid", sa.String(255), nullable=False),
        sa.Column("if_index", sa.BigInteger(), nullable=False),
        sa.Column("interface", sa.String(255), nullable=False),
        sa.Column("detail", store.Json(), nullable=False),
        sa.Column("version", sa.String(4), nullable=False),
        sa.Column("first_at", store.Instant(), nullable=False),
        sa.Column("last_at", store.Instant(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_events")),
    )
    op.create_index("ix_device_events_device", "device_events", ["plane", "device", "last_at"])
    op.create_table(
        "trap_sources",
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("plane", sa.String(8), nullable=False),
        sa.Column("device", sa.String(255), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in OUTCOMES),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("first_at", store.Instant(), nullable=False),
        sa.Column("last_at", store.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_trap_sources")),
    )
    op.create_table(
        "device_baselines",
        sa.Column("plane", sa.String(8), nullable=False),
        sa.Column("device", sa.String(255), nullable=False),
        sa.Column("since", store.Instant(), nullable=False),
        sa.Column("serials", store.Json(), nullable=False),
        sa.Column("model", sa.String(255), nullable=False),
        sa.Column("macs", store.Json(), nullable=False),
        sa.Column("adopted_by", sa.String(128), nullable=False),
        sa.PrimaryKeyConstraint("plane", "device", name=op.f("pk_device_baselines")),
    )
