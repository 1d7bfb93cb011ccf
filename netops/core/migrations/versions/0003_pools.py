"""what the pool tree, delegation and allocation keep."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = depends_on = None

PARTICULARS = {
    "mac": sa.String(17),
    "device": sa.String(128),
    "note": sa.Text(),
    "tags": sa.Text(),
    "over_quota": sa.Text(),
}


def upgrade() -> None:
    # ---- joint acts; the journal is never asked by verb
    op.create_table(
        "joint_acts",
        sa.Column("board", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("answers", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("board", name=op.f("pk_joint_acts")),
    )
    op.drop_index("ix_journal_verb", "journal")
    op.drop_index("ix_tiles_allocation", "tiles")
    if op.get_bind().dialect.name == "sqlite":
        _give_rowids("allocations")
    # ---- what people say about an allocation, quotas, forecasts, and names of ranges
    for name, kind in PARTICULARS.items():
        default = "[]" if name == "tags" else ""
        op.add_column("allocations", sa.Column(name, kind, nullable=False, server_default=default))
    op.create_table(
        "declaration_uses",
        sa.Column("plane", sa.String(8), nullable=False),
        sa.Column("declaration", sa.String(64), nullable=False),
        sa.Column("ipv4", sa.BigInteger(), nullable=False),
        sa.Column("ipv6", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("plane", "declaration", name=op.f("pk_declaration_uses")),
    )
    op.create_table(
        "pool_forecasts",
        sa.Column("plane", sa.String(8), nullable=False),
        sa.Column("prefix", sa.String(80), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("per_day", sa.Float(), nullable=False),
        sa.Column("days_to_full", sa.Float()),
        sa.Column("since", sa.String(10), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("fit", sa.Float(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("plane", "prefix", name=op.f("pk_pool_forecasts")),
    )
    _widen(80)
    _count_uses()


def downgrade() -> None:
    op.create_index("ix_journal_verb", "journal", ["verb"])
    op.create_index("ix_tiles_allocation", "tiles", ["allocation"])
    op.drop_table("joint_acts")
    _widen(50)
    op.drop_table("pool_forecasts")
    op.drop_table("declaration_uses")
    with op.batch_alter_table("allocations") as batch_op:
        for name in reversed(PARTICULARS):
            batch_op.drop_column(name)


def _count_uses() -> None:
    """What acts gave and is still held, by declaration: every address one, of IPv6 every /64."""
    mapped, lan = 0xFFFF, 1 << 64
    uses: dict[tuple[str, str], list[int]] = {}
    held = sa.text("SELECT plane, declaration, first, last FROM allocations"
                   " WHERE origin = 'act' AND state IN ('active', 'reserved')")  # fmt: skip
    for plane, declaration, first, last in op.get_bind().execute(held):
        start, size = (
            int.from_bytes(first, "big"),
            int.from_bytes(last, "big") - int.from_bytes(first, "big") + 1,
        )
        is_ipv4 = start >> 32 == mapped
        use = uses.setdefault((plane, declaration), [0, 0])
        use[0 if is_ipv4 else 1] += size if is_ipv4 or size < lan else -(-size // lan)
    table = sa.table("declaration_uses", *map(sa.column, ("plane", "declaration", "ipv4", "ipv6")))
    for (plane, declaration), (ipv4, ipv6) in sorted(uses.items()):
        op.get_bind().execute(
            table.insert().values(plane=plane, declaration=declaration, ipv4=ipv4, ipv6=ipv6)
        )


def _widen(length: int) -> None:
    """Names of pools and ranges; SQLite keeps text of any length."""
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("tiles", "pool", type_=sa.String(length))
        op.alter_column("pools", "prefix", type_=sa.String(length))


def _give_rowids(table: str) -> None:
    """
    Keep *table* by rowid: its rows then come in the order in which they were written.

    By their text, AL-10000 stands between AL-1000 and AL-1001: every new row split a page.
    """
    bind = op.get_bind()
    made = bind.execute(sa.text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :name"), {"name": table}).scalar_one()
    indexes = bind.execute(sa.text("SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = :name AND sql IS NOT NULL"),
                           {"name": table}).scalars().all()  # fmt: skip
    columns, _, _ = made.partition("(")[2].rpartition(")")
    bind.exec_driver_sql(f"ALTER TABLE {table} RENAME TO {table}_before")
    bind.exec_driver_sql(f"CREATE TABLE {table} ({columns})")
    bind.exec_driver_sql(f"INSERT INTO {table} SELECT * FROM {table}_before")
    bind.exec_driver_sql(f"DROP TABLE {table}_before")
    for one in indexes:
        bind.exec_driver_sql(one)
