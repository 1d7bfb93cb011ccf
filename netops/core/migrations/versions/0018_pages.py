"""acts that were asked for under a key, and an index for counts and pages of findings."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = depends_on = None


def upgrade() -> None:
    op.create_table(
        "acted",
        sa.Column("key", sa.String(160), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_acted")),
    )
    op.create_index(
        op.f("ix_findings_counted"), "findings", ["state", "plane", "severity", "code", "organization", "last_seen", "id"]
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_findings_counted"), table_name="findings")
    op.drop_table("acted")
