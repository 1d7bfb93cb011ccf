"""findings are found by the names in their subjects and counted without being read; allocations are listed by organization."""

import json
from collections import Counter

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = depends_on = None
BATCH = 5000
SHARED = ("plane", "code", "organization", "severity", "state")


def upgrade() -> None:
    names = op.create_table(
        "finding_names",
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("finding", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("name", "finding", name=op.f("pk_finding_names")),
        sqlite_with_rowid=False,
    )
    counts = op.create_table(
        "finding_counts",
        sa.Column("plane", sa.String(8), nullable=False),
        sa.Column("code", sa.String(8), nullable=False),
        sa.Column("organization", sa.String(64), nullable=False),
        sa.Column("severity", sa.String(8), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint(*SHARED, name=op.f("pk_finding_counts")),
        sqlite_with_rowid=False,
    )
    findings = sa.table("findings", *(sa.column(name) for name in ("id", "subject", *SHARED)))
    connection = op.get_bind()
    # By the order of findings, then sorted at once: into the tree of names one by one, each would fetch a page of its own.
    scattered = sa.Table("scattered_names", sa.MetaData(), sa.Column("name", sa.Text), sa.Column("finding", sa.Text),
                         prefixes=["TEMPORARY"])  # fmt: skip
    scattered.create(connection)
    counted: Counter[tuple[str, ...]] = Counter()
    last = ""
    while True:
        query = sa.select(findings).where(findings.c.id > last).order_by(findings.c.id).limit(BATCH)
        rows = connection.execute(query).all()
        if not rows:
            break
        last = rows[-1].id
        counted.update(tuple(getattr(row, name) for name in SHARED) for row in rows)
        named = [{"name": text, "finding": row.id} for row in rows for text in sorted(_texts(json.loads(row.subject)))]
        if named:
            connection.execute(scattered.insert(), named)
    ordered = sa.select(scattered).order_by(scattered.c.name, scattered.c.finding)
    connection.execute(names.insert().from_select(["name", "finding"], ordered))
    scattered.drop(connection)
    if counted:
        several = [{**dict(zip(SHARED, shared, strict=True)), "number": number} for shared, number in counted.items()]
        connection.execute(counts.insert(), several)
    op.drop_index(op.f("ix_allocations_organization"), table_name="allocations")
    op.create_index(op.f("ix_allocations_organization"), "allocations", ["organization", "plane", "first", "id"])


def _texts(value: object) -> set[str]:
    if isinstance(value, str):
        return {value[:200]} if value else set()
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return {text for one in inside for text in _texts(one)}


def downgrade() -> None:
    op.drop_index(op.f("ix_allocations_organization"), table_name="allocations")
    op.create_index(op.f("ix_allocations_organization"), "allocations", ["organization"])
    op.drop_table("finding_counts")
    op.drop_table("finding_names")
