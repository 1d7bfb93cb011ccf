"""The room's own rules: what an inspection left behind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from netops.core.basis import Basis
from netops.core.clock import city_time
from netops.core.evidence import Evidence
from netops.core.finding import Conclusion, Rule, Severity, rule
from netops.core.language import N_
from netops.inspections.inspection import Inspection


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
def overdue_rectification(inspections: Iterable[Inspection], at: datetime) -> Iterator[Conclusion]:
    """
    IS-001: an item of an inspection does not conform, and the term for mending it has passed.

    What: the answer that counts (the inspector's, else the machine's) is still "nonconform" after the days
        that the catalogue gives for its severity.
    Why: the authority inspects and guides the security management of every department regularly (Article 30);
        an inspection whose results nobody mends guides nobody. The term is the office's own, not the law's.
    Mend: mend it and run `netops inspect run` again, or let the inspector answer with what was seen.
    """
    for inspection in inspections:
        for item, answer, ended in inspection.overdue(at):
            facts = {
                "item": item.id,
                "inspection": inspection.number,
                "organization": inspection.organization,
                "since": city_time(answer.at, "%Y-%m-%d"),
                "ended": city_time(ended, "%Y-%m-%d"),
                "days": str(inspection.catalogue.term_days(item)),
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


RULES: dict[str, Rule] = {"IS-001": overdue_rectification}
