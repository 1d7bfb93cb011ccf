"""The ledger (台账) of a plane's addresses on paper and as a workbook, by organization or by pool, as it stands or stood."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from netops.addresses import holdings, tiles, wording
from netops.addresses.allocation import HOLDING
from netops.addresses.pool import Pool
from netops.addresses.span import Span, parsed
from netops.core import journal
from netops.core.errors import Missing, NetopsError, Refused
from netops.core.files import put
from netops.core.paper import chinese_date
from netops.core.plane import Plane
from netops.desk import Desk
from netops.documents import form_docx, form_pdf
from netops.documents.form import Form, Grid, Part, Remarks
from netops.rounds.address_lines import Line, common_fields, lines_of, official_name, today

if TYPE_CHECKING:
    from netops.documents.xlsx import Sheet

MOST_ON_PAPER = 5000
"""Rows of a ledger as DOCX or PDF, some 250 pages; a workbook takes all of them."""
SUFFIXES = (".docx", ".pdf", ".xlsx", ".json")


class Group(msgspec.Struct, frozen=True):
    """Allocations of one organization, or in one pool, with a line that heads them."""

    key: str
    heading: str
    lines: tuple[Line, ...]


class Ledger(msgspec.Struct, frozen=True):
    """The ledger (台账) of a plane, divided by organization or by pool."""

    title: str
    by: str
    plane: Plane
    organ: str
    date: str
    journal: str
    groups: tuple[Group, ...]
    remarks: tuple[str, ...]


# ---- 台账
def ledger(
    desk: Desk, plane: Plane, by: str, organization: str = "", pool: str = "", *, at: datetime | None = None
) -> Ledger:
    """
    The ledger of a plane, or of one organization or pool in it, as it stands (or stood at the desk's time).

    Args:
        by: "organization" or "pool".
        pool: canonical prefix.

    Raises:
        NetopsError: *pool* is no prefix.
        Missing: no such pool is registered.
    """
    within = _within(desk, plane, pool) if pool else None
    listed = holdings.allocations(desk.store, plane, at or desk.at, organization=organization, within=within)
    lines = lines_of(desk, plane, (one for one in listed if one.state in HOLDING))
    fields = common_fields(desk, plane, organization)
    words = wording.load(desk.playbooks, wording.LedgerWording)
    groups = _by_pool(desk, plane, lines) if by == "pool" else _by_organization(lines)
    title = words.title_pool if by == "pool" else words.title_organization
    return Ledger(
        title.format_map(fields), by, plane, fields["authority"], today(desk).isoformat(), journal.head(desk.store),
        tuple(groups), tuple(text.format_map(fields) for text in words.remarks),
    )  # fmt: skip


def _within(desk: Desk, plane: Plane, text: str) -> Span:
    try:
        span = parsed(text)
    except ValueError as error:
        raise NetopsError(
            "the ledger was not written", "{text} is no prefix", "netops pool list", text=text
        ) from error
    if str(span) not in {one.prefix for one in tiles.pools(desk.store, plane)}:
        raise Missing(
            "there is no pool {pool}", "no registered prefix is written so", "netops pool list", pool=text
        )
    return span


def _by_organization(lines: Sequence[Line]) -> list[Group]:
    groups: dict[str, list[Line]] = {}
    for line in lines:
        groups.setdefault(line.organization, []).append(line)
    return [
        Group(code, f"{several[0].name}（{code}）：{_summed(several)}", tuple(several))
        for code, several in sorted(groups.items(), key=lambda one: one[1][0].name)
    ]


def _by_pool(desk: Desk, plane: Plane, lines: Sequence[Line]) -> list[Group]:
    groups: dict[str, list[Line]] = {}
    for line in lines:
        groups.setdefault(line.pool, []).append(line)
    made = []
    for pool in tiles.pools(desk.store, plane):
        if several := groups.pop(pool.prefix, []):
            heading = _headed(pool, pool.name or official_name(desk, pool.organization))
            made.append(Group(pool.prefix, heading, tuple(several)))
    outside = groups.pop("", [])
    return [
        *made,
        *([Group("", f"不在登记的地址池内：{_summed(outside)}", tuple(outside))] if outside else []),
    ]


def _headed(pool: Pool, name: str) -> str:
    taken = f"已分配{pool.allocated}，预留{pool.reserved}，冷却{pool.quarantined}，空闲{pool.free}"
    return f"{pool.prefix}　{name}：共{pool.size}个，{taken}，使用率{pool.utilization:.1%}"


def _summed(lines: Sequence[Line]) -> str:
    return f"{len(lines)}段，{sum(line.count for line in lines)}个地址"


def _columns(by: str) -> list[tuple[str, float, Callable[[int, Line], str]]]:
    other: tuple[str, float, Callable[[int, Line], str]] = (
        ("单位", 3.6, lambda _, line: line.name)
        if by == "pool"
        else ("地址池", 2.8, lambda _, line: line.pool)
    )
    return [
        ("序号", 1.0, lambda place, _: str(place)),
        ("编号", 1.7, lambda _, line: line.id),
        ("地址", 3.8, lambda _, line: line.addresses),
        ("数量", 1.2, lambda _, line: str(line.count)),
        other,
        ("用途", 4.2, lambda _, line: line.purpose),
        ("设备、网卡", 3.2, lambda _, line: " ".join(filter(None, (line.device, line.mac)))),
        ("状态", 1.6, lambda _, line: line.state),
        ("接入说明", 3.4, lambda _, line: line.declaration),
        ("分配日期", 2.0, lambda _, line: line.since),
        ("期限", 2.0, lambda _, line: line.until),
    ]


def ledger_form(made: Ledger) -> Form:
    """
    The ledger for paper: landscape, one table a group, heads that repeat.

    Raises:
        Refused: it has more rows than anybody reads on paper.
    """
    count = sum(len(group.lines) for group in made.groups)
    if count > MOST_ON_PAPER:
        raise Refused(
            "the ledger was not drawn", "it has {count} rows, more than {most}",
            "write it as -o FILE.xlsx, or of one --organization", count=count, most=MOST_ON_PAPER,
        )  # fmt: skip
    every = [line for group in made.groups for line in group.lines]
    columns = [one for one in _columns(made.by) if any(one[2](1, line) for line in every)]
    heads, shares = tuple(head for head, _, _ in columns), tuple(share for _, share, _ in columns)
    grids = [
        Grid(
            heads, shares,
            tuple(tuple(said(place, line) for _, _, said in columns) for place, line in enumerate(group.lines, 1)),
            group.heading, (0, 3),
            ("", "合计", f"{len(group.lines)}段", str(sum(line.count for line in group.lines)), *[""] * (len(heads) - 4)),
        )
        for group in made.groups
    ]  # fmt: skip
    parts: tuple[Part, ...] = (
        (*grids, Remarks(made.remarks)) if grids else (Remarks(("（没有地址）", *made.remarks)),)
    )
    return Form(made.title, made.date, parts, f"编制单位：{made.organ}", f"日期：{chinese_date(made.date)}", landscape=True,
                foot=f"操作日志链首 {made.journal[:16]}")  # fmt: skip


# ---- files
def write(made: Ledger, path: Path, desk: Desk) -> None:
    """
    Write the ledger as DOCX, PDF, XLSX or JSON, by the suffix of *path*: the same record each time.

    Raises:
        Refused: too many rows for paper.
        NetopsError: no Chinese font is here (PDF only), or the place cannot be written.
    """
    from netops.documents import xlsx

    match path.suffix.lower():
        case ".json":
            content = msgspec.json.format(msgspec.json.encode(made), indent=1)
        case ".xlsx":
            content = xlsx.render([_sheet(made)], made.title, desk.clock())
        case ".docx":
            content = form_docx.render(ledger_form(made))
        case _:
            content = form_pdf.render(ledger_form(made), desk.config.documents)
    put(content, path)


def _sheet(made: Ledger) -> Sheet:
    """One sheet, the group in a column of its own: so it can be filtered, sorted and taken in again."""
    from netops.documents import xlsx

    said: list[tuple[str, Callable[[Line], str | int], bool]] = [
        ("编号", lambda line: line.id, False), ("地址", lambda line: line.addresses, False),
        ("数量", lambda line: line.count if line.count < 1 << 53 else str(line.count), True),
        ("单位", lambda line: line.name, False), ("单位代码", lambda line: line.organization, False),
        ("地址池", lambda line: line.pool, False), ("用途", lambda line: line.purpose, False),
        ("设备", lambda line: line.device, False), ("MAC地址", lambda line: line.mac, False),
        ("状态", lambda line: line.state, False), ("接入说明", lambda line: line.declaration, False),
        ("分配日期", lambda line: line.since, False), ("期限", lambda line: line.until, False),
    ]  # fmt: skip
    rows = ([tell(line) for _, tell, _ in said] for group in made.groups for line in group.lines)
    count = sum(len(group.lines) for group in made.groups)
    remarks = [
        f"编制单位：{made.organ}　　日期：{chinese_date(made.date)}　　共{count}段　　操作日志链首 {made.journal[:16]}"
    ]
    columns = [xlsx.Column(head, right=right, wraps=head == "用途") for head, _, right in said]
    return xlsx.Sheet("台账", columns, rows, made.title, remarks, made.remarks, ruled=count <= MOST_ON_PAPER)
