"""People whom another system knows (统一身份), a directory or a provider, and the accounts that they have by rules. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from netops.core.account import EVERYWHERE, Account, Role, Source, may_meet
from netops.core.errors import Refused
from netops.core.language import N_, Said, Text
from netops.core.plane import Plane

DISABLED = (
    "(|(userAccountControl:1.2.840.113556.1.4.803:=2)(nsAccountLock=TRUE)(pwdAccountLockedTime=*)(loginDisabled=TRUE))"
)
"""How Active Directory, 389, OpenLDAP with its password policy, and eDirectory write that an entry must not be used."""
Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
"""Of signatures by a key that the provider publishes: never "none", never a secret that both sides have."""


class Rule(msgspec.Struct, frozen=True):
    """
    `[[ldap.roles]]`, `[[oidc.roles]]`: what a group of the other system makes of its members here.

    Args:
        group: distinguished name of the group, or the value of the claim.
        organization: of departments; without it, what the other system says of the person.
    """

    group: str
    role: Role
    planes: tuple[Plane, ...] = ()
    organization: str = ""


class Ldap(msgspec.Struct, frozen=True):
    """
    `[ldap]`: the directory that people sign in by, always over TLS.

    Args:
        url: ldaps://HOST[:PORT], or ldap://HOST[:PORT] with *start_tls*; several by blanks, asked in turn until one answers.
        ca_file: PEM of the authority of its certificate; the system's without one.
        bind_name: who netops itself is there, to look people up; its password in a file or a variable of the environment.
        base, filter: where and how a person is found; {name} is what was typed, escaped.
        name, person, organization: attributes of an entry: name, whose it is (staff number, or name), code of the department.
        groups: attribute that names the groups of a person.
        group_base, group_filter: where groups are searched as well, by {dn} of the person or {name}; "" leaves that out.
        disabled: what entries match that must not be used.
        confirmed_days: an account that the directory has not confirmed for so many days, by a sign-in or by the round
            `leavers`, does nothing until it does; 0 is no bound.
    """

    url: str = ""
    start_tls: bool = False
    ca_file: str = ""
    bind_name: str = ""
    bind_password_file: str = ""
    bind_password_env: str = ""
    base: str = ""
    filter: str = "(&(objectClass=person)(uid={name}))"
    name: str = "uid"
    person: str = "cn"
    organization: str = ""
    groups: str = "memberOf"
    group_base: str = ""
    group_filter: str = ""
    disabled: str = DISABLED
    timeout_seconds: int = 5
    confirmed_days: int = 0
    roles: tuple[Rule, ...] = ()

    @property
    def urls(self) -> list[str]:
        """Each address."""
        return self.url.split()


class Oidc(msgspec.Struct, frozen=True):
    """
    `[oidc]`: the provider that people sign in by (OpenID Connect Core 1.0, code flow with PKCE).

    Args:
        issuer: its address; everything else is read from its own discovery document.
        client_id: who netops is there; its secret in a file or a variable of the environment, none for a public client.
        redirect: the address of netops that the provider sends people back to: https://HOST/sign-in/oidc/back.
        label_zh, label_en: what the link on the page says.
        name, person, groups, organization: claims, as of `Ldap`; a dot goes into an object, such as realm_access.roles.
        algorithms: of signatures that are taken.
        confirmed_days: as of `Ldap`; a provider is not asked in between, so that only signing in confirms an account.
    """

    issuer: str = ""
    client_id: str = ""
    client_secret_file: str = ""
    client_secret_env: str = ""
    redirect: str = ""
    ca_file: str = ""
    label_zh: str = ""
    label_en: str = ""
    scopes: tuple[str, ...] = ("openid", "profile")
    name: str = "preferred_username"
    person: str = "name"
    groups: str = "groups"
    organization: str = ""
    algorithms: tuple[Algorithm, ...] = ("RS256", "PS256", "ES256", "ES384")
    timeout_seconds: int = 5
    confirmed_days: int = 90
    roles: tuple[Rule, ...] = ()


class Known(msgspec.Struct, frozen=True):
    """
    What another system says of somebody.

    Args:
        subject: by which it knows them for good.
        name, person, organization: as of an account.
        is_disabled: it says that they must not be let in.
    """

    source: Source
    subject: str
    name: str
    person: str
    groups: tuple[str, ...] = ()
    organization: str = ""
    is_disabled: bool = False


def account_of(known: Known, rules: Iterable[Rule]) -> Account:
    """
    The account that somebody has by their groups: the first rule that fits gives the role, others of the same role add planes.

    Raises:
        Refused: it says that they are disabled; no group gives a role; or two give roles that never meet in one person.
    """
    what, facts = N_("nobody was signed in"), {"name": known.name}
    if known.is_disabled:
        raise Refused(what, N_("{name} is disabled where the account is kept"),
                      N_("whoever keeps it there enables it again"), **facts)  # fmt: skip
    of = _plain if known.source is Source.LDAP else str
    theirs = {of(group) for group in known.groups}
    fitting = [rule for rule in rules if of(rule.group) in theirs]
    if not fitting:
        raise Refused(what, N_("{name} was recognized, but none of their groups gives a role here"),
                      N_("put them into a group that has one, or add a rule to the configuration"), **facts)  # fmt: skip
    first = fitting[0]
    for one in fitting:
        for other in fitting:
            if not may_meet(one.role, other.role):
                raise Refused(what, N_("the groups of {name} give {role} and {other}; these roles never meet in one person"),
                              N_("take them out of one of the groups"), role=one.role, other=other.role, **facts)  # fmt: skip
    alike = [rule for rule in fitting if (rule.role, rule.organization) == (first.role, first.organization)]
    planes = tuple(plane for plane in Plane if any(plane in rule.planes for rule in alike))
    organization = first.organization or (known.organization if first.role is Role.DEPARTMENT else "")
    return Account(
        known.name, known.person, first.role, planes, organization, source=known.source, subject=known.subject
    )


SIGNS = re.compile(r"((?:\\[0-9A-Fa-f]{2})+)|\\(.)|([,;+=])|(.)", re.DOTALL)


def _plain(name: str) -> tuple[str, ...]:
    """A distinguished name (RFC 4514) so that those that differ in case, blanks and escapes alone are equal."""
    found, part = [], ""
    for octets, escaped, sign, other in SIGNS.findall(name):
        if sign:
            found += [part, "," if sign == ";" else sign]
            part = ""
        else:
            part += bytes.fromhex(octets.replace("\\", "")).decode("utf-8", "replace") if octets else escaped or other
    return tuple(" ".join(one.casefold().split()) for one in (*found, part))


def check(ldap: Ldap, oidc: Oidc) -> Iterator[tuple[str, int | None, str, Text]]:
    """What is wrong with either: (table, index, key, what)."""
    for table, settings in (("ldap", ldap), ("oidc", oidc)):
        for index, rule in enumerate(settings.roles):
            for key, what in _wrong(rule):
                yield f"{table}.roles", index, key, what
        if not 1 <= settings.timeout_seconds <= 60:
            yield table, None, "timeout_seconds", N_("timeout_seconds must be 1 to 60")
        if not 0 <= settings.confirmed_days <= 3650:
            yield table, None, "confirmed_days", N_("confirmed_days must be 0 to 3650")
    if ldap.url:
        for url in ldap.urls:
            parts = urlsplit(url)
            if parts.scheme not in ("ldaps", "ldap") or not parts.hostname or parts.path.strip("/"):
                yield "ldap", None, "url", Said("{url!r} must be like ldaps://HOST:PORT", url=url)
            elif (parts.scheme == "ldap") != ldap.start_tls:
                yield "ldap", None, "url", N_("passwords go over TLS alone: ldaps://, or ldap:// with start_tls = true")
        if not ldap.base:
            yield "ldap", None, "base", N_("base is missing")
        for key in ("filter", "group_filter"):
            text = getattr(ldap, key)
            if text and not (text.startswith("(") and text.endswith(")") and re.search(r"\{(name|dn)\}", text)):
                yield "ldap", None, key, N_("must be a filter in brackets that says {name}")
        if bool(ldap.group_base) != bool(ldap.group_filter):
            yield "ldap", None, "group_base", N_("group_base and group_filter belong together")
        if bool(ldap.bind_name) != bool(ldap.bind_password_file or ldap.bind_password_env):
            yield "ldap", None, "bind_name", N_("bind_name and its password belong together")
    if oidc.issuer:
        if not re.fullmatch(r"https://[^\s?#]+", oidc.issuer):
            yield "oidc", None, "issuer", N_("must be like https://HOST/PATH")
        if not re.fullmatch(r"https?://[^\s/?#]+/sign-in/oidc/back", oidc.redirect):
            yield "oidc", None, "redirect", N_("must be like https://HOST/sign-in/oidc/back")
        if not oidc.client_id:
            yield "oidc", None, "client_id", N_("client_id is missing")
        if "openid" not in oidc.scopes:
            yield "oidc", None, "scopes", N_("scopes must name openid")


def _wrong(rule: Rule) -> Iterator[tuple[str, Text]]:
    if not rule.group.strip():
        yield "group", N_("group is empty")
    if (rule.role in EVERYWHERE) == bool(rule.planes):
        what = N_("{role} is bound to no plane") if rule.planes else N_("{role} is bound to planes: name them")
        yield "planes", Said(what, role=rule.role)
    if rule.organization and rule.role is not Role.DEPARTMENT:
        yield "organization", N_("only departments are bound to an organization")
