"""The room's own rules: what an inspection left behind."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec

from netops.core.basis import Basis
from netops.core.clock import city_time
from netops.core.evidence import Evidence
from netops.core.finding import Conclusion, Rule, Severity, rule
from netops.core.language import N_
from netops.inspections.inspection import Inspection
from netops.inspections.rectification import ItemException, Rectification, excused


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """
    What is looked at: inspections, and what followed them.

    Args:
        inspections: the newest of each organization by each catalogue, and those with rectification items; oldest first.
    """

    at: datetime
    inspections: tuple[Inspection, ...] = ()
    rectifications: tuple[Rectification, ...] = ()
    exceptions: tuple[ItemException, ...] = ()

    def terms(self, inspection: Inspection) -> dict[str, str]:
        """The last day of each open rectification item of an inspection, by item."""
        return {one.item: one.due for one in self.rectifications if one.inspection == inspection.number and one.is_open}


@rule(
    "IS-001",
    "overdue_rectification",
    Severity.MEDIUM,
    Basis(30, duty="A30-7"),
    title=N_("{item} of {inspection} does not conform beyond its term"),
    because=N_(
        "{organization} did not conform to {item} on {since}; the office's term of {days} days ended on {ended}."
    ),
)
def overdue_rectification(followed: Followed) -> Iterator[Conclusion]:
    """
    IS-001: an item of an inspection does not conform, and the term for mending it has passed.

    What: the answer that counts (the inspector's, else the machine's) is still "nonconform" after the days
        that the catalogue gives for its severity, or after the day that the rectification item has; while an exception
        stands, nothing is overdue.
    Why: the authority inspects and guides the security management of every department regularly (Article 30);
        an inspection whose results nobody mends guides nobody. The term is the office's own, not the law's.
    Mend: mend it and run `netops inspect run` again, or let the inspector answer with what was seen.
    """
    at, day = followed.at, city_time(followed.at, "%Y-%m-%d")
    newest = {(one.organization, one.catalogue.head.name): one.number for one in followed.inspections}
    for inspection in followed.inspections:
        terms = followed.terms(inspection)
        is_newest = newest[inspection.organization, inspection.catalogue.head.name] == inspection.number
        for item, answer, ended in inspection.overdue(at, terms):
            if not is_newest and item.id not in terms:
                continue
            place = (inspection.organization, inspection.catalogue.basis(item).instrument, item.id)
            if excused(followed.exceptions, *place, day):
                continue
            facts = {
                "item": item.id,
                "inspection": inspection.number,
                "organization": inspection.organization,
                "since": city_time(answer.at, "%Y-%m-%d"),
                "ended": city_time(ended, "%Y-%m-%d"),
                "days": str(max((ended - answer.at).days, 0)),
            }
            proof = Evidence(
                "inspection",
                inspection.number,
                item.id,
                {"result": answer.judgement.result, **facts},
                answer.at,
            )
            yield Conclusion(
                "IS-001",
                item.planes[-1],
                {"organization": inspection.organization},
                inspection.organization,
                facts,
                (proof,),
                at,
                identity=f"{inspection.organization}/{inspection.catalogue.basis(item).instrument}/{item.id}",
            )


@rule(
    "IS-002",
    "nonconformity",
    Severity.MEDIUM,
    Basis(30, duty="A30-7"),
    title=N_("{organization} does not conform to {item} ({number})"),
    because=N_("the inspection {inspection} found it on {since}, for the {repeat}. time; to be mended by {due}"),
)
def nonconformity(followed: Followed) -> Iterator[Conclusion]:
    """
    IS-002: an inspection found an item that does not conform, and a person asked that it be mended.

    What: a rectification item stands that no other finding is behind: what an inspector saw, or what a register says.
    Why: the authority inspects and guides the security management of every department regularly (Article 30).
    Mend: mend it, answer (netops inspect reply NUMBER --note …), and have it asked again (netops inspect recheck INSPECTION).
    """
    day = city_time(followed.at, "%Y-%m-%d")
    known = {one.number: one for one in followed.inspections}
    for one in followed.rectifications:
        inspection = known.get(one.inspection)
        item = inspection.item(one.item) if inspection else None
        if not one.is_open or one.findings or inspection is None or item is None:
            continue
        if excused(followed.exceptions, one.organization, one.instrument, one.item, day):
            continue
        facts = {
            "item": one.item, "inspection": one.inspection, "organization": one.organization, "number": one.number,
            "since": city_time(one.opened_at, "%Y-%m-%d"), "due": one.due, "repeat": str(one.repeat),
        }  # fmt: skip
        proof = Evidence("inspection", one.inspection, one.item, {"result": one.said.result, **facts}, one.opened_at)
        yield Conclusion(
            "IS-002", item.planes[-1], {"organization": one.organization}, one.organization, facts, (proof,), followed.at,
            identity=f"{one.organization}/{one.instrument}/{one.item}", basis=inspection.catalogue.bases(item),
        )  # fmt: skip


RULES: dict[str, Rule] = {"IS-001": overdue_rectification, "IS-002": nonconformity}
