"""
Findings found by name and counted without reading them (storage): names in their subjects, and kept counts.

The docket is the only one that writes findings, and it writes these in the same transaction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import msgspec
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Integer,
    String,
    Table,
    bindparam,
    func,
    select,
    text,
)

from netops.core.finding import STANDING, State
from netops.core.plane import Plane
from netops.core.store import Prepared, Store, metadata

names = Table(
    "finding_names",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("finding", String(16), primary_key=True),
    sqlite_with_rowid=False,
)
"""One row for each text that the subject of a finding names: an address, a card, a device, a port."""
counts = Table(
    "finding_counts",
    metadata,
    Column("plane", String(8), primary_key=True),
    Column("code", String(8), primary_key=True),
    Column("organization", String(64), primary_key=True),
    Column("severity", String(8), primary_key=True),
    Column("state", String(16), primary_key=True),
    Column("number", Integer, nullable=False),
    sqlite_with_rowid=False,
)
"""How many findings share these; 0 where there were some once."""
SHARED = ("plane", "code", "organization", "severity", "state")
LONGEST = 200
"""Characters of a name by which a finding is found: a longer one, from a device that says anything, by its beginning."""
NAME = Prepared(names.insert())
UNNAME = Prepared(
    names.delete().where(names.c.name == bindparam("which"), names.c.finding == bindparam("of"))
)
ADD = Prepared(
    counts.update()
    .where(*(counts.c[name] == bindparam(f"its_{name}") for name in SHARED))
    .values(number=counts.c.number + bindparam("more"))
    .returning(counts.c.number)
)
BEGIN = text(
    "INSERT INTO finding_counts (plane, code, organization, severity, state, number) "
    "VALUES (:its_plane, :its_code, :its_organization, :its_severity, :its_state, 0) ON CONFLICT DO NOTHING"
)
"""Waits for another writer that begins the same count."""


def named(subject: Mapping[str, Any]) -> set[str]:
    """Every text of a subject, as far as findings are found by it."""
    return {said[:LONGEST] for said in _texts(subject)}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if value:
            yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)


def rename(connection: Connection, number: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """The subject of a finding was *before* and is *after*."""
    old, new = named(before), named(after)
    for name in sorted(old - new):
        UNNAME(connection, which=name, of=number)
    NAME.many(connection, ({"name": name, "finding": number} for name in sorted(new - old)))


class Tally:
    """What a transaction changes of the counts; written once, in one order, so that two writers never wait for each other."""

    def __init__(self) -> None:
        self._changes: Counter[tuple[str, ...]] = Counter()

    def add(self, finding: Mapping[str, Any], number: int = 1) -> None:
        """So many findings more, or fewer, that share these columns of *finding*."""
        self._changes[tuple(str(finding[name]) for name in SHARED)] += number

    def move(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        """A finding that shared these columns of *before* has those of *after* in their place."""
        self.add(before, -1)
        self.add({**before, **after})

    def write(self, connection: Connection) -> None:
        """Into the store."""
        for shared, number in sorted(self._changes.items()):
            if not number:
                continue
            values = {f"its_{name}": value for name, value in zip(SHARED, shared, strict=True)}
            if not ADD(connection, more=number, **values):
                connection.execute(BEGIN, values)
                ADD(connection, more=number, **values)
        self._changes.clear()


class Count(msgspec.Struct, frozen=True):
    """How many findings share these; "" where they are counted whatever it is."""

    number: int
    plane: str = ""
    code: str = ""
    organization: str = ""
    severity: str = ""
    state: str = ""


def counted(
    store: Store,
    *,
    by: Collection[str],
    planes: Collection[Plane] = tuple(Plane),
    organization: str = "",
    state: Collection[State] = STANDING,
) -> list[Count]:
    """How many findings there are, by any of plane, code, organization, severity and state; however many they are."""
    columns = [counts.c[name] for name in by]
    where: list[ColumnElement[bool]] = [counts.c.plane.in_(planes)]
    if state:
        where.append(counts.c.state.in_(state))
    if organization:
        where.append(counts.c.organization == organization)
    number = func.sum(counts.c.number)
    query = select(number, *columns).where(*where).group_by(*columns).having(number > 0).order_by(*columns)
    with store.read() as connection:
        return [Count(int(row[0]), **dict(zip(by, row[1:], strict=True))) for row in connection.execute(query)]


def open_counts(store: Store) -> dict[tuple[str, str], int]:
    """Standing findings by (plane, code)."""
    return {(one.plane, one.code): one.number for one in counted(store, by=("plane", "code"))}
