"""What visits to sites brought: every visit's outcome, pages as they were known, and the last look at each site."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Column, Float, Integer, String, Table, Text, func, select

from netops.core.journal import Act
from netops.core.store import Instant, Json, Store, metadata

visits = Table(
    "site_visits",
    metadata,
    Column("number", String(32), primary_key=True),
    Column("url", String(500), primary_key=True),
    Column("at", Instant, primary_key=True),
    Column("outcome", String(16), nullable=False),
    Column("status", Integer, nullable=False),
    Column("seconds", Float, nullable=False),
)
pages = Table(
    "site_pages",
    metadata,
    Column("number", String(32), primary_key=True),
    Column("url", String(500), primary_key=True),
    Column("title", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("shape", Json, nullable=False),
    Column("first_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
)
looks = Table(
    "site_looks",
    metadata,
    Column("number", String(32), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("found", Json, nullable=False),
)


class Visit(msgspec.Struct, frozen=True):
    """
    One visit to one address of a record.

    Args:
        outcome: open, slow, closed, or refused (not asked: robots, budget, address inside).
        status: of HTTP, 0 without an answer.
        seconds: until the page was there.
    """

    number: str
    url: str
    at: datetime
    outcome: str
    status: int
    seconds: float


class KnownPage(msgspec.Struct, frozen=True):
    """
    A page as it was accepted last.

    Args:
        shape: hashes of its words in groups; how alike two pages are, without their text.
        changed_at: when its content was last another.
    """

    number: str
    url: str
    title: str
    sha256: str
    shape: list[int]
    first_at: datetime
    changed_at: datetime
    seen_at: datetime


def note(
    store: Store, made: Sequence[Visit], seen: Sequence[KnownPage], found: dict[str, Any], at: datetime
) -> None:
    """Write down visits, pages, and what the last look at each record found, by its number."""
    with store.write() as connection:
        for one in made:
            connection.execute(visits.insert().values(msgspec.structs.asdict(one)))
        for page in seen:
            mine = (pages.c.number == page.number, pages.c.url == page.url)
            connection.execute(pages.delete().where(*mine))
            connection.execute(pages.insert().values(msgspec.structs.asdict(page)))
        for number, said in found.items():
            connection.execute(looks.delete().where(looks.c.number == number))
            connection.execute(looks.insert().values(number=number, at=at, found=said))


def since(store: Store, at: datetime, numbers: Collection[str] = ()) -> list[Visit]:
    """Visits since a time, by record, address and time."""
    query = select(visits).where(visits.c.at >= at).order_by(visits.c.number, visits.c.url, visits.c.at)
    with store.read() as connection:
        rows = connection.execute(query)
        return [Visit(**row._mapping) for row in rows if not numbers or row.number in numbers]


def known(store: Store, number: str) -> dict[str, KnownPage]:
    """The pages of a record as they were known, by address."""
    with store.read() as connection:
        rows = connection.execute(select(pages).where(pages.c.number == number))
        return {row.url: KnownPage(**row._mapping) for row in rows}


def last(store: Store) -> dict[str, tuple[datetime, dict[str, Any]]]:
    """When each record was last looked at closely, and what was found."""
    with store.read() as connection:
        return {row.number: (row.at, row.found) for row in connection.execute(select(looks))}


def newest(store: Store) -> dict[str, datetime]:
    """When each record last answered a visit."""
    query = (
        select(visits.c.number, func.max(visits.c.at))
        .where(visits.c.outcome.in_(("open", "slow")))
        .group_by(visits.c.number)
    )
    with store.read() as connection:
        from netops.core.columns import moment

        found = {}
        for number, at in connection.execute(query):
            seen = at if isinstance(at, datetime) else moment(at)
            if seen is not None:
                found[number] = seen
        return found


def accept(act: Act, number: str, why: str) -> None:
    """A person says that the pages of a record are as they should be: what is seen next is what is known."""
    act.connection.execute(pages.delete().where(pages.c.number == number))
    act.record("site accept", number, why=why, after={"pages": "accepted"})


def forget(store: Store, before: datetime) -> int:
    """Let go visits older than a time; how many went."""
    with store.write() as connection:
        return int(connection.execute(visits.delete().where(visits.c.at < before)).rowcount or 0)
