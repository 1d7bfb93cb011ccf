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
from netops.core.language import spoken
from netops.core.paper import Table
from netops.declarations import filings
from netops.desk import Desk
from netops.documents import form_docx, form_pdf
from netops.documents.form import Box, Boxes, Form, Remarks
from netops.incidents.papers import Kept
from netops.rounds import drafting
from netops.rounds.address_lines import common_fields, foot, today

BOXES = {
    "applicant": ("申请单位", "Applicant"), "head": ("单位负责人", "Head"), "phone": ("联系电话", "Telephone"),
    "contact": ("联系人", "Contact"), "network": ("网　　络", "Network"), "nature": ("网络性质", "Nature"),
    "scope": ("应用范围", "Scope"), "equipment": ("网络设备", "Equipment"), "terminals": ("申报终端数", "Terminals\ndeclared"),
    "has": ("已分配地址", "Addresses\nit has"), "asked": ("申请地址数", "Addresses\napplied for"),
    "family": ("地址类型", "Family"), "where": ("拟用网段\n或地址", "Prefix or\naddress"), "vlan": ("VLAN", "VLAN"),
    "purpose": ("用　　途", "Purpose"), "promise": ("申请单位\n承　　诺", "The applicant\npromises"),
    "opinion": ("申请单位\n意　　见", "Opinion of\nthe applicant"),
    "decision": ("主管部门\n审核意见", "Decision of\nthe authority"), "result": ("分配结果", "Result"),
    "sign": ("负责人签字：　　　　　　（公章）　　　　年　　月　　日", "Signed:　　　　　　　(seal)　　　　　Date:　　　　　　"),
    "given": ("网段：　　　　　　　　　掩码：　　　　　　　　网关：\nVLAN：　　　　　　　　　生效日期：　　　年　　月　　日",
              "Prefix:　　　　　　　　　Mask:　　　　　　　　Gateway:\nVLAN:　　　　　　　　　From:　　　　　　"),
    "number": ("接入说明编号：{number}", "Declaration {number}"), "day": ("填表日期：　　　年　　月　　日", "Date:　　　　　　"),
    "blank": ("　　　　个", ""), "held": ("{count}个（{runs}段）", "{count} ({runs} runs)"), "units": ("{count}台", "{count}"),
}  # fmt: skip
"""What stands in the application form, in Chinese and English."""
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
    plane, language = declaration.plane, spoken()
    fields = common_fields(desk, plane, declaration.organization, language)
    words = wording.load(desk.playbooks, wording.ApplicationWording, language)
    organization = desk.register.organization.get(declaration.organization)
    listed = holdings.allocations(desk.store, plane, declaration=declaration.number)
    has = [one for one in listed if one.state in HELD]
    total = sum(one.span.size for one in has)
    responsible = organization.responsible if organization else None
    equipment = ("；" if language == "zh" else "; ").join(
        " ".join(filter(None, (one.name, one.model, one.address))) for one in declaration.equipment
    )
    contact, _blank, phone = declaration.contact.partition(" ")

    def said(name: str, **facts: object) -> str:
        return BOXES[name][language == "en"].format(**facts)

    def row(left: str, text: str, right: str, other: str) -> tuple[Box, ...]:
        return Box(said(left), label=True), Box(text), Box(said(right), label=True), Box(other)

    def wide(name: str, text: str, foot: str = "", height: float = 0) -> tuple[Box, ...]:
        return (Box(said(name), label=True), Box(text, 3, foot=foot, height_mm=height))

    boxes = Boxes((3.2, 5, 3.2, 5), (
        wide("applicant", fields["organization"]),
        row("head", responsible.name if responsible else "", "phone", responsible.phone if responsible else ""),
        row("contact", contact, "phone", phone),
        row("network", fields["plane"], "nature", declaration.nature),
        wide("scope", declaration.scope),
        wide("equipment", equipment),
        row("terminals", said("units", count=declaration.terminals), "has", said("held", count=total, runs=len(has))),
        row("asked", said("blank"), "family", "□IPv4　□IPv6"),
        row("where", "", "vlan", ""),
        wide("purpose", "", height=16),
        wide("promise", words.promise.format_map(fields).strip()),
        wide("opinion", "", said("sign"), 28),
        wide("decision", "", said("sign"), 28),
        wide("result", said("given")),
    ))  # fmt: skip
    remarks = tuple(text.format_map(fields) for text in words.remarks)
    return Form(
        words.title.format_map(fields), today(desk).isoformat(), (boxes, Remarks(remarks)),
        said("number", number=declaration.number), said("day"), foot=foot(desk),
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
