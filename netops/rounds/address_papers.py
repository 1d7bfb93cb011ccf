"""The application form (分配申请表) and the notice (分配通知单) of a declaration's addresses; netops drafts, people sign."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from netops.addresses import holdings, wording
from netops.addresses.allocation import HELD
from netops.core.basis import Basis
from netops.core.errors import Refused
from netops.core.files import put
from netops.core.paper import Table
from netops.declarations import filings
from netops.desk import Desk
from netops.documents import form_docx, form_pdf
from netops.documents.form import Box, Boxes, Form, Remarks
from netops.incidents.papers import Kept
from netops.rounds import drafting
from netops.rounds.address_lines import PLANES, common_fields, foot, today

RESULT = "网段：　　　　　　　　　掩码：　　　　　　　　网关：\nVLAN：　　　　　　　　　生效日期：　　　年　　月　　日"
WORDING = "address_notice"
"""Of the notice, in playbooks/notices/; it is a paper like all others: `netops document list`."""
SUFFIXES = {"application": (".docx", ".pdf", ".json"), "notice": (".docx", ".pdf", ".xlsx", ".json")}


# ---- 分配通知单
def notice(desk: Desk, numbers: Sequence[str] = (), declaration: str = "") -> Kept:
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
    chosen = {"allocations": " ".join(one.id for one in listed)} if numbers else {}
    return drafting.draft(desk, several[0], WORDING, chosen)


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
def write(content: Kept | Form, path: Path, desk: Desk) -> None:
    """
    Write a form or a notice as DOCX, PDF or JSON, a notice as XLSX too, by the suffix of *path*: the same record each time.

    Raises:
        NetopsError: no Chinese font is here (PDF only), or the place cannot be written.
    """
    suffix = path.suffix.lower()
    if not isinstance(content, Form):
        if suffix == ".xlsx":
            put(_workbook(content, desk), path)
        else:
            drafting.write(desk, content, path)
        return
    if suffix == ".json":
        made = msgspec.json.format(msgspec.json.encode(content), indent=1)
    else:
        made = form_docx.render(content) if suffix == ".docx" else form_pdf.render(content, desk.config.documents)
    put(made, path)


def _workbook(content: Kept, desk: Desk) -> bytes:
    from netops.documents import page, xlsx

    paper = drafting.shown(content)
    table = next(block for block in paper.blocks if isinstance(block, Table))
    columns = [xlsx.Column(head, right=place in (0, 2), wraps=True) for place, head in enumerate(table.columns)]
    remarks = [f"{paper.to}　　{content.subject}　　{page.number_line(paper)}", *page.above(paper)]
    sheet = xlsx.Sheet(paper.instrument, columns, table.rows, paper.title, remarks, [page.journal_line(paper)], landscape=False)
    return xlsx.render([sheet], paper.title, desk.clock())
