"""the flow archive: segments and coverage."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = depends_on = None

BIG = sa.BigInteger


def upgrade() -> None:
    op.create_table(
        "flow_parts",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("path", sa.String(160), nullable=False),
        sa.Column("plane", sa.String(8), nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        *(sa.Column(name, BIG(), nullable=False) for name in ("first", "last", "rows", "size")),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("sealed", BIG(), nullable=False),
        sa.Column("gone", BIG(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flow_parts")),
        sa.UniqueConstraint("path", name=op.f("uq_flow_parts_path")),
    )
    op.create_index(op.f("ix_flow_parts_gone"), "flow_parts", ["gone"])
    op.create_table(
        "flow_judgements",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("register", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("at", BIG(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_flow_judgements")),
    )
    op.create_index(op.f("ix_flow_judgements_fingerprint"), "flow_judgements", ["fingerprint"])
    op.create_table(
        "flow_archives",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("kept_since", BIG(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flow_archives")),
    )
    op.create_table(
        "flow_imports",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("format", sa.String(40), nullable=False),
        sa.Column("exporter", sa.String(45), nullable=False),
        sa.Column("at", BIG(), nullable=False),
        sa.Column("actor", sa.String(128), nullable=False),
        sa.Column("rows", BIG(), nullable=False),
        sa.Column("bad", BIG(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_flow_imports")),
    )
    op.create_table(
        "flow_coverage",
        sa.Column("hour", BIG(), autoincrement=False, nullable=False),
        sa.Column("exporter", sa.String(45), nullable=False),
        sa.Column("plane", sa.String(8), nullable=False),
        sa.Column("device", sa.String(255), nullable=False),
        *(
            sa.Column(name, BIG(), nullable=False)
            for name in ("datagrams", "records", "lost_datagrams", "lost_records", "given_up", "unstored")
        ),
        sa.PrimaryKeyConstraint("hour", "exporter", name=op.f("pk_flow_coverage")),
    )
    op.create_table(
        "flow_sessions",
        sa.Column("began", BIG(), autoincrement=False, nullable=False),
        sa.Column("ended", BIG(), nullable=False),
        sa.Column("tail_bytes", BIG(), nullable=False),
        sa.PrimaryKeyConstraint("began", name=op.f("pk_flow_sessions")),
    )


def downgrade() -> None:
    for table in ("flow_sessions", "flow_coverage", "flow_imports", "flow_archives", "flow_judgements", "flow_parts"):
        op.drop_table(table)
