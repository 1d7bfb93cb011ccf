"""Triage (研判立案): findings into incidents, and clocks reckoned anew; the papers about them stand in `drafting`."""

from __future__ import annotations

from datetime import datetime

from netops.core import docket
from netops.core.finding import STANDING, Finding
from netops.core.journal import act
from netops.core.plane import Plane
from netops.desk import Desk
from netops.incidents import casebook, clocks, grading, taxonomy
from netops.incidents import triage as folding
from netops.incidents.incident import Deadline, Grading, Incident, Stage
from netops.incidents.rules import RULES
from netops.rounds import Progress, Report, silent

ACTOR = "netops"
"""Who opens incidents by rule; people do the rest under their own names."""


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
