"""
The chronicle of links (链路历史): every row of evidence that told of a link, since when, and until when.

A row is one source at one device: LLDP on this port, a routing adjacency on that one, two forwarding tables. It opens
when it is told for the first time and ends when the device that told it was read whole and did not tell it any more; a
device that does not answer ends nothing. Ports are kept by name, so a restart that renumbers them changes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Boolean, Column, Float, Index, Integer, String, Table, bindparam, or_, select

from netops.core.plane import Plane
from netops.core.store import Instant, Json, Store, metadata
from netops.topology.device import Neighbor
from netops.topology.link import Claim, Link, LinkEnd, Place

link_evidence = Table(
    "link_evidence",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("a_plane", String(8), nullable=False),
    Column("a_device", String(255), nullable=False),
    Column("a_interface", String(255), nullable=False),
    Column("b_plane", String(8), nullable=False),
    Column("b_device", String(255), nullable=False),
    Column("b_interface", String(255), nullable=False),
    Column("layer", Integer, nullable=False),
    Column("source", String(16), nullable=False),
    Column("teller", String(255), nullable=False),
    Column("two_sided", Boolean, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("neighbor", Json, nullable=False),
    Column("first_seen", Instant, nullable=False),
    Column("last_seen", Instant, nullable=False),
    Column("ended_at", Instant),
    Index("ix_link_evidence_open", "ended_at", "teller"),
    Index("ix_link_evidence_a", "a_device"),
    Index("ix_link_evidence_b", "b_device"),
)


class Key(NamedTuple):
    """What makes two rows of evidence the same one."""

    a_plane: str
    a_device: str
    a_interface: str
    b_plane: str
    b_device: str
    b_interface: str
    layer: int
    source: str
    teller: str


class Evidence(msgspec.Struct, frozen=True):
    """
    One row of evidence.

    Args:
        source: "lldp", "cdp", "stp", "ospf", "bridge" and so on.
        teller: the device whose table held it.
        last_seen: when it was told for the last time.
        ended_at: when it was first not told any more; None while it stands.
    """

    a: LinkEnd
    b: LinkEnd
    layer: int
    source: str
    teller: str
    two_sided: bool
    confidence: float
    first_seen: datetime
    last_seen: datetime
    neighbor: Neighbor
    ended_at: datetime | None = None


def keep(store: Store, links: Iterable[Link], heard: Collection[tuple[Plane, str]], at: datetime) -> None:
    """
    Write down what tells of links now.

    Args:
        heard: devices that were read whole in this walk: what they do not tell any more is over.
    """
    told = {_key(link, claim): (link, claim) for link in links for claim in link.claims}
    tellers = {(str(plane), device) for plane, device in heard}

    def was_heard(key: Key) -> bool:
        return (key.a_plane, key.teller) in tellers or (key.b_plane, key.teller) in tellers

    with store.write() as connection:
        open_rows = connection.execute(select(link_evidence).where(link_evidence.c.ended_at.is_(None))).all()
        standing = {_row_key(row): row for row in open_rows}
        over = [row.id for key, row in standing.items() if key not in told and was_heard(key)]
        seen, changed = [], []
        for key, (link, _) in told.items():
            row = standing.get(key)
            if row is None or not was_heard(key):
                continue
            seen.append(row.id)
            if (row.two_sided, row.confidence) != (link.two_sided, link.confidence):
                changed.append({"row": row.id, "sided": link.two_sided, "sure": link.confidence})
        here = link_evidence.update().where(link_evidence.c.id == bindparam("row"))
        if over:
            connection.execute(here.values(ended_at=at), [{"row": number} for number in over])
        if seen:
            connection.execute(here.values(last_seen=at), [{"row": number} for number in seen])
        if changed:
            values: dict[str, Any] = {"two_sided": bindparam("sided"), "confidence": bindparam("sure")}
            connection.execute(here.values(**values), changed)
        fresh = [_fresh(key, *pair, at) for key, pair in told.items() if key not in standing]
        if fresh:
            connection.execute(link_evidence.insert(), fresh)


def _key(link: Link, claim: Claim) -> Key:
    a, b = sorted(link.ends, key=lambda end: end.place)
    ends = (str(a.plane), a.device, a.interface, str(b.plane), b.device, b.interface)
    return Key(*ends, link.layer, claim.neighbor.protocol, claim.device)


def _row_key(row: Any) -> Key:
    return Key(*(getattr(row, name) for name in Key._fields))


def _fresh(key: Key, link: Link, claim: Claim, at: datetime) -> dict[str, Any]:
    return {
        **key._asdict(),
        "two_sided": link.two_sided,
        "confidence": link.confidence,
        "neighbor": msgspec.to_builtins(claim.neighbor),
        "first_seen": at,
        "last_seen": at,
        "ended_at": None,
    }


# ---- reading
def evidence(
    store: Store,
    *,
    device: str = "",
    at: datetime | None = None,
    since: datetime | None = None,
) -> list[Evidence]:
    """
    Rows of evidence, by their ends.

    Args:
        device: only of links of this device.
        at: only those that stood at this time; with *since* beside it, those that stood at any time between.
    """
    query = select(link_evidence)
    if device:
        query = query.where(or_(link_evidence.c.a_device == device, link_evidence.c.b_device == device))
    if at is not None:
        query = query.where(link_evidence.c.first_seen <= at)
    if since is not None or at is not None:
        start = since if since is not None else at
        query = query.where(or_(link_evidence.c.ended_at.is_(None), link_evidence.c.ended_at > start))
    with store.read() as connection:
        rows = connection.execute(query).all()
    return sorted(
        map(_evidence, rows), key=lambda one: (one.a.place, one.b.place, one.layer, one.source, one.teller)
    )


def _evidence(row: Any) -> Evidence:
    return Evidence(
        LinkEnd(Plane(row.a_plane), row.a_device, "", row.a_interface),
        LinkEnd(Plane(row.b_plane), row.b_device, "", row.b_interface),
        row.layer,
        row.source,
        row.teller,
        row.two_sided,
        row.confidence,
        row.first_seen,
        row.last_seen,
        msgspec.convert(row.neighbor, Neighbor),
        row.ended_at,
    )


def as_links(rows: Sequence[Evidence]) -> list[Link]:
    """The links that rows of evidence tell of, each once; their ends have no ifIndex and no address."""
    groups: dict[tuple[LinkEnd, LinkEnd, int], list[Evidence]] = defaultdict(list)
    for one in rows:
        groups[one.a, one.b, one.layer].append(one)
    return [
        Link(
            a,
            b,
            layer,
            tuple(sorted({one.source for one in told})),
            any(one.two_sided for one in told),
            max(one.confidence for one in told),
            tuple(Claim(one.teller, one.neighbor) for one in told),
        )
        for (a, b, layer), told in groups.items()
    ]


Seen = dict[Place, tuple[datetime, datetime]]
"""When each link was seen for the first and the last time."""


def first_seen(rows: Iterable[Evidence]) -> Seen:
    """When each link was seen for the first and the last time, by `Link.place`."""
    found: Seen = {}
    for one in rows:
        key = (frozenset((one.a.place, one.b.place)), one.layer)
        first, last = found.get(key, (one.first_seen, one.last_seen))
        found[key] = (min(first, one.first_seen), max(last, one.last_seen))
    return found
