"""traffic is counted by the exit that it used, not by the kind of exit alone."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = depends_on = None
KEY = ("minute", "plane", "organization", "exporter", "exit_kind", "verdict")
SUMS = ("flows", "packets", "bytes", "estimated")


def upgrade() -> None:
    with op.batch_alter_table("flow_hits") as batch_op:
        batch_op.add_column(sa.Column("exit", sa.String(255), server_default="", nullable=False))
        batch_op.drop_constraint(op.f("pk_flow_hits"), type_="primary")
        batch_op.create_primary_key(op.f("pk_flow_hits"), [*KEY, "exit"])


def downgrade() -> None:
    rows = sa.table("flow_hits", *(sa.column(name) for name in (*KEY, "exit", *SUMS)))
    keys = [rows.c[name] for name in KEY]
    connection = op.get_bind()
    several = sa.select(*keys, *(sa.func.sum(rows.c[name]).label(name) for name in SUMS)).group_by(*keys)
    together = [dict(row) for row in connection.execute(several.having(sa.func.count() > 1)).mappings()]
    for one in together:
        connection.execute(rows.delete().where(*(rows.c[name] == one[name] for name in KEY)))
        connection.execute(rows.insert().values({**one, **{name: int(one[name]) for name in SUMS}, "exit": ""}))
    with op.batch_alter_table("flow_hits") as batch_op:
        batch_op.drop_constraint(op.f("pk_flow_hits"), type_="primary")
        batch_op.create_primary_key(op.f("pk_flow_hits"), list(KEY))
        batch_op.drop_column("exit")
