"""The access declaration (接入说明): the four statements of Article 10, and its states."""

from __future__ import annotations

import msgspec

from netops.core.plane import Plane


class Equipment(msgspec.Struct, frozen=True, omit_defaults=True):
    """One network device that a department declares."""

    name: str
    model: str = ""
    address: str = ""


class RegisteredDeclaration(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    One declaration in `inventory/<plane>/declarations.toml`, filed before netops was there.

    Args:
        number: its number on paper; unique in the city.
        nature, scope, equipment, terminals: the four statements of Article 10, in its order.
        allocated: what it was given (Article 11): CIDR, "first-last" or a single address.
        date: ISO date of the signed paper, or "".
    """

    number: str
    organization: str
    nature: str
    scope: str
    terminals: int
    equipment: tuple[Equipment, ...] = ()
    allocated: tuple[str, ...] = ()
    date: str = ""
    plane: Plane = Plane.EXTRANET
