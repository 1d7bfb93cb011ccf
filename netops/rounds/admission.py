"""Lets people in whom a directory or a provider knows: made or changed here to what that says of them, and signed in."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator

import msgspec

from netops.core import account as rules
from netops.core import accounts
from netops.core.account import Account, AccountState, Source
from netops.core.errors import NetopsError, Refused
from netops.core.identity import Known, Rule, account_of
from netops.core.journal import Act, act
from netops.core.language import N_, _, series
from netops.desk import Desk
from netops.probes.directory import Directory
from netops.probes.provider import Provider
from netops.rounds.doctor import Check


def directory(desk: Desk) -> Directory:
    """
    The directory of the configuration.

    Raises:
        NetopsError: the password for it cannot be read.
    """
    one = desk.config.ldap
    secret = desk.config.secret("", one.bind_password_file, one.bind_password_env)
    return Directory(one, secret, str(desk.config.folder / one.ca_file) if one.ca_file else "")


def provider(desk: Desk) -> Provider:
    """
    The provider of the configuration.

    Raises:
        NetopsError: the secret for it cannot be read.
    """
    one = desk.config.oidc
    secret = desk.config.secret("", one.client_secret_file, one.client_secret_env)
    return Provider(one, secret, str(desk.config.folder / one.ca_file) if one.ca_file else "", desk.clock)


def leave(desk: Desk, subject: str) -> None:
    """Whom the provider says to have left: their sessions end; nothing happens where nobody here is known so."""
    with act(desk.store, "-", desk.clock) as one:
        found = accounts.known_as(one.connection, Source.OIDC, subject)
        if found is not None:
            accounts.end(one.connection, account=found.name)
        one.record("sign out", found.name if found else "-", why=str(Source.OIDC))


def admit(desk: Desk, known: Known, given: Iterable[Rule], place: str) -> str:
    """
    The secret of a new session of somebody whom another system has just proved.

    Their account is made the first time, and is what that system says from then on. The tokens of one that it lets in no
    longer are taken back.

    Raises:
        Refused: what it says of them gives no account; or the account is kept elsewhere, or disabled here.
    """
    try:
        with act(desk.store, known.name, desk.clock) as one:
            account = _settled(desk, one, known, given)
            signed = msgspec.structs.replace(account, last_sign_in=one.at, locked_until=None, confirmed=one.at)
            accounts.put(one.connection, signed, failed=0)
            secret = secrets.token_urlsafe(32)
            accounts.begin(one.connection, account.name, accounts.hashed(secret), one.at, one.at + accounts.SESSION)
            one.record("sign in", account.name, after={"from": place, "by": known.source})
            return secret
    except Refused as error:
        with act(desk.store, known.name[:64], desk.clock) as one:
            one.record("sign in refused", known.name[:64], why=error.english(), after={"from": place, "by": known.source})
            if (found := _had(one, known)) is not None:
                shut(one, found, str(known.source))
        raise


def _settled(desk: Desk, one: Act, known: Known, given: Iterable[Rule]) -> Account:
    """The account as what is known says, made or changed."""
    wanted = account_of(known, given)
    before = _before(one, known)
    if before is None:
        made = msgspec.structs.replace(wanted, created=one.at)
        _check(desk, one, made)
        accounts.put(one.connection, made)
        one.record("user add", made.name, why=str(known.source), after=_shown(made))
        return made
    if before.state is not AccountState.ENABLED:
        raise Refused(N_("nobody was signed in"), N_("the account {name} is disabled here"), "netops user enable {name}",
                      name=before.name)  # fmt: skip
    return become(desk, one, before, wanted)


def become(desk: Desk, one: Act, before: Account, wanted: Account) -> Account:
    """
    An account is what whoever keeps it says now; where that is something else, its sessions end.

    Raises:
        Refused: it may not be so.
    """
    said = {key: getattr(wanted, key) for key in ("person", "role", "planes", "organization")}
    after = msgspec.structs.replace(before, **said)
    _check(desk, one, after)
    if after != before:
        accounts.end(one.connection, account=before.name)
        if not rules.same_person(before.person, after.person):
            accounts.revoke_all(one.connection, before.name, one.at)  # the name is somebody else's now
        one.record("user role", before.name, why=str(before.source), before=_shown(before), after=_shown(after))
    return after


def _before(one: Act, known: Known) -> Account | None:
    """
    The account that it has here: by what its provider knows it for good, else by its name.

    Raises:
        Refused: the name is another account's.
    """
    if known.subject and (found := accounts.known_as(one.connection, known.source, known.subject)):
        return found
    named = accounts.one(one.connection, known.name)
    if named is None:
        return None
    if (named[0].source, named[0].subject) != (known.source, known.subject):
        why = N_("the account {name} here is somebody else's: it is kept otherwise ({source})")
        mend = N_("give one of the two another name")
        raise Refused(N_("nobody was signed in"), why, mend, name=known.name, source=named[0].source)
    return named[0]


def _check(desk: Desk, one: Act, account: Account) -> None:
    try:
        rules.check(account, accounts.listed(one.connection), desk.register_in(one.connection).organization)
    except Refused:
        raise
    except NetopsError as error:
        raise Refused(error.what, error.why, error.mend, **error.facts) from error


def _had(one: Act, known: Known) -> Account | None:
    """The account of somebody who was let in before."""
    found = accounts.known_as(one.connection, known.source, known.subject) if known.subject else None
    named = accounts.one(one.connection, known.name)
    if found is None and named is not None and (named[0].source, named[0].subject) == (known.source, known.subject):
        found = named[0]
    return found


def shut(one: Act, account: Account, why: str) -> tuple[int, int]:
    """Its sessions and tokens end, as it is let in no longer: how many of each."""
    ended = accounts.end(one.connection, account=account.name)
    if count := accounts.revoke_all(one.connection, account.name, one.at):
        one.record("user revoke", account.name, why=why, before={"tokens": count})
    return ended, count


def _shown(one: Account) -> dict[str, object]:
    return {"person": one.person, "role": one.role, "planes": list(one.planes), "organization": one.organization,
            "state": one.state, "source": one.source}  # fmt: skip


def examine(desk: Desk, name: str = "", password: str = "") -> Iterator[Check]:
    """
    What is wrong with the settings of the directory: each step in the order in which a fault in one explains the next.

    Args:
        name: who is looked up, and becomes what here; "" looks nobody up.
        password: theirs, to be tried; "" tries none.
    """
    one = desk.config.ldap
    if desk.config.oidc.issuer and not name:
        yield from _examine_provider(desk)
    if not one.url:
        yield Check(N_("directory"), "note", _("there is no [ldap] in the configuration"), "docs/guide/accounts.md")
        return
    try:
        asked = directory(desk)
        yield Check(N_("directory"), "good", _("{url} answers and lets netops in").format(url=asked.reach()))
        if not one.roles:
            yield Check(N_("groups"), "bad", _("no group has a role: nobody can sign in"), "[[ldap.roles]]")
        if name:
            yield from _examine_one(desk, asked, name, password)
    except NetopsError as error:
        _what, why, mend = error.told()
        yield Check(N_("directory"), "bad", why, mend)


def _examine_provider(desk: Desk) -> Iterator[Check]:
    try:
        asked = provider(desk)
        asked.keys()
        yield Check(N_("provider"), "good", _("{url} answers, with keys").format(url=desk.config.oidc.issuer))
        if not desk.config.oidc.roles:
            yield Check(N_("groups"), "bad", _("no group has a role: nobody can sign in"), "[[oidc.roles]]")
    except NetopsError as error:
        _what, why, mend = error.told()
        yield Check(N_("provider"), "bad", why, mend)


def _examine_one(desk: Desk, asked: Directory, name: str, password: str) -> Iterator[Check]:
    known = asked.look(name)
    if known is None:
        yield Check(N_("person"), "bad", _("nobody is {name} there").format(name=name), _("check [ldap] base and filter"))
        return
    told = _("{name}: {person}, groups: {groups}").format(
        name=known.name, person=known.person or "-", groups="; ".join(known.groups) or "-"
    )
    yield Check(N_("person"), "good", told)
    if password:
        if asked.prove(name, password) is None:
            yield Check(N_("password"), "bad", _("it is not their password there"))
        else:
            yield Check(N_("password"), "good", _("it is their password there"))
    try:
        wanted = account_of(known, desk.config.ldap.roles)
        with desk.store.read() as connection:
            rules.check(wanted, accounts.listed(connection), desk.register_in(connection).organization)
    except NetopsError as error:
        _what, why, mend = error.told()
        yield Check(N_("role"), "bad", why, mend)
        return
    planes = series(_(plane.label) for plane in wanted.planes)
    told = " ".join(part for part in (_(wanted.role), planes, wanted.organization) if part)
    yield Check(N_("role"), "good", told)
