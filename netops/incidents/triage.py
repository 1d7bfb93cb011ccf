"""Triage (归并): which findings make an incident, which join one, which wait, each with its reason. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from enum import StrEnum

import msgspec

from netops.core.finding import Finding, Severity
from netops.core.language import N_, _
from netops.core.plane import Plane
from netops.incidents.incident import Incident
from netops.incidents.taxonomy import Taxonomy

OPENING = (Severity.CRITICAL, Severity.HIGH)
"""Severities that open an incident by themselves."""
OWN_ROOMS = ("IN", "IS")
"""Findings about handling and inspections have their own course and never become incidents."""


class Action(StrEnum):
    """What becomes of findings: a new incident, a link to an open one, or nothing yet."""

    OPEN = "open"
    JOIN = "join"
    LEAVE = "leave"


class Step(msgspec.Struct, frozen=True):
    """
    One thing to do.

    Args:
        incident: number to join, or that the findings belong to already; "" for a new one.
        why: message id, filled from *facts*.
    """

    action: Action
    organization: str
    cause: str
    plane: Plane
    findings: tuple[Finding, ...]
    incident: str
    why: str
    facts: dict[str, str] = {}

    @property
    def reason(self) -> str:
        """Why, in the language in use."""
        return _(self.why).format(**{name: _(value) for name, value in self.facts.items()})


def fold(findings: Iterable[Finding], incidents: Iterable[Incident], taxonomy: Taxonomy) -> list[Step]:
    """
    Fold standing findings by organization, cause and plane.

    Args:
        findings: standing ones; those linked to an open incident already are passed over.
        incidents: every incident, open and closed.
    """
    known = list(incidents)
    numbered = {one.number: one for one in known}
    holder = {one.number: _holder(one, numbered) for one in known}
    linked = {
        name: holder[one.number]
        for one in sorted(known, key=lambda one: holder[one.number].is_open)
        for name in one.findings
    }
    current = {(one.organization, one.cause, one.plane): one for one in known if one.is_open}
    groups: dict[tuple[str, str, Plane], list[Finding]] = defaultdict(list)
    steps = []
    for finding in findings:
        incident = linked.get(finding.id)
        cause = taxonomy.cause(finding.kind).key
        if finding.code[:2] in OWN_ROOMS or (incident and incident.is_open):
            continue
        if incident and incident.closed and finding.last_seen <= incident.closed:
            why = N_("it belongs to {incident}, which is closed, and was not seen since")
            facts = {"incident": incident.number}
            steps.append(
                Step(
                    Action.LEAVE, finding.organization, cause, finding.plane, (finding,), incident.number, why, facts
                )
            )
            continue
        groups[finding.organization, cause, finding.plane].append(finding)
    for (organization, cause, plane), group in groups.items():
        standing = current.get((organization, cause, plane))
        steps.append(_step(organization, cause, plane, tuple(group), standing))
    return steps


def _holder(incident: Incident, known: dict[str, Incident]) -> Incident:
    """The incident that answers for this one's findings: itself, or what it was merged into."""
    seen = {incident.number}
    while incident.merged_into in known and incident.merged_into not in seen:
        incident = known[incident.merged_into]
        seen.add(incident.number)
    return incident


def _step(
    organization: str, cause: str, plane: Plane, group: tuple[Finding, ...], standing: Incident | None
) -> Step:
    if standing:
        why = N_("same organization, cause and plane as {incident}, which is open")
        return Step(
            Action.JOIN, organization, cause, plane, group, standing.number, why, {"incident": standing.number}
        )
    grave = [finding for finding in group if finding.severity in OPENING]
    if not grave:
        return Step(Action.LEAVE, organization, cause, plane, group, "", N_("not grave enough to open an incident"))
    why = N_("{finding} is {severity}, and no open incident has its organization, cause and plane")
    facts = {"finding": grave[0].id, "severity": grave[0].severity.value}
    return Step(Action.OPEN, organization, cause, plane, group, "", why, facts)
