"""Rules of declarations: what is declared against what is seen (Article 10). Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec

from netops.core.basis import Basis
from netops.core.evidence import Evidence
from netops.core.finding import Conclusion, Rule, Severity, rule
from netops.core.language import N_
from netops.core.plane import Plane
from netops.declarations.declaration import Declaration

SHOWN = 200
"""Terminals that a piece of evidence names; the count is always whole."""


class Terminal(msgspec.Struct, frozen=True, order=True):
    """
    One terminal that is there now: a network card, whatever addresses it has.

    Args:
        organization: whose segment it is on.
        place: switch and port, or "".
    """

    organization: str
    mac: str
    ips: tuple[str, ...]
    place: str


class Census(msgspec.Struct, frozen=True):
    """What one plane declares and what was seen there: terminals without gateways, switches and routers."""

    plane: Plane
    at: datetime
    declarations: tuple[Declaration, ...]
    terminals: tuple[Terminal, ...]

    def organizations(self) -> dict[str, list[Terminal]]:
        """Terminals by organization, each MAC once."""
        found: dict[str, dict[str, Terminal]] = {}
        for terminal in sorted(self.terminals):
            found.setdefault(terminal.organization, {}).setdefault(terminal.mac, terminal)
        return {code: list(macs.values()) for code, macs in sorted(found.items())}

    def standing(self, organization: str) -> list[Declaration]:
        """The declarations of an organization in this plane that stand."""
        return [one for one in self.declarations
                if one.stands and one.plane is self.plane and one.organization == organization]  # fmt: skip

    def counted(self, organization: str, terminals: list[Terminal]) -> Evidence:
        """The count, with the terminals it is made of."""
        listed = [{"mac": one.mac, "ips": list(one.ips), "place": one.place} for one in terminals[:SHOWN]]
        body: dict[str, object] = {"organization": organization, "seen": len(terminals), "terminals": listed}
        return Evidence(
            "fdb", f"segments of {organization}", "terminals alive in the last walk", body, self.at
        )


@rule(
    "DC-101",
    "over_declared",
    Severity.MEDIUM,
    Basis(10),
    title=N_("{organization} has {seen} terminals, {declared} are declared"),
    because=N_("{seen} network cards are alive on its segments; {numbers} together declare {declared}"),
)
def over_declared(census: Census) -> Iterator[Conclusion]:
    """
    More terminals are in use than were declared.

    What: the network cards alive on an organization's segments are more than all its standing
        declarations of the plane state together. A terminal with two addresses counts once; gateways,
        switches and routers do not count.
    Why: a department declares the number of terminals that it connects (Article 10, fourth statement).
    Mend: submit a supplementary declaration (netops declare new), or take the surplus terminals off.
    """
    for organization, terminals in census.organizations().items():
        standing = census.standing(organization)
        declared = sum(one.terminals for one in standing)
        if not standing or len(terminals) <= declared:
            continue
        body: dict[str, object] = {"declared": declared, "numbers": [one.number for one in standing]}
        paper = Evidence(
            "declaration", f"declarations of {organization}", "standing", body, standing[0].since
        )
        facts = {"organization": organization, "seen": str(len(terminals)), "declared": str(declared),
                 "numbers": "、".join(one.number for one in standing)}  # fmt: skip
        yield Conclusion(
            "DC-101", census.plane, {"organization": organization}, organization, facts,
            (paper, census.counted(organization, terminals)), census.at,
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
    for organization, terminals in census.organizations().items():
        if organization and not census.standing(organization):
            yield Conclusion(
                "DC-102", census.plane, {"organization": organization}, organization,
                {"organization": organization, "seen": str(len(terminals))},
                (census.counted(organization, terminals),), census.at,
            )  # fmt: skip


RULES: dict[str, Rule] = {one.code: one for one in (over_declared, undeclared_organization)}
