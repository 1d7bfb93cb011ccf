"""accounts, their tokens and sessions."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = depends_on = None

BIG = sa.BigInteger


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("person", sa.String(128), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("planes", sa.Text(), nullable=False),
        sa.Column("organization", sa.String(64), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("created", BIG(), nullable=False),
        sa.Column("password_since", BIG(), nullable=True),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("locked_until", BIG(), nullable=True),
        sa.Column("last_sign_in", BIG(), nullable=True),
        sa.Column("second_factor", sa.String(64), nullable=False),
        sa.Column("last_step", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_accounts")),
    )
    op.create_table(
        "tokens",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("label", sa.String(128), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("planes", sa.Text(), nullable=False),
        *(sa.Column(name, BIG(), nullable=name in ("last_used", "revoked"))
          for name in ("created", "expires", "last_used", "revoked")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
    )
    op.create_index(op.f("ix_tokens_account"), "tokens", ["account"])
    op.create_table(
        "sessions",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
        *(sa.Column(name, BIG(), nullable=False) for name in ("created", "last_seen", "expires")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_account"), "sessions", ["account"])
