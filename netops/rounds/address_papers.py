"""The application form (分配申请表) and the notice (分配通知单) of a declaration's addresses; netops drafts, people sign."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from netops.addresses import holdings, wording
from netops.addresses.allocation import HELD, Allocation, AllocationState
from netops.core import journal
from netops.core.basis import Basis
from netops.core.errors import Refused
from netops.core.files import put
from netops.core.paper import Paper, Paragraph, Table
from netops.core.plane import Plane
from netops.declarations import filings
from netops.declarations.declaration import Declaration
from netops.desk import Desk
from netops.documents import form_docx, form_pdf
from netops.documents.form import Box, Boxes, Form, Remarks
from netops.documents.page import cells
from netops.rounds.address_lines import PLANES, STATES, Line, common_fields, foot, lines_of, today

ISSUED = "ip notice issue"
"""Verb of the journal entry that keeps an issued notice whole."""
RESULT = "网段：　　　　　　　　　掩码：　　　　　　　　网关：\nVLAN：　　　　　　　　　生效日期：　　　年　　月　　日"
ACROSS, SLACK, LEAST = 84.0, 2.5, 20.0
"""Half-width characters in a line of a table (5号), around each column's text, and that 用途 has at least."""
SUFFIXES = {"application": (".docx", ".pdf", ".json"), "notice": (".docx", ".pdf", ".xlsx", ".json")}


# ---- 分配通知单
class Draft(msgspec.Struct, frozen=True):
    """A notice that was composed: what it tells of, and whether it was issued."""

    paper: Paper
    declaration: str
    organization: str
    plane: Plane
    lines: tuple[Line, ...]


def notice(desk: Desk, numbers: Sequence[str] = (), declaration: str = "") -> Draft:
    """
    Draft the notice of what was allocated: everything under a declaration, or the allocations with these numbers.

    Raises:
        Missing: there is no such allocation or declaration.
        Refused: nothing is allocated; the allocations belong to several declarations; no regulation in force is known.
    """
    if numbers:
        listed = [holdings.one(desk.store, number.upper()) for number in dict.fromkeys(numbers)]
    else:
        listed = holdings.allocations(desk.store, declaration=declaration)
    listed = [one for one in listed if one.plane in desk.planes and one.state in HELD]
    several = sorted({one.declaration for one in listed} | ({declaration} - {""}))
    if not listed or len(several) != 1:
        raise Refused(
            "the notice was not drafted",
            "the allocations rest on {declarations}: a notice is about one"
            if listed
            else "nothing is allocated under {declarations}",
            "netops ip list --declaration NUMBER", declarations=", ".join(several) or "—",
        )  # fmt: skip
    ground = filings.one(desk.store, several[0])
    return _composed(desk, ground, sorted(listed, key=lambda one: one.span))


def _composed(desk: Desk, ground: Declaration, listed: Sequence[Allocation]) -> Draft:
    plane = ground.plane
    words = wording.load(desk.playbooks, wording.NoticeWording)
    measures, warnings = regulation(desk)
    lines = lines_of(desk, plane, listed)
    fields = common_fields(desk, plane, ground.organization) | {
        "declaration": ground.number, "terminals": str(ground.terminals), "runs": str(len(lines)),
        "count": str(sum(line.count for line in lines)), "regulation": measures,
    }  # fmt: skip
    organ = fields["authority"]
    paper = Paper(
        instrument="address_notice", mark=f"{organ}文件", title=words.title.format_map(fields),
        title_breaks=_breaks(words.title, fields), organ=organ, date=today(desk).isoformat(),
        to=words.to.format_map(fields), note=words.note.format_map(fields), printed_by=organ, warnings=warnings,
        journal=journal.head(desk.store),
        blocks=(
            *(Paragraph(text.format_map(fields)) for text in words.before),
            _table(lines),
            *(Paragraph(text.format_map(fields)) for text in words.after),
        ),
    )  # fmt: skip
    return Draft(paper, ground.number, ground.organization, plane, tuple(lines))


def _table(lines: Sequence[Line]) -> Table:
    """Columns that say nothing for any of them are left out; the others are as wide as what they say, within limits."""
    reserved = STATES[AllocationState.RESERVED]
    columns: list[tuple[str, int, Callable[[int, Line], str]]] = [
        ("序号", 6, lambda place, _: str(place)),
        ("地址", 34, lambda _, line: line.addresses),
        ("数量", 10, lambda _, line: str(line.count)),
        ("掩码", 16, lambda _, line: line.mask),
        ("网关", 24, lambda _, line: line.gateway),
        ("VLAN", 6, lambda _, line: str(line.vlan or "")),
        ("用途", 60, lambda _, line: "；".join(filter(None, (line.purpose, line.device)))),
        ("生效日期", 11, lambda _, line: line.since),
        ("预留至", 11, lambda _, line: line.until if line.state == reserved else ""),
    ]
    kept = [one for one in columns if any(one[2](1, line) for line in lines)]
    rows = tuple(tuple(said(place, line) for _, _, said in kept) for place, line in enumerate(lines, 1))
    natural = [
        min(most, max(2 * cells(text) for text in (head, *(row[place] for row in rows)))) + SLACK
        for place, (head, most, _) in enumerate(kept)
    ]
    others = sum(width for (head, _, _), width in zip(kept, natural, strict=True) if head != "用途")
    widths = tuple(
        min(width, max(LEAST, ACROSS - others)) if head == "用途" else width
        for (head, _, _), width in zip(kept, natural, strict=True)
    )
    return Table(tuple(head for head, _, _ in kept), widths, rows, tuple(line.id for line in lines))


def _breaks(title: str, fields: dict[str, str]) -> tuple[int, ...]:
    from string import Formatter

    ends, length = [], 0
    for literal, name, _, _ in Formatter().parse(title):
        length += len(literal)
        if name:
            length += len(fields[name])
            ends.append(length)
    return tuple(ends)


def regulation(desk: Desk, article: int = 11) -> tuple[str, tuple[str, ...]]:
    """
    Title of the city's regulation, which must be in force today, and what a person must know before signing.

    Raises:
        Refused: none is known to be in force.
    """
    from netops.incidents import legal_basis

    rows = [
        row
        for row in legal_basis.load(desk.playbooks)
        if row.instrument == "measures" and row.in_force(today(desk))
    ]
    if not rows:
        raise Refused(
            "the paper was not drafted", "no regulation on access and addresses is known to be in force today",
            "bring playbooks/law/bases.toml up to date",
        )  # fmt: skip
    unverified = any(not row.verified for row in rows if row.answers(Basis(article)))
    return rows[0].title, (
        (f"（《{rows[0].title}》的效力状态未经核实，签发前请核对。）",) if unverified else ()
    )


def issued(desk: Desk, number: str) -> Draft | None:
    """The notice that was issued with this number, exactly as it was frozen in the journal; None when there is none."""
    entry = next((one for one in journal.log(desk.store, 10, number) if one.verb == ISSUED), None)
    return msgspec.convert(entry.after, Draft) if entry else None


def issue(desk: Desk, draft: Draft, number: str) -> Draft:
    """
    A person issues a notice: it takes its number and is frozen, whole, in the journal.

    Raises:
        Refused: the number was used for another notice, or an allocation was given back since it was drafted.
    """
    number = " ".join(number.split())[:120]
    before = issued(desk, number)
    if before is not None and [one.id for one in before.lines] == [one.id for one in draft.lines]:
        return before
    if before is not None:
        raise Refused(
            "the notice was not issued", "{number} was used for a notice about {declaration}", "give the next number",
            number=number, declaration=before.declaration,
        )  # fmt: skip
    with journal.act(desk.store, desk.actor, desk.clock) as one:
        for line in draft.lines:
            if holdings.record_of(holdings.row_of(one.connection, line.id)).state not in HELD:
                raise Refused(
                    "the notice was not issued",
                    "the plan is stale: {id} was given back",
                    "draft it again",
                    id=line.id,
                )
        kept = msgspec.structs.replace(
            draft, paper=msgspec.structs.replace(draft.paper, number=number, warnings=())
        )
        one.record(ISSUED, number, after=kept)
    return kept


# ---- 分配申请表
def application(desk: Desk, number: str) -> Form:
    """
    The application form of a declaration, filled with what is known; the rest is for people.

    Raises:
        Missing: there is no such declaration.
    """
    declaration = filings.one(desk.store, number)
    plane, fields = declaration.plane, common_fields(desk, declaration.plane, declaration.organization)
    words = wording.load(desk.playbooks, wording.ApplicationWording)
    organization = desk.register.organization.get(declaration.organization)
    listed = holdings.allocations(desk.store, plane, declaration=declaration.number)
    has = [one for one in listed if one.state in HELD]
    total = sum(one.span.size for one in has)
    responsible = organization.responsible if organization else None
    equipment = "；".join(
        " ".join(filter(None, (one.name, one.model, one.address))) for one in declaration.equipment
    )
    contact, _, phone = declaration.contact.partition(" ")

    def row(*pairs: str) -> tuple[Box, ...]:
        return tuple(Box(text, label=not place % 2) for place, text in enumerate(pairs))

    def wide(label: str, text: str, foot: str = "", height: float = 0) -> tuple[Box, ...]:
        return (Box(label, label=True), Box(text, 3, foot=foot, height_mm=height))

    sign = "负责人签字：　　　　　　（公章）　　　　年　　月　　日"
    boxes = Boxes((3.2, 5, 3.2, 5), (
        wide("申请单位", fields["organization"]),
        row("单位负责人", responsible.name if responsible else "", "联系电话", responsible.phone if responsible else ""),
        row("联系人", contact, "联系电话", phone),
        row("网　　络", PLANES[plane], "网络性质", declaration.nature),
        wide("应用范围", declaration.scope),
        wide("网络设备", equipment),
        row("申报终端数", f"{declaration.terminals}台", "已分配地址", f"{total}个（{len(has)}段）"),
        row("申请地址数", "　　　　个", "地址类型", "□IPv4　□IPv6"),
        row("拟用网段\n或地址", "", "VLAN", ""),
        wide("用　　途", "", height=16),
        wide("申请单位\n承　　诺", words.promise.format_map(fields).strip()),
        wide("申请单位\n意　　见", "", sign, 28),
        wide("主管部门\n审核意见", "", sign, 28),
        wide("分配结果", RESULT),
    ))  # fmt: skip
    remarks = tuple(text.format_map(fields) for text in words.remarks)
    return Form(
        words.title.format_map(fields), today(desk).isoformat(), (boxes, Remarks(remarks)),
        f"接入说明编号：{declaration.number}", "填表日期：　　　年　　月　　日", foot=foot(desk),
    )  # fmt: skip


# ---- files
def write(content: Draft | Form, path: Path, desk: Desk) -> None:
    """
    Write a form or a notice as DOCX, PDF, XLSX or JSON, by the suffix of *path*: the same record each time.

    Raises:
        NetopsError: no Chinese font is here (PDF only), or the place cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix == ".json":
        made = msgspec.json.format(msgspec.json.encode(content), indent=1)
    elif isinstance(content, Form):
        made = (
            form_docx.render(content)
            if suffix == ".docx"
            else form_pdf.render(content, desk.config.documents)
        )
    elif suffix == ".xlsx":
        made = _workbook(content, desk)
    else:
        made = _paper(content.paper, suffix, desk)
    put(made, path)


def _paper(paper: Paper, suffix: str, desk: Desk) -> bytes:
    from netops.documents import docx, pdf

    return docx.render(paper) if suffix == ".docx" else pdf.render(paper, desk.config.documents)


def _workbook(content: Draft, desk: Desk) -> bytes:
    from netops.documents import xlsx

    table = next(block for block in content.paper.blocks if isinstance(block, Table))
    columns = [xlsx.Column(head, right=head in ("序号", "数量"), wraps=True) for head in table.columns]
    remarks = [
        f"{content.paper.to}　　接入说明：{content.declaration}　　{content.paper.number or '草稿，未编号'}"
    ]
    notes = [f"操作日志链首 {content.paper.journal[:16]}"]
    sheet = xlsx.Sheet("分配通知", columns, table.rows, content.paper.title, remarks, notes, landscape=False)
    return xlsx.render([sheet], content.paper.title, desk.clock())
