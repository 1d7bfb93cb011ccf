"""Accounts: made, changed and signed in to, each with its journal entry; what a request shows becomes who asks."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

import msgspec

from netops.core import account as rules
from netops.core import accounts, passwords
from netops.core.account import Account, AccountState, Role, Source
from netops.core.accounts import IDLE, SESSION, Bearer, Token
from netops.core.clock import city_time
from netops.core.errors import Missing, NetopsError, Refused
from netops.core.journal import Act, act
from netops.core.language import N_
from netops.core.permission import MAY, Deed, Principal, Unproven, planes_of
from netops.core.plane import Plane
from netops.desk import Desk
from netops.rounds import admission

TRIES, LOCKED = 5, timedelta(minutes=15)
"""Wrong passwords after which an account is locked, and for how long."""
TOKEN_DAYS, MOST_TOKEN_DAYS = 90, 730
PREFIX = "netops_"
"""What a token begins with, so that scanners of files know it."""
WRONG = N_(
    "name, password or code is wrong, or the account is locked for {minutes} minutes after {tries} wrong ones"
)


# ---- accounts
def add(desk: Desk, account: Account, password: str = "") -> Account:
    """
    A new account.

    Raises:
        Refused: there is one with this name, or the person must not have this role too.
        NetopsError: see `account.check`; or the password is too weak.
    """
    with act(desk.store, desk.actor, desk.clock) as one:
        return _add(desk, one, account, password)


def _add(desk: Desk, one: Act, account: Account, password: str) -> Account:
    others = accounts.listed(one.connection)
    if any(other.name == account.name for other in others):
        raise Refused(
            N_("the account {name} was not made"), N_("there is one with this name"), "netops user list", name=account.name
        )  # fmt: skip
    rules.check(account, others, desk.register_in(one.connection).organization)
    made = msgspec.structs.replace(account, created=one.at)
    proof = {}
    if password:
        passwords.check(password, account.name)
        made, proof = (
            msgspec.structs.replace(made, password_since=one.at),
            {"password": passwords.kept(password)},
        )
    accounts.put(one.connection, made, **proof)
    one.record("user add", made.name, after=_shown(made))
    return made


def first(desk: Desk, account: Account, password: str) -> Account:
    """
    The first account of an instance, by whoever has the one-time code: a system administrator.

    Raises:
        Refused: there is an account already.
    """
    with act(desk.store, account.name, desk.clock) as one:
        if accounts.listed(one.connection):
            raise Refused(
                N_("the first account was not made"), N_("there is an account already"), "netops user list"
            )
        return _add(
            desk,
            one,
            msgspec.structs.replace(account, role=Role.SYSTEM, planes=(), organization=""),
            password,
        )


def _shown(one: Account) -> dict[str, Any]:
    return {"person": one.person, "role": one.role, "planes": list(one.planes), "organization": one.organization,
            "state": one.state}  # fmt: skip


def change(desk: Desk, name: str, verb: str, why: str = "", **changes: Any) -> Account:
    """
    Another role, binding or state; its sessions end.

    Raises:
        Missing: there is no such account.
        Refused: the person must not have this role too; the last system administrator would go; or it is kept elsewhere.
    """
    with act(desk.store, desk.actor, desk.clock) as one:
        before = accounts.named(one.connection, name)
        if changes.keys() & {"role", "planes", "organization"}:
            _require_own_role(before)
        after = msgspec.structs.replace(before, **changes)
        others = accounts.listed(one.connection)
        rules.check(after, others, desk.register_in(one.connection).organization)
        _keep_one(after, others)
        accounts.put(one.connection, after, failed=0)
        accounts.end(one.connection, account=name)
        one.record(f"user {verb}", name, why=why, before=_shown(before), after=_shown(after))
        return after


def _require_own_role(account: Account) -> None:
    if account.source is not Source.LOCAL:
        why = N_("it is kept elsewhere ({source}), which says what it is at each sign-in")
        mend = N_("change its groups there")
        raise Refused(N_("{name} was not changed"), why, mend, name=account.name, source=account.source)


def grantable(who: Principal, account: Account) -> None:
    """
    Make sure that somebody may give this account a role.

    Raises:
        Refused: it is their own, or is kept elsewhere.
    """
    _require_own_role(account)
    if account.name == who.name:
        raise Refused(N_("{name} was not changed"), N_("nobody grants themselves a role"), N_("another administrator does it"),
                      name=account.name)  # fmt: skip


def grant(
    desk: Desk, who: Principal, name: str, role: Role, planes: Collection[Plane], organization: str, why: str
) -> Account:
    """
    The role is given, and the account can be used.

    Raises:
        Missing: there is no such account.
        Refused: see `grantable` and `change`.
    """
    with desk.store.read() as connection:
        grantable(who, accounts.named(connection, name))
    return change(desk, name, "grant", why, role=role, planes=tuple(sorted(set(planes))), organization=organization,
                  state=AccountState.ENABLED, locked_until=None)  # fmt: skip


def _keep_one(after: Account, others: Iterable[Account]) -> None:
    """Somebody must be able to make accounts."""
    administrators = {
        one.name for one in others if one.role is Role.SYSTEM and one.state is AccountState.ENABLED
    }
    if administrators == {after.name} and not (
        after.role is Role.SYSTEM and after.state is AccountState.ENABLED
    ):
        raise Refused(
            N_("{name} was not changed"), N_("it is the only system administrator"),
            N_("make another one first: netops user add"), name=after.name,
        )  # fmt: skip


def _require_local(account: Account) -> None:
    if account.source is not Source.LOCAL:
        why = N_("the password of {name} is kept elsewhere ({source}), and its second factor with it")
        raise Refused(N_("it was not done"), why, N_("change it there"), name=account.name, source=account.source)


def set_password(desk: Desk, name: str, password: str, keep: Collection[str] = ()) -> Account:
    """
    A new password; the account is unlocked, and its sessions end except *keep*.

    Raises:
        Missing: there is no such account.
        Refused: it is kept elsewhere.
        NetopsError: it is too weak.
    """
    passwords.check(password, name)
    stored = passwords.kept(password)
    with act(desk.store, desk.actor, desk.clock) as one:
        before = accounts.named(one.connection, name)
        _require_local(before)
        after = msgspec.structs.replace(before, password_since=one.at, locked_until=None)
        accounts.put(one.connection, after, password=stored, failed=0)
        accounts.end(one.connection, account=name, but=keep)
        one.record("user password", name)
        return after


def set_second_factor(desk: Desk, name: str, *, on: bool) -> str:
    """
    Codes by time beside the password from now on, or no longer; the new secret, shown once, or "".

    Raises:
        Missing: there is no such account.
        Refused: it is kept elsewhere.
    """
    secret = passwords.new_secret() if on else ""
    with act(desk.store, desk.actor, desk.clock) as one:
        account = accounts.named(one.connection, name)
        _require_local(account)
        accounts.put(one.connection, account, second_factor=secret, last_step=0)
        accounts.end(one.connection, account=name)
        one.record("user second factor", name, after={"on": on})
    return secret


# ---- tokens
def issue(
    desk: Desk,
    name: str,
    scopes: Collection[Deed],
    *,
    label: str = "",
    days: int = TOKEN_DAYS,
    planes: Collection[Plane] = (),
) -> tuple[Token, str]:
    """
    A token of an account, and its text, which is shown this once.

    Args:
        planes: only these; by default all of its account's.

    Raises:
        Missing: there is no such account.
        Refused: the account is disabled, or its role may not do what the token is for.
    """
    number, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    with act(desk.store, desk.actor, desk.clock) as one:
        account = accounts.named(one.connection, name)
        what = N_("no token was issued to {name}")
        if account.state is not AccountState.ENABLED:
            raise Refused(what, N_("the account is disabled"), N_("netops user enable {name}"), name=name)
        bound = planes_of(account.role, account.planes, desk.planes)
        wanted = frozenset(planes) or bound
        for deed in scopes:
            if deed not in MAY[account.role]:
                why = N_("{name} is {role}, which may not {deed}")
                raise Refused(what, why, N_("name other scopes"), name=name, role=account.role, deed=deed)
        if not wanted <= bound:
            why = N_("{name} may not touch the {plane}")
            raise Refused(what, why, N_("name other planes"), name=name, plane=min(wanted - bound))
        token = Token(
            number,
            name,
            label,
            tuple(sorted(scopes)),
            tuple(sorted(wanted)),
            one.at,
            one.at + timedelta(days=days),
        )
        accounts.issue(one.connection, token, accounts.hashed(secret))
        one.record("user token", name, after={"token": number, "label": label, "scopes": list(token.scopes),
                                              "planes": list(token.planes), "expires": token.expires})  # fmt: skip
    return token, f"{PREFIX}{number}_{secret}"


def revoke(desk: Desk, number: str, why: str = "") -> str:
    """
    Take a token back; the name of its account.

    Raises:
        Missing, Refused: see `accounts.revoke`.
    """
    with act(desk.store, desk.actor, desk.clock) as one:
        name = accounts.revoke(one.connection, number, one.at)
        one.record("user revoke", name, why=why, before={"token": number})
        return name


# ---- who asks
def of_token(desk: Desk, text: str) -> Principal:
    """
    Who asks with a token.

    Raises:
        Unproven: it is none, was taken back, or has expired.
    """
    number, _, secret = text.removeprefix(PREFIX).partition("_")
    found = accounts.bearer(desk.store, number[:16]) if text.startswith(PREFIX) and secret else None
    now = desk.clock()
    if (
        found is None
        or not hmac.compare_digest(found.sha256, accounts.hashed(secret))
        or found.expires <= now
    ):
        raise Unproven(
            N_("it was not done"), N_("the token is none of ours, was taken back or has expired"),
            N_("ask for a new one: netops user token NAME"),
        )  # fmt: skip
    if found.last_used is None or now - found.last_used >= accounts.USED_EVERY:
        accounts.note_use(desk.store, number, now)
    return _principal(desk, found, number)


def of_session(desk: Desk, secret: str) -> Principal:
    """
    Who asks in a session.

    Raises:
        Unproven: there is none, or it has ended.
    """
    sha256, now = accounts.hashed(secret), desk.clock()
    found = accounts.session(desk.store, sha256)
    if found is None or found[0].expires <= now or now - found[1] > IDLE:
        raise Unproven(N_("it was not done"), N_("the session has ended"), N_("sign in again"))
    if now - found[1] >= accounts.USED_EVERY:
        accounts.touch(desk.store, sha256, now)
    return _principal(desk, found[0])


def unconfirmed_since(desk: Desk) -> dict[Source, datetime]:
    """By where accounts are kept: those that were confirmed last before this time can do nothing."""
    days = {Source.LDAP: desk.config.ldap.confirmed_days, Source.OIDC: desk.config.oidc.confirmed_days}
    return {source: desk.clock() - timedelta(days=count) for source, count in days.items() if count}


def _confirmed(desk: Desk, one: Bearer | Account) -> None:
    """
    Make sure that whoever keeps the account said not too long ago that its person is still there.

    Raises:
        Unproven: nobody has; `[ldap]` and `[oidc]` say how long is too long.
    """
    since = unconfirmed_since(desk).get(one.source)
    if since is not None and (one.confirmed is None or one.confirmed < since):
        why = N_("where the account {name} is kept ({source}), nobody has confirmed it since {time}")
        raise Unproven(N_("it was not done"), why, N_("sign in again"), name=one.name, source=one.source,
                       time=city_time(one.confirmed) if one.confirmed else "—")  # fmt: skip


def _principal(desk: Desk, found: Bearer, token: str = "") -> Principal:
    _confirmed(desk, found)
    scopes = None if found.scopes is None else frozenset(found.scopes)
    planes = planes_of(found.role, found.planes, desk.planes)
    if found.scopes is not None and found.role in rules.EVERYWHERE:
        planes &= frozenset(found.planes)
    return Principal(found.name, found.role, planes, found.organization, scopes, token)


def sign_in(desk: Desk, name: str, password: str, code: str = "", place: str = "") -> str:
    """
    The secret of a new session. An account of the directory, and a name that has no account here, are asked of `[ldap]`.

    Args:
        code: by time, for accounts that have a second factor.
        place: the address that it came from, for the journal.

    Raises:
        Unproven: something is wrong; what, is not said, and a name that nobody has takes as long.
        Refused: the directory knows them, and they are not let in; why, is said, as they have proved who they are.
        NetopsError: the directory was to be asked, and cannot be.
    """
    now, name = desk.clock(), name.replace("\x00", "").strip().casefold()[:64]
    with desk.store.read() as connection:
        found = accounts.one(connection, name)
    account, proof = found or (None, None)
    right = passwords.is_right(password, proof.password if proof else "")
    if desk.config.ldap.url and (account is None or (account.source is Source.LDAP and account.is_open(now))):
        known = admission.directory(desk).prove(name, password)
        if known is not None:
            return admission.admit(desk, known, desk.config.ldap.roles, place)
    step: int | None = 0
    if proof is not None and proof.second_factor:
        step = passwords.step_of(proof.second_factor, code, now, proof.last_step)
    if account is None or not right or step is None or not account.is_open(now):
        if account is not None and account.is_open(now):
            _fail(desk, account.name, place)
        raise Unproven(N_("nobody was signed in"), WRONG, N_("try again later"), minutes=LOCKED // timedelta(minutes=1),
                       tries=TRIES)  # fmt: skip
    secret = secrets.token_urlsafe(32)
    with act(desk.store, account.name, desk.clock) as one:
        fresh = accounts.one(one.connection, account.name)
        if fresh is None or fresh[1] != proof:
            raise Unproven(
                N_("nobody was signed in"), N_("the account was changed at this moment"), N_("try again")
            )
        signed = msgspec.structs.replace(fresh[0], last_sign_in=one.at, locked_until=None)
        accounts.put(one.connection, signed, failed=0, last_step=max(step, fresh[1].last_step))
        accounts.begin(one.connection, account.name, accounts.hashed(secret), one.at, one.at + SESSION)
        one.record("sign in", account.name, after={"from": place})
    return secret


def _fail(desk: Desk, name: str, place: str) -> None:
    """One more wrong password; the last of several locks the account, which the journal shows."""
    with act(desk.store, name, desk.clock) as one:
        found = accounts.one(one.connection, name)
        if found is None:
            raise Missing(N_("there is no account {name}"), "", "netops user list", name=name)
        account, failed = found[0], found[1].failed + 1
        locked = one.at + LOCKED if failed >= TRIES else None
        accounts.put(
            one.connection,
            msgspec.structs.replace(account, locked_until=locked),
            failed=0 if locked else failed,
        )
        one.record(
            "sign in locked" if locked else "sign in refused", name, after={"from": place, "wrong": failed}
        )


def prove(desk: Desk, name: str, password: str, place: str = "") -> None:
    """
    Make sure that who is signed in knows their password, before it or the second factor is changed.

    Raises:
        Unproven: it is wrong; wrong ones count towards the lock.
    """
    with desk.store.read() as connection:
        found = accounts.one(connection, name)
    if found is not None:
        _require_local(found[0])
    right = passwords.is_right(password, found[1].password if found else "")
    if found is None or not right or not found[0].is_open(desk.clock()):
        if found is not None and found[0].is_open(desk.clock()):
            _fail(desk, name, place)
        raise Unproven(N_("it was not done"), N_("the password is wrong"), N_("try again later"))


def of_subject(desk: Desk, subject: str) -> Principal:
    """
    Who asks with a client certificate, by `[web.subjects]`.

    Raises:
        Unproven: the subject is nobody's, or the account is disabled.
    """
    from netops.core.certificates import account_of

    name = account_of(subject, desk.config.web.subjects)
    with desk.store.read() as connection:
        found = accounts.one(connection, name) if name else None
    if found is None or not found[0].is_open(desk.clock()):
        raise Unproven(N_("it was not done"), N_("the certificate is nobody's here"),
                       N_("the security administrator writes its subject under [web.subjects]"))  # fmt: skip
    one = found[0]
    _confirmed(desk, one)
    return Principal(one.name, one.role, planes_of(one.role, one.planes, desk.planes), one.organization)


def sign_out(desk: Desk, secret: str) -> Source:
    """The session ends; where its account is kept, so that the person may leave there too."""
    sha256 = accounts.hashed(secret)
    found = accounts.session(desk.store, sha256)
    with desk.store.write() as connection:
        accounts.end(connection, sha256=sha256)
        account = accounts.one(connection, found[0].name) if found else None
    return account[0].source if account else Source.LOCAL


def scopes_of(texts: Iterable[str]) -> list[Deed]:
    """
    Scopes as they are written.

    Raises:
        NetopsError: one is none.
    """
    found = []
    for text in texts:
        if text not in list(Deed):
            raise NetopsError(
                N_("no token was issued"), N_("{scope} is no scope"), N_("one of: {known}"), scope=text, known=", ".join(Deed)
            )  # fmt: skip
        found.append(Deed(text))
    return found
