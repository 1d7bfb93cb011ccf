"""What witnesses saw (佐证台账), kept with first and last sight: leads that wait for others to agree."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec
from sqlalchemy import Column, Integer, String, Table, Text, select

from netops.core.evidence import Evidence
from netops.core.lead import Lead, identity
from netops.core.plane import Plane
from netops.core.store import Instant, Json, Store, metadata

leads = Table(
    "egress_leads",
    metadata,
    Column("plane", String(8), primary_key=True),
    Column("accuses", String(40), primary_key=True),
    Column("subject_key", String(128), primary_key=True),
    Column("witness", String(40), primary_key=True),
    Column("subject", Json, nullable=False),
    Column("organization", String(64), nullable=False),
    Column("said", Text, nullable=False),
    Column("facts", Json, nullable=False),
    Column("evidence", Json, nullable=False),
    Column("first_seen", Instant, nullable=False),
    Column("last_seen", Instant, nullable=False),
    Column("count", Integer, nullable=False),
)


class Heard(msgspec.Struct, frozen=True):
    """A lead as it is kept: since when, until when, and how often."""

    lead: Lead
    first_seen: datetime
    last_seen: datetime
    count: int


def tell(store: Store, heard: Iterable[Lead]) -> int:
    """Write down what was seen; the same of the same witness again moves its last sight. Number of new ones."""
    t, new = leads.c, 0
    with store.write() as connection:
        for one in heard:
            place = (
                (t.plane == one.plane) & (t.accuses == one.accuses) & (t.subject_key == identity(one.subject))
                & (t.witness == one.witness)
            )  # fmt: skip
            seen = {
                "subject": one.subject,
                "organization": one.organization,
                "said": one.said,
                "facts": one.facts,
                "evidence": msgspec.to_builtins(one.evidence),
                "last_seen": one.at,
            }
            if not connection.execute(leads.update().where(place).values(seen | {"count": t["count"] + 1})).rowcount:
                whose = {"plane": one.plane, "accuses": one.accuses, "subject_key": identity(one.subject)}
                connection.execute(
                    leads.insert().values(seen | whose | {"witness": one.witness, "first_seen": one.at, "count": 1})
                )
                new += 1
    return new


def listed(store: Store, *, since: datetime | None = None, plane: Plane | None = None) -> list[Heard]:
    """Leads, the newest last; every argument narrows."""
    query = select(leads).order_by(leads.c.last_seen, leads.c.subject_key, leads.c.witness)
    if since:
        query = query.where(leads.c.last_seen >= since)
    if plane:
        query = query.where(leads.c.plane == plane)
    with store.read() as connection:
        rows = connection.execute(query).all()
    return [
        Heard(
            Lead(
                row.witness, row.accuses, Plane(row.plane), row.subject, row.organization, row.said, row.facts,
                msgspec.convert(row.evidence, Evidence), row.last_seen,
            ),
            row.first_seen, row.last_seen, row._mapping["count"],
        )
        for row in rows
    ]  # fmt: skip


def forget(store: Store, before: datetime) -> int:
    """Drop what was not seen again since then; how many."""
    with store.write() as connection:
        return connection.execute(leads.delete().where(leads.c.last_seen < before)).rowcount
