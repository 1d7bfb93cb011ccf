"""the registers, their attachments, and what visits to sites brought."""

import sqlalchemy as sa
from alembic import op

from netops.core import store

revision = "0010"
down_revision = "0009"
branch_labels = depends_on = None


def upgrade() -> None:
    op.create_table(
        "register_entries",
        sa.Column("number", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("plane", sa.String(8), nullable=False),
        sa.Column("organization", sa.String(64), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(256), nullable=False),
        sa.Column("key", sa.String(32), nullable=False),
        sa.Column("values", store.Json(), nullable=False),
        sa.Column("at", store.Instant(), nullable=False),
        sa.Column("actor", sa.String(128), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_register_entries")),
    )
    standing = sa.text("state = 'standing'")
    op.create_index(
        "uq_register_entries_key", "register_entries", ["key"], unique=True, sqlite_where=standing, postgresql_where=standing
    )
    op.create_index("ix_register_entries_kind_seq", "register_entries", ["kind", "seq"])
    op.create_index("ix_register_entries_organization_kind", "register_entries", ["organization", "kind"])
    op.create_table(
        "register_texts",
        sa.Column("number", sa.String(32), nullable=False),
        sa.Column("organization", sa.String(64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_register_texts")),
    )
    op.create_table(
        "register_versions",
        sa.Column("number", sa.String(32), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", store.Instant(), nullable=False),
        sa.Column("actor", sa.String(128), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("values", store.Json(), nullable=False),
        sa.PrimaryKeyConstraint("number", "version", name=op.f("pk_register_versions")),
    )
    op.create_table(
        "register_attachments",
        sa.Column("number", sa.String(32), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("media", sa.String(100), nullable=False),
        sa.Column("ending", sa.String(8), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("at", store.Instant(), nullable=False),
        sa.Column("actor", sa.String(128), nullable=False),
        sa.Column("removed_at", store.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("number", "sha256", name=op.f("pk_register_attachments")),
    )
    op.create_table(
        "site_visits",
        sa.Column("number", sa.String(32), nullable=False),
        sa.Column("url", sa.String(500), nullable=False),
        sa.Column("at", store.Instant(), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("number", "url", "at", name=op.f("pk_site_visits")),
    )
    op.create_table(
        "site_pages",
        sa.Column("number", sa.String(32), nullable=False),
        sa.Column("url", sa.String(500), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("shape", store.Json(), nullable=False),
        sa.Column("first_at", store.Instant(), nullable=False),
        sa.Column("changed_at", store.Instant(), nullable=False),
        sa.Column("seen_at", store.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("number", "url", name=op.f("pk_site_pages")),
    )
    op.create_table(
        "site_looks",
        sa.Column("number", sa.String(32), nullable=False),
        sa.Column("at", store.Instant(), nullable=False),
        sa.Column("found", store.Json(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_site_looks")),
    )


def downgrade() -> None:
    for name in ("site_looks", "site_pages", "site_visits", "register_attachments", "register_versions", "register_texts",
                 "register_entries"):
        op.drop_table(name)
