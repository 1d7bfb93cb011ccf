"""The access declaration (接入说明): the four statements of Article 10, and its states."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from netops.core.errors import Refused
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


class DeclarationState(StrEnum):
    """Where one version of a declaration stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    APPROVED = "approved"
    CONNECTED = "connected"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"
    """A newer version of the same declaration took its place."""


STANDING = (DeclarationState.APPROVED, DeclarationState.CONNECTED)
"""States in which a declaration is a ground for addresses and terminals."""

MOVES: dict[str, tuple[tuple[DeclarationState, ...], DeclarationState]] = {
    "submit": ((DeclarationState.DRAFT,), DeclarationState.SUBMITTED),
    "return": ((DeclarationState.SUBMITTED,), DeclarationState.RETURNED),
    "approve": ((DeclarationState.SUBMITTED,), DeclarationState.APPROVED),
    "connect": ((DeclarationState.APPROVED, DeclarationState.SUSPENDED), DeclarationState.CONNECTED),
    "suspend": ((DeclarationState.APPROVED, DeclarationState.CONNECTED), DeclarationState.SUSPENDED),
    "withdraw": (
        (
            DeclarationState.SUBMITTED,
            DeclarationState.RETURNED,
            DeclarationState.APPROVED,
            DeclarationState.CONNECTED,
            DeclarationState.SUSPENDED,
        ),
        DeclarationState.WITHDRAWN,
    ),
}
"""Verb to the states it may start from and the state it leads to."""


class Statements(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    What a department states: Article 10's four statements, who signs them, and when.

    Args:
        nature: 网络性质, scope: 应用范围, equipment: 网络设备, terminals: 入网终端数量.
        contact: name and telephone of the person who answers for it, or "".
        date: ISO date of the signed paper, or "".
    """

    organization: str
    plane: Plane
    nature: str
    scope: str
    terminals: int
    equipment: tuple[Equipment, ...] = ()
    contact: str = ""
    date: str = ""


class Declaration(msgspec.Struct, frozen=True, kw_only=True):
    """
    One version of a declaration, as the filings keep it.

    Args:
        number: "DECL-2026-0007", or the number on an older paper.
        version: from 1; a change of what is declared is a new version.
        registered: True when it came from the register, filed before netops or kept there.
        since: when it came into its state.
        remark: why it was returned, suspended or withdrawn, or "".
    """

    number: str
    version: int
    plane: Plane
    organization: str
    state: DeclarationState
    nature: str
    scope: str
    equipment: tuple[Equipment, ...]
    terminals: int
    contact: str
    date: str
    registered: bool
    since: datetime
    remark: str = ""

    @property
    def stands(self) -> bool:
        """Whether it is a ground for addresses and terminals now."""
        return self.state in STANDING

    @property
    def statements(self) -> Statements:
        """What was stated, without number and state."""
        return Statements(
            self.organization,
            self.plane,
            self.nature,
            self.scope,
            self.terminals,
            self.equipment,
            self.contact,
            self.date,
        )

    def after(self, verb: str) -> DeclarationState:
        """
        The state that *verb* leads to.

        Raises:
            Refused: the verb does not start from the present state.
        """
        starts, to = MOVES[verb]
        if self.state not in starts:
            raise Refused(
                "{number} was not moved",
                "{verb} starts from {starts}; it is {state}",
                "netops declare show {number}",
                number=self.number,
                verb=verb,
                starts=", ".join(starts),
                state=self.state,
            )
        return to


def statements_of(declaration: RegisteredDeclaration) -> Statements:
    """What a registered declaration states."""
    return Statements(
        declaration.organization,
        declaration.plane,
        declaration.nature,
        declaration.scope,
        declaration.terminals,
        declaration.equipment,
        "",
        declaration.date,
    )
