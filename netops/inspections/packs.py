"""Field packs as the store keeps them: which were taken out, by which key each seals, and what came back."""

from __future__ import annotations

import zlib
from datetime import datetime

import msgspec
from sqlalchemy import Column, Integer, LargeBinary, String, Table, select

from netops.core.journal import Act
from netops.core.store import Instant, Store, metadata

inspection_packs = Table(
    "inspection_packs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("inspection", String(20), nullable=False, index=True),
    Column("key", LargeBinary, nullable=False),
    Column("answers", Integer, nullable=False),
    Column("made", Instant, nullable=False),
    Column("actor", String(128), nullable=False),
)
inspection_results = Table(
    "inspection_results",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("pack", String(32), nullable=False, index=True),
    Column("merged", Instant, nullable=False),
    Column("actor", String(128), nullable=False),
    Column("content", LargeBinary, nullable=False),
)


class Pack(msgspec.Struct, frozen=True):
    """
    A pack that was made.

    Args:
        key: 32 octets.
        answers: how many the inspection had then.
    """

    id: str
    inspection: str
    key: bytes
    answers: int
    made: datetime
    actor: str


class Merged(msgspec.Struct, frozen=True):
    """A result that was merged."""

    sha256: str
    pack: str
    merged: datetime
    actor: str


def add(act: Act, pack: Pack) -> None:
    """Remember a pack, in the act that makes it."""
    act.connection.execute(inspection_packs.insert().values(**msgspec.structs.asdict(pack)))
    act.record("inspect pack", pack.inspection, after={"pack": pack.id, "answers": pack.answers})


def pack(store: Store, name: str) -> Pack | None:
    """The pack with this id."""
    with store.read() as connection:
        row = connection.execute(select(inspection_packs).where(inspection_packs.c.id == name)).first()
    return Pack(**row._mapping) if row else None


def merged(store: Store, sha256: str) -> Merged | None:
    """When this very file was merged."""
    columns = (inspection_results.c[name] for name in Merged.__struct_fields__)
    with store.read() as connection:
        row = connection.execute(select(*columns).where(inspection_results.c.sha256 == sha256)).first()
    return Merged(**row._mapping) if row else None


def keep(act: Act, one: Merged, content: bytes) -> None:
    """Keep a merged result as it was brought."""
    values = msgspec.structs.asdict(one)
    act.connection.execute(inspection_results.insert().values(**values, content=zlib.compress(content)))
