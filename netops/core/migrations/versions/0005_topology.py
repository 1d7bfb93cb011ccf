"""identity, events and history of devices and links."""

revision = "0005"
down_revision = "0004"
branch_labels = depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
