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
from netops.core.language import _, spoken
from netops.core.plane import Plane
from netops.desk import Desk
from netops.documents import form_docx, form_pdf
from netops.documents.form import Form, Grid, Part, Remarks
from netops.rounds.address_lines import Line, common_fields, lines_of, name_on_paper, today
from netops.rounds.declaration_words import day_words, head_words

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
    language = spoken()
    lines = lines_of(desk, plane, (one for one in listed if one.state in HOLDING), language)
    fields = common_fields(desk, plane, organization, language)
    words = wording.load(desk.playbooks, wording.LedgerWording, language)
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
        Group(code, _("{name} ({code}): {runs} runs, {count} addresses").format(
            name=several[0].name, code=code, runs=len(several), count=_count(several)), tuple(several))
        for code, several in sorted(groups.items(), key=lambda one: one[1][0].name)
    ]


def _by_pool(desk: Desk, plane: Plane, lines: Sequence[Line]) -> list[Group]:
    groups: dict[str, list[Line]] = {}
    for line in lines:
        groups.setdefault(line.pool, []).append(line)
    made = []
    for pool in tiles.pools(desk.store, plane):
        if several := groups.pop(pool.prefix, []):
            heading = _headed(pool, pool.name or name_on_paper(desk, pool.organization, spoken()))
            made.append(Group(pool.prefix, heading, tuple(several)))
    outside = groups.pop("", [])
    return [
        *made,
        *([Group("", _("in no registered pool: {runs} runs, {count} addresses").format(
            runs=len(outside), count=_count(outside)), tuple(outside))] if outside else []),
    ]


def _headed(pool: Pool, name: str) -> str:
    return _(
        "{prefix}  {name}: {size} addresses, {allocated} allocated, {reserved} reserved, {quarantined} in quarantine,"
        " {free} free, {used} used"
    ).format(
        prefix=pool.prefix, name=name, size=pool.size, allocated=pool.allocated, reserved=pool.reserved,
        quarantined=pool.quarantined, free=pool.free, used=f"{pool.utilization:.1%}",
    )  # fmt: skip


def _count(lines: Sequence[Line]) -> int:
    return sum(line.count for line in lines)


HEADS = {
    "order": ("序号", "No."), "number": ("编号", "number"), "addresses": ("地址", "addresses"), "count": ("数量", "count"),
    "organization": ("单位", "organization"), "code": ("单位代码", "code"), "pool": ("地址池", "pool"),
    "purpose": ("用途", "purpose"), "device": ("设备", "device"), "mac": ("MAC地址", "MAC address"),
    "card": ("设备、网卡", "device, card"), "state": ("状态", "state"), "declaration": ("接入说明", "declaration"),
    "since": ("分配日期", "allocated on"), "until": ("期限", "until"),
}  # fmt: skip
"""What stands at the head of each column, in Chinese and English; `ip import` reads both again."""


def _head(name: str) -> str:
    return HEADS[name][spoken() == "en"]


def _columns(by: str) -> list[tuple[str, float, Callable[[int, Line], str]]]:
    other: tuple[str, float, Callable[[int, Line], str]] = (
        ("organization", 3.6, lambda _, line: line.name)
        if by == "pool"
        else ("pool", 2.8, lambda _, line: line.pool)
    )
    return [
        ("order", 1.0, lambda place, _: str(place)),
        ("number", 1.7, lambda _, line: line.id),
        ("addresses", 3.8, lambda _, line: line.addresses),
        ("count", 1.2, lambda _, line: str(line.count)),
        other,
        ("purpose", 4.2, lambda _, line: line.purpose),
        ("card", 3.2, lambda _, line: " ".join(filter(None, (line.device, line.mac)))),
        ("state", 1.6, lambda _, line: line.state),
        ("declaration", 3.4, lambda _, line: line.declaration),
        ("since", 2.0, lambda _, line: line.since),
        ("until", 2.0, lambda _, line: line.until),
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
    heads, shares = tuple(_head(name) for name, _, _ in columns), tuple(share for _, share, _ in columns)
    total, runs = _("total"), _("{runs} runs")
    grids = [
        Grid(
            heads, shares,
            tuple(tuple(said(place, line) for _, _, said in columns) for place, line in enumerate(group.lines, 1)),
            group.heading, (0, 3),
            ("", total, runs.format(runs=len(group.lines)), str(_count(group.lines)), *[""] * (len(heads) - 4)),
        )
        for group in made.groups
    ]  # fmt: skip
    parts: tuple[Part, ...] = (
        (*grids, Remarks(made.remarks)) if grids else (Remarks((_("(no addresses)"), *made.remarks)),)
    )
    return Form(
        made.title, made.date, parts, _("drawn up by {organ}").format(organ=made.organ),
        _("on {day}").format(day=day_words(made.date)), landscape=True, foot=head_words(made.journal),
    )  # fmt: skip


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
        ("number", lambda line: line.id, False), ("addresses", lambda line: line.addresses, False),
        ("count", lambda line: line.count if line.count < 1 << 53 else str(line.count), True),
        ("organization", lambda line: line.name, False), ("code", lambda line: line.organization, False),
        ("pool", lambda line: line.pool, False), ("purpose", lambda line: line.purpose, False),
        ("device", lambda line: line.device, False), ("mac", lambda line: line.mac, False),
        ("state", lambda line: line.state, False), ("declaration", lambda line: line.declaration, False),
        ("since", lambda line: line.since, False), ("until", lambda line: line.until, False),
    ]  # fmt: skip
    rows = ([tell(line) for _, tell, _ in said] for group in made.groups for line in group.lines)
    count = sum(len(group.lines) for group in made.groups)
    told = (_("drawn up by {organ}").format(organ=made.organ), _("on {day}").format(day=day_words(made.date)),
            _("{runs} runs").format(runs=count), head_words(made.journal))  # fmt: skip
    remarks = ["　　".join(told)]
    columns = [xlsx.Column(_head(name), right=right, wraps=name == "purpose") for name, _, right in said]
    return xlsx.Sheet(_("ledger"), columns, rows, made.title, remarks, made.remarks, ruled=count <= MOST_ON_PAPER)
