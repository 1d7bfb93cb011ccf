"""Parts of the flow archive (storage): which files hold which flows, and what each was judged by."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Column, Connection, Integer, String, Table, delete, func, insert, select

from netops.core import ids
from netops.core.errors import Refused
from netops.core.store import Instant, Json, Store, metadata
from netops.egress.segment import Counts

GRACE = timedelta(minutes=30)
"""A file whose place another took stays so long, for questions that were asked before."""

flow_parts = Table(
    "flow_parts",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("kind", String(8), nullable=False),
    Column("path", String(160), nullable=False, unique=True),
    Column("plane", String(8), nullable=False),
    Column("day", String(10), nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("facts", Json, nullable=False),
    Column("sealed", Instant, nullable=False),
    Column("gone", Instant, index=True),
)
flow_judgements = Table(
    "flow_judgements",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("register", Integer, nullable=False),
    Column("fingerprint", String(64), nullable=False, index=True),
    Column("at", Instant, nullable=False),
)
flow_archives = Table(
    "flow_archives",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("kept_since", BigInteger, nullable=False, server_default="0"),
)
flow_imports = Table(
    "flow_imports",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("name", String(255), nullable=False),
    Column("format", String(40), nullable=False),
    Column("exporter", String(45), nullable=False),
    Column("at", Instant, nullable=False),
    Column("actor", String(128), nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("bad", BigInteger, nullable=False),
)


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """
    One file of the archive.

    Args:
        kind: "hot" (Arrow, as it came), "kept" (Parquet, of one day and plane) or "rollup" (sums).
        path: inside the archive's folder.
        day: of the city, "2026-11-20"; "" of a hot part, which may have several.
        first, last: least and greatest time of receipt, ms UTC.
        facts: verdicts and scenes as `segment.Counts` has them; of a roll-up its grain, seconds.
    """

    kind: str
    path: str
    first: int
    last: int
    rows: int
    size: int
    sha256: str
    facts: dict[str, Any]
    sealed: datetime
    plane: str = ""
    day: str = ""
    id: int = 0
    gone: datetime | None = None

    @property
    def verdicts(self) -> dict[int, int]:
        """Rows by verdict."""
        return {int(code): count for code, count in self.facts.get("verdicts", {}).items()}

    @property
    def scenes(self) -> dict[int, int]:
        """Rows by judgement."""
        return {int(number): count for number, count in self.facts.get("scenes", {}).items()}


class Judgement(msgspec.Struct, frozen=True):
    """
    What flows were judged by (研判依据).

    Args:
        register: version of the applied register.
        fingerprint: of all that decides a verdict: owners, exits, interfaces.
    """

    number: int
    register: int
    fingerprint: str
    at: datetime


def facts_of(counts: Counts) -> dict[str, Any]:
    """What a part's row says of its flows."""
    return {
        "verdicts": {str(code): count for code, count in sorted(counts.verdicts.items())},
        "scenes": {str(number): count for number, count in sorted(counts.scenes.items())},
    }


# ---- parts
def add(store: Store, parts: Iterable[Part]) -> list[Part]:
    """These files are part of the archive from now on."""
    with store.write() as connection:
        return _added(connection, parts)


def hashed(store: Store, hashes: Mapping[int, str]) -> None:
    """These parts have these hashes (SHA-256, hex), by their id."""
    if hashes:
        with store.write() as connection:
            for number, text in hashes.items():
                connection.execute(flow_parts.update().where(flow_parts.c.id == number).values(sha256=text))


def replace(store: Store, old: Collection[int], new: Iterable[Part], at: datetime) -> list[Part]:
    """
    New parts take the place of old ones, all at once.

    Raises:
        Refused: one of the old ones is gone already.
    """
    with store.write() as connection:
        found = connection.execute(
            flow_parts.update().where(flow_parts.c.id.in_(old), flow_parts.c.gone.is_(None)).values(gone=at)
        ).rowcount
        if found != len(old):
            raise Refused(
                "the flow archive was not compacted",
                "{count} of {whole} parts were replaced by somebody else",
                "nothing is lost: the next run does it again",
                count=len(old) - found,
                whole=len(old),
            )
        return _added(connection, new)


def _added(connection: Connection, parts: Iterable[Part]) -> list[Part]:
    listed = list(parts)
    if not listed:
        return []
    first = ids.take(connection, "flow part", len(listed))
    numbered = [msgspec.structs.replace(one, id=first + place) for place, one in enumerate(listed)]
    connection.execute(insert(flow_parts), [msgspec.structs.asdict(one) for one in numbered])
    return numbered


def live(
    store: Store, kinds: Collection[str], since: int | None = None, until: int | None = None
) -> list[Part]:
    """
    The parts that hold flows received in this time, one snapshot: every flow is in exactly one.

    Args:
        since, until: ms UTC, the second exclusive; None is without end.
    """
    c = flow_parts.c
    query = select(flow_parts).where(c.gone.is_(None), c.kind.in_(list(kinds))).order_by(c.first, c.id)
    if since is not None:
        query = query.where(c.last >= since)
    if until is not None:
        query = query.where(c.first < until)
    with store.read() as connection:
        return [_part(row) for row in connection.execute(query)]


class Snapshot(msgspec.Struct, frozen=True):
    """
    What the archive holds at one moment.

    Args:
        live: parts that hold flows of a time; every flow is in exactly one.
        listed: paths of all hot parts of late, live or not: a segment that is none of them is not listed yet.
        kept_since: flows that were received before have been let go, ms UTC; 0 when none have.
    """

    live: tuple[Part, ...]
    listed: frozenset[str]
    kept_since: int


def snapshot(
    store: Store, since: int | None, until: int | None, kinds: Collection[str] = ("hot", "kept")
) -> Snapshot:
    """The archive's flows of a time, in one look: nothing twice and nothing left out while files are put together."""
    c = flow_parts.c
    query = select(flow_parts).where(c.kind.in_(list(kinds))).where(c.gone.is_(None) | (c.kind == "hot"))
    kept_since = select(func.max(flow_archives.c.kept_since))
    with store.read() as connection:
        rows = [_part(row) for row in connection.execute(query.order_by(c.first, c.id))]
        begin = int(connection.execute(kept_since).scalar() or 0)
    live = tuple(
        one
        for one in rows
        if one.gone is None and (since is None or one.last >= since) and (until is None or one.first < until)
    )
    return Snapshot(live, frozenset(one.path for one in rows if one.kind == "hot"), begin)


def every_path(store: Store) -> dict[str, bool]:
    """Whether each file that the archive knows is live."""
    with store.read() as connection:
        rows = connection.execute(select(flow_parts.c.path, flow_parts.c.gone))
        return {row.path: row.gone is None for row in rows}


def gone(store: Store, before: datetime) -> list[Part]:
    """Parts whose place was taken before this time."""
    query = select(flow_parts).where(flow_parts.c.gone < before)
    with store.read() as connection:
        return [_part(row) for row in connection.execute(query)]


def drop(connection: Connection, at: datetime, numbers: Collection[int]) -> None:
    """Parts leave the archive; their files stay until `forget`."""
    connection.execute(flow_parts.update().where(flow_parts.c.id.in_(numbers)).values(gone=at))


def let_go_before(connection: Connection, moment: int) -> None:
    """Not all flows that were received before this time (ms UTC) are kept any more."""
    c = flow_archives.c.kept_since
    connection.execute(flow_archives.update().where(c < moment).values(kept_since=moment))


def forget(store: Store, numbers: Collection[int]) -> None:
    """The files of these parts are removed."""
    with store.write() as connection:
        connection.execute(delete(flow_parts).where(flow_parts.c.id.in_(numbers)))


def sums(store: Store) -> list[dict[str, Any]]:
    """Files, flows, octets, first and last of every kind and plane."""
    c = flow_parts.c
    query = (
        select(
            c.kind, c.plane, func.count().label("files"), func.sum(c.rows).label("rows"), func.sum(c.size).label("size"),
            func.min(c.first).label("first"), func.max(c.last).label("last"),
        )
        .where(c.gone.is_(None))
        .group_by(c.kind, c.plane)
        .order_by(c.kind, c.plane)
    )  # fmt: skip
    with store.read() as connection:
        return [
            {
                str(name): int(value) if name in ("files", "rows", "size") else value
                for name, value in row.items()
            }
            for row in connection.execute(query).mappings()
        ]


def _part(row: Any) -> Part:
    return Part(**row._mapping)


# ---- what flows were judged by
def judgement(store: Store, register: int, fingerprint: str, at: datetime) -> Judgement:
    """The judgement with this fingerprint; written down when it is new."""
    query = select(flow_judgements).where(
        flow_judgements.c.fingerprint == fingerprint, flow_judgements.c.register == register
    )
    with store.read() as connection:
        row = connection.execute(query).first()
    if row is None:
        with store.write() as connection:
            row = connection.execute(query).first()
            if row is None:
                made = Judgement(ids.take(connection, "flow judgement"), register, fingerprint, at)
                connection.execute(insert(flow_judgements).values(msgspec.structs.asdict(made)))
                return made
    return Judgement(**row._mapping)


def judgements(store: Store) -> dict[int, Judgement]:
    """Every judgement by its number."""
    with store.read() as connection:
        return {row.number: Judgement(**row._mapping) for row in connection.execute(select(flow_judgements))}


# ---- the archive as a whole
def identity(store: Store, made: str) -> str:
    """The archive's own mark; *made* when it has none yet."""
    with store.write() as connection:
        known = connection.execute(select(flow_archives.c.id)).scalar()
        if known is None:
            connection.execute(insert(flow_archives).values(id=made))
    return str(known or made)


class Imported(msgspec.Struct, frozen=True):
    """A file of flows that was taken in."""

    sha256: str
    name: str
    format: str
    exporter: str
    at: datetime
    actor: str
    rows: int
    bad: int


def imported(store: Store, sha256: str) -> Imported | None:
    """The import of the file with this hash, if there was one."""
    with store.read() as connection:
        row = connection.execute(select(flow_imports).where(flow_imports.c.sha256 == sha256)).first()
    return Imported(**row._mapping) if row else None


def note_import(connection: Connection, one: Imported, new: Iterable[Part]) -> None:
    """Its flows are in the archive, and so it is written down: inside the caller's transaction."""
    _added(connection, new)
    connection.execute(delete(flow_imports).where(flow_imports.c.sha256 == one.sha256))
    connection.execute(insert(flow_imports).values(msgspec.structs.asdict(one)))
