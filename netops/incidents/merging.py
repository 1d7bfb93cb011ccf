"""Merging (并入): one incident under another by a link, and back; nothing is copied, and no clock of law is lost."""

from __future__ import annotations

from netops.core.errors import Refused
from netops.core.journal import Act
from netops.incidents.casebook import before_merge, change, locked
from netops.incidents.incident import Deadline, Incident, Stage


def merge(act: Act, number: str, into: str, why: str) -> None:
    """
    Link an incident under another; nothing is copied, so that `unmerge` is exact.

    Raises:
        Refused: they are the same, either is closed, or a statutory clock would be lost.
    """
    incident, target = (locked(act, name) for name in (number, into))
    if number == into or not incident.is_open or not target.is_open:
        raise Refused(
            "{number} was not merged into {into}",
            "both must be open, and two different incidents",
            "netops incident list",
            number=number,
            into=into,
        )
    lost = lost_clocks(incident, target)
    if lost:
        raise Refused(
            "{number} was not merged into {into}",
            "its clock {clocks} runs, and {into} has none that ends as early: a merge stops no clock",
            "merge the other way round, or record the report: netops incident report {number} --kind first --sent",
            number=number,
            into=into,
            clocks=", ".join(one.kind for one in lost),
        )
    changes = {"state": Stage.MERGED, "merged_into": into, "closed": act.at}
    change(act, incident, "merge", changes, incident.state, into, why, verb="incident merge")


def lost_clocks(incident: Incident, into: Incident) -> list[Deadline]:
    """Running clocks of law of *incident* that nobody would hold any more once it is merged into the other."""
    return [
        one
        for one in incident.deadlines
        if one.stopped is None
        and one.due is not None
        and not one.local
        and not any(_answers_for(other, one) for other in into.deadlines)
    ]


def _answers_for(other: Deadline, one: Deadline) -> bool:
    """Whether the clock *other* ends as early as the clock *one*; a stopped one only by an act done since *one* started."""
    early = other.due is not None and one.due is not None and other.due <= one.due
    return other.kind == one.kind and early and (other.stopped is None or other.stopped >= one.start)


def unmerge(act: Act, number: str, why: str) -> None:
    """
    Undo a merge: the incident stands where it stood before.

    Raises:
        Refused: it is not merged.
    """
    incident = locked(act, number)
    if incident.state is not Stage.MERGED:
        raise Refused("{number} was not unmerged", "it is not merged", "", number=number)
    before = before_merge(act, number)
    changes = {"state": before, "merged_into": "", "closed": None}
    change(act, incident, "state", changes, incident.state, before, why, verb="incident unmerge")
