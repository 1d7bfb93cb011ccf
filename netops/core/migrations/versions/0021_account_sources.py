"""where an account is kept: here, in a directory, or by a provider, and by what that knows it."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("accounts") as table:
        table.add_column(sa.Column("source", sa.String(8), nullable=False, server_default="local"))
        table.add_column(sa.Column("subject", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    with op.batch_alter_table("accounts") as table:
        table.drop_column("subject")
        table.drop_column("source")
