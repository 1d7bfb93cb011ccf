"""what follows an inspection: rectification items, exceptions, and the sample that a visit was planned with."""

import sqlalchemy as sa
from alembic import op

from netops.core import store

revision = "0019"
down_revision = "0018"
branch_labels = depends_on = None


def upgrade() -> None:
    op.create_table(
        "inspection_rectifications",
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("inspection", sa.String(20), nullable=False),
        sa.Column("item", sa.String(64), nullable=False),
        sa.Column("organization", sa.String(64), nullable=False),
        sa.Column("instrument", sa.String(64), nullable=False),
        sa.Column("said", store.Json(), nullable=False),
        sa.Column("findings", store.Json(), nullable=False),
        sa.Column("opened_at", store.Instant(), nullable=False),
        sa.Column("opened_by", sa.String(128), nullable=False),
        sa.Column("due", sa.String(10), nullable=False),
        sa.Column("asked", sa.Text(), nullable=False),
        sa.Column("repeat", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("paper", sa.String(16), nullable=False),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.Column("replied_at", store.Instant()),
        sa.Column("replied_by", sa.String(128), nullable=False),
        sa.Column("rechecked_at", store.Instant()),
        sa.Column("recheck", sa.String(16), nullable=False),
        sa.Column("closed_at", store.Instant()),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_inspection_rectifications")),
    )
    with op.batch_alter_table("inspection_rectifications") as table:
        table.create_index(op.f("ix_inspection_rectifications_inspection"), ["inspection"])
        table.create_index(op.f("ix_inspection_rectifications_state"), ["state"])
        table.create_index("ix_inspection_rectifications_whose", ["organization", "instrument", "item"])
    op.create_table(
        "inspection_exceptions",
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("organization", sa.String(64), nullable=False),
        sa.Column("instrument", sa.String(64), nullable=False),
        sa.Column("item", sa.String(64), nullable=False),
        sa.Column("owner", sa.String(128), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("until", sa.String(10), nullable=False),
        sa.Column("given_at", store.Instant(), nullable=False),
        sa.Column("given_by", sa.String(128), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_inspection_exceptions")),
    )
    with op.batch_alter_table("inspection_exceptions") as table:
        table.create_index(op.f("ix_inspection_exceptions_organization"), ["organization"])
    with op.batch_alter_table("inspections") as table:
        table.add_column(sa.Column("sample", store.Json()))


def downgrade() -> None:
    with op.batch_alter_table("inspections") as table:
        table.drop_column("sample")
    op.drop_table("inspection_exceptions")
    op.drop_table("inspection_rectifications")
