"""The census (清点): what one plane declares beside what was seen there, with the rule by which terminals are counted. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cached_property
from itertools import chain

import msgspec

from netops.core.evidence import Evidence
from netops.core.plane import Plane
from netops.declarations.declaration import Declaration, Equipment
from netops.declarations.renewal import Renewal

SHOWN = 200
"""Terminals that a piece of evidence names; the count is always whole."""
COUNTING = (
    "one network card is one terminal, whatever addresses it has; gateways, switches, routers and virtual routers are none;"
    " counted are the cards alive in the last walk, and those alive within the window that were there long enough"
)
"""How terminals are counted, as the evidence says it."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class Terminal(msgspec.Struct, frozen=True, order=True):
    """
    One terminal: a network card, whatever addresses it has.

    Args:
        organization: whose segment it is on.
        place: switch and port, or "".
        is_here: whether it was alive when it was last asked; else it was alive within the window.
    """

    organization: str
    mac: str
    ips: tuple[str, ...]
    place: str
    is_here: bool = True


class SeenDevice(msgspec.Struct, frozen=True):
    """
    A network device that was walked.

    Args:
        organization: who answers for it, as the register or its segment says.
        addresses: its own, the one by which it is managed first.
        model: what its chassis calls itself, or "".
        kind: as forms call it (路由器, 交换机, 防火墙), or "".
    """

    name: str
    organization: str
    addresses: tuple[str, ...]
    model: str = ""
    kind: str = ""
    at: datetime | None = None

    @property
    def declared(self) -> Equipment:
        """As a declaration says it."""
        return Equipment(self.name, self.model, self.addresses[0] if self.addresses else "", self.kind)


class Owner(msgspec.Struct, frozen=True):
    """Whose an address is: by its segment, or by an allocation in force, whose number *allocation* is."""

    organization: str
    prefix: str = ""
    allocation: str = ""


class Matched(msgspec.Struct, frozen=True):
    """One declared piece of equipment, and the walked device that it is, or None."""

    declaration: Declaration
    equipment: Equipment
    device: SeenDevice | None
    by_name: bool = False


class Census(msgspec.Struct, frozen=True, dict=True):
    """
    What one plane declares and what was seen there.

    Args:
        terminals: without gateways, switches and routers.
        excluded: how many cards were left out as devices of the network.
        window_days: over so many days.
        devices: that were walked. *unanswering*: names and addresses of those that should have been and did not answer.
        vacant: declared management addresses that sources cover and nobody has.
        owners: by declared management address: others than those who declared it, whose it is.
        renewals: declarations that fall due. *platform*: organizations that run devices for others.
    """

    plane: Plane
    at: datetime
    declarations: tuple[Declaration, ...]
    terminals: tuple[Terminal, ...]
    excluded: int = 0
    window_days: int = 0
    devices: tuple[SeenDevice, ...] = ()
    unanswering: frozenset[str] = frozenset()
    vacant: frozenset[str] = frozenset()
    owners: Mapping[str, Owner] = {}
    renewals: tuple[Renewal, ...] = ()
    platform: frozenset[str] = frozenset()

    def organizations(self) -> dict[str, list[Terminal]]:
        """Terminals by organization, each MAC once."""
        found: dict[str, dict[str, Terminal]] = {}
        for terminal in sorted(self.terminals, key=lambda one: (one.organization, one.mac, not one.is_here)):
            found.setdefault(terminal.organization, {}).setdefault(terminal.mac, terminal)
        return {code: list(macs.values()) for code, macs in sorted(found.items())}

    @cached_property
    def by_organization(self) -> dict[str, list[Declaration]]:
        """The declarations of this plane that stand."""
        found: dict[str, list[Declaration]] = {}
        for one in self.declarations:
            if one.stands and one.plane is self.plane:
                found.setdefault(one.organization, []).append(one)
        return found

    def standing(self, organization: str) -> list[Declaration]:
        """The declarations of an organization in this plane that stand."""
        return self.by_organization.get(organization, [])

    @cached_property
    def matched(self) -> dict[str, list[Matched]]:
        """By organization, its declared equipment with the devices that it is: by name first, then by address."""
        by_name = {one.name.casefold(): one for one in self.devices}
        by_address = {address: one for one in reversed(self.devices) for address in one.addresses}
        found: dict[str, list[Matched]] = {}
        for code, several in self.by_organization.items():
            for declaration in several:
                for piece in declaration.equipment:
                    words = (piece.name.casefold(), *(word.casefold() for word in NAME.findall(piece.name)))
                    named = next((by_name[word] for word in words if word in by_name), None)
                    device = named or by_address.get(piece.address)
                    found.setdefault(code, []).append(Matched(declaration, piece, device, named is not None))
        return found

    def pieces(self) -> Iterator[Matched]:
        """Every declared piece of equipment of the plane."""
        return chain.from_iterable(self.matched.values())

    def counted(self, organization: str, terminals: list[Terminal]) -> Evidence:
        """The count, with the rule it was made by and the terminals it is made of."""
        here = sum(one.is_here for one in terminals)
        listed = [
            {"mac": one.mac, "ips": list(one.ips), "place": one.place, "here": one.is_here}
            for one in terminals[:SHOWN]
        ]
        body: dict[str, object] = {
            "organization": organization, "seen": len(terminals), "here": here, "window_days": self.window_days,
            "excluded": self.excluded, "rule": COUNTING, "terminals": listed,
        }  # fmt: skip
        return Evidence("fdb", f"segments of {organization}", "terminals seen", body, self.at)


def paper(several: list[Declaration], body: dict[str, object]) -> Evidence:
    """What declarations state, as evidence."""
    first = several[0]
    return Evidence("declaration", f"declarations of {first.organization}", "standing",
                    {"numbers": [one.number for one in several], **body}, first.since)  # fmt: skip
