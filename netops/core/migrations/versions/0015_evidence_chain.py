"""the evidence chain, attached files, and the evidence that is there already chained by its time."""

import hashlib
import platform
from datetime import datetime

import msgspec
import sqlalchemy as sa
from alembic import op

from netops.core import store

revision = "0015"
down_revision = "0014"
branch_labels = depends_on = None


class Piece(msgspec.Struct):
    kind: str
    source: str
    query: str
    body: msgspec.Raw
    at: datetime


class Entry(msgspec.Struct):
    seq: int
    id: str
    kind: str
    source: str
    collector: str
    time: datetime
    query: str
    size: int
    sha256: str
    sm3: str
    place: str


def upgrade() -> None:
    op.create_table(
        "evidence_chain",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("evidence", sa.String(20), nullable=False),
        sa.Column("collector", sa.String(128), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sm3", sa.String(64), nullable=False),
        sa.Column("place", sa.String(256), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_evidence_chain")),
        sa.UniqueConstraint("evidence", name=op.f("uq_evidence_chain_evidence")),
    )
    op.create_table(
        "evidence_files",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_evidence_files")),
    )
    _chain_what_is_there(op.get_bind())


def _chain_what_is_there(connection: sa.Connection) -> None:
    """As `netops.core.custody` does it, frozen: what was kept before the chain began gets its entries now."""
    evidence = sa.table("evidence", *(sa.column(name) for name in ("id", "kind", "source", "query")),
                        sa.column("body", sa.Text()), sa.column("at", store.Instant()), sa.column("sha256"))
    chain = sa.table("evidence_chain", *(sa.column(name) for name in (
        "seq", "evidence", "collector", "size", "sm3", "place", "digest", "hash")))
    encode = msgspec.json.Encoder(order="deterministic").encode
    previous, collector, count = "0" * 64, f"netops, {platform.node()}"[:128], 0
    rows = connection.execute(sa.select(evidence).order_by(evidence.c.at, evidence.c.id)).all()
    for count, row in enumerate(rows, 1):
        content = encode(Piece(row.kind, row.source, row.query, msgspec.Raw(row.body.encode()), row.at))
        sm3 = hashlib.new("sm3", content).hexdigest() if "sm3" in hashlib.algorithms_available else ""
        line = encode(Entry(count, row.id, row.kind, row.source, collector, row.at, row.query, len(content), row.sha256, sm3,
                            "store:evidence"))
        digest = hashlib.sha256(line).hexdigest()
        previous = hashlib.sha256((previous + digest).encode()).hexdigest()
        connection.execute(chain.insert().values(
            seq=count, evidence=row.id, collector=collector, size=len(content), sm3=sm3, place="store:evidence",
            digest=digest, hash=previous))
    if count:
        connection.execute(sa.text("INSERT INTO sequences (name, value) VALUES ('evidence', :count)"), {"count": count})


def downgrade() -> None:
    op.drop_table("evidence_files")
    op.drop_table("evidence_chain")
