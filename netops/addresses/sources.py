"""Storage of sources: how each stands, and what it told of which address, from when to when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    Row,
    String,
    Table,
    Text,
    bindparam,
    or_,
    select,
)

from netops.addresses.mention import Mention, Source, SourceKind, Told
from netops.core.plane import Plane
from netops.core.store import Instant, Json, Prepared, Store, metadata

table = Table(
    "address_sources",
    metadata,
    Column("plane", String(8), primary_key=True),
    Column("name", String(255), primary_key=True),
    Column("kind", String(12), nullable=False),
    Column("place", Text, nullable=False),
    Column("tried_at", Instant, nullable=False),
    Column("told_at", Instant),
    Column("since", Instant),
    Column("is_good", Boolean, nullable=False),
    Column("is_whole", Boolean, nullable=False),
    Column("why", Text, nullable=False),
    Column("facts", Json, nullable=False),
    Column("told", Integer, nullable=False),
    Column("bad", Integer, nullable=False),
    Column("faults", Json, nullable=False),
    Column("sha256", String(64), nullable=False),
)
mentions = Table(
    "address_mentions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("plane", String(8), nullable=False),
    Column("source", String(255), nullable=False),
    Column("kind", String(12), nullable=False),
    Column("ip", String(45), nullable=False),
    Column("mac", String(17), nullable=False),
    Column("name", String(255), nullable=False),
    Column("interface", String(64), nullable=False),
    Column("first_seen", Instant, nullable=False),
    Column("last_seen", Instant, nullable=False),
    Column("alive_at", Instant),
    Column("expires", Instant),
    Column("is_open", Boolean, nullable=False),
    Index("ix_address_mentions_ip", "plane", "ip", "last_seen"),
    Index("ix_address_mentions_mac", "plane", "mac", "last_seen"),
    Index("ix_address_mentions_name", "plane", "name", "last_seen"),
    Index("ix_address_mentions_plane_last_seen", "plane", "last_seen"),
    Index("ix_address_mentions_source", "plane", "source", "is_open"),
)
PAUSE = timedelta(days=7)
"""A source that was silent for longer starts anew; so does an address that it did not tell of."""
KEPT_FIELDS = tuple(name for name in Source.__struct_fields__ if name not in ("spans", "max_age"))
ADD = Prepared(table.insert())
CHANGE = Prepared(
    table.update()
    .where(table.c.plane == bindparam("new_plane"), table.c.name == bindparam("new_name"))
    .values({name: bindparam(f"new_{name}") for name in KEPT_FIELDS if name not in ("plane", "name")})
)
BEGIN = Prepared(
    mentions.insert().values(
        {one.name: bindparam(f"new_{one.name}") for one in mentions.c if one.name != "id"}
    )
)
GROW = Prepared(
    mentions.update()
    .where(mentions.c.id == bindparam("which"))
    .values(
        {
            name: bindparam(f"new_{name}")
            for name in ("interface", "last_seen", "alive_at", "expires", "is_open")
        }
    )
)
CLOSE = Prepared(
    mentions.update().where(mentions.c.id == bindparam("which")).values(is_open=bindparam("new_is_open"))
)


# ---- sources
def listed(store: Store, plane: Plane | None = None) -> list[Source]:
    """Every source as it stands, by plane, kind and name."""
    query = select(table).order_by(table.c.plane, table.c.kind, table.c.name)
    if plane is not None:
        query = query.where(table.c.plane == plane)
    with store.read() as connection:
        return [_source(row) for row in connection.execute(query)]


def note(store: Store, several: Iterable[Source]) -> list[Source]:
    """
    Write down how sources stand now; what an answer that did not come leaves open stays as it was.

    Returns:
        As they are kept: *told_at* is that of the last good answer, *since* without a gap of a week.
    """
    asked = list(several)
    with store.write() as connection:
        rows = connection.execute(select(table).where(table.c.plane.in_({one.plane for one in asked}))).all()
        known = {(row.plane, row.name): _source(row) for row in rows}
        kept = [_continued(one, known.get((one.plane, one.name))) for one in asked]
        old = [one for one in kept if (one.plane, one.name) in known]
        ADD.many(connection, [_values(one) for one in kept if (one.plane, one.name) not in known])
        CHANGE.many(
            connection, [{f"new_{name}": value for name, value in _values(one).items()} for one in old]
        )
    return kept


def _values(one: Source) -> dict[str, Any]:
    return {name: getattr(one, name) for name in KEPT_FIELDS} | {"faults": list(one.faults)}


def _continued(new: Source, old: Source | None) -> Source:
    """*new* after *old*: a failure keeps what was told last, a success after a gap begins again."""
    if old is None:
        return msgspec.structs.replace(new, since=new.since or (new.told_at if new.is_good else None))
    if not new.is_good:
        return msgspec.structs.replace(
            new, told_at=old.told_at, since=old.since, told=old.told, sha256=old.sha256, is_whole=old.is_whole
        )
    unbroken = old.since and old.told_at and new.told_at and new.told_at - old.told_at <= PAUSE
    return msgspec.structs.replace(new, since=old.since if unbroken else new.since or new.told_at)


def forget(store: Store, plane: Plane, name: str) -> None:
    """A source is no longer waited for; what it told stays."""
    with store.write() as connection:
        connection.execute(table.delete().where(table.c.plane == plane, table.c.name == name))


def _source(row: Row[Any]) -> Source:
    values = {name: getattr(row, name) for name in KEPT_FIELDS}
    return Source(
        **values | {"plane": Plane(row.plane), "kind": SourceKind(row.kind), "faults": tuple(row.faults)}
    )


# ---- mentions
def keep(store: Store, source: Source, told: Sequence[Told], at: datetime) -> None:
    """
    Write down what a source told of the moment *at*: a span grows while it tells the same.

    What a whole answer no longer tells has ended; what a part of one does not tell stays open.
    """
    with store.write() as connection:
        standing = {(row.ip, row.mac, row.name): row for row in connection.execute(_open(source))}
        begun: list[dict[str, Any]] = []
        grown: list[dict[str, Any]] = []
        gone = dict(standing)
        for one in told:
            row = gone.pop((one.ip, one.mac, one.name), None)
            if row is not None and at - row.last_seen <= PAUSE:
                grown.append(_grown(row, one, at))
            elif one.is_current or not _is_known(connection, source, one):
                begun.append(_begun(source, one, at))
                gone |= {} if row is None else {(one.ip, one.mac, one.name): row}
        BEGIN.many(connection, [{f"new_{name}": value for name, value in one.items()} for one in begun])
        GROW.many(connection, grown)
        if source.is_whole:
            CLOSE.many(connection, [{"which": row.id, "new_is_open": False} for row in gone.values()])


def _open(source: Source) -> Any:
    return select(mentions).where(
        mentions.c.plane == source.plane, mentions.c.source == source.name, mentions.c.is_open.is_(True)
    )


def _is_known(connection: Connection, source: Source, one: Told) -> bool:
    """Whether a lease that has ended is kept already."""
    found = select(mentions.c.id).where(
        mentions.c.ip == one.ip, mentions.c.mac == one.mac, mentions.c.plane == source.plane,
        mentions.c.source == source.name, mentions.c.expires.is_not_distinct_from(one.expires),
    )  # fmt: skip
    return connection.execute(found.limit(1)).first() is not None


def _begun(source: Source, one: Told, at: datetime) -> dict[str, Any]:
    first = min(filter(None, (one.since, one.alive_at, at)))
    ended = min(at, one.expires) if one.expires is not None else one.alive_at or at
    return {
        "plane": source.plane, "source": source.name, "kind": source.kind, "ip": one.ip, "mac": one.mac, "name": one.name,
        "interface": one.interface, "first_seen": min(first, ended) if not one.is_current else first,
        "last_seen": at if one.is_current else ended, "alive_at": one.alive_at, "expires": one.expires,
        "is_open": one.is_current,
    }  # fmt: skip


def _grown(row: Row[Any], one: Told, at: datetime) -> dict[str, Any]:
    ended = max(row.last_seen, min(at, one.expires)) if one.expires is not None else at
    alive = max(filter(None, (row.alive_at, one.alive_at)), default=None)
    return {
        "which": row.id, "new_interface": one.interface or row.interface, "new_alive_at": alive,
        "new_last_seen": max(row.last_seen, at) if one.is_current else ended, "new_expires": one.expires,
        "new_is_open": one.is_current,
    }  # fmt: skip


def since(store: Store, plane: Plane, when: datetime) -> list[Mention]:
    """What was told of a plane's addresses at *when* or later, oldest first."""
    query = (
        select(mentions)
        .where(mentions.c.plane == plane, mentions.c.last_seen >= when)
        .order_by(mentions.c.first_seen, mentions.c.id)
    )
    with store.read() as connection:
        return [_mention(row) for row in connection.execute(query)]


def about(
    store: Store,
    plane: Plane,
    *,
    ip: str = "",
    mac: str = "",
    name: str = "",
    at: datetime | None = None,
    limit: int = 50,
) -> list[Mention]:
    """The newest mentions of an address, a MAC or a host name, oldest first; of a past time, those that held then."""
    query = select(mentions).where(mentions.c.plane == plane)
    for column, value in ((mentions.c.ip, ip), (mentions.c.mac, mac), (mentions.c.name, name)):
        query = query.where(column == value) if value else query
    if at is not None:
        query = query.where(
            mentions.c.first_seen <= at, or_(mentions.c.last_seen >= at, mentions.c.expires >= at)
        )
    with store.read() as connection:
        rows = connection.execute(
            query.order_by(mentions.c.last_seen.desc(), mentions.c.id.desc()).limit(limit)
        ).all()
    return [_mention(row) for row in reversed(rows)]


def starting(
    store: Store, plane: Plane, *, name: str = "", ip: str = "", mac: str = "", limit: int = 50
) -> list[str]:
    """Host names, addresses or MACs that begin so, in order: what an incomplete question may have meant."""
    column, start = next(
        (column, text)
        for column, text in ((mentions.c.name, name), (mentions.c.ip, ip), (mentions.c.mac, mac))
        if text
    )
    query = select(column).where(mentions.c.plane == plane, column >= start, column < start + "\uffff")
    with store.read() as connection:
        return list(connection.execute(query.distinct().order_by(column).limit(limit)).scalars())


def _mention(row: Row[Any]) -> Mention:
    return Mention(
        Plane(row.plane), row.source, SourceKind(row.kind), row.ip, row.mac, row.name, row.interface, row.first_seen,
        row.last_seen, row.alive_at, row.expires, row.is_open,
    )  # fmt: skip
