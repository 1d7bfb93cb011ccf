"""Drafting (拟文): papers about incidents, through the gate, from the office's wording, each fact with its evidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import msgspec

from netops.core import docket, language
from netops.core.clock import CITY_ZONE
from netops.core.errors import NetopsError
from netops.core.finding import Finding
from netops.core.journal import act
from netops.core.paper import Paper, chinese_date
from netops.core.plane import Plane
from netops.desk import Desk
from netops.incidents import casebook, clocks, legal_basis, notice, papers
from netops.incidents.incident import Incident
from netops.incidents.legal_basis import Addressee, Decision, Instrument
from netops.rounds import look

SUFFIXES = (".docx", ".pdf", ".json")


def draft(desk: Desk, number: str, wording: str = "notice", values: Mapping[str, str] | None = None) -> papers.Kept:
    """
    Draft a paper about an incident: through the gate, from the office's wording, each fact with its evidence.

    Args:
        wording: a file of `playbooks/notices/`, such as "notice", "guidance", "rectification_request", "report_first".
        values: what only people know, by field of the wording.

    Returns:
        The draft as it is kept; the same words are never drafted twice.

    Raises:
        Refused: no basis in force allows it; the refusal is in the journal.
    """
    incident = casebook.one(desk.store, number)
    template = notice.load(desk.playbooks, wording)
    findings = [docket.one(desk.store, name) for name in incident.findings]
    decision = decided(desk, incident, template.head.instrument, findings)
    if not decision.allowed:
        with act(desk.store, desk.actor, desk.clock) as one:
            papers.refuse(one, number, decision)
        raise decision.refusal()
    with _speaking("zh"):
        paper = _composed(desk, incident, findings, template, decision, values or {})
    standing = papers.standing_draft(desk.store, number, paper)
    if standing:
        return standing
    with act(desk.store, desk.actor, desk.clock) as one:
        name = papers.draft(one, number, paper, decision)
    return papers.one(desk.store, name)


def decided(desk: Desk, incident: Incident, instrument: Instrument, findings: list[Finding]) -> Decision:
    """What the gate says of this instrument for these findings today."""
    duties = dict.fromkeys(basis for finding in findings for basis in finding.basis)
    today = desk.clock().astimezone(CITY_ZONE).date()
    return legal_basis.decide(legal_basis.load(desk.playbooks), instrument, duties, addressee(desk, incident, instrument), today)


def addressee(desk: Desk, incident: Incident, instrument: Instrument) -> Addressee:
    """Whom a paper about this incident addresses; reports go to superiors."""
    if instrument is Instrument.REPORT:
        return Addressee.SUPERIOR
    organization = desk.register.organization.get(incident.organization)
    if organization and organization.county:
        return Addressee.COUNTY
    return Addressee.PLATFORM if organization and organization.platform else Addressee.DEPARTMENT


def _composed(
    desk: Desk, incident: Incident, findings: list[Finding], template: notice.Template, decision: Decision,
    values: Mapping[str, str],
) -> Paper:
    today = desk.clock().astimezone(CITY_ZONE).date()
    authority = desk.register.name(desk.config.city.authority) or desk.config.city.title_zh
    duties = dict.fromkeys(basis.label for one in findings for basis in one.basis)
    texts = {one.article: one.text_zh_display for one in legal_basis.articles(desk.playbooks)}
    about = notice.Circumstances(
        mark=f"{authority}文件", organ=authority, date=today.isoformat(), texts=texts,
        facts=tuple(
            notice.Fact(one.id, look.title(one), look.because(one).rstrip("。. "), notice.place(one.subject), one.first_seen,
                        one.last_seen, one.count, one.evidence, one.basis)
            for one in findings),
        values={
            "city": desk.config.city.title_zh, "authority": authority, "number": incident.number,
            "regulation": _regulation(desk), "organization": desk.register.name(incident.organization) or "有关单位",
            "plane": "政务内网" if incident.plane is Plane.INTRANET else "政务外网", "cause": incident.cause_zh,
            "category": incident.category_zh, "grade": incident.grade.title_zh, "today": chinese_date(today.isoformat()),
            "count": str(len(findings)), "duties": "、".join(duties),
            "cited": "、".join(decision.cited), "reply_by": chinese_date(reply_day(desk, template, today) or today.isoformat()),
            "occurred": notice.chinese_time(incident.occurred), "detected": notice.chinese_time(incident.detected),
            "known": notice.chinese_time(incident.known), "findings": "、".join(incident.findings), **values,
        })
    return notice.compose(template, about, decision, _warnings(incident, decision))


def _regulation(desk: Desk) -> str:
    return next(row.title for row in legal_basis.load(desk.playbooks) if row.instrument == "measures")


def reply_day(desk: Desk, template: notice.Template, today: date) -> str:
    """The last day on which the addressee may answer, ISO: so many working days after *today*; "" when it need not."""
    days = template.head.reply_days
    return clocks.load(desk.playbooks).calendar.after(today, days).last.isoformat() if days else ""


def _warnings(incident: Incident, decision: Decision) -> tuple[str, ...]:
    """What a person must know before signing, in the paper's language."""
    said = []
    if decision.unverified:
        said.append(f"（所引依据 {'、'.join(decision.unverified)} 未经核实，签发前请核对。）")
    if not incident.grading.verified:
        said.append("（建议级别的依据未经核实，定级以有权部门意见为准。）")
    return tuple(said)


def write(desk: Desk, kept: papers.Kept, path: Path) -> None:
    """
    Write a kept paper as DOCX, PDF or JSON, by the suffix of *path*: the same record each time.

    Raises:
        NetopsError: another suffix, no Chinese font (PDF only), or the place cannot be written.
    """
    match path.suffix.lower():
        case ".docx":
            from netops.documents import docx

            content = docx.render(kept.paper)
        case ".pdf":
            from netops.documents import pdf

            content = pdf.render(kept.paper, desk.config.documents)
        case ".json":
            content = msgspec.json.format(msgspec.json.encode(kept), indent=1)
        case _:
            raise NetopsError("{path} was not written", "a document is written as {suffixes}", "-o FILE.docx",
                              path=path, suffixes=", ".join(SUFFIXES))
    try:
        path.write_bytes(content)
    except OSError as error:
        raise NetopsError("{path} was not written", "{reason}", "give another place by -o", path=path, reason=error) from error


def write_notice(desk: Desk, number: str, path: Path, wording: str = "notice") -> papers.Kept:
    """Draft a paper about an incident and write it to *path*; see `draft` and `write`."""
    kept = draft(desk, number, wording)
    write(desk, kept, path)
    return kept


@contextmanager
def _speaking(wanted: str) -> Iterator[None]:
    """Papers are Chinese, whatever the command speaks."""
    before = language.spoken()
    language.speak(wanted)
    try:
        yield
    finally:
        language.speak(before)
