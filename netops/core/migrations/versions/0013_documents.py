"""documents about more than incidents: what each is about, whose, until when it is to be answered, its number."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = depends_on = None

NEW = {"about": 16, "wording": 64, "organization": 64, "plane": 8, "due": 10, "goes_with": 16, "number": 96}


def upgrade() -> None:
    with op.batch_alter_table("papers") as table:
        table.drop_index(op.f("ix_papers_incident"))
        table.alter_column("incident", new_column_name="subject", type_=sa.String(128), existing_type=sa.String(24))
        for name, length in NEW.items():
            table.add_column(sa.Column(name, sa.String(length), nullable=False, server_default=""))
    op.execute("UPDATE papers SET about = 'incident', wording = instrument")
    op.execute(
        "UPDATE papers SET number = organ_mark || '〔' || CAST(year AS VARCHAR(8)) || '〕' || CAST(serial AS VARCHAR(12)) || '号' "
        "WHERE serial IS NOT NULL"
    )
    for name in ("organization", "plane"):
        op.execute(
            f"UPDATE papers SET {name} = COALESCE((SELECT i.{name} FROM incidents i WHERE i.number = papers.subject), '')"
        )
    op.create_index(op.f("ix_papers_subject"), "papers", ["subject"])
    op.create_index(op.f("ix_papers_number"), "papers", ["number"])


def downgrade() -> None:
    op.drop_index(op.f("ix_papers_number"), "papers")
    op.drop_index(op.f("ix_papers_subject"), "papers")
    with op.batch_alter_table("papers") as table:
        for name in NEW:
            table.drop_column(name)
        table.alter_column("subject", new_column_name="incident", type_=sa.String(24), existing_type=sa.String(128))
        table.create_index(op.f("ix_papers_incident"), ["incident"])
