"""An inspection as OSCAL assessment plan, assessment results and POA&M: three answers, evidence, what is to be mended. Pure."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any

import msgspec

from netops.core.clock import CITY_ZONE
from netops.core.evidence import Evidence, canonical
from netops.inspections import oscal
from netops.inspections.answer import RESULTS_ZH, Result
from netops.inspections.inspection import Answer, Inspection, Party, said
from netops.inspections.item import Item
from netops.inspections.oscal import (
    CATALOG,
    PLAN,
    RESULTS,
    Json,
    back,
    file_of,
    link,
    marked,
    moment,
    own,
    prose,
)
from netops.inspections.oscal_catalog import control_ids, objective

METHOD = {Party.MACHINE: "TEST", Party.INSPECTOR: "EXAMINE", Party.DEPARTMENT: "INTERVIEW"}
PARTIES_ZH = {Party.MACHINE: "自动检查", Party.INSPECTOR: "检查人", Party.DEPARTMENT: "被查单位"}
STATES = {
    Result.CONFORM: ("satisfied", "pass"), Result.NONCONFORM: ("not-satisfied", "fail"),
    Result.PARTIAL: ("not-satisfied", "other"),
}  # fmt: skip
"""What is not applicable or was not checked is no finding: nothing was found."""
BAD = (Result.NONCONFORM, Result.PARTIAL)


class Assessed(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """
    An inspection with what its documents need besides.

    Args:
        organization, city: official names. *authority*: who inspects.
        evidence: pieces that the answers name, by id; those that are not here are named without their content.
        terms: ISO date until which an item is to be mended, by item; else the office's term counts from the answer.
        catalog_sha256: of the file of the catalog that the plan names.
    """

    inspection: Inspection
    organization: str
    authority: str
    city: str
    catalog_sha256: str
    evidence: Mapping[str, Evidence] = {}
    terms: Mapping[str, str] = {}

    @cached_property
    def seed(self) -> str:
        """What tells this inspection from every other one, in every city."""
        one = self.inspection
        return f"{self.city}/{one.number}/{one.organization}/{one.opened_at.isoformat()}"

    def uuid(self, *parts: str) -> str:
        """Identifier of something of this inspection."""
        return oscal.identifier(self.seed, *parts)

    @cached_property
    def controls(self) -> dict[str, str]:
        """Control of each item."""
        return control_ids(self.inspection.catalogue)

    @cached_property
    def changed(self) -> datetime:
        """When anything was last said in it."""
        one = self.inspection
        return max([one.opened_at, *([one.checked_at] if one.checked_at else []), *(answer.at for answer in one.answers)])

    @cached_property
    def bad(self) -> list[tuple[Item, Answer]]:
        """Items that do not conform wholly, with the answer that counts."""
        one = self.inspection
        return [(item, answer) for item in one.catalogue.items
                if (answer := one.standing(item)) and answer.judgement.result in BAD]  # fmt: skip

    def due(self, item: Item, answer: Answer) -> datetime:
        """Until when an item is to be mended."""
        if item.id in self.terms:
            return datetime.combine(date.fromisoformat(self.terms[item.id]), time(23, 59, 59), CITY_ZONE)
        return answer.at + timedelta(days=self.inspection.catalogue.term_days(item))


# ---- the plan
def plan(one: Assessed) -> Json:
    """What was to be looked at, by which catalog, with whom."""
    inspection, catalogue = one.inspection, one.inspection.catalogue
    source = file_of(CATALOG, one.catalog_sha256, catalogue.head.title_zh)
    system = oscal.resource(
        f"{one.organization}登记资料",
        "被查单位、设备、地址、接入说明和台账以 netops 登记册和数据库为准，未另行编制系统安全计划。", one.seed, "system",
    )  # fmt: skip
    reviewed = {"control-selections": [{"include-controls": [{"control-id": name} for name in one.controls.values()]}],
                "links": [link(source, "catalog")]}  # fmt: skip
    task: Json = {"uuid": one.uuid("task"), "type": "action", "title": marked(f"检查 {one.organization}")}
    if inspection.planned_for:
        day = datetime.combine(date.fromisoformat(inspection.planned_for), time(), CITY_ZONE)
        task["timing"] = {"on-date": {"date": moment(day)}}
    subjects = [{"type": "party", "include-subjects": [{"subject-uuid": _body(one), "type": "party"}]}]
    body: Json = {
        "metadata": _metadata(one, f"{one.organization}检查方案（{inspection.number}）"),
        "import-ssp": {"href": f"#{system['uuid']}"},
        "reviewed-controls": reviewed,
        "assessment-subjects": subjects,
        "assessment-assets": _assets(one),
        "tasks": [task],
        **back([source, system]),
    }
    return oscal.document("assessment-plan", body, one.seed)


# ---- the results
def results(one: Assessed, plan_sha256: str) -> Json:
    """What each party said of every item, on what evidence, and what was found."""
    inspection = one.inspection
    source = file_of(PLAN, plan_sha256, f"{one.organization}检查方案")
    looked = [item for item in inspection.catalogue.items if inspection.result(item) in STATES]
    left = [item for item in inspection.catalogue.items if item not in looked]
    reviewed: Json = {"control-selections": [_selection(one, looked, left)]}
    if left:
        reviewed["remarks"] = prose(f"{len(left)} 项不适用或者未检查，不作结论：" + "、".join(item.id for item in left))
    observed = [_observation(one, item, party, answer) for item in inspection.catalogue.items for party in Party
                if (answer := inspection.by(item, party))]  # fmt: skip
    result: Json = {
        "uuid": one.uuid("result"),
        "title": marked(f"{one.organization}检查结果（{inspection.number}）"),
        "description": prose(_counted(inspection)),
        "start": moment(inspection.opened_at),
        "end": moment(one.changed),
        "local-definitions": {"assessment-assets": _assets(one)},
        "reviewed-controls": reviewed,
        **({"observations": observed} if observed else {}),
        **({"risks": [_risk(one, item, answer) for item, answer in one.bad]} if one.bad else {}),
        **({"findings": [_finding(one, item) for item in looked]} if looked else {}),
    }
    body: Json = {
        "metadata": _metadata(one, f"{one.organization}检查结果（{inspection.number}）"),
        "import-ap": {"href": f"#{source['uuid']}"},
        "results": [result],
        **back([source, *_pieces(one, list(inspection.latest.values()))]),
    }
    return oscal.document("assessment-results", body, one.seed)


def _selection(one: Assessed, looked: list[Item], left: list[Item]) -> Json:
    def named(items: list[Item]) -> list[Json]:
        return [{"control-id": one.controls[item.id]} for item in items]

    if not looked:
        return {"exclude-controls": named(left)}
    return {"include-controls": named(looked)} | ({"exclude-controls": named(left)} if left else {})


def _counted(inspection: Inspection) -> str:
    counts = inspection.progress().results
    return "，".join(f"{RESULTS_ZH[Result(name)]} {count} 项" for name, count in counts.items())


def _observation(one: Assessed, item: Item, party: Party, answer: Answer) -> Json:
    judgement = answer.judgement
    told = f"{PARTIES_ZH[party]}：{RESULTS_ZH[judgement.result]}。{said(answer)}"
    proof = [{"href": f"#{_piece_uuid(one, name)}", "description": marked(name)} for name in judgement.evidence]
    props = [own("item", item.id), own("result", judgement.result), own("party", party),
             *(own("finding", name) for name in judgement.findings)]  # fmt: skip
    return {
        "uuid": _observed(one, item, party),
        "title": marked(f"{item.id} {PARTIES_ZH[party]}"),
        "description": prose(told),
        "props": props,
        "methods": [METHOD[party]],
        "origins": [{"actors": [_actor(one, party, answer)]}],
        "subjects": [{"subject-uuid": _body(one), "type": "party"}],
        **({"relevant-evidence": proof} if proof else {}),
        "collected": moment(answer.at),
    }


def _finding(one: Assessed, item: Item) -> Json:
    inspection = one.inspection
    answer = inspection.standing(item)
    assert answer is not None  # noqa: S101 - it was looked at
    result = answer.judgement.result
    state, reason = STATES[result]
    control = one.controls[item.id]
    seen = [{"observation-uuid": _observed(one, item, party)} for party in Party if inspection.by(item, party)]
    return {
        "uuid": one.uuid("finding", item.id),
        "title": marked(f"{item.id} {item.question_zh}"),
        "description": prose(f"{RESULTS_ZH[result]}。{said(answer)}"),
        "props": [own("result", result), own("contested", str(inspection.contested(item)).lower()),
                  own("confirmed", str(not inspection.waits(item)).lower())],
        "target": {"type": "objective-id", "target-id": objective(control), "status": {"state": state, "reason": reason}},
        "related-observations": seen,
        **({"related-risks": [{"risk-uuid": one.uuid("risk", item.id)}]} if result in BAD else {}),
    }  # fmt: skip


def _risk(one: Assessed, item: Item, answer: Answer) -> Json:
    inspection, catalogue = one.inspection, one.inspection.catalogue
    remedy = {"uuid": one.uuid("remedy", item.id), "lifecycle": "recommendation", "title": marked(f"整改 {item.id}"),
              "description": prose(item.remedy_zh or item.question_zh)}  # fmt: skip
    seen = [{"observation-uuid": _observed(one, item, party)} for party in Party if inspection.by(item, party)]
    return {
        "uuid": one.uuid("risk", item.id),
        "title": marked(f"{item.id} {RESULTS_ZH[answer.judgement.result]}"),
        "description": prose(said(answer) or item.question_zh),
        "statement": prose(f"{catalogue.cited(item)}：{item.quote_zh}"),
        "props": [own("severity", item.severity), own("weight", item.weight)],
        "status": "open",
        "deadline": moment(one.due(item, answer)),
        "remediations": [remedy],
        "related-observations": seen,
    }


# ---- what is to be mended
def poam(one: Assessed, results_sha256: str) -> Json | None:
    """What is to be mended until when; None when everything conforms: OSCAL has no empty plan of action."""
    if not one.bad:
        return None
    inspection = one.inspection
    source = file_of(RESULTS, results_sha256, f"{one.organization}检查结果")
    items = [
        {
            "uuid": one.uuid("poam", item.id), "title": marked(f"{item.id} {item.question_zh}"),
            "description": prose(f"{RESULTS_ZH[answer.judgement.result]}。{said(answer)}\n整改：{item.remedy_zh}"),
            "props": [own("item", item.id), own("severity", item.severity), own("due", f"{one.due(item, answer):%Y-%m-%d}")],
            "related-findings": [{"finding-uuid": one.uuid("finding", item.id)}],
            "related-observations": [{"observation-uuid": _observed(one, item, party)} for party in Party
                                     if inspection.by(item, party)],
            "related-risks": [{"risk-uuid": one.uuid("risk", item.id)}],
        }
        for item, answer in one.bad
    ]  # fmt: skip
    said_of = [(item, party, given) for item, _answer in one.bad for party in Party if (given := inspection.by(item, party))]
    body: Json = {
        "metadata": _metadata(one, f"{one.organization}整改计划（{inspection.number}）", links=[link(source, "source")]),
        "system-id": {"identifier-type": "urn:netops:organization", "id": inspection.organization},
        "local-definitions": {"assessment-assets": _assets(one)},
        "observations": [_observation(one, *given) for given in said_of],
        "risks": [_risk(one, item, answer) for item, answer in one.bad],
        "findings": [_finding(one, item) for item, _answer in one.bad],
        "poam-items": items,
        **back([source, *_pieces(one, [given for _item, _party, given in said_of])]),
    }
    return oscal.document("plan-of-action-and-milestones", body, one.seed)


# ---- who and with what
def _metadata(one: Assessed, title: str, **more: Any) -> Json:
    inspection = one.inspection
    people = [{"uuid": _person(one, name), "type": "person", "name": oscal.line(name)}
              for name in dict.fromkeys(inspection.inspectors)]  # fmt: skip
    office = {"uuid": _office(one), "type": "organization", "name": oscal.line(one.authority)}
    body = {"uuid": _body(one), "type": "organization", "name": oscal.line(one.organization),
            "short-name": oscal.line(inspection.organization)}  # fmt: skip
    lead = {"role-id": "assessor", "party-uuids": [each["uuid"] for each in people] or [office["uuid"]]}
    return oscal.metadata(
        title, f"{inspection.catalogue.head.version}.{len(inspection.answers)}", one.changed,
        roles=[{"id": "assessor", "title": "检查人"}, {"id": "assessed", "title": "被查单位"}],
        parties=[office, body, *people],
        responsible_parties=[lead, {"role-id": "assessed", "party-uuids": [body["uuid"]]}],
        **more,
    )  # fmt: skip


def _assets(one: Assessed) -> Json:
    tool = {"uuid": oscal.identifier("tool", "netops"), "type": "software", "title": "netops",
            "description": "自动检查：对照登记册、台账、走访、流量和公文。", "status": {"state": "operational"}}  # fmt: skip
    platform = {"uuid": one.uuid("platform"), "title": "netops", "uses-components": [{"component-uuid": tool["uuid"]}]}
    return {"components": [tool], "assessment-platforms": [platform]}


def _actor(one: Assessed, party: Party, answer: Answer) -> Json:
    if party is Party.MACHINE:
        return {"type": "tool", "actor-uuid": oscal.identifier("tool", "netops")}
    if party is Party.DEPARTMENT:
        return {"type": "party", "actor-uuid": _body(one), "role-id": "assessed", "props": [own("by", answer.actor)]}
    known = answer.actor in one.inspection.inspectors
    whose = _person(one, answer.actor) if known else _office(one)
    return {"type": "party", "actor-uuid": whose, "role-id": "assessor", "props": [own("by", answer.actor)]}


def _observed(one: Assessed, item: Item, party: Party) -> str:
    return one.uuid("observation", item.id, party)


def _person(one: Assessed, name: str) -> str:
    return one.uuid("person", name)


def _office(one: Assessed) -> str:
    return oscal.identifier(one.city, "authority", one.authority)


def _body(one: Assessed) -> str:
    return oscal.identifier(one.city, "organization", one.inspection.organization)


def _piece_uuid(one: Assessed, name: str) -> str:
    return oscal.identifier("resource", one.city, "evidence", name)


def _pieces(one: Assessed, answers: list[Answer]) -> list[Json]:
    """Every piece of evidence that the answers name: what was asked, when, and the answer itself."""
    made = []
    for name in dict.fromkeys(name for answer in answers for name in answer.judgement.evidence):
        piece = one.evidence.get(name)
        told = f"{piece.source}　{piece.query}　{moment(piece.at)}" if piece else "这一证据已不在库中"
        more: Json = {}
        if piece:
            content = {"filename": f"{name}.json", "media-type": "application/json",
                       "value": b64encode(canonical(piece)).decode()}  # fmt: skip
            more = {"props": [own("sha256", piece.sha256)], "base64": content}
        made.append(oscal.resource(name, told, one.city, "evidence", name, **more))
    return made
