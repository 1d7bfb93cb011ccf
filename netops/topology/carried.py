"""
Carried views (摆渡件) as the store keeps them: what another instance saw of a plane that this one does not serve.

The planes are separated physically, each with an instance of its own; the more secret side reads what was carried in.
"""

from __future__ import annotations

import zlib
from datetime import datetime

import msgspec
from sqlalchemy import Column, Connection, LargeBinary, String, Table, func, select

from netops.core.journal import Act
from netops.core.plane import Plane
from netops.core.store import Instant, Json, Store, metadata
from netops.topology.device import DeviceView

carried_views = Table(
    "carried_views",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("plane", String(8), nullable=False, index=True),
    Column("city", String(64), nullable=False),
    Column("signer", String(64), nullable=False),
    Column("made", Instant, nullable=False),
    Column("imported", Instant, nullable=False),
    Column("actor", String(128), nullable=False),
    Column("facts", Json, nullable=False),
    Column("content", LargeBinary, nullable=False),
)
MAX_BYTES = 1 << 30
"""The most that a bundle holds, unpacked."""


class Carried(msgspec.Struct, frozen=True, kw_only=True):
    """
    One plane as another instance knew it.

    Args:
        nets: prefixes of the plane, its own and the registered ones; *vlans*: 802.1Q ids of its registered LANs.
        organizations: names in Chinese by code; *findings*: number, rule, subject and state of what stood, for people.
    """

    views: tuple[DeviceView, ...]
    nets: tuple[str, ...] = ()
    vlans: tuple[int, ...] = ()
    organizations: dict[str, str] = {}
    findings: tuple[dict[str, object], ...] = ()


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """That a bundle was imported: when it was made, by whom it is signed (base64), who brought it in."""

    sha256: str
    plane: Plane
    city: str
    signer: str
    made: datetime
    imported: datetime
    actor: str
    facts: dict[str, int]


def receipts(store: Store) -> list[Receipt]:
    """Every imported bundle, the newest first."""
    columns = [column for column in carried_views.c if column.name != "content"]
    with store.read() as connection:
        rows = connection.execute(select(*columns).order_by(carried_views.c.made.desc())).all()
    return [msgspec.convert({str(name): value for name, value in row._mapping.items()}, Receipt) for row in rows]


def keep(act: Act, receipt: Receipt, content: bytes) -> None:
    """Keep a bundle inside an act; only the newest of a plane keeps its content, as older ones are no longer asked."""
    table = carried_views
    act.connection.execute(table.update().where(table.c.plane == receipt.plane.value).values(content=b""))
    values = {**msgspec.structs.asdict(receipt), "plane": receipt.plane.value}
    act.connection.execute(table.insert().values(**values, content=zlib.compress(content)))


def newest(store: Store, plane: Plane) -> Carried | None:
    """What was carried in of *plane* last, or None."""
    table = carried_views
    query = select(table.c.content).where(table.c.plane == plane.value).order_by(table.c.made.desc()).limit(1)
    with store.read() as connection:
        content = connection.execute(query).scalar()
    return None if not content else msgspec.json.decode(zlib.decompress(content), type=Carried)


def stamp(connection: Connection) -> tuple[object, ...]:
    """Equal as long as nothing more was carried in."""
    return tuple(connection.execute(select(func.count(), func.max(carried_views.c.imported))).one())
