"""What a paper rests on (行文事由): an incident, a declaration, an exit or another paper, with its evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from netops.addresses import holdings
from netops.addresses.allocation import HELD, AllocationState
from netops.core import applied, docket
from netops.core.basis import Basis
from netops.core.clock import city_time
from netops.core.errors import Missing, Refused
from netops.core.evidence import Evidence
from netops.core.finding import Finding
from netops.core.language import _, sided
from netops.core.plane import Plane
from netops.declarations import filings
from netops.desk import Desk
from netops.egress.exit import ExitKind
from netops.incidents import casebook, clocks, legal_basis, notice, papers, saying, taxonomy, wording
from netops.incidents.incident import Incident
from netops.incidents.legal_basis import Addressee, Instrument
from netops.incidents.notice import Circumstances, Fact
from netops.incidents.papers import Kept, PaperState, Topic
from netops.incidents.saying import pick, several
from netops.incidents.wording import Template
from netops.inspections import archive
from netops.rounds import demanded, look
from netops.rounds.address_lines import PLANES, STATES, authority, day, lines_of, official_name, today
from netops.rounds.declaring import authority as declared_to

SENSES = {
    "flow": ("流量监测", "watch of flows"), "snmp": ("设备巡查", "walk of devices"), "lldp": ("链路发现", "discovery of links"),
    "arp": ("ARP表核对", "check of ARP tables"), "fdb": ("转发表核对", "check of forwarding tables"),
    "route": ("路由核对", "check of routes"), "declaration": ("接入说明核对", "check of declarations"),
    "register": ("登记册核对", "check of the register"), "ledger": ("地址台账核对", "check of the address ledger"),
    "inspection": ("检查", "inspection"), "probe": ("反射探测", "reflection probe"),
}  # fmt: skip
ROUNDS = ("系统巡检", "routine rounds")
"""How a finding came about, by the kind of its evidence."""
DUTIES = {Instrument.ADDRESSES: (Basis(11),), Instrument.ACCESS: (Basis(10),), Instrument.EXIT: (Basis(12),)}
"""What a paper that answers no breach rests on."""
MOST_ADDRESSES = 8
"""Spans of addresses that a reply names; the notice of addresses has every one."""
EXIT_KINDS = {
    ExitKind.SHARED: ("统一出口", "shared exit"), ExitKind.SEPARATE: ("单独出口", "separate exit"),
    ExitKind.COUNTY: ("县市区出口", "exit of a county"),
}  # fmt: skip
PLANES_EN = {Plane.INTRANET: "government intranet", Plane.EXTRANET: "government extranet"}


RESERVED = STATES[AllocationState.RESERVED]
DOUBTED = (
    "（建议级别的依据未经核实，定级以有权部门意见为准。）",
    "(The rule behind the proposed grade is unverified; the competent authority decides.)",
)


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """
    Everything that a paper is made from.

    Args:
        duties, addressee: what the gate is asked with; *parent*: the paper that it goes with, instead.
        evidence: pieces that are to be kept with it.
        warnings: what a person must know before signing.
    """

    topic: Topic
    about: Circumstances
    duties: tuple[Basis, ...]
    addressee: Addressee
    parent: Kept | None = None
    evidence: tuple[Evidence, ...] = ()
    warnings: tuple[str, ...] = ()


def ground(desk: Desk, template: Template, subject: str, values: Mapping[str, str]) -> Ground:
    """
    What a paper of this wording about *subject* rests on, in the language that is spoken.

    Args:
        subject: number of an incident, a declaration or a document, or the id of an exit, as the wording has it.
        values: what people give.

    Raises:
        Missing: there is no such thing, or another instance serves its plane.
    """
    made = GROUNDS[template.head.about](desk, template, subject, values)
    if made.topic.plane and Plane(made.topic.plane) not in desk.planes:
        raise Missing(
            "there is no {subject} here", "this instance does not serve its plane", "", subject=subject
        )
    return made


# ---- what all have
def common(desk: Desk, template: Template, organization: str, plane: Plane, number: str) -> dict[str, str]:
    """The fields that every paper has."""
    office = desk.register.organization.get(_authority(desk, plane))
    officer = (office.security_officer or office.responsible) if office else None
    return {
        "city": pick(desk.config.city.title_zh, desk.config.city.title_en), "authority": _office(desk, plane),
        "number": number, "regulation": regulation(desk),
        "organization": named(desk, organization) or pick("有关单位", "the organization concerned"),
        "plane": pick(PLANES[plane], PLANES_EN[plane]), "today": saying.day(today(desk).isoformat()),
        "reply_by": saying.day(reply_day(desk, template) or today(desk).isoformat()),
        "contact": officer.name if officer else "", "phone": officer.phone if officer else "",
    }  # fmt: skip


def named(desk: Desk, code: str) -> str:
    """The official name of an organization; in the translation its English one, where the register has it."""
    entry = desk.register.organization.get(code)
    return pick(official_name(desk, code), entry.name_en if entry else "")


def _office(desk: Desk, plane: Plane) -> str:
    """Who is in charge of the plane, by name."""
    code = _authority(desk, plane)
    return named(desk, code) if code else pick(authority(desk, plane), desk.config.city.title_en)


def _authority(desk: Desk, plane: Plane) -> str:
    settings = desk.config.planes.get(plane)
    return (settings.authority if settings else "") or desk.config.city.authority


def regulation(desk: Desk) -> str:
    """Title of the city's regulation."""
    row = next(row for row in legal_basis.load(desk.playbooks) if row.instrument == "measures")
    return pick(row.title, row.title_en)


def reply_day(desk: Desk, template: Template) -> str:
    """The last day on which the addressee may answer, ISO: so many working days after today; "" when it need not."""
    days = template.head.reply_days
    return clocks.load(desk.playbooks).calendar.after(today(desk), days).last.isoformat() if days else ""


def addressee(desk: Desk, organization: str) -> Addressee:
    """Whom a paper to this organization addresses."""
    one = desk.register.organization.get(organization)
    if one and one.county:
        return Addressee.COUNTY
    return Addressee.PLATFORM if one and one.platform else Addressee.DEPARTMENT


def circumstances(
    desk: Desk, template: Template, organization: str, plane: Plane, values: Mapping[str, str], facts: tuple[Fact, ...],
    evidence: tuple[str, ...] = (), organ: str = "",
) -> Circumstances:  # fmt: skip
    """What a paper says, with the organ that signs it and the articles that it may cite."""
    organ = organ or _office(desk, plane)
    return Circumstances(
        mark=f"{organ}文件", organ=organ if template.head.by == "authority" else named(desk, organization),
        date=today(desk).isoformat(), values=values, facts=facts, evidence=evidence,
        texts={
            one.article: pick(one.text_zh_display, one.gloss_en.rstrip(".") + ".")
            for one in legal_basis.articles(desk.playbooks)
        },
    )  # fmt: skip


# ---- an incident
def _incident(desk: Desk, template: Template, subject: str, given: Mapping[str, str]) -> Ground:
    one = casebook.one(desk.store, subject.upper())
    findings = [docket.one(desk.store, name) for name in one.findings]
    reports = [
        kept for kept in papers.listed(desk.store, one.number)
        if kept.instrument is Instrument.REPORT and kept.state is PaperState.ISSUED
    ]  # fmt: skip
    values = {
        **common(desk, template, one.organization, one.plane, one.number), **_what(desk, one, findings),
        "duties": saying.several(saying.article(basis) for finding in findings for basis in finding.basis),
        "discovery": _discovery(desk, findings), "sequence": str(len(reports) + 1),
        "earlier": reports[-1].paper.number if reports else pick("无", "none"), "reporter": desk.actor,
        "superior": _superior(desk, one), **given,
    }  # fmt: skip
    is_report = template.head.instrument is Instrument.REPORT
    return Ground(
        topic=Topic(
            about="incident", subject=one.number, wording=template.name, organization=one.organization, plane=one.plane,
            due=reply_day(desk, template),
        ),
        about=circumstances(desk, template, one.organization, one.plane, values, _facts(desk, findings)),
        duties=tuple(dict.fromkeys(basis for finding in findings for basis in finding.basis)),
        addressee=Addressee.SUPERIOR if is_report else addressee(desk, one.organization),
        warnings=() if one.grading.verified else (pick(*DOUBTED),),
    )  # fmt: skip


def _what(desk: Desk, one: Incident, findings: list[Finding]) -> dict[str, str]:
    """What an incident is, and when."""
    category = taxonomy.load(desk.playbooks).name(one.category, "en") or one.category_zh
    return {
        "cause": pick(one.cause_zh, one.cause_en), "category": pick(one.category_zh, category),
        "grade": pick(one.grade.title_zh, one.grade.title_en), "count": str(len(findings)),
        "occurred": saying.moment(one.occurred), "detected": saying.moment(one.detected), "known": saying.moment(one.known),
        "findings": saying.several(one.findings),
    }  # fmt: skip


def _superior(desk: Desk, one: Incident) -> str:
    """To whom a report goes: whom its first clock names, else the authority's own superior."""
    said = [
        sided(clock.to_whom) for clock in one.deadlines
        if clock.kind.startswith("C-") and not clock.to_whom.startswith("原报告渠道")
    ]  # fmt: skip
    office = desk.register.organization.get(_authority(desk, one.plane))
    if said:
        return said[0]
    return named(desk, office.parent) if office and office.parent else pick("上级主管部门", "the superior authority")


def _facts(desk: Desk, findings: list[Finding]) -> tuple[Fact, ...]:
    asked = wording.requirements(desk.playbooks)
    return tuple(
        Fact(
            one.id,
            notice.finding_says(
                look.title(one), look.because(one), one.subject, one.first_seen, one.last_seen, one.count,
                risk=_(one.severity), clause=saying.several(saying.article(basis) for basis in one.basis),
                requirement=_asked(asked.get(one.kind) or asked[""]),
            ),
            one.evidence,
            one.basis,
        )
        for one in findings
    )  # fmt: skip


def _asked(one: wording.Requirement) -> str:
    return pick(one.text, one.text_en)


def _discovery(desk: Desk, findings: list[Finding]) -> str:
    kinds = (
        piece.kind for piece in docket.pieces(desk.store, {name for one in findings for name in one.evidence})
    )
    return saying.several(pick(*SENSES.get(kind, ROUNDS)) for kind in kinds) or pick(*ROUNDS)


# ---- a declaration, and the addresses under it
def _declaration(desk: Desk, template: Template, subject: str, given: Mapping[str, str]) -> Ground:
    one = filings.one(desk.store, subject)
    wanted = given.get("allocations", "").upper().split()
    listed = [
        held
        for held in holdings.allocations(desk.store, one.plane, declaration=one.number)
        if held.state in HELD and (not wanted or held.id in wanted)
    ]
    if strange := set(wanted) - {held.id for held in listed}:
        raise Refused(
            "the document was not drafted", "{allocations}: not held under {number}", "netops ip list --declaration {number}",
            allocations=", ".join(sorted(strange)), number=one.number,
        )  # fmt: skip
    instrument = template.head.instrument
    states = template.head.states
    if states and one.state not in states:
        raise Refused(
            "the document was not drafted", "{number} is {state}, and this wording answers one that is {states}",
            "netops declare print {number} --paper reply takes the wording that fits", number=one.number, state=_(one.state),
            states=", ".join(map(_, states)),
        )  # fmt: skip
    if instrument is Instrument.ADDRESSES and not listed:
        raise Refused(
            "the document was not drafted", "nothing is allocated under {number}", "netops ip allocate --declaration {number}",
            number=one.number,
        )  # fmt: skip
    stated = Evidence(
        "declaration",
        one.number,
        f"version {one.version}",
        msgspec.to_builtins(one.statements, str_keys=True),
        one.since,
    )
    proofs = [
        Evidence(
            "ledger",
            held.id,
            f"declaration = {one.number}",
            {"addresses": str(held.span), "state": held.state},
            held.since,
        )
        for held in listed
    ]
    lines = sorted(zip(lines_of(desk, one.plane, listed), proofs, strict=True), key=lambda pair: pair[0].id)
    to = one.authority or declared_to(desk, one.organization, one.plane)
    organ = named(desk, to) if to else ""
    values = {
        **common(desk, template, one.organization, one.plane, one.number), "declaration": one.number,
        **({"authority": organ} if organ else {}),
        "nature": one.nature, "scope": one.scope, "terminals": str(one.terminals), "applicant": one.contact,
        "equipment": pick("；", "; ").join(
            " ".join(filter(None, (each.name, each.model, each.address))) for each in one.equipment
        ),
        "allocated": saying.several(str(held.span) for held in listed[:MOST_ADDRESSES])
        + (pick(f" 等{len(listed)}段", f" and more, {len(listed)} runs") if len(listed) > MOST_ADDRESSES else "")
        or pick("另行通知", "notified separately"),
        "version": str(one.version), "why": one.remark.rstrip("。.") + pick("。", ".") if one.remark else "",
        "decided_on": saying.day(day(one.since)), "declared_on": saying.day(one.date), "runs": str(len(listed)),
        "count": str(sum(held.span.size for held in listed)), **given,
    }  # fmt: skip
    facts = tuple(
        Fact(
            line.id,
            {"addresses": line.addresses, "count": str(line.count), "mask": line.mask, "gateway": line.gateway,
             "vlan": str(line.vlan or ""), "purpose": pick("；", "; ").join(filter(None, (line.purpose, line.device))),
             "device": line.device, "since": line.since, "until": line.until if line.state == RESERVED else ""},
            (proof.id,),
        )
        for line, proof in lines
    )  # fmt: skip
    return Ground(
        topic=Topic(
            about="declaration", subject=one.number, wording=template.name, organization=one.organization, plane=one.plane,
            due=reply_day(desk, template),
        ),
        about=circumstances(desk, template, one.organization, one.plane, values, facts, (stated.id,), organ),
        duties=DUTIES.get(instrument, ()), addressee=addressee(desk, one.organization), evidence=(stated, *proofs),
    )  # fmt: skip


# ---- an internet exit
def _exit(desk: Desk, template: Template, subject: str, given: Mapping[str, str]) -> Ground:
    one = next((entry for entry in desk.register.exits if entry.id == subject), None)
    if one is None:
        raise Missing("there is no exit {name}", "", "netops exit list", name=subject)
    if one.kind is ExitKind.COUNTY:
        raise Refused(
            "the document was not drafted", "Article 12 excepts counties, cities and districts: {exit} need not be filed",
            "netops exit show {exit}", exit=one.id,
        )  # fmt: skip
    device = desk.register.device.get(one.device)
    standing = applied.standing(desk.store)
    proof = Evidence(
        "register",
        one.id,
        f"exits, version {standing.version}",
        msgspec.to_builtins(one, str_keys=True),
        standing.at or desk.clock(),
    )
    organization = desk.register.organization.get(one.organization)
    officer = (organization.security_officer or organization.responsible) if organization else None
    values = {
        **common(desk, template, one.organization, one.plane, one.id), "exit": one.id, "kind": pick(*EXIT_KINDS[one.kind]),
        "carrier": one.carrier, "bandwidth": f"{one.bandwidth_mbps} Mbit/s" if one.bandwidth_mbps else "",
        "public_address": one.public_address or one.net, "device": one.device, "model": device.model if device else "",
        "place": " ".join(filter(None, (device.site if device else "", one.interface))), "filing": one.filing,
        "filed_on": saying.day(one.filed_on), "valid_until": saying.day(one.valid_until),
        "contact": officer.name if officer else "", "phone": officer.phone if officer else "", **given,
    }  # fmt: skip
    return Ground(
        topic=Topic(about="exit", subject=one.id, wording=template.name, organization=one.organization, plane=one.plane),
        about=circumstances(desk, template, one.organization, one.plane, values, (), (proof.id,)),
        duties=DUTIES.get(template.head.instrument, ()), addressee=Addressee.SUPERIOR, evidence=(proof,),
    )  # fmt: skip


# ---- an inspection
def _inspection(desk: Desk, template: Template, subject: str, given: Mapping[str, str]) -> Ground:
    inspection = archive.one(desk.store, subject.upper())
    asked = demanded.of(desk, inspection)
    to = addressee(desk, inspection.organization)
    allowed, refused = demanded.sifted(desk, asked, template.head.instrument, to, today(desk))
    shown = allowed or asked
    if not shown:
        raise Refused(
            "the document was not drafted", "{number} has no open rectification item that no document asks for yet",
            "netops inspect rectify {number}", number=inspection.number,
        )  # fmt: skip
    plane = shown[0].item.planes[-1]
    values = {
        **common(desk, template, inspection.organization, plane, inspection.number), "inspection": inspection.number,
        "catalogue": inspection.catalogue.title, "inspectors": several(inspection.inspectors),
        "visited": saying.day(inspection.planned_for or city_time(inspection.opened_at, "%Y-%m-%d")),
        "count": str(len(shown)), "items": several(one.item.id for one in shown), **given,
    }  # fmt: skip
    left = pick("（下列检查项没有现行有效的依据可用本文种，未列入：{items}。）",
                "(No basis in force allows this document for these items, which are left out: {items}.)")  # fmt: skip
    return Ground(
        topic=Topic(
            about="inspection", subject=inspection.number, wording=template.name, organization=inspection.organization,
            plane=plane, due=reply_day(desk, template),
        ),
        about=circumstances(desk, template, inspection.organization, plane, values, tuple(one.fact for one in shown)),
        duties=tuple(dict.fromkeys(basis for one in shown for basis in one.bases)),
        addressee=to, evidence=tuple(one.proof for one in shown),
        warnings=(left.format(items=several(one.item.id for one in refused)),) if allowed and refused else (),
    )  # fmt: skip


def _inspections(desk: Desk, template: Template, subject: str, given: Mapping[str, str]) -> Ground:
    from netops.rounds import circular

    return circular.inspections(desk, template, subject, given)


def _assessment(desk: Desk, template: Template, subject: str, given: Mapping[str, str]) -> Ground:
    from netops.rounds import circular

    return circular.assessment(desk, template, subject, given)


# ---- another paper
def _document(desk: Desk, template: Template, subject: str, given: Mapping[str, str]) -> Ground:
    kept = papers.one(desk.store, subject)
    if kept.state is not PaperState.ISSUED or kept.issued is None:
        raise Refused(
            "the document was not drafted", "{number} is {state}: only an issued document is delivered and answered",
            "netops document issue {number}", number=kept.paper.number or kept.id, state=_(kept.state),
        )  # fmt: skip
    plane = Plane(kept.plane or Plane.EXTRANET)
    proof = Evidence(
        "document",
        kept.paper.number,
        "document issue",
        {"sha256": kept.sha256, "title": kept.paper.title},
        kept.issued,
    )
    english = kept.paper.english
    values = common(desk, template, kept.organization, plane, kept.subject) | {
        "document": kept.paper.number, "document_title": pick(kept.paper.title, english.title if english else ""),
        "document_kind": _(kept.instrument.label), "issued": saying.day(kept.paper.date),
        "recipient": pick(kept.paper.to, english.to if english else ""), "server": desk.actor, "reply_by": saying.day(kept.due),
    }  # fmt: skip
    facts: tuple[Fact, ...] = ()
    if kept.incident:
        one = casebook.one(desk.store, kept.incident)
        findings = [docket.one(desk.store, name) for name in one.findings]
        facts = _facts(desk, findings)
        values |= _what(desk, one, findings)
    if kept.about == "inspection":
        facts = tuple(one.fact for one in demanded.by_paper(desk, kept.subject, kept.id))
        values["count"] = str(len(facts))
    topic = msgspec.structs.replace(
        kept.topic, about="document", subject=kept.id, wording=template.name, due="", goes_with=kept.id
    )
    return Ground(
        topic=topic, about=circumstances(desk, template, kept.organization, plane, values | dict(given), facts, (proof.id,)),
        duties=(), addressee=kept.decision.addressee, parent=kept, evidence=(proof,),
    )  # fmt: skip


GROUNDS: Mapping[str, Callable[[Desk, Template, str, Mapping[str, str]], Ground]] = {
    "incident": _incident, "declaration": _declaration, "exit": _exit, "inspection": _inspection, "inspections": _inspections,
    "assessment": _assessment, "document": _document,
}  # fmt: skip
"""By what a wording is about."""
