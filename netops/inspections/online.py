"""Checks of what was seen of registered pages, and of whole kinds of findings: nothing was found where somebody looked. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from netops.core.finding import Finding
from netops.core.language import N_
from netops.core.plane import Plane
from netops.inspections.answer import (
    Check,
    Judgement,
    conform,
    listing,
    nonconform,
    not_applicable,
    partial,
    unchecked,
    unlooked,
    unseen,
)
from netops.inspections.facts import Facts
from netops.inspections.network import NOT_PRESENT, numbers
from netops.inspections.records import RecordFact, wanted
from netops.inspections.written import NOT_READ


@Check
def pages_in_order(
    facts: Facts,
    kinds: str = "",
    register: str = "sites",
    when: str = "",
    fresh_hours: int = 48,
    close: bool = False,
    city: bool = False,
) -> Judgement:
    """
    Articles 13 to 17, 21, 30: nothing of *kinds* was found on its registered pages, which were visited lately.

    Parameters: *kinds* of findings; *register* and *when* say which records; *close*: a visit is not enough, they must have
    been looked at closely; *city*: the pages of every organization.
    """
    if facts.records is None:
        return unchecked(NOT_READ)
    book, owner = facts.records, "" if city else facts.code
    mine = book.of(register, owner, wanted(when))
    names = [kind.strip() for kind in kinds.split(",")]
    chosen = {one.number for one in mine}
    found = [one for one in facts.standing(*names, city=city) if _is_about(one, chosen, bool(when))]
    if found:
        judged = nonconform(
            N_("findings on its pages ({count}): {findings}"), *found, count=len(found), findings=numbers(found)
        )
        return msgspec.structs.replace(judged, looked=_looked(mine))
    if not mine:
        return unchecked(N_("the register {register} has no page of it to look at"), **book.called(register))
    seen, since = book.looked if close else book.answered, facts.at - timedelta(hours=fresh_hours)
    blind = [one.number for one in mine if not _is_fresh(seen.get(one.number), since)]
    if blind:
        return unchecked(
            N_("not looked at within {hours} hours: {records}"), hours=fresh_hours, records=listing(blind)
        )
    excused = [one for one in facts.accepted(*names, city=city) if _is_about(one, chosen, bool(when))]
    if excused:
        return partial(
            N_("accepted as an exception until {until}: {findings}"),
            *excused,
            until=min(one.accepted_until for one in excused),
            findings=numbers(excused),
        )
    judged = conform(
        N_("{count} registered pages were looked at and nothing was found: {records}"),
        count=len(mine),
        records=listing(one.number for one in mine),
    )
    return msgspec.structs.replace(judged, looked=_looked(mine))


@Check
def nothing_found(
    facts: Facts,
    kinds: str = "",
    sources: str = "walk",
    plane: str = "",
    fresh_hours: int = 48,
    city: bool = False,
) -> Judgement:
    """
    Any prohibition: nothing of *kinds* stands against it, and the *sources* that would show it were read lately.

    Parameters: *kinds* of findings; *sources*: "walk, reconcile, egress, attacks, mirror"; *plane*: only there;
        *city*: against anybody.
    """
    names = [kind.strip() for kind in kinds.split(",")]
    if found := [one for one in facts.standing(*names, city=city) if plane in ("", one.plane)]:
        return nonconform(
            N_("findings that stand ({count}): {findings}"), *found, count=len(found), findings=numbers(found)
        )
    planes = (facts.planes if city else facts.present()) if not plane else (Plane(plane),)
    if not city and plane and Plane(plane) not in facts.present():
        planes = ()
    if not planes:
        return not_applicable(NOT_PRESENT)
    asked = [one.strip() for one in sources.split(",")]
    for one in planes:
        if one not in facts.planes:
            return unchecked(N_("the {plane} is not served by this instance"), plane=one)
        looks = facts.looks | {f"mirror/{one}": facts.heard(one)}
        seen = msgspec.structs.replace(facts, looks=looks)
        if (stale := unlooked(seen, [f"{source}/{one}" for source in asked], fresh_hours)) is not None:
            return stale
    if not city and "walk" in asked and (dark := unseen(facts, planes, fresh_hours)) is not None:
        return dark
    if excused := facts.accepted(*names, city=city):
        return partial(
            N_("accepted as an exception until {until}: {findings}"),
            *excused,
            until=min(one.accepted_until for one in excused),
            findings=numbers(excused),
        )
    return conform(N_("nothing of the kind was found where it is connected: {planes}"), planes=listing(planes))


def _is_about(finding: Finding, chosen: set[str], narrowed: bool) -> bool:
    """Whether it is about one of the chosen records; all are meant when nothing narrows them."""
    return not narrowed or finding.subject.get("record") in chosen


def _is_fresh(at: datetime | None, since: datetime) -> bool:
    return at is not None and at >= since


def _looked(mine: list[RecordFact]) -> tuple[str, ...]:
    return tuple(one.shown for one in mine)


