"""Permission (权限): who may do what, in which plane, to whose; asked here and nowhere else. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

import msgspec

from netops.core.account import EVERYWHERE, Role
from netops.core.errors import NetopsError
from netops.core.language import N_
from netops.core.plane import Plane


class Deed(StrEnum):
    """What somebody may do; every route names one."""

    READ = "read"
    """Look at pools, allocations, devices, declarations, findings, incidents, inspections."""
    READ_PERSONAL = "read_personal"
    """See names, telephones and numbers of persons in registers."""
    METRICS = "metrics"
    """Scrape /metrics and the list of targets: counts of every plane, no addresses."""
    ALLOCATE = "allocate"
    """Give addresses out, reserve, change, take back, quarantine."""
    DECLARE = "declare"
    """Hand in a declaration for an organization, keep its registers."""
    REVIEW = "review"
    """Approve, return, connect, suspend, withdraw declarations; keep the registers that are the authority's."""
    JUDGE = "judge"
    """Acknowledge, accept or resolve findings."""
    HANDLE = "handle"
    """Open, grade and close incidents, issue their documents."""
    INSPECT = "inspect"
    """Carry out inspections."""
    ANSWER = "answer"
    """Answer an inspection or a notice for an organization."""
    OPERATE = "operate"
    """Run rounds, change the register."""
    READ_JOURNAL = "read_journal"
    """Look at who decided what."""
    READ_ACCOUNTS = "read_accounts"
    """Look at accounts and tokens, never at what proves them."""
    MANAGE_ACCOUNTS = "manage_accounts"
    """Make, disable and enable accounts, set passwords."""
    GRANT = "grant"
    """Give an account its role, take tokens back."""


_WORK = {
    Deed.ALLOCATE,
    Deed.DECLARE,
    Deed.REVIEW,
    Deed.JUDGE,
    Deed.HANDLE,
    Deed.INSPECT,
    Deed.ANSWER,
    Deed.OPERATE,
}
_LOOK = {Deed.READ, Deed.READ_PERSONAL}
MAY: Mapping[Role, frozenset[Deed]] = {
    Role.SYSTEM: frozenset({Deed.METRICS, Deed.READ_ACCOUNTS, Deed.MANAGE_ACCOUNTS}),
    Role.SECURITY: frozenset({Deed.METRICS, Deed.READ_ACCOUNTS, Deed.GRANT}),
    Role.AUDITOR: frozenset({*_LOOK, Deed.METRICS, Deed.READ_JOURNAL, Deed.READ_ACCOUNTS}),
    Role.OPERATOR: frozenset({*_LOOK, Deed.METRICS, *_WORK}),
    Role.INSPECTOR: frozenset({*_LOOK, Deed.INSPECT, Deed.ANSWER}),
    Role.DEPARTMENT: frozenset({*_LOOK, Deed.DECLARE, Deed.ANSWER}),
    Role.VIEWER: frozenset({Deed.READ, Deed.METRICS}),
}
"""By role; a department's deeds are further bound to what is its own."""


class Unproven(NetopsError):
    """Nobody said who asks, or what was said proves nothing (HTTP 401)."""


class Forbidden(NetopsError):
    """Who asks may not do it (HTTP 403)."""

    exit_code = 4


class Principal(msgspec.Struct, frozen=True):
    """
    Who asks: an account, by a session or one of its tokens.

    Args:
        planes: that it may touch, those of the instance for roles that are bound to none.
        organization: that it is bound to, or "" for every one.
        scopes: deeds that its token is for; None for a session, which has all of its role's.
        token: number of its token, or "".
    """

    name: str
    role: Role
    planes: frozenset[Plane]
    organization: str = ""
    scopes: frozenset[Deed] | None = None
    token: str = ""

    def may(self, deed: Deed, plane: Plane | None = None, organization: str | None = None) -> bool:
        """
        Whether it may do that.

        Args:
            plane: where; None when the deed is about no plane, or about all that it may see.
            organization: whose; None when the deed is about nobody's, "" when it is nobody's in particular.
        """
        if deed not in MAY[self.role] or (self.scopes is not None and deed not in self.scopes):
            return False
        if plane is not None and plane not in self.planes:
            return False
        return not self.organization or organization is None or organization == self.organization

    def may_across(self, deed: Deed, planes: Iterable[Plane], organization: str) -> bool:
        """Whether it may do that to something that tells of all these planes at once, such as an inspection."""
        return all(self.may(deed, plane, organization) for plane in planes)

    def require(self, deed: Deed, plane: Plane | None = None, organization: str | None = None) -> None:
        """
        Make sure that it may.

        Raises:
            Forbidden: it may not.
        """
        if not self.may(deed, plane, organization):
            raise Forbidden(
                N_("it was not done"), _why(self, deed, plane),
                N_("ask the security administrator: netops user list shows the roles"),
                name=self.name, role=self.role, deed=deed, plane=plane or "-", organization=organization or "-",
            )  # fmt: skip


def _why(who: Principal, deed: Deed, plane: Plane | None) -> str:
    if deed not in MAY[who.role]:
        return N_("{name} is {role}, which may not {deed}")
    if who.scopes is not None and deed not in who.scopes:
        return N_("the token of {name} is not for {deed}")
    if plane is not None and plane not in who.planes:
        return N_("{name} may not touch the {plane}")
    return N_("{name} may touch only what is its own organization's")


def planes_of(role: Role, bound: Iterable[Plane], served: Iterable[Plane]) -> frozenset[Plane]:
    """The planes that an account may touch on an instance that serves some."""
    here = frozenset(served)
    return here if role in EVERYWHERE else here & frozenset(bound)
