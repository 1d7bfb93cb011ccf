"""field packs, and the results that came back."""

import sqlalchemy as sa
from alembic import op

from netops.core import store

revision = "0014"
down_revision = "0013"
branch_labels = depends_on = None


def upgrade() -> None:
    op.create_table(
        "inspection_packs",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("inspection", sa.String(20), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("answers", sa.Integer(), nullable=False),
        sa.Column("made", store.Instant(), nullable=False),
        sa.Column("actor", sa.String(128), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspection_packs")),
    )
    op.create_index(op.f("ix_inspection_packs_inspection"), "inspection_packs", ["inspection"])
    op.create_table(
        "inspection_results",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("pack", sa.String(32), nullable=False),
        sa.Column("merged", store.Instant(), nullable=False),
        sa.Column("actor", sa.String(128), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_inspection_results")),
    )
    op.create_index(op.f("ix_inspection_results_pack"), "inspection_results", ["pack"])


def downgrade() -> None:
    op.drop_table("inspection_results")
    op.drop_table("inspection_packs")
