"""Coverage (覆盖率, storage): what share of each exporter's records was seen: silence is never read as order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import BigInteger, Column, String, Table, insert, select

from netops.core.store import Instant, Store, metadata

flow_coverage = Table(
    "flow_coverage",
    metadata,
    Column("hour", Instant, primary_key=True, autoincrement=False),
    Column("exporter", String(45), primary_key=True),
    Column("plane", String(8), nullable=False),
    Column("device", String(255), nullable=False),
    *(
        Column(name, BigInteger, nullable=False)
        for name in ("datagrams", "records", "lost_datagrams", "lost_records", "given_up", "unstored")
    ),
)
flow_sessions = Table(
    "flow_sessions",
    metadata,
    Column("began", Instant, primary_key=True, autoincrement=False),
    Column("ended", Instant, nullable=False),
    Column("tail_bytes", BigInteger, nullable=False),
)
HOUR = timedelta(hours=1)
SUMS = ("datagrams", "records", "lost_datagrams", "lost_records", "given_up", "unstored")
PULSE = timedelta(seconds=60)
"""A collector that wrote no sign of life for so long was not listening."""


class Seen(msgspec.Struct, frozen=True):
    """
    What came of one exporter in one hour; of the collector itself, with *exporter* "", what it lost of all.

    Args:
        given_up: data sets whose template never came.
        unstored: flows that were judged and could not be kept (a full disk).
    """

    hour: datetime
    exporter: str
    plane: str = ""
    device: str = ""
    datagrams: int = 0
    records: int = 0
    lost_datagrams: int = 0
    lost_records: int = 0
    given_up: int = 0
    unstored: int = 0


class Session(msgspec.Struct, frozen=True):
    """
    A time in which the collector listened.

    Args:
        tail_bytes: octets of its last segment that a crash left half written, once the next one has looked.
    """

    began: datetime
    ended: datetime
    tail_bytes: int = 0


class Share(msgspec.Struct, frozen=True):
    """
    What share of its records was seen of one exporter, a ratio 0-1, in a whole window or in an hour.

    Args:
        silent: hours in which nothing at all came of it while somebody listened.
    """

    exporter: str
    plane: str
    device: str
    share: float
    silent: int = 0


class HourShare(msgspec.Struct, frozen=True):
    """The worst and the mean share of an hour, and what part of it somebody listened."""

    hour: datetime
    listened: float
    worst: float
    mean: float


class Coverage(msgspec.Struct, frozen=True):
    """
    What was seen of a window.

    Args:
        listened: share of the window in which somebody listened.
        exporters: every exporter, worst first.
        unstored: flows that were seen and not kept.
    """

    since: datetime
    until: datetime
    listened: float
    share: float
    exporters: tuple[Share, ...]
    hours: tuple[HourShare, ...]
    unstored: int = 0


# ---- writing
def add(store: Store, seen: Iterable[Seen], session: Session) -> None:
    """Add to the hours, and say that the collector of *session* still lives. The caller holds the lock "collector"."""
    c = flow_coverage.c
    with store.write() as connection:
        for one in seen:
            values = msgspec.structs.asdict(one)
            changed = connection.execute(
                flow_coverage.update()
                .where(c.hour == one.hour, c.exporter == one.exporter)
                .values(
                    {name: c[name] + values[name] for name in SUMS}
                    | {"plane": one.plane, "device": one.device}
                )
            )
            if not changed.rowcount:
                connection.execute(insert(flow_coverage).values(values))
        told = connection.execute(
            flow_sessions.update().where(flow_sessions.c.began == session.began).values(ended=session.ended)
        )
        if not told.rowcount:
            connection.execute(insert(flow_sessions).values(msgspec.structs.asdict(session)))


def note_tail(store: Store, octets: int) -> None:
    """The last session left so much half written."""
    newest = select(flow_sessions.c.began).order_by(flow_sessions.c.began.desc()).limit(1).scalar_subquery()
    with store.write() as connection:
        connection.execute(
            flow_sessions.update()
            .where(flow_sessions.c.began == newest)
            .values(tail_bytes=flow_sessions.c.tail_bytes + octets)
        )


# ---- reading
def seen(store: Store, since: datetime, until: datetime) -> list[Seen]:
    """Every hour that overlaps the window."""
    c = flow_coverage.c
    query = select(flow_coverage).where(c.hour > since - HOUR, c.hour < until).order_by(c.hour, c.exporter)
    with store.read() as connection:
        return [Seen(**row._mapping) for row in connection.execute(query)]


def sessions(store: Store, since: datetime, until: datetime) -> list[Session]:
    """Every session that overlaps the window."""
    c = flow_sessions.c
    query = select(flow_sessions).where(c.ended >= since, c.began < until).order_by(c.began)
    with store.read() as connection:
        return [Session(**row._mapping) for row in connection.execute(query)]


def of_window(
    rows: Iterable[Seen],
    listening: Iterable[Session],
    since: datetime,
    until: datetime,
    exporters: Iterable[Seen] = (),
) -> Coverage:
    """
    How much of what happened in a window was seen.

    A share is records seen of records sent, by gaps in sequences and by what the collector lost, times the part of the
    hour in which it listened. An hour in which a registered exporter sent nothing at all is not seen of it.

    Args:
        exporters: those that are registered now; hours without any row of theirs count as not seen.
    """
    by_hour: dict[datetime, dict[str, Seen]] = defaultdict(dict)
    named: dict[str, Seen] = {one.exporter: one for one in exporters}
    for one in rows:
        by_hour[one.hour][one.exporter] = one
        if one.exporter:
            named.setdefault(one.exporter, one)
    spans = [(one.began, one.ended) for one in listening]
    totals: dict[str, float] = dict.fromkeys(named, 0.0)
    silent: dict[str, int] = dict.fromkeys(named, 0)
    hours, whole, heard = [], 0.0, 0.0
    hour = since.replace(minute=0, second=0, microsecond=0)
    while hour < until:
        start, end = max(hour, since), min(hour + HOUR, until)
        weight = max((end - start).total_seconds(), 0.001)
        listened = _overlap(spans, start, end) / weight
        there = by_hour.get(hour, {})
        shares = {}
        for name in named:
            here = there.get(name)
            shares[name] = listened * _share(here, there.get(""))
            totals[name] += shares[name] * weight
            silent[name] += bool(listened) and (here is None or not here.datagrams)
        whole, heard = whole + weight, heard + listened * weight
        worst = min(shares.values(), default=listened)
        mean = sum(shares.values()) / len(shares) if shares else listened
        hours.append(HourShare(hour, round(listened, 6), round(worst, 6), round(mean, 6)))
        hour += HOUR
    found = sorted(
        (
            Share(name, one.plane, one.device, round(totals[name] / whole, 6), silent[name])
            for name, one in named.items()
        ),
        key=lambda one: (one.share, one.exporter),
    )
    listened = heard / whole if whole else 0.0
    share = sum(one.share for one in found) / len(found) if found else listened
    unstored = sum(one.unstored for hour_rows in by_hour.values() for one in hour_rows.values())
    return Coverage(since, until, round(listened, 6), round(share, 6), tuple(found), tuple(hours), unstored)


def _share(one: Seen | None, collector: Seen | None) -> float:
    """Of one hour, as if somebody had listened throughout."""
    if one is None or not one.datagrams:
        return 0.0
    a_datagram = one.records / one.datagrams or 1.0
    lost = max(0.0, one.lost_records + (one.lost_datagrams + one.given_up) * a_datagram)
    got = one.records or one.datagrams
    share = got / (got + lost)
    if collector and collector.datagrams:
        share = min(share, collector.datagrams / (collector.datagrams + collector.lost_datagrams))
    if collector and collector.unstored and collector.records:
        share *= max(0.0, 1 - collector.unstored / max(collector.records, collector.unstored))
    return share


def _overlap(spans: Iterable[tuple[datetime, datetime]], start: datetime, end: datetime) -> float:
    """Seconds of the window that the spans cover; they do not overlap one another."""
    return sum(max(0.0, (min(stop, end) - max(begin, start)).total_seconds()) for begin, stop in spans)
