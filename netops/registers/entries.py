"""The store of the registers: every version of every record, each change in one act, and the search over all of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    Row,
    Select,
    String,
    Table,
    Text,
    and_,
    bindparam,
    func,
    or_,
    select,
)

from netops.core import ids
from netops.core.columns import partial_index
from netops.core.errors import Missing
from netops.core.evidence import digest
from netops.core.journal import Act
from netops.core.plane import Plane
from netops.core.store import Instant, Json, Prepared, Store, metadata
from netops.registers.conflict import Changed, Taken
from netops.registers.entry import Draft, Entry, EntryState, Version, key_of, text_of, title_of
from netops.registers.kind import Kind
from netops.registers.values import searched

entries = Table(
    "register_entries",
    metadata,
    Column("number", String(32), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("plane", String(8), nullable=False),
    Column("organization", String(64), nullable=False),
    Column("state", String(8), nullable=False),
    Column("version", Integer, nullable=False),
    Column("title", String(256), nullable=False),
    Column("key", String(32), nullable=False),
    Column("values", Json, nullable=False),
    Column("at", Instant, nullable=False),
    Column("actor", String(128), nullable=False),
)
partial_index(
    "uq_register_entries_key", entries.c.key, where=entries.c.state == EntryState.STANDING.value, unique=True
)
Index("ix_register_entries_kind_seq", entries.c.kind, entries.c.seq)
Index("ix_register_entries_organization_kind", entries.c.organization, entries.c.kind)
texts = Table(
    "register_texts",
    metadata,
    Column("number", String(32), primary_key=True),
    Column("organization", String(64), nullable=False),
    Column("text", Text, nullable=False),
)
"""What a search reads: one narrow table, so that reading all of it takes tens of milliseconds (docs/decisions)."""
versions = Table(
    "register_versions",
    metadata,
    Column("number", String(32), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("actor", String(128), nullable=False),
    Column("why", Text, nullable=False),
    Column("state", String(8), nullable=False),
    Column("values", Json, nullable=False),
)
ADD = Prepared(entries.insert())
CHANGE = Prepared(
    entries.update()
    .where(entries.c.number == bindparam("which"))
    .values({name: bindparam(f"new_{name}") for name in
             ("plane", "organization", "state", "version", "title", "key", "values", "at", "actor")})
)  # fmt: skip
SAY = Prepared(texts.insert())
SAY_AGAIN = Prepared(
    texts.update()
    .where(texts.c.number == bindparam("which"))
    .values(text=bindparam("now"), organization=bindparam("whose"))
)
KEEP = Prepared(versions.insert())
CHUNK = 500
NAMED = 200
"""Numbers that the journal entry of a table names; the hash covers all of them."""


# ---- asking
def listed(
    store: Store,
    kind: str,
    *,
    planes: Collection[Plane] = tuple(Plane),
    organization: str = "",
    where: Mapping[str, Any] | None = None,
    retired: bool = False,
    at: datetime | None = None,
    limit: int | None = None,
    offset: int = 0,
    after: int = 0,
) -> list[Entry]:
    """
    Records of one register in the order of their numbers; every argument narrows.

    Args:
        where: fields that have exactly these stored values.
        retired: retired ones too.
        at: as they stood at a past time, or None for now.
        after: only those whose number counts higher than this.
    """
    if at is not None:
        found = [
            one for one in _past(store, kind, at)
            if one.plane in planes and organization in ("", one.organization) and (retired or one.stands)
            and all(one.values.get(name) == value for name, value in (where or {}).items())
        ]  # fmt: skip
        return found[offset : None if limit is None else offset + limit]
    query = _narrowed(store, select(entries), kind, planes, organization, where, retired)
    if after:
        query = query.where(entries.c.seq > after)
    with store.read() as connection:
        rows = connection.execute(query.order_by(entries.c.seq).limit(limit).offset(offset))
        return [_entry(row) for row in rows]


def count(
    store: Store, kind: str, *, planes: Collection[Plane] = tuple(Plane), organization: str = "",
    where: Mapping[str, Any] | None = None, retired: bool = False,
) -> int:  # fmt: skip
    """How many `listed` would find now, without a limit."""
    query = _narrowed(
        store, select(func.count()).select_from(entries), kind, planes, organization, where, retired
    )
    with store.read() as connection:
        return int(connection.execute(query).scalar() or 0)


def _narrowed(
    store: Store, query: Select[Any], kind: str, planes: Collection[Plane], organization: str,
    where: Mapping[str, Any] | None, retired: bool,
) -> Select[Any]:  # fmt: skip
    query = query.where(entries.c.kind == kind)
    if set(planes) != set(Plane):
        query = query.where(entries.c.plane.in_(planes))
    if organization:
        query = query.where(entries.c.organization == organization)
    if not retired:
        query = query.where(entries.c.state == EntryState.STANDING.value)
    for name, value in (where or {}).items():
        said = msgspec.json.encode({name: value}).decode()[1:-1]
        whole: ColumnElement[str] = func.coalesce(_as_text(), "")
        query = query.where(or_(_holds(store, whole, said + ","), _holds(store, whole, said + "}")))
    return query


def _as_text() -> ColumnElement[str]:
    return entries.c["values"].cast(Text)


def _holds(store: Store, column: ColumnElement[str], text: str) -> ColumnElement[bool]:
    """Whether the column has *text* inside, letter by letter."""
    find = func.instr if store.is_sqlite else func.strpos
    found: ColumnElement[bool] = find(column, text) > 0
    return found


def counts(store: Store, planes: Collection[Plane] = tuple(Plane)) -> dict[str, dict[EntryState, int]]:
    """How many records of each register stand and are retired."""
    query = (
        select(entries.c.kind, entries.c.state, func.count())
        .where(entries.c.plane.in_(planes))
        .group_by(entries.c.kind, entries.c.state)
    )
    found: dict[str, dict[EntryState, int]] = {}
    with store.read() as connection:
        for kind, state, number in connection.execute(query):
            found.setdefault(kind, {})[EntryState(state)] = number
    return found


def one(store: Store, number: str, at: datetime | None = None) -> Entry:
    """
    The record with this number, as it stands or stood.

    Raises:
        Missing: there is none, or there was none yet.
    """
    with store.read() as connection:
        row = connection.execute(select(entries).where(entries.c.number == number.strip().upper())).first()
    if row is None:
        raise _missing(number)
    if at is None:
        return _entry(row)
    said = [one for one in history(store, row.number) if one.at <= at]
    if not said:
        raise _missing(number)
    return _then(row, said[-1])


def history(store: Store, number: str) -> list[Version]:
    """Every version of a record, oldest first."""
    query = select(versions).where(versions.c.number == number).order_by(versions.c.version)
    with store.read() as connection:
        rows = connection.execute(query)
        return [
            Version(row.version, row.at, row.actor, row.why, EntryState(row.state), row._mapping["values"])
            for row in rows
        ]


def known(store: Store, kind: str) -> dict[str, tuple[str, str, EntryState]]:
    """Plane, title and state of every record of a register, by number: what references may mean."""
    query = select(entries.c.number, entries.c.plane, entries.c.title, entries.c.state).where(
        entries.c.kind == kind
    )
    with store.read() as connection:
        return {
            row.number: (row.plane, row.title, EntryState(row.state)) for row in connection.execute(query)
        }


def searching(
    store: Store,
    text: str,
    organizations: Sequence[Collection[str]] = (),
    *,
    planes: Collection[Plane] = tuple(Plane),
    kinds: Collection[str] = (),
    organization: str = "",
    limit: int = 50,
) -> list[Entry]:
    """
    Standing records in which every word of *text* occurs, anywhere inside a word too; those called so first.

    Args:
        organizations: for each word, codes of organizations whose name has it: their records are found by it.
    """
    terms = searched(text).split()
    if not terms:
        return []
    saying = select(texts.c.number)  # the narrow table is read whole, and only what it names is looked up
    for place, term in enumerate(terms):
        found = [_holds(store, texts.c.text, term), texts.c.number == term.upper()]
        if place < len(organizations) and organizations[place]:
            found.append(texts.c.organization.in_(list(organizations[place])))
        saying = saying.where(or_(*found))
    query = select(entries).where(
        entries.c.number.in_(saying),
        entries.c.state == EntryState.STANDING.value,
        entries.c.plane.in_(planes),
    )
    if kinds:
        query = query.where(entries.c.kind.in_(kinds))
    if organization:
        query = query.where(entries.c.organization == organization)
    called = _holds(store, func.lower(entries.c.title), " ".join(terms))
    query = query.order_by(called.desc(), entries.c.kind, entries.c.seq).limit(limit)
    with store.read() as connection:
        return [_entry(row) for row in connection.execute(query)]


def _past(store: Store, kind: str, at: datetime) -> list[Entry]:
    last = (
        select(versions.c.number, func.max(versions.c.version).label("version"))
        .join(entries, entries.c.number == versions.c.number)
        .where(entries.c.kind == kind, versions.c.at <= at)
        .group_by(versions.c.number)
        .subquery()
    )
    query = (
        select(entries, versions.c.version.label("then"), versions.c.at.label("then_at"), versions.c.actor.label("then_by"),
               versions.c.why, versions.c.state.label("then_state"), versions.c["values"].label("then_values"))
        .join(last, last.c.number == entries.c.number)
        .join(versions, and_(versions.c.number == last.c.number, versions.c.version == last.c.version))
        .order_by(entries.c.seq)
    )  # fmt: skip
    with store.read() as connection:
        return [
            _then(
                row,
                Version(
                    row.then, row.then_at, row.then_by, row.why, EntryState(row.then_state), row.then_values
                ),
            )
            for row in connection.execute(query)
        ]


def _then(row: Row[Any], said: Version) -> Entry:
    return msgspec.structs.replace(
        _entry(row), state=said.state, version=said.version, values=said.values, changed_at=said.at, changed_by=said.actor,
        organization=said.values.get("organization", row.organization),
    )  # fmt: skip


def _entry(row: Row[Any]) -> Entry:
    return Entry(
        number=row.number, kind=row.kind, plane=Plane(row.plane), organization=row.organization, state=EntryState(row.state),
        version=row.version, title=row.title, values=row._mapping["values"], changed_at=row.at, changed_by=row.actor,
    )  # fmt: skip


def _missing(number: str) -> Missing:
    return Missing("there is no record {number}", "", "netops register search finds records", number=number)


# ---- deciding
class Put(msgspec.Struct, frozen=True):
    """What came of drafts: their numbers in order, and the versions that they have now."""

    numbers: tuple[str, ...]
    versions: tuple[int, ...]


def put(act: Act, kind: Kind, drafts: Sequence[Draft], *, verb: str, why: str = "", source: str = "") -> Put:
    """
    Add and change records of one register, all or none.

    Args:
        verb: what the journal calls it: add, edit, retire, restore or import.
        source: name and hash of the file that they came from.

    Raises:
        Changed: somebody else changed one of them since its draft was made.
        Taken: another standing record is the same one already.
    """
    connection = act.connection
    standing = _standing(connection, [one.number for one in drafts if one.number])
    for draft in drafts:
        _agreed(connection, kind, draft, standing)
    keys = [key_of(kind, draft.plane, draft.values) for draft in drafts]
    _free(connection, kind, drafts, keys)
    new = sum(not draft.number for draft in drafts)
    seq = ids.take(connection, f"register {kind.kind}", new) if new else 0
    numbers, now, rows, changes, said, again = [], [], [], [], [], []
    for draft, key in zip(drafts, keys, strict=True):
        own = {
            "plane": draft.plane, "organization": draft.values["organization"], "state": draft.state, "version": draft.base + 1,
            "title": title_of(kind, draft.values), "key": key, "values": draft.values, "at": act.at, "actor": act.actor,
        }  # fmt: skip
        text = text_of(kind, draft.values)
        if draft.number:
            number = draft.number
            changes.append({"which": number} | {f"new_{name}": value for name, value in own.items()})
            again.append({"which": number, "now": text, "whose": draft.values["organization"]})
        else:
            number = f"{kind.head.prefix}-{seq:04d}"
            rows.append({"number": number, "kind": kind.kind, "seq": seq} | own)
            said.append({"number": number, "organization": draft.values["organization"], "text": text})
            seq += 1
        numbers.append(number)
        now.append(draft.base + 1)
    for statement, values in ((CHANGE, changes), (ADD, rows), (SAY, said), (SAY_AGAIN, again)):
        if values:
            statement.many(connection, values)
    KEEP.many(connection, (
        {"number": number, "version": version, "at": act.at, "actor": act.actor, "why": why, "state": draft.state,
         "values": draft.values}
        for number, version, draft in zip(numbers, now, drafts, strict=True)
    ))  # fmt: skip
    _record(act, kind, drafts, numbers, standing, verb, why, source)
    return Put(tuple(numbers), tuple(now))


def _record(
    act: Act, kind: Kind, drafts: Sequence[Draft], numbers: Sequence[str], standing: Mapping[str, Entry], verb: str, why: str,
    source: str,
) -> None:  # fmt: skip
    if len(drafts) == 1 and not source:
        draft, number = drafts[0], numbers[0]
        before = standing.get(number)
        act.record(
            f"register {verb}", number, why=why,
            before={"version": before.version, "state": before.state, "values": _public(kind, before.values)} if before else None,
            after={"version": draft.base + 1, "state": draft.state, "plane": draft.plane,
                   "values": _public(kind, draft.values)},
        )  # fmt: skip
        return
    added = [number for draft, number in zip(drafts, numbers, strict=True) if not draft.number]
    changed = [draft.number for draft in drafts if draft.number]
    whole = digest(
        [[number, draft.base + 1, draft.values] for draft, number in zip(drafts, numbers, strict=True)]
    )
    act.record(f"register {verb}", kind.kind, why=why, after={
        "added": len(added), "first": added[:1], "last": added[-1:], "changed": len(changed), "numbers": changed[:NAMED],
        "sha256": whole, "source": source,
    })  # fmt: skip


def _public(kind: Kind, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as the journal keeps them, for ever: nothing of a person, whose term is shorter."""
    return {
        name: "***" if name in kind.field and kind.field[name].personal else value
        for name, value in values.items()
    }


def _standing(connection: Connection, numbers: Sequence[str]) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    for start in range(0, len(numbers), CHUNK):
        rows = connection.execute(select(entries).where(entries.c.number.in_(numbers[start : start + CHUNK])))
        found |= {row.number: _entry(row) for row in rows}
    return found


def _agreed(connection: Connection, kind: Kind, draft: Draft, standing: Mapping[str, Entry]) -> None:
    """
    Refuse a draft that was made from another version than the one that stands.

    Raises:
        Changed: with what the other one changed.
        Missing: the record is not there, or belongs to another register.
    """
    if not draft.number:
        return
    held = standing.get(draft.number)
    if held is None or held.kind != kind.kind:
        raise _missing(draft.number)
    if held.version != draft.base:
        query = select(versions.c["values"]).where(
            versions.c.number == draft.number, versions.c.version == draft.base
        )
        base = connection.execute(query).scalar()
        raise Changed(kind, held, draft, base if isinstance(base, dict) else {})


def _free(connection: Connection, kind: Kind, drafts: Sequence[Draft], keys: Sequence[str]) -> None:
    """
    Refuse what would make two standing records of one.

    Raises:
        Taken: with the number of the other.
    """
    leaving = {draft.number: key for draft, key in zip(drafts, keys, strict=True) if draft.number}
    wanted: dict[str, Draft] = {}
    for key, draft in zip(keys, drafts, strict=True):
        if draft.state is not EntryState.STANDING:
            continue
        if key in wanted:
            raise Taken(
                kind, title_of(kind, draft.values), wanted[key].number or title_of(kind, wanted[key].values)
            )
        wanted[key] = draft
    listed = list(wanted)
    for start in range(0, len(listed), CHUNK):
        query = select(entries.c.key, entries.c.number).where(
            entries.c.key.in_(listed[start : start + CHUNK]), entries.c.state == EntryState.STANDING.value
        )
        for key, number in connection.execute(query):
            if number != wanted[key].number and leaving.get(number, key) == key:
                raise Taken(kind, title_of(kind, wanted[key].values), number)


def by_key(store: Store, keys: Iterable[str]) -> dict[str, Entry]:
    """The standing record of each key, as far as there is one."""
    found: dict[str, Entry] = {}
    wanted = list(keys)
    with store.read() as connection:
        for start in range(0, len(wanted), CHUNK):
            query = select(entries).where(
                entries.c.key.in_(wanted[start : start + CHUNK]), entries.c.state == EntryState.STANDING.value
            )
            found |= {row.key: _entry(row) for row in connection.execute(query)}
    return found


def by_number(store: Store, numbers: Iterable[str]) -> dict[str, Entry]:
    """Each record of these numbers that there is."""
    with store.read() as connection:
        return _standing(connection, list(numbers))


def at_versions(store: Store, wanted: Iterable[tuple[str, int]]) -> dict[tuple[str, int], dict[str, Any]]:
    """What records said at older versions, by number and version."""
    listed_ = list(wanted)
    found: dict[tuple[str, int], dict[str, Any]] = {}
    with store.read() as connection:
        for start in range(0, len(listed_), CHUNK):
            some = listed_[start : start + CHUNK]
            query = select(versions).where(versions.c.number.in_([number for number, _ in some]))
            for row in connection.execute(query):
                if (row.number, row.version) in some:
                    found[row.number, row.version] = row._mapping["values"]
    return found
