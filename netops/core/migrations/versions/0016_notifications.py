"""what was announced to which channel, and when each was last spoken to."""

import sqlalchemy as sa
from alembic import op

from netops.core import store

revision = "0016"
down_revision = "0015"
branch_labels = depends_on = None


def upgrade() -> None:
    op.create_table(
        "notifications",
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("key", sa.String(96), nullable=False),
        sa.Column("at", store.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "key", name=op.f("pk_notifications")),
    )
    op.create_table(
        "notification_attempts",
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("at", store.Instant(), nullable=False),
        sa.Column("fault", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_notification_attempts")),
    )


def downgrade() -> None:
    op.drop_table("notification_attempts")
    op.drop_table("notifications")
