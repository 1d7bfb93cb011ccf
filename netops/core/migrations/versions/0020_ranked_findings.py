"""an index that lists findings in the order of pages, and counts them, without reading their rows."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = depends_on = None
COLUMNS = ["severity", "last_seen", "id", "state", "plane", "code", "organization"]


def upgrade() -> None:
    op.drop_index(op.f("ix_findings_counted"), table_name="findings")
    op.create_index(op.f("ix_findings_ranked"), "findings", COLUMNS)


def downgrade() -> None:
    op.drop_index(op.f("ix_findings_ranked"), table_name="findings")
    op.create_index(
        op.f("ix_findings_counted"), "findings", ["state", "plane", "severity", "code", "organization", "last_seen", "id"]
    )
