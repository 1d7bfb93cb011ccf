"""what witnesses saw, and what a person allows."""

import sqlalchemy as sa
from alembic import op

from netops.core import store

revision = "0012"
down_revision = "0011"
branch_labels = depends_on = None


def upgrade() -> None:
    op.create_table(
        "egress_leads",
        sa.Column("plane", sa.String(8), nullable=False),
        sa.Column("accuses", sa.String(40), nullable=False),
        sa.Column("subject_key", sa.String(128), nullable=False),
        sa.Column("witness", sa.String(40), nullable=False),
        sa.Column("subject", store.Json(), nullable=False),
        sa.Column("organization", sa.String(64), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("facts", store.Json(), nullable=False),
        sa.Column("evidence", store.Json(), nullable=False),
        sa.Column("first_seen", store.Instant(), nullable=False),
        sa.Column("last_seen", store.Instant(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("plane", "accuses", "subject_key", "witness", name=op.f("pk_egress_leads")),
    )
    op.create_table(
        "egress_allowed",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("plane", sa.String(8), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("subject", store.Json(), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("until", sa.String(10), nullable=False),
        sa.Column("signed_by", sa.String(64), nullable=False),
        sa.Column("signed_at", store.Instant(), nullable=False),
        sa.Column("ended_at", store.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_egress_allowed")),
    )


def downgrade() -> None:
    op.drop_table("egress_allowed")
    op.drop_table("egress_leads")
