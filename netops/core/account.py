"""Accounts (账号): who may sign in, as what, and for whom; and which roles never meet in one person. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

import msgspec

from netops.core.errors import NetopsError, Refused
from netops.core.language import N_
from netops.core.plane import Plane


class Role(StrEnum):
    """What an account is for; it has one."""

    SYSTEM = "system"
    """System administrator (系统管理员): accounts and tokens; no network data is decided by it."""
    SECURITY = "security"
    """Security administrator (安全管理员): who has which role, locks, tokens that are taken back."""
    AUDITOR = "auditor"
    """Auditor (审计管理员): reads everything, the journal too, and changes nothing."""
    OPERATOR = "operator"
    """Plane operator (网络管理员): the work on the planes that it is bound to."""
    INSPECTOR = "inspector"
    """Inspector (检查员): reads its planes, and carries out inspections."""
    DEPARTMENT = "department"
    """A department's own account (单位账号): sees and declares what is its organization's."""
    VIEWER = "viewer"
    """Reads its planes: wall screens, scrapers (只读)."""


APART = (Role.SYSTEM, Role.SECURITY, Role.AUDITOR)
"""Three roles that never meet in one person (三员分立)."""
EVERYWHERE = APART
"""Roles that are bound to no plane."""
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,63}")


class AccountState(StrEnum):
    """Whether it may be used."""

    ENABLED = "enabled"
    DISABLED = "disabled"


class Source(StrEnum):
    """Where an account is kept, and its password with it."""

    LOCAL = "local"
    LDAP = "ldap"
    OIDC = "oidc"


class Account(msgspec.Struct, frozen=True):
    """
    One account, without what proves it.

    Args:
        name: what is typed to sign in; lower case.
        person: whose it is: name, or number of the staff card; one person may have several accounts.
        planes: the planes that it is bound to; empty for roles that are bound to none.
        organization: code of the department that it is bound to, or "".
        password_since: when its password was set; None for one that only has tokens.
        locked_until: too many wrong passwords; None when it is not locked.
        has_second_factor: it needs a code beside its password (RFC 6238).
        source: where it is kept; by a directory or a provider, its role is what that says at each sign-in.
        subject: by which its provider knows it, or "".
        confirmed: when the directory or the provider last said that its person is still there; None for a local one.
    """

    name: str
    person: str
    role: Role
    planes: tuple[Plane, ...] = ()
    organization: str = ""
    state: AccountState = AccountState.ENABLED
    created: datetime | None = None
    password_since: datetime | None = None
    locked_until: datetime | None = None
    last_sign_in: datetime | None = None
    has_second_factor: bool = False
    source: Source = Source.LOCAL
    subject: str = ""
    confirmed: datetime | None = None

    def is_open(self, now: datetime) -> bool:
        """Whether it may be signed in to."""
        return self.state is AccountState.ENABLED and (self.locked_until is None or self.locked_until <= now)


def same_person(one: str, other: str) -> bool:
    """Whether two texts name one person, whatever their width, case and blanks."""
    return _plain(one) == _plain(other)


def _plain(person: str) -> str:
    return "".join(unicodedata.normalize("NFKC", person).casefold().split())


def check(one: Account, others: Iterable[Account], organizations: Iterable[str]) -> None:
    """
    Make sure that an account may be so.

    Args:
        others: every other account, the disabled ones too.
        organizations: codes that the register has.

    Raises:
        NetopsError: its name, person, planes or organization do not fit its role.
        Refused: the person has another account whose role it must never meet.
    """
    what = N_("the account {name} was not made so")
    if not NAME.fullmatch(one.name):
        why = N_("a name has 2 to 64 lower-case letters, digits, dots, hyphens and underscores")
        raise NetopsError(what, why, N_("write it so: zhang.wei"), name=one.name)
    if not _plain(one.person):
        raise NetopsError(what, N_("nobody is named whose it is"), N_("add --person NAME"), name=one.name)
    if one.role in EVERYWHERE and one.planes:
        why = N_("the role {role} is bound to no plane")
        raise NetopsError(what, why, N_("leave --plane out"), name=one.name, role=one.role)
    if one.role not in EVERYWHERE and not one.planes:
        why = N_("the role {role} is bound to the planes that it may see")
        raise NetopsError(what, why, N_("add --plane"), name=one.name, role=one.role)
    if (one.role is Role.DEPARTMENT) != bool(one.organization):
        why = N_("department accounts, and only they, are bound to an organization")
        raise NetopsError(what, why, N_("add --organization CODE, or leave it out"), name=one.name)
    if one.organization and one.organization not in set(organizations):
        why = N_("the register has no organization {code}")
        raise NetopsError(what, why, "netops organization list", name=one.name, code=one.organization)
    for other in others:
        if (
            other.name != one.name
            and same_person(other.person, one.person)
            and not may_meet(one.role, other.role)
        ):
            raise Refused(
                what, N_("{person} has {other} as {role}; these roles never meet in one person"),
                N_("another person takes this role"), name=one.name, person=one.person, other=other.name, role=other.role,
            )  # fmt: skip


def may_meet(one: Role, other: Role) -> bool:
    """
    Whether one person may have both roles.

    The three are apart from one another; and who audits does nothing else.
    """
    if Role.AUDITOR in (one, other):
        return one is other
    return one is other or not {one, other} <= set(APART)
