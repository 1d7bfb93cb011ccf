"""Hits (storage): counters of judged flows by the minute, exporters and datagrams, and templates kept over a restart."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Integer,
    String,
    Table,
    bindparam,
    delete,
    func,
    select,
    type_coerce,
)
from sqlalchemy.dialects import postgresql, sqlite

from netops.core.columns import MICROSECOND, microseconds
from netops.core.store import Instant, Json, Store, metadata
from netops.egress.exporter import Learned, Setting, Template
from netops.egress.watch import LONGEST, Hit

KEY = ("minute", "plane", "organization", "exporter", "exit_kind", "verdict", "exit")
SUMS = ("flows", "packets", "bytes", "estimated")

flow_hits = Table(
    "flow_hits",
    metadata,
    Column("minute", Instant, primary_key=True, autoincrement=False),
    Column("plane", String(8), primary_key=True),
    Column("organization", String(64), primary_key=True),
    Column("exporter", String(45), primary_key=True),
    Column("exit_kind", String(16), primary_key=True),
    Column("verdict", String(32), primary_key=True),
    Column("exit", String(LONGEST), primary_key=True, server_default=""),
    Column("flows", BigInteger, nullable=False),
    Column("packets", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("estimated", BigInteger, nullable=False, server_default="0"),
)
flow_exporters = Table(
    "flow_exporters",
    metadata,
    Column("address", String(45), primary_key=True),
    Column("plane", String(8), nullable=False),
    Column("device", String(255), nullable=False),
    Column("version", Integer, nullable=False),
    Column("last_seen", Instant, nullable=False),
    *(
        Column(name, BigInteger, nullable=False)
        for name in ("datagrams", "records", "options", "waiting", "malformed", "dropped")
    ),
    *(
        Column(name, BigInteger, nullable=False, server_default="0")
        for name in ("lost_datagrams", "lost_records", "reordered", "resets", "late", "future", "clock_offset_ms")
    ),
)
flow_datagrams = Table(
    "flow_datagrams",
    metadata,
    Column("outcome", String(32), primary_key=True),
    Column("count", BigInteger, nullable=False),
)
flow_templates = Table(
    "flow_templates",
    metadata,
    Column("exporter", String(45), primary_key=True),
    Column("domain", BigInteger, primary_key=True, autoincrement=False),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("is_options", Boolean, nullable=False),
    Column("fields", Json, nullable=False),
)
flow_settings = Table(
    "flow_settings",
    metadata,
    Column("exporter", String(45), primary_key=True),
    Column("domain", BigInteger, primary_key=True, autoincrement=False),
    Column("what", String(16), primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("value", BigInteger, nullable=False),
)
MAX = (1 << 63) - 1


class ExporterRow(msgspec.Struct, frozen=True, kw_only=True):
    """
    One exporter as `egress exporters` shows it; counts since netops first heard it (`egress.exporter.Counters`).

    Args:
        version: of NetFlow or IPFIX; of sFlow as a negative number.
    """

    address: str
    plane: str
    device: str
    version: int
    last_seen: datetime
    datagrams: int
    records: int
    options: int
    waiting: int
    malformed: int
    dropped: int
    lost_datagrams: int = 0
    lost_records: int = 0
    reordered: int = 0
    resets: int = 0
    late: int = 0
    future: int = 0
    clock_offset_ms: int = 0


COUNTED = (
    "datagrams", "records", "options", "malformed", "dropped",
    "lost_datagrams", "lost_records", "reordered", "resets", "late", "future",
)  # fmt: skip
LATEST = ("plane", "device", "version", "last_seen", "waiting", "clock_offset_ms")


def add(
    store: Store, hits: Mapping[Hit, list[int]], exporters: Iterable[ExporterRow], outcomes: Mapping[str, int]
) -> None:
    """Add what happened since the last call; the caller holds the lock "collector", so nobody else writes here."""
    with store.write() as connection:
        counted = [
            dict(zip(KEY, hit, strict=True))
            | {name: min(count, MAX) for name, count in zip(SUMS, counts, strict=True)}
            for hit, counts in hits.items()
        ]
        _increase(connection, flow_hits, KEY, SUMS, counted)
        _increase(connection, flow_exporters, ("address",), COUNTED, [msgspec.structs.asdict(row) for row in exporters])
        of_outcomes = [{"outcome": outcome, "count": count} for outcome, count in outcomes.items()]
        _increase(connection, flow_datagrams, ("outcome",), ("count",), of_outcomes)


def _increase(
    connection: Connection, table: Table, key: Sequence[str], sums: Sequence[str], rows: list[dict[str, Any]]
) -> None:
    """Add *sums* to the rows with the same *key*, and put the other columns in the place of theirs."""
    if not rows:
        return
    made = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(table)
    put = {column.name: made.excluded[column.name] for column in table.c if column.name not in key}
    more = {name: table.c[name] + made.excluded[name] for name in sums}
    connection.execute(made.on_conflict_do_update(index_elements=list(key), set_=put | more), rows)


class Total(msgspec.Struct, frozen=True):
    """
    Sums ever counted for one label set of /metrics; *exit_kind* is "none" where no registered exit was used.

    *packets* and *bytes* of *estimated* of the flows are estimates: sampled, and multiplied.
    """

    plane: str
    exit_kind: str
    verdict: str
    flows: int
    packets: int
    bytes: int
    estimated: int = 0


def totals(store: Store) -> list[Total]:
    """Flows, packets and bytes ever, by plane, exit_kind and verdict: for /metrics."""
    c = flow_hits.c
    query = (
        select(c.plane, c.exit_kind, c.verdict, *(func.sum(c[name]) for name in SUMS))
        .group_by(c.plane, c.exit_kind, c.verdict)
        .order_by(c.plane, c.exit_kind, c.verdict)
    )
    with store.read() as connection:
        return [
            Total(plane, kind, verdict, *map(int, sums)) for plane, kind, verdict, *sums in connection.execute(query)
        ]


class Sum(msgspec.Struct, frozen=True):
    """
    What counters come to together.

    Args:
        keys: values of the columns that were asked for, in their order.
        step: which step of time it is in, from 0.
    """

    keys: tuple[Any, ...]
    step: int
    flows: int
    packets: int
    bytes: int
    estimated: int


def sums(
    store: Store,
    by: Sequence[str],
    since: datetime,
    until: datetime,
    *,
    step: timedelta | None = None,
    only: Mapping[str, Collection[str]] = MappingProxyType({}),
) -> list[Sum]:
    """
    Counters from *since* until before *until*, added up by columns of KEY, and by steps of time if *step* is given, in order.

    Args:
        only: values that columns may have.
    """
    c = flow_hits.c
    start = microseconds(since)
    length = (until - since if step is None else step) // MICROSECOND
    place = ((type_coerce(c.minute, BigInteger) - start) // length).label("step")
    keys = [c[name] for name in by]
    query = (
        select(*keys, place, *(func.sum(c[name]) for name in SUMS))
        .where(c.minute >= since, c.minute < until, *(c[name].in_(list(values)) for name, values in only.items()))
        .group_by(*keys, place)
        .order_by(place, *keys)
    )
    with store.read() as connection:
        rows = connection.execute(query).all()
    return [Sum(tuple(row[: len(by)]), *map(int, row[len(by) :])) for row in rows]


def exporters(store: Store) -> list[ExporterRow]:
    """Every exporter ever heard, by plane and name."""
    query = select(flow_exporters).order_by(
        flow_exporters.c.plane, flow_exporters.c.device, flow_exporters.c.address
    )
    with store.read() as connection:
        return [ExporterRow(**row._mapping) for row in connection.execute(query)]


def datagrams(store: Store) -> dict[str, int]:
    """Datagrams ever, by outcome: decoded, malformed, unknown_exporter, kernel_dropped."""
    with store.read() as connection:
        rows = connection.execute(select(flow_datagrams)).mappings().all()
    return {str(row["outcome"]): int(row["count"]) for row in rows}


def keep_learned(
    store: Store, learned: Learned, templates: Iterable[Template], settings: Iterable[Setting]
) -> None:
    """Put these templates in the place of those that changed, and these settings in the place of all of their exporters."""
    c = flow_templates.c
    gone = [
        {"at_exporter": exporter, "at_version": version, "at_domain": domain, "at_number": number}
        for exporter, keys in learned.templates.items()
        for version, domain, number in keys
    ]
    is_gone = (
        (c.exporter == bindparam("at_exporter"))
        & (c.version == bindparam("at_version"))
        & (c.domain == bindparam("at_domain"))
        & (c.number == bindparam("at_number"))
    )
    with store.write() as connection:
        if gone:
            connection.execute(delete(flow_templates).where(is_gone), gone)
        for table, exporters in ((flow_templates, learned.whole), (flow_settings, learned.settings)):
            if exporters:
                connection.execute(delete(table).where(table.c.exporter.in_(exporters)))
        for table, kept in ((flow_templates, templates), (flow_settings, settings)):
            if rows := [msgspec.to_builtins(one) for one in kept]:
                connection.execute(table.insert(), rows)


def kept_templates(store: Store) -> list[Template]:
    """The templates that were kept."""
    with store.read() as connection:
        rows = [
            {str(name): value for name, value in row._mapping.items()}
            for row in connection.execute(select(flow_templates))
        ]
    return msgspec.convert(rows, list[Template])


def kept_settings(store: Store) -> list[Setting]:
    """What options data told of exporters, as it was kept."""
    with store.read() as connection:
        return [Setting(**row._mapping) for row in connection.execute(select(flow_settings))]


def first_used(store: Store, exit_kind: str) -> dict[tuple[str, str], datetime]:
    """
    The first minute in which flows used an exit of this kind, by the exporter that saw them and by the exit.

    What was counted before exits were told apart has "" for the exit.
    """
    c = flow_hits.c
    query = (
        select(c.exporter, c.exit, func.min(c.minute, type_=Instant()).label("minute"))
        .where(c.exit_kind == exit_kind)
        .group_by(c.exporter, c.exit)
    )
    with store.read() as connection:
        return {(row.exporter, row.exit): row.minute for row in connection.execute(query)}


# ---- growth
MINUTES, HOURS, DAYS = timedelta(days=7), timedelta(days=92), timedelta(days=800)
"""Counters are kept by the minute so long, then by the hour, then by the day, and after that by the month."""
MAX_BUCKETS = 200
"""Rolled up in one call."""


class Rollup:
    """
    Adds up what is old, so that the store does not grow with every minute for ever.

    Every sum stays, and of every key the first minute that it was seen in.
    """

    def __init__(self) -> None:
        self._done: dict[str, datetime] = {}

    def run(self, store: Store, at: datetime) -> int:
        """Go on where the last call ended; rows saved. The caller holds the lock "collector"."""
        saved, left = 0, MAX_BUCKETS
        edges = (("month", at - DAYS), ("day", at - HOURS), ("hour", at - MINUTES))
        for grain, until in edges:
            while left > 0:
                with store.read() as connection:
                    query = select(func.min(flow_hits.c.minute, type_=Instant()))
                    if grain in self._done:
                        query = query.where(flow_hits.c.minute >= self._done[grain])
                    first = connection.execute(query).scalar()
                if first is None:
                    break
                start, end = _bucket(first, grain)
                if end > until:
                    break
                saved += _together(store, start, end)
                self._done[grain] = end
                left -= 1
        return saved


def _bucket(moment: datetime, grain: str) -> tuple[datetime, datetime]:
    """The hour, day or month (UTC) that *moment* is in."""
    start = moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    if grain == "hour":
        return start, start + timedelta(hours=1)
    start = start.replace(hour=0)
    if grain == "day":
        return start, start + timedelta(days=1)
    start = start.replace(day=1)
    return start, (start + timedelta(days=32)).replace(day=1)


def _together(store: Store, start: datetime, end: datetime) -> int:
    """One row for every key in this time; how many fewer there are now."""
    c = flow_hits.c
    inside = (c.minute >= start, c.minute < end)
    keys = [c[name] for name in KEY[1:]]
    query = (
        select(func.min(c.minute, type_=Instant()).label("minute"), *keys, *(func.sum(c[name]).label(name) for name in SUMS))
        .where(*inside)
        .group_by(*keys)
    )
    with store.write() as connection:
        count = connection.execute(select(func.count()).select_from(flow_hits).where(*inside)).scalar() or 0
        rows = [dict(row) for row in connection.execute(query).mappings()]
        if count == len(rows):
            return 0
        connection.execute(delete(flow_hits).where(*inside))
        connection.execute(flow_hits.insert(), [row | {name: min(int(row[name]), MAX) for name in SUMS} for row in rows])
    return count - len(rows)
