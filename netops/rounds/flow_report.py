"""What one organization's traffic did in a month (出口月报): by exit and verdict, with peers, findings and coverage."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from netops.core import docket
from netops.core.clock import CITY_ZONE
from netops.core.errors import Missing, NetopsError
from netops.core.finding import STANDING, Finding
from netops.core.observation import Unreachable
from netops.desk import Desk
from netops.egress import parts, rollup
from netops.egress.chunks import Chunk, of_part, of_segment, on_shelf
from netops.egress.coverage import Coverage
from netops.egress.judge import Verdict
from netops.egress.keeper import HOT
from netops.egress.match import View, received_in, rows_of
from netops.egress.rules import RULES
from netops.rounds.archive import folder_of
from netops.rounds.query import covered, tried, unseen

PEERS = 20
BAD = frozenset(one.label for one in Verdict if one >= Verdict.LAPSED_EXIT and one is not Verdict.PENDING)
"""Verdicts that a rule objects to."""


class Line(msgspec.Struct, frozen=True):
    """One row of a report: sums of the flows that share the keys."""

    keys: dict[str, Any]
    flows: int
    packets: int
    bytes: int
    estimated: int


class FlowReport(msgspec.Struct, frozen=True, kw_only=True):
    """
    The report.

    Args:
        exits: by direction, exit and verdict, the most bytes first; *bad* those that a rule objects to.
        peers: the other ends that most bytes were exchanged with.
        days: by the city's day.
        findings: of these rules about this organization, that stood in this time.
    """

    organization: str
    since: datetime
    until: datetime
    exits: tuple[Line, ...]
    peers: tuple[Line, ...]
    days: tuple[Line, ...]
    findings: tuple[Finding, ...]
    coverage: Coverage
    unseen: tuple[Unreachable, ...]

    @property
    def bad(self) -> int:
        """Flows that a rule objects to."""
        return sum(line.flows for line in self.exits if line.keys["verdict"] in BAD)

    @property
    def exit_code(self) -> int:
        """3 when part was not seen, 1 when something is not in order, else 0."""
        standing = any(one.state in STANDING for one in self.findings)
        return 3 if self.unseen else int(bool(self.bad) or standing)


def month_of(text: str) -> tuple[datetime, datetime]:
    """
    The first moment of a month of the city, "2026-11", and of the next.

    Raises:
        NetopsError: it is none.
    """
    match = re.fullmatch(r"(\d{4})-(\d{2})", text)
    try:
        if not match:
            raise ValueError(text)
        start = datetime(int(match[1]), int(match[2]), 1, tzinfo=CITY_ZONE)
        end = datetime(start.year + start.month // 12, start.month % 12 + 1, 1, tzinfo=CITY_ZONE)
    except ValueError:
        raise NetopsError("{text} is no month", "", "write it as 2026-11", text=text) from None
    return start, end


def run(desk: Desk, organization: str, month: str) -> FlowReport:
    """
    The report of one organization's month; of the present month, up to now.

    Raises:
        Missing: the register has no such organization.
        NetopsError: the month is none, or has not begun.
    """
    if organization not in desk.register.organization:
        raise Missing("there is no organization {code}", "", "netops organization list", code=organization)
    since, until = month_of(month)
    until = min(until, desk.clock())
    if since >= until:
        raise NetopsError("there is no report of {month}", "it has not begun", "", month=month)
    table = sums(desk, since, until)
    import pyarrow.compute as pc

    mine = table.filter(pc.equal(table.column("organization"), organization))
    seen = covered(desk, since, until)
    findings = [
        one
        for one in docket.listed(desk.store, organization=organization, since=since)
        if one.code in RULES and one.first_seen < until
    ]
    return FlowReport(
        organization=organization,
        since=since,
        until=until,
        exits=tuple(_lines(mine, ("plane", "direction", "exit", "verdict"))),
        peers=tuple(
            _lines(
                mine.filter(pc.not_equal(mine.column("verdict"), Verdict.INTERNAL.label)),
                ("peer_kind", "peer", "direction"),
                PEERS,
            )
        ),
        days=tuple(sorted(_lines(_by_day(mine), ("day",)), key=lambda line: str(line.keys["day"]))),
        findings=tuple(findings),
        coverage=seen,
        unseen=tuple(unseen(desk, seen)),
    )


def sums(desk: Desk, since: datetime, until: datetime) -> Any:
    """
    The sums of a time out of roll-ups and of the flows that are in none yet, an Arrow table; every flow once.

    Raises:
        NetopsError: the archive cannot be read.
    """
    return tried(lambda: _sums(desk, int(since.timestamp() * 1000), int(until.timestamp() * 1000)))


def _sums(desk: Desk, since: int, until: int) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    tables = [rollup.nothing()]
    folder = folder_of(desk)
    if folder is None:
        return tables[0].append_column("plane", pa.array([], pa.string()))
    standing = on_shelf(folder / HOT)
    snapshot = parts.snapshot(desk.store, None, until, ("hot", "rollup"))
    planes: list[Any] = [pa.array([], pa.string())]
    for part in snapshot.live:
        if part.kind == "rollup" and part.last + int(part.facts.get("grain", 0)) * 1000 > since:
            table = rollup.read(folder, part)
            bucket = table.column("bucket")
            tables.append(table.filter(pc.and_(pc.greater_equal(bucket, since), pc.less(bucket, until))))
            planes.append(pa.array([part.plane] * tables[-1].num_rows, pa.string()))
    for chunk in _fresh(folder, standing, snapshot):
        for plane, view in _by_plane(chunk, since, until):
            tables.append(rollup.summed(view))
            planes.append(pa.array([plane] * tables[-1].num_rows, pa.string()))
    return pa.concat_tables(tables).append_column("plane", pa.chunked_array(planes))


def _fresh(folder: Any, standing: Any, snapshot: parts.Snapshot) -> Iterator[Chunk]:
    """Flows that no roll-up has yet."""
    for part in snapshot.live:
        if part.kind == "hot":
            yield from of_part(folder, part)
    for path in standing:
        if f"{HOT}/{path.stem}.arrow" not in snapshot.listed:
            yield from of_segment(path)


def _by_plane(chunk: Chunk, since: int, until: int) -> Iterator[tuple[str, View]]:
    from netops.egress.kept import PLANE_CODES
    from netops.egress.match import Both, Number

    for plane, code in PLANE_CODES.items():
        rows = rows_of(chunk, Both((received_in(since, until), Number("plane", "=", code))))
        if rows is None or len(rows):
            yield plane, View(chunk, rows)


def _by_day(table: Any) -> Any:
    import pyarrow as pa

    from netops.egress.shelf import city_day

    days = [city_day(bucket) for bucket in table.column("bucket").to_pylist()]
    return table.append_column("day", pa.array(days, pa.string()))


def _lines(table: Any, keys: tuple[str, ...], most: int = 0) -> Iterator[Line]:
    sums = table.group_by(list(keys), use_threads=False).aggregate([(name, "sum") for name in rollup.SUMS])
    rows = sorted(sums.to_pylist(), key=lambda row: (-row["bytes_sum"], str([row[key] for key in keys])))
    for row in rows[: most or None]:
        yield Line({key: row[key] for key in keys}, *(row[f"{name}_sum"] for name in rollup.SUMS))
