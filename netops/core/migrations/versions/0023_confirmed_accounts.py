"""when the directory or provider of an account last said that its person is still there."""

import sqlalchemy as sa
from alembic import op

from netops.core.store import Instant

revision = "0023"
down_revision = "0022"
branch_labels = depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("accounts") as table:
        table.add_column(sa.Column("confirmed", Instant()))


def downgrade() -> None:
    with op.batch_alter_table("accounts") as table:
        table.drop_column("confirmed")
