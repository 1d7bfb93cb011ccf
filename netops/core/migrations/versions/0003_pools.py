"""what the pool tree, delegation and allocation keep."""

revision = "0003"
down_revision = "0002"
branch_labels = depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
