"""The checklist (检查表) of one organization: every item of a catalogue with what the machine says of it. Pure."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from netops.core.evidence import Evidence
from netops.core.language import N_
from netops.core.organization import Level, Organization
from netops.inspections.answer import Judgement, Result, not_applicable, unchecked
from netops.inspections.catalogue import Catalogue
from netops.inspections.checks import CHECKS
from netops.inspections.facts import Facts, Kind
from netops.inspections.item import Item

WORST = (Result.NONCONFORM, Result.PARTIAL, Result.UNCHECKED, Result.CONFORM, Result.NOT_APPLICABLE)
"""Of several checks of one item the first of these counts: what was not seen by one is not in order by another."""


class Line(msgspec.Struct, frozen=True):
    """One item, what the machine says of it, and the pieces of evidence that keep each question and its time."""

    item: Item
    judgement: Judgement
    evidence: tuple[Evidence, ...] = ()


def kinds_of(organization: Organization, authorities: Collection[str] = ()) -> frozenset[Kind]:
    """
    What an organization is to the regulation.

    Args:
        authorities: codes of the informatization authorities; without any, the platform's body is taken for it.
    """
    if organization.level in (Level.STATE, Level.PROVINCE):  # above the city: its regulation does not bind it
        return frozenset()
    kinds = {Kind.COUNTY if organization.county else Kind.DEPARTMENT}
    if organization.platform:
        kinds.add(Kind.PLATFORM)
    if organization.code in authorities or (not authorities and organization.platform):
        kinds.add(Kind.AUTHORITY)
    return frozenset(kinds)


def lines(catalogue: Catalogue, facts: Facts) -> tuple[Line, ...]:
    """The whole checklist, in the order of the catalogue."""
    return tuple(_line(item, facts) for item in catalogue.items)


def _line(item: Item, facts: Facts) -> Line:
    if not facts.kinds & set(item.applies_to):
        return Line(item, not_applicable(N_("it binds {kinds} only"), kinds=", ".join(item.applies_to)))
    one = facts.organization
    if item.levels and one.level not in item.levels:
        return Line(item, not_applicable(N_("it binds bodies of another level of government only")))
    if item.protection and not one.protection_level:
        return Line(item, unchecked(N_("its protection level is not known, so whether this binds it is open")))
    if item.protection and one.protection_level not in item.protection:
        levels = ", ".join(map(str, item.protection))
        return Line(item, not_applicable(N_("it binds protection level {levels} only"), levels=levels))
    if not item.asked:
        return Line(item, unchecked(N_("no machine can answer this; a person has to")))
    answered = []
    for asked in item.asked:
        check = CHECKS[asked.check]
        judgement = check(facts, **asked.parameters)
        answered.append((judgement, check.evidence(facts, judgement, asked.parameters)))
    weighed = min((judgement for judgement, _piece in answered), key=lambda one: WORST.index(one.result))
    pieces = tuple(piece for _judgement, piece in answered)
    kept = msgspec.structs.replace(
        weighed,
        findings=tuple(dict.fromkeys(name for judgement, _piece in answered for name in judgement.findings)),
        evidence=tuple(
            dict.fromkeys(
                [*(piece.id for piece in pieces), *(name for judgement, _piece in answered for name in judgement.evidence)]
            )
        ),
    )
    return Line(item, kept, pieces)
