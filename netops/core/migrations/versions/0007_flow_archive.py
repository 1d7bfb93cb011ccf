"""the flow archive: segments and coverage."""

revision = "0007"
down_revision = "0006"
branch_labels = depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
