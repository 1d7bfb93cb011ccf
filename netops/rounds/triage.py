"""Triage (研判立案): findings into incidents, and clocks reckoned anew; the papers about them stand in `drafting`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from netops.core import custody, docket
from netops.core.errors import Refused
from netops.core.finding import STANDING, Finding
from netops.core.journal import Act, act
from netops.core.language import N_
from netops.core.plane import Plane
from netops.desk import Desk
from netops.incidents import casebook, clocks, grading, handling, playbook, proceedings, taxonomy
from netops.incidents import triage as folding
from netops.incidents.incident import Incident, Stage
from netops.incidents.rules import CLOCKS
from netops.rounds import Progress, Report, places, silent, then

ACTOR = "netops"
"""Who opens incidents by rule; people do the rest under their own names."""


def run(desk: Desk, progress: Progress = silent) -> Report:
    """Fold standing findings into incidents, then hold the clocks of the open ones against the present."""
    law = taxonomy.load(desk.playbooks)
    findings = [one for one in docket.listed(desk.store, state=STANDING) if one.plane in desk.planes]
    steps = [step for step in folding.fold(findings, casebook.listed(desk.store), law, places.of(desk, findings))
             if step.action is not folding.Action.LEAVE]
    opened = []
    for done, step in enumerate(steps, 1):
        if step.action is folding.Action.OPEN:
            opened.append(open_incident(desk, step.findings, step.organization, step.kept, ACTOR, step.place))
        else:
            told = {finding.id: then.had(desk, finding) for finding in step.findings}
            with act(desk.store, ACTOR, desk.clock) as one:
                new = casebook.join(one, step.incident, list(told), step.kept, step.place)
                _who_had_it(one, step.incident, [finding for finding in step.findings if finding.id in new], told)
        progress(done, len(steps), step.cause)
    settlements = [_hold_clocks(desk, plane) for plane in desk.planes]
    standing = [one.id for one in docket.listed(desk.store, state=STANDING) if one.code in CLOCKS]
    return Report(
        round="triage", opened=tuple(name for one in settlements for name in one.opened),
        resolved=tuple(name for one in settlements for name in one.resolved), standing=tuple(standing),
        facts={"findings": len(findings), "incidents opened": len(opened),
               "incidents open": len(casebook.listed(desk.store, open_only=True))})


def require_together(desk: Desk, named: Collection[Finding]) -> None:
    """
    Make sure that one incident can be opened by hand of these findings.

    Raises:
        Refused: they differ in organization, cause or plane, or one belongs to an open incident.
    """
    law = taxonomy.load(desk.playbooks)
    if len({(one.organization, law.cause(one.kind).key, one.plane) for one in named}) > 1:
        raise Refused(
            "no incident was opened", "the findings differ in organization, cause or plane", "open one for each"
        )  # fmt: skip
    for held in casebook.listed(desk.store, open_only=True):
        if both := set(held.findings) & {one.id for one in named}:
            raise Refused(
                "no incident was opened", "{findings} belongs to {incident}, which is open",
                "netops incident show {incident}", findings=", ".join(sorted(both)), incident=held.number,
            )  # fmt: skip


def open_incident(
    desk: Desk, findings: tuple[Finding, ...], organization: str, why: str, actor: str, place: str = ""
) -> str:
    """
    Open an incident of these findings, which share plane and cause.

    Args:
        place: where they happen, or "".

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
        state=Stage.DETECTED, occurred=min(one.first_seen for one in findings), detected=now, known=now, place=place,
        findings=tuple(one.id for one in findings))
    told = {finding.id: then.had(desk, finding) for finding in findings}
    with act(desk.store, actor, desk.clock) as one:
        number = casebook.open_(one, incident, clocks.load(desk.playbooks), why)
        checklist(desk, one, number, cause.key)
        _who_had_it(one, number, findings, told)
    return number


def _who_had_it(act: Act, number: str, findings: Iterable[Finding], told: Mapping[str, dict[str, Any]]) -> None:
    """Write down with an incident who had what its findings name at that time, as evidence of its own."""
    for finding in findings:
        found = told[finding.id]
        if not found:
            continue
        proof = then.proof(finding, found, act.at)
        custody.keep(act.connection, [proof])
        proceedings.add(act, number, "whereabouts", finding.first_seen, "", finding=finding.id, evidence=proof.id,
                        of_finding=list(finding.evidence), **found)


def checklist(desk: Desk, act: Act, number: str, cause: str) -> None:
    """Lay the steps of the playbook of this cause before the people who handle an incident, as they read now."""
    answering = playbook.answering(playbook.load(desk.playbooks), cause)
    if answering:
        proceedings.add(act, number, "checklist", act.at, answering.name, title_zh=answering.head.title_zh,
                        title_en=answering.head.title_en, steps=list(answering.steps), steps_en=list(answering.steps_en),
                        first_step_minutes=answering.head.first_step_minutes)


def _hold_clocks(desk: Desk, plane: Plane) -> docket.Settlement:
    """Clocks by the law as it stands today; who has an incident in hand, until its cause clears; what runs out."""
    law, standing = clocks.load(desk.playbooks), {one.id for one in docket.listed(desk.store, state=STANDING, plane=plane)}
    starts = proceedings.of_kinds(desk.store, {row.start for row in law.clocks})
    for one in casebook.listed(desk.store, plane, open_only=True):
        changed = law.deadlines(one, starts.get(one.number, ())) != one.deadlines
        cleared = one.acknowledged is not None and not standing & set(one.findings)
        if changed or cleared:
            with act(desk.store, ACTOR, desk.clock) as done:
                if cleared:
                    handling.release(done, one.number, N_("its cause has cleared"))
                if changed:
                    handling.reckon(done, one.number, law, N_("the law or the working calendar was changed"))
    incidents = casebook.listed(desk.store, plane)
    now = desk.clock()
    conclusions = [one for rule in CLOCKS.values() for one in rule(incidents, now)]
    return docket.settle(desk.store, CLOCKS, conclusions, plane=plane, at=now, scope=CLOCKS)
