"""Rules of declarations: what is declared against what is seen (Article 10). Pure."""

from __future__ import annotations

from collections.abc import Iterator

from netops.core.basis import Basis
from netops.core.evidence import Evidence
from netops.core.finding import Conclusion, Rule, Severity, rule
from netops.core.language import N_
from netops.declarations.census import Census, Terminal, paper
from netops.declarations.equipment import RULES as EQUIPMENT_RULES
from netops.declarations.usage import RULES as USAGE_RULES

__all__ = ["CENSUS_RULES", "RULES", "USAGE_RULES", "Census", "Terminal"]


@rule(
    "DC-101",
    "over_declared",
    Severity.MEDIUM,
    Basis(10, duty="A10-5"),
    title=N_("{organization} has {seen} terminals, {declared} are declared"),
    because=N_(
        "{seen} network cards were counted on its segments, {here} of them alive in the last walk and the others within"
        " {days} days, each once whatever addresses it has, and {excluded} of gateways, switches and routers left out;"
        " {numbers} together declare {declared}"
    ),
)
def over_declared(census: Census) -> Iterator[Conclusion]:
    """
    More terminals are in use than were declared.

    What: the terminals on an organization's segments are more than all its standing declarations of the plane state
        together. How they are counted: one network card is one terminal, whatever addresses it has; gateways, switches,
        routers and virtual routers are none; counted are the cards that were alive in the last walk, and those that were
        alive within the window ([declarations] window_days) and had been there for some time (settled_hours): a machine
        that is off today is still a terminal, a visitor of an hour is none.
    Why: a department declares the number of terminals that it connects (Article 10, fourth statement).
    Mend: netops declare change NUMBER --from-finding F declares what was counted; or take the surplus terminals off.
    """
    for organization, terminals in census.organizations().items():
        standing = census.standing(organization)
        declared = sum(one.terminals for one in standing)
        if not standing or len(terminals) <= declared:
            continue
        here = sum(one.is_here for one in terminals)
        facts = {"organization": organization, "seen": str(len(terminals)), "declared": str(declared), "here": str(here),
                 "days": str(census.window_days), "excluded": str(census.excluded),
                 "numbers": "、".join(one.number for one in standing)}  # fmt: skip
        yield Conclusion(
            "DC-101", census.plane, {"organization": organization}, organization, facts,
            (paper(standing, {"declared": declared}), census.counted(organization, terminals)), census.at,
        )  # fmt: skip


@rule(
    "DC-102",
    "undeclared_organization",
    Severity.LOW,
    Basis(10),
    title=N_("{organization} is connected without a standing declaration"),
    because=N_(
        "{seen} network cards are alive on its segments; no declaration of the plane is approved or connected"
    ),
)
def undeclared_organization(census: Census) -> Iterator[Conclusion]:
    """
    An organization uses the network, and nothing it declared stands.

    What: terminals are alive on its segments, and it has no approved or connected declaration for
        this plane: none was handed in, or it was suspended, withdrawn or returned.
    Why: who connects declares nature, scope, equipment and terminals to the authority (Article 10).
    Mend: hand in a declaration (netops declare new), or disconnect the segment.
    """
    for organization, counted in census.organizations().items():
        terminals = [one for one in counted if one.is_here]
        if organization and terminals and not census.standing(organization):
            yield Conclusion(
                "DC-102", census.plane, {"organization": organization}, organization,
                {"organization": organization, "seen": str(len(terminals))},
                (census.counted(organization, terminals),), census.at,
            )  # fmt: skip


@rule(
    "DC-112",
    "renewal_due",
    Severity.LOW,
    Basis(10),
    title=N_("{number} of {organization} is to be renewed by {day}"),
    because=N_(
        "{number} was signed or taken on file so long ago, or says itself that it is stated until {day}"
    ),
)
def renewal_due(census: Census) -> Iterator[Conclusion]:
    """
    A declaration falls due for renewal.

    What: the day that a standing declaration states as its last, or else so many days after it was signed (after it was
        taken on file, when it bears no date; [declarations] renew_days), is near (remind_days) or over.
    Why: a statement that nobody confirms goes out of date (Article 10; the authority's own practice).
    Mend: netops declare change NUMBER --from-finding F renews it unchanged; or a form with what changed.
    """
    by_number = {one.number: one for one in census.declarations}
    for one in census.renewals:
        facts = {"number": one.number, "organization": one.organization, "day": one.day.isoformat()}
        stated = Evidence("declaration", one.number, "renewal", {"due": one.day.isoformat(), "stated": one.stated},
                          by_number[one.number].since)  # fmt: skip
        yield Conclusion(
            "DC-112", census.plane, {"organization": one.organization, "declaration": one.number}, one.organization, facts,
            (stated,), census.at,
        )  # fmt: skip


CENSUS_RULES: dict[str, Rule] = {
    one.code: one for one in (over_declared, undeclared_organization, renewal_due)
} | EQUIPMENT_RULES
"""What the round of reconcile asks, of a census."""
RULES: dict[str, Rule] = CENSUS_RULES | USAGE_RULES
