"""how far each followed log was read."""

import sqlalchemy as sa
from alembic import op

from netops.core import store

revision = "0017"
down_revision = "0016"
branch_labels = depends_on = None


def upgrade() -> None:
    op.create_table(
        "egress_followed",
        sa.Column("path", sa.String(1024), nullable=False),
        sa.Column("inode", sa.BigInteger(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("at", store.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("path", name=op.f("pk_egress_followed")),
    )


def downgrade() -> None:
    op.drop_table("egress_followed")
