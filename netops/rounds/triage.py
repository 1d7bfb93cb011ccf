"""Triage (研判立案): findings into incidents, clocks reckoned anew, and the papers about them drafted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path

import msgspec

from netops.core import docket, language
from netops.core.clock import CITY_ZONE
from netops.core.errors import NetopsError
from netops.core.finding import STANDING, Finding
from netops.core.journal import act
from netops.core.paper import Paper, chinese_date
from netops.core.plane import Plane
from netops.desk import Desk
from netops.incidents import casebook, clocks, grading, legal_basis, notice, papers, taxonomy
from netops.incidents import triage as folding
from netops.incidents.incident import Deadline, Grading, Incident, Stage
from netops.incidents.legal_basis import Addressee, Decision, Instrument
from netops.incidents.rules import RULES
from netops.rounds import Progress, Report, look, silent

ACTOR = "netops"
"""Who opens incidents by rule; people do the rest under their own names."""
SUFFIXES = (".docx", ".pdf", ".json")


def run(desk: Desk, progress: Progress = silent) -> Report:
    """Fold standing findings into incidents, then hold the clocks of the open ones against the present."""
    law = taxonomy.load(desk.playbooks)
    findings = [one for one in docket.listed(desk.store, state=STANDING) if one.plane in desk.planes]
    steps = [step for step in folding.fold(findings, casebook.listed(desk.store), law)
             if step.action is not folding.Action.LEAVE]
    opened = []
    for done, step in enumerate(steps, 1):
        if step.action is folding.Action.OPEN:
            opened.append(open_incident(desk, step.findings, step.organization, step.reason, ACTOR))
        else:
            with act(desk.store, ACTOR, desk.clock) as one:
                casebook.join(one, step.incident, [finding.id for finding in step.findings], step.reason)
        progress(done, len(steps), step.cause)
    settlements = [_hold_clocks(desk, plane) for plane in desk.planes]
    standing = [one.id for one in docket.listed(desk.store, state=STANDING) if one.code in RULES]
    return Report(
        round="triage", opened=tuple(name for one in settlements for name in one.opened),
        resolved=tuple(name for one in settlements for name in one.resolved), standing=tuple(standing),
        facts={"findings": len(findings), "incidents opened": len(opened),
               "incidents open": len(casebook.listed(desk.store, open_only=True))})


def open_incident(desk: Desk, findings: tuple[Finding, ...], organization: str, why: str, actor: str) -> str:
    """
    Open an incident of these findings, which share plane and cause.

    Returns:
        Its number.
    """
    law = taxonomy.load(desk.playbooks)
    cause = law.cause(findings[0].kind)
    grade = grading.load(desk.playbooks).grade(one.kind for one in findings)
    now = desk.clock()
    incident = Incident(
        number="", plane=findings[0].plane, organization=organization, cause=cause.key, cause_zh=cause.title_zh,
        cause_en=cause.title_en, category=cause.category, category_zh=law.name(cause.category), grading=grade,
        state=Stage.DETECTED, occurred=min(one.first_seen for one in findings), detected=now, known=now,
        findings=tuple(one.id for one in findings), deadlines=reckoned(desk, grade, cii=False, known=now, handled=None))
    with act(desk.store, actor, desk.clock) as one:
        return casebook.open_(one, incident, why)


def reckoned(
    desk: Desk, grade: Grading, *, cii: bool, known: datetime, handled: datetime | None, standing: tuple[Deadline, ...] = ()
) -> tuple[Deadline, ...]:
    """The statutory clocks of an incident of this grade."""
    return clocks.deadlines(
        clocks.load(desk.playbooks), grade=grade.grade, cii=cii, known=known, handled=handled, standing=standing
    )


def _hold_clocks(desk: Desk, plane: Plane) -> docket.Settlement:
    incidents = casebook.listed(desk.store, plane)
    now = desk.clock()
    conclusions = [one for rule in RULES.values() for one in rule(incidents, now)]
    return docket.settle(desk.store, RULES, conclusions, plane=plane, at=now, scope=RULES)


# ---- papers
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
            "cited": "、".join(decision.cited), "reply_by": _reply_by(today, template.head.reply_days),
            "occurred": notice.chinese_time(incident.occurred), "detected": notice.chinese_time(incident.detected),
            "known": notice.chinese_time(incident.known), "findings": "、".join(incident.findings), **values,
        })
    return notice.compose(template, about, decision, _warnings(incident, decision))


def _regulation(desk: Desk) -> str:
    return next(row.title for row in legal_basis.load(desk.playbooks) if row.instrument == "measures")


def _reply_by(today: date, days: int) -> str:
    return chinese_date((today + timedelta(days=days)).isoformat())


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
