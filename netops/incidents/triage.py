"""Triage (归并): which findings make an incident, which join one, which wait, each with its reason. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from enum import StrEnum

import msgspec

from netops.core.finding import Finding, Severity
from netops.core.language import N_, Said, recalled
from netops.core.plane import Plane
from netops.incidents.incident import Incident
from netops.incidents.taxonomy import Taxonomy

OPENING = (Severity.CRITICAL, Severity.HIGH)
"""Severities that open an incident by themselves."""
OWN_COURSE = ("IN-0", "IS")
"""Codes that begin so are about handling and inspections: they have their own course and never become incidents."""


class Action(StrEnum):
    """What becomes of findings: a new incident, a link to an open one, or nothing yet."""

    OPEN = "open"
    JOIN = "join"
    LEAVE = "leave"


class Step(msgspec.Struct, frozen=True):
    """
    One thing to do.

    Args:
        place: where it happens; "" when nothing tells.
        incident: number to join, or that the findings belong to already; "" for a new one.
        why: message id, filled from *facts*.
    """

    action: Action
    organization: str
    cause: str
    plane: Plane
    place: str
    findings: tuple[Finding, ...]
    incident: str
    why: str
    facts: dict[str, str] = {}

    @property
    def reason(self) -> str:
        """Why, in the language in use."""
        return recalled(self.kept)

    @property
    def kept(self) -> str:
        """Why, as records keep it."""
        return Said(self.why, **self.facts).kept()


class Key(msgspec.Struct, frozen=True):
    """What findings fold by; *organization* and *place* are "" when nothing tells them."""

    organization: str
    cause: str
    plane: Plane
    place: str

    def covers(self, other: Key) -> bool:
        """Whether *other* may be the same event told with less: it names nothing that this does not, and something the same."""
        pairs = ((self.organization, other.organization), (self.place, other.place))
        differs = any(theirs and mine != theirs for mine, theirs in pairs)
        shares = any(mine == theirs != "" for mine, theirs in pairs)
        same = self.cause == other.cause and self.plane is other.plane
        return self == other or (same and shares and not differs)


def fold(
    findings: Iterable[Finding], incidents: Iterable[Incident], taxonomy: Taxonomy, places: Mapping[str, str] | None = None
) -> list[Step]:
    """
    Fold standing findings by organization, cause, plane and place.

    A finding that lacks organization or place goes where it fits, when there is exactly one such incident or group;
    where two fit, it stands alone: a wrong fold is worse than a missing one, and people can merge.

    Args:
        findings: standing ones; those linked to an open incident already are passed over.
        incidents: every incident, open and closed.
        places: where each finding happens, by its id.
    """
    known, where = list(incidents), places or {}
    numbered = {one.number: one for one in known}
    holder = {one.number: _holder(one, numbered) for one in known}
    linked = {
        name: holder[one.number]
        for one in sorted(known, key=lambda one: holder[one.number].is_open)
        for name in one.findings
    }
    standing = {Key(one.organization, one.cause, one.plane, one.place): one for one in known if one.is_open}
    groups: dict[Key, list[Finding]] = defaultdict(list)
    steps = []
    for finding in findings:
        incident = linked.get(finding.id)
        key = Key(finding.organization, taxonomy.cause(finding.kind).key, finding.plane, where.get(finding.id, ""))
        if finding.code.startswith(OWN_COURSE) or (incident and incident.is_open):
            continue
        if incident and incident.closed and finding.last_seen <= incident.closed:
            why = N_("it belongs to {incident}, which is closed, and was not seen since")
            facts = {"incident": incident.number}
            steps.append(_step(Action.LEAVE, key, [finding], incident.number, why, facts))
            continue
        groups[key].append(finding)
    for key, group in _gathered(groups, standing).items():
        steps.append(_fate(key, group, standing))
    return steps


def _gathered(groups: Mapping[Key, list[Finding]], standing: Mapping[Key, Incident]) -> dict[Key, list[Finding]]:
    """Groups, those that lack something put into the only one that they fit, unless an open incident is as near."""
    gathered: dict[Key, list[Finding]] = {}
    whole = [key for key in groups if key.organization and key.place]
    index: dict[tuple[str, Plane], list[Key]] = defaultdict(list)
    for key in dict.fromkeys([*whole, *standing]):
        index[key.cause, key.plane].append(key)
    for key in [*whole, *(key for key in groups if key not in set(whole))]:
        fits = [other for other in index[key.cause, key.plane] if other.covers(key)]
        lacks = not (key.organization and key.place)
        home = fits[0] if lacks and len(fits) == 1 and fits[0] in groups and fits[0] not in standing else key
        gathered.setdefault(home, []).extend(groups[key])
    return gathered


def _holder(incident: Incident, known: dict[str, Incident]) -> Incident:
    """The incident that answers for this one's findings: itself, or what it was merged into."""
    seen = {incident.number}
    while incident.merged_into in known and incident.merged_into not in seen:
        incident = known[incident.merged_into]
        seen.add(incident.number)
    return incident


def _fate(key: Key, group: list[Finding], standing: Mapping[Key, Incident]) -> Step:
    """What becomes of one group."""
    exact = standing.get(key)
    if exact:
        why = N_("same organization, cause and place ({place}) as {incident}, which is open")
        return _step(Action.JOIN, key, group, exact.number, why, {"incident": exact.number, "place": key.place or "—"})
    fits = [one for other, one in standing.items() if other.covers(key)]
    if len(fits) == 1:
        why = N_("same cause as {incident}, the only open incident that it fits as far as organization and place are known")
        return _step(Action.JOIN, key, group, fits[0].number, why, {"incident": fits[0].number})
    grave = [finding for finding in group if finding.severity in OPENING]
    if not grave:
        return _step(Action.LEAVE, key, group, "", N_("not grave enough to open an incident"))
    why = N_("{finding} is {severity}, and no open incident has its organization, cause and place ({place})")
    facts = {"finding": grave[0].id, "severity": grave[0].severity.value, "place": key.place or "—"}
    return _step(Action.OPEN, key, group, "", why, facts)


def _step(
    action: Action, key: Key, group: list[Finding], incident: str, why: str, facts: dict[str, str] | None = None
) -> Step:
    return Step(action, key.organization, key.cause, key.plane, key.place, tuple(group), incident, why, facts or {})
