"""what was carried in of a plane that this instance does not serve."""

import sqlalchemy as sa
from alembic import op

from netops.core import store

revision = "0011"
down_revision = "0010"
branch_labels = depends_on = None


def upgrade() -> None:
    op.create_table(
        "carried_views",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("plane", sa.String(8), nullable=False),
        sa.Column("city", sa.String(64), nullable=False),
        sa.Column("signer", sa.String(64), nullable=False),
        sa.Column("made", store.Instant(), nullable=False),
        sa.Column("imported", store.Instant(), nullable=False),
        sa.Column("actor", sa.String(128), nullable=False),
        sa.Column("facts", store.Json(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_carried_views")),
    )
    op.create_index(op.f("ix_carried_views_plane"), "carried_views", ["plane"])


def downgrade() -> None:
    op.drop_index(op.f("ix_carried_views_plane"), table_name="carried_views")
    op.drop_table("carried_views")
