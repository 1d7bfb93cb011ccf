"""Hits (storage): counters of judged flows by the minute, exporters and datagrams, and templates kept over a restart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Boolean, Column, Connection, Integer, String, Table, delete, func, select

from netops.core.store import Instant, Json, Store, metadata
from netops.egress.netflow import Template
from netops.egress.watch import Hit

KEY = ("minute", "plane", "organization", "exporter", "exit_kind", "verdict")

flow_hits = Table(
    "flow_hits",
    metadata,
    Column("minute", Instant, primary_key=True, autoincrement=False),
    Column("plane", String(8), primary_key=True),
    Column("organization", String(64), primary_key=True),
    Column("exporter", String(45), primary_key=True),
    Column("exit_kind", String(16), primary_key=True),
    Column("verdict", String(32), primary_key=True),
    Column("flows", BigInteger, nullable=False),
    Column("packets", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
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
MAX = (1 << 63) - 1


class ExporterRow(msgspec.Struct, frozen=True, kw_only=True):
    """One exporter as `egress exporters` shows it; counts since netops first heard it."""

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


COUNTED = ("datagrams", "records", "options", "malformed", "dropped")


def add(
    store: Store, hits: Mapping[Hit, list[int]], exporters: Iterable[ExporterRow], outcomes: Mapping[str, int]
) -> None:
    """Add what happened since the last call; the caller holds the lock "collector", so nobody else writes here."""
    with store.write() as connection:
        for hit, (flows, packets, size) in hits.items():
            _increase(
                connection,
                flow_hits,
                dict(zip(KEY, hit, strict=True)),
                {"flows": flows, "packets": min(packets, MAX), "bytes": min(size, MAX)},
                {},
            )
        for row in exporters:
            values = msgspec.structs.asdict(row)
            _increase(
                connection,
                flow_exporters,
                {"address": row.address},
                {name: values[name] for name in COUNTED},
                {name: values[name] for name in ("plane", "device", "version", "last_seen", "waiting")},
            )
        for outcome, count in outcomes.items():
            _increase(connection, flow_datagrams, {"outcome": outcome}, {"count": count}, {})


def _increase(
    connection: Connection, table: Table, key: dict[str, Any], more: dict[str, int], put: dict[str, Any]
) -> None:
    where = [table.c[name] == value for name, value in key.items()]
    changed = connection.execute(
        table.update()
        .where(*where)
        .values({**{name: table.c[name] + value for name, value in more.items()}, **put})
    )
    if not changed.rowcount:
        connection.execute(table.insert().values({**key, **more, **put}))


class Total(msgspec.Struct, frozen=True):
    """Sums ever counted for one label set of /metrics; *exit_kind* is "none" where no registered exit was used."""

    plane: str
    exit_kind: str
    verdict: str
    flows: int
    packets: int
    bytes: int


def totals(store: Store) -> list[Total]:
    """Flows, packets and bytes ever, by plane, exit_kind and verdict: for /metrics."""
    c = flow_hits.c
    query = (
        select(c.plane, c.exit_kind, c.verdict, func.sum(c.flows), func.sum(c.packets), func.sum(c.bytes))
        .group_by(c.plane, c.exit_kind, c.verdict)
        .order_by(c.plane, c.exit_kind, c.verdict)
    )
    with store.read() as connection:
        return [
            Total(plane, kind, verdict, int(flows), int(packets), int(size))
            for plane, kind, verdict, flows, packets, size in connection.execute(query)
        ]


def since(store: Store, start: datetime, organization: str = "") -> list[tuple[Hit, int, int, int]]:
    """The counters of every minute from *start* on, by time."""
    query = select(flow_hits).where(flow_hits.c.minute >= start).order_by(flow_hits.c.minute)
    if organization:
        query = query.where(flow_hits.c.organization == organization)
    with store.read() as connection:
        return [
            (Hit(*(getattr(row, name) for name in KEY)), row.flows, row.packets, row.bytes)
            for row in connection.execute(query)
        ]


def exporters(store: Store) -> list[ExporterRow]:
    """Every exporter ever heard, by plane and name."""
    query = select(flow_exporters).order_by(
        flow_exporters.c.plane, flow_exporters.c.device, flow_exporters.c.address
    )
    with store.read() as connection:
        return [ExporterRow(**row._mapping) for row in connection.execute(query)]


def datagrams(store: Store) -> dict[str, int]:
    """Datagrams ever, by outcome: decoded, malformed, unknown_exporter, kernel_dropped, queue_dropped."""
    with store.read() as connection:
        rows = connection.execute(select(flow_datagrams)).mappings().all()
    return {str(row["outcome"]): int(row["count"]) for row in rows}


def keep_templates(store: Store, templates: Iterable[Template]) -> None:
    """Put these templates in the place of all that were kept."""
    rows = [msgspec.to_builtins(one) for one in templates]
    with store.write() as connection:
        connection.execute(delete(flow_templates))
        if rows:
            connection.execute(flow_templates.insert(), rows)


def kept_templates(store: Store) -> list[Template]:
    """The templates that were kept."""
    with store.read() as connection:
        rows = [
            {str(name): value for name, value in row._mapping.items()}
            for row in connection.execute(select(flow_templates))
        ]
    return msgspec.convert(rows, list[Template])


def first_used(store: Store, exit_kind: str) -> dict[str, datetime]:
    """The first minute in which flows used an exit of this kind, by the exporter that saw them."""
    query = (
        select(flow_hits.c.exporter, func.min(flow_hits.c.minute, type_=Instant()).label("minute"))
        .where(flow_hits.c.exit_kind == exit_kind)
        .group_by(flow_hits.c.exporter)
    )
    with store.read() as connection:
        return {row.exporter: row.minute for row in connection.execute(query)}
