"""What of the registers is past its term (保存期限): retired records, persons in versions long replaced; removed by an act."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, func, or_, select

from netops.core.clock import CITY_ZONE
from netops.core.dates import after
from netops.core.journal import Act
from netops.core.plane import Plane
from netops.core.store import Store
from netops.registers.attachments import attachments
from netops.registers.entries import entries, texts, versions
from netops.registers.entry import EntryState
from netops.registers.kind import Kind

CHUNK = 500


class Outlived(msgspec.Struct, frozen=True):
    """
    A record that is past its term, whole or in part.

    Args:
        ended: the day on which it was retired, or the newest of these versions was replaced; *due* when its term was over.
        versions: those that still name persons; () when the whole record is meant.
    """

    number: str
    kind: str
    organization: str
    plane: Plane
    title: str
    ended: date
    due: date
    versions: tuple[int, ...] = ()


def listed(store: Store, kind: Kind, planes: Collection[Plane], today: date) -> list[Outlived]:
    """What of a register is past its term today, by number: retired records, then old versions of the others."""
    with store.read() as connection:
        return list(_listed(connection, kind, planes, today))


def _listed(connection: Connection, kind: Kind, planes: Collection[Plane], today: date) -> Iterator[Outlived]:
    personal = {one.name for one in kind.fields if one.personal}
    gone = set()
    is_retired = entries.c.state == EntryState.RETIRED.value
    query = (
        select(*(entries.c[name] for name in ("number", "organization", "plane", "title", "state", "version", "at")))
        .where(entries.c.kind == kind.kind, entries.c.plane.in_(planes))
        .where(or_(is_retired, entries.c.version > 1) if personal else is_retired)
        .order_by(entries.c.seq)
    )
    own = connection.execute(query).all()
    for row in own:
        ended = _day(row.at)
        if row.state == EntryState.RETIRED and (due := after(ended, kind.head.retention)) < today:
            gone.add(row.number)
            yield Outlived(row.number, kind.kind, row.organization, Plane(row.plane), row.title, ended, due)
    if not personal:
        return
    changed = {row.number: row for row in own if row.version > 1 and row.number not in gone}
    old: dict[str, list[tuple[int, date]]] = {}
    for number, version, ends, held in _replaced(connection, list(changed)):
        if after(_day(ends), kind.head.retention) < today and personal & held.keys():
            old.setdefault(number, []).append((version, _day(ends)))
    for number, several in sorted(old.items(), key=lambda pair: (len(pair[0]), pair[0])):
        row, ended = changed[number], max(day for _version, day in several)
        yield Outlived(
            number, kind.kind, row.organization, Plane(row.plane), row.title, ended, after(ended, kind.head.retention),
            tuple(version for version, _day_ in several),
        )  # fmt: skip


def _replaced(
    connection: Connection, numbers: Sequence[str]
) -> Iterator[tuple[str, int, datetime, dict[str, Any]]]:
    """Versions that a newer one replaced: number, version, when that was, what they said."""
    for start in range(0, len(numbers), CHUNK):
        query = (
            select(versions)
            .where(versions.c.number.in_(numbers[start : start + CHUNK]))
            .order_by(versions.c.number, versions.c.version.desc())
        )
        later: tuple[str, datetime] | None = None
        for row in connection.execute(query).all():
            if later and later[0] == row.number:
                yield row.number, row.version, later[1], row._mapping["values"]
            later = (row.number, row.at)


def _day(at: datetime) -> date:
    return at.astimezone(CITY_ZONE).date()


def remove(act: Act, kind: Kind, chosen: Sequence[Outlived], why: str) -> tuple[str, ...]:
    """
    Let go what is past its term: whole records with every version, or the persons in old versions of one.

    What went is written down by number, never by what it said.

    Returns:
        SHA-256 of attachments that no record has any more: their bytes are to be removed.
    """
    whole = [one.number for one in chosen if not one.versions]
    files: set[str] = set()
    for start in range(0, len(whole), CHUNK):
        some = whole[start : start + CHUNK]
        files |= set(act.connection.execute(select(attachments.c.sha256).where(attachments.c.number.in_(some))).scalars())
        for table in (entries, texts, versions, attachments):
            act.connection.execute(table.delete().where(table.c.number.in_(some)))
    personal = [one.name for one in kind.fields if one.personal]
    for one in chosen:
        for version in one.versions:
            mine = (versions.c.number == one.number, versions.c.version == version)
            held = act.connection.execute(select(versions.c["values"]).where(*mine)).scalar() or {}
            kept = {name: value for name, value in held.items() if name not in personal}
            act.connection.execute(versions.update().where(*mine).values(values=kept))
    act.record("register discard", kind.kind, why=why, before={
        "records": whole, "versions": {one.number: list(one.versions) for one in chosen if one.versions},
        "term": kind.head.retention,
    })  # fmt: skip
    kept_ones = select(func.count()).select_from(attachments)
    return tuple(
        sha256 for sha256 in sorted(files)
        if not act.connection.execute(kept_ones.where(attachments.c.sha256 == sha256)).scalar()
    )  # fmt: skip
