"""what the probe remembers of each device."""

import sqlalchemy as sa
from alembic import op

from netops.core import store

revision = "0006"
down_revision = "0005"
branch_labels = depends_on = None


def upgrade() -> None:
    op.create_table(
        "probe_habits",
        sa.Column("plane", sa.String(8), nullable=False),
        sa.Column("address", sa.String(255), nullable=False),
        sa.Column("credential", sa.String(64), nullable=False),
        sa.Column("engine", sa.String(16), nullable=False),
        sa.Column("variables", sa.Integer(), nullable=False),
        sa.Column("columns", sa.Integer(), nullable=False),
        sa.Column("good", sa.Integer(), nullable=False),
        sa.Column("avoid", store.Json(), nullable=False),
        sa.Column("learned_at", store.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("plane", "address", name=op.f("pk_probe_habits")),
    )


def downgrade() -> None:
    op.drop_table("probe_habits")
