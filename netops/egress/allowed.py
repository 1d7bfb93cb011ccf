"""What a person allows (允许清单): each entry with its owner, its reason and the day on which it ends; signed in the journal."""

from __future__ import annotations

from datetime import date, datetime

import msgspec
from sqlalchemy import Column, String, Table, Text, select

from netops.core import ids
from netops.core.errors import Missing, Refused
from netops.core.finding import Finding, Subject
from netops.core.journal import Act
from netops.core.lead import names
from netops.core.plane import Plane
from netops.core.store import Instant, Json, Store, metadata

allowed = Table(
    "egress_allowed",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("plane", String(8), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("subject", Json, nullable=False),
    Column("owner", String(64), nullable=False),
    Column("why", Text, nullable=False),
    Column("until", String(10), nullable=False),
    Column("signed_by", String(64), nullable=False),
    Column("signed_at", Instant, nullable=False),
    Column("ended_at", Instant),
)


class Allowed(msgspec.Struct, frozen=True):
    """
    One entry.

    Args:
        kind: of the findings that it allows, such as "tunnel".
        owner: code of the organization that answers for it.
        until: ISO date of its last day; after it the finding is open again.
        ended_at: when somebody ended it before that.
    """

    id: str
    plane: Plane
    kind: str
    subject: Subject
    owner: str
    why: str
    until: str
    signed_by: str
    signed_at: datetime
    ended_at: datetime | None = None

    def is_valid(self, today: date) -> bool:
        """Whether it still allows anything."""
        return self.ended_at is None and today.isoformat() <= self.until

    def covers(self, one: Finding) -> bool:
        """Whether it speaks of a finding: of its kind and plane, and of the same card, address, port or interface."""
        if (self.kind, self.plane) != (one.kind, one.plane):
            return False
        if self.subject.get("mac"):  # a card that is named is meant, wherever it is plugged in
            return bool(f"mac {self.subject['mac']}" in names(one.subject))
        return bool(names(self.subject) & names(one.subject))


def sign(act: Act, one: Allowed) -> Allowed:
    """Write an entry down; its number is given here."""
    whole = msgspec.structs.replace(one, id=f"A-{ids.take(act.connection, 'allowed'):04d}")
    act.connection.execute(allowed.insert().values(msgspec.structs.asdict(whole)))
    act.record("egress allow", whole.id, why=whole.why, after=whole)
    return whole


def end(act: Act, number: str, why: str) -> Allowed:
    """
    An entry allows nothing any more.

    Raises:
        Missing: there is none.
        Refused: it has ended already.
    """
    row = act.connection.execute(select(allowed).where(allowed.c.id == number)).first()
    if row is None:
        raise Missing("there is no entry {number}", "", "netops egress allow list", number=number)
    if row.ended_at is not None:
        raise Refused("{number} was not ended", "it has ended already", "", number=number)
    act.connection.execute(allowed.update().where(allowed.c.id == number).values(ended_at=act.at))
    act.record("egress allow end", number, why=why)
    return Allowed(**row._mapping)


def listed(store: Store) -> list[Allowed]:
    """Every entry that was ever signed, by number."""
    with store.read() as connection:
        rows = connection.execute(select(allowed).order_by(allowed.c.id)).all()
    return [Allowed(**{**row._mapping, "plane": Plane(row.plane)}) for row in rows]
