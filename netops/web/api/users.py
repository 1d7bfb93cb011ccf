"""Accounts over the API: what the system administrator makes, the security administrator grants; and what is one's own."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from netops.core import accounts as kept
from netops.core import passwords
from netops.core.account import Account, AccountState, Role
from netops.core.accounts import Token
from netops.core.errors import Missing, Refused
from netops.core.language import N_
from netops.core.permission import Deed
from netops.core.plane import Plane
from netops.rounds import accounts
from netops.web.api.operation import Asked, Call, Nothing, Operation, Page

Name = Annotated[str, Meta(min_length=1, max_length=64)]
Text = Annotated[str, Meta(max_length=2000)]
Secret = Annotated[str, Meta(max_length=256)]


class NewAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An account as it is applied for; it is disabled until the security administrator grants it."""

    name: Name
    person: Annotated[str, Meta(min_length=1, max_length=128)]
    role: Role
    planes: Annotated[tuple[Plane, ...], Meta(max_length=2)] = ()
    organization: Annotated[str, Meta(max_length=64)] = ""
    password: Secret = ""


class Granted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The role that it has from now on, and for whom."""

    role: Role
    why: Annotated[str, Meta(min_length=1, max_length=2000)]
    planes: Annotated[tuple[Plane, ...], Meta(max_length=2)] = ()
    organization: Annotated[str, Meta(max_length=64)] = ""


class Why(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The reason, for the journal."""

    why: Annotated[str, Meta(min_length=1, max_length=2000)]


class NewPassword(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A password; *old* where it is one's own."""

    password: Secret
    old: Secret = ""


class Proved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One's password."""

    password: Secret


class NewToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a token is for, and how long."""

    scopes: Annotated[tuple[Deed, ...], Meta(min_length=1, max_length=32)]
    label: Annotated[str, Meta(max_length=128)] = ""
    days: Annotated[int, Meta(ge=1, le=accounts.MOST_TOKEN_DAYS)] = accounts.TOKEN_DAYS
    planes: Annotated[tuple[Plane, ...], Meta(max_length=2)] = ()


class Issued(msgspec.Struct, frozen=True):
    """A new token; *text* is shown this once."""

    token: Token
    text: str


class SecondFactor(msgspec.Struct, frozen=True):
    """The secret of codes by time, shown this once, and as a telephone reads it."""

    secret: str
    uri: str


class TokenRecord(msgspec.Struct, frozen=True):
    """A token without its secret."""

    id: str
    account: str
    label: str
    scopes: tuple[Deed, ...]
    planes: tuple[Plane, ...]
    created: datetime
    expires: datetime
    last_used: datetime | None
    revoked: datetime | None


# ---- accounts
def users(call: Call) -> Page[Account]:
    """Every account, by name."""
    return call.page(kept.every(call.desk.store), lambda one: one.name)


def user(call: Call) -> Account:
    """One account."""
    name = call.path["name"][:64]
    with call.desk.store.read() as connection:
        return kept.named(connection, name)


def add(call: Call) -> Account:
    """An account as it is applied for: whoever makes it does not decide what it may."""
    asked: NewAccount = call.body
    planes = tuple(sorted(set(asked.planes)))
    made = Account(asked.name, asked.person, asked.role, planes, asked.organization, AccountState.DISABLED)
    return accounts.add(call.desk, made, asked.password)


def grant(call: Call) -> Account:
    """The role is given, and the account can be used; nobody grants themselves anything."""
    asked: Granted = call.body
    return accounts.grant(call.desk, call.who, user(call).name, asked.role, asked.planes, asked.organization, asked.why)


def disable(call: Call) -> Account:
    """It can no longer be used, nor its tokens."""
    return accounts.change(call.desk, user(call).name, "disable", call.body.why, state=AccountState.DISABLED)


def set_password(call: Call) -> Account:
    """A new password, and the lock ends; of an administrator's peer only by the owner of the store."""
    before = user(call)
    if before.role is not Role.SYSTEM and before.role in (Role.SECURITY, Role.AUDITOR):
        raise Refused(N_("the password was not set"), N_("{name} is {role}: the three administrators hold one another in check"),
                      "netops user password {name}", name=before.name, role=before.role)  # fmt: skip
    return accounts.set_password(call.desk, before.name, call.body.password)


# ---- tokens
def _records(tokens: list[Token]) -> list[TokenRecord]:
    return [TokenRecord(**msgspec.structs.asdict(one)) for one in tokens]


def tokens(call: Call) -> Page[TokenRecord]:
    """Every token."""
    return call.page(_records(kept.tokens_of(call.desk.store)), lambda one: (one.created.isoformat(), one.id))


def revoke(call: Call) -> TokenRecord:
    """Take a token back."""
    return _revoked(call, kept.tokens_of(call.desk.store))


def _revoked(call: Call, among: list[Token]) -> TokenRecord:
    number = call.path["id"][:16]
    if not any(one.id == number for one in among):
        raise Missing(N_("there is no token {id}"), "", "netops user list --tokens", id=number)
    accounts.revoke(call.desk, number, call.body.why)
    return next(one for one in _records(kept.tokens_of(call.desk.store)) if one.id == number)


# ---- one's own
def _in_session(call: Call) -> str:
    """
    The name of who asks, in a session of their own.

    Raises:
        Refused: a token asks; it must not make itself another one, or change what proves its account.
    """
    if call.who.token:
        raise Refused(N_("it was not done"), N_("a token asks; this is for the person who signed in"), N_("sign in"))
    return call.who.name


def my_tokens(call: Call) -> Page[TokenRecord]:
    """One's own tokens."""
    mine = _records(kept.tokens_of(call.desk.store, call.who.name))
    return call.page(mine, lambda one: (one.created.isoformat(), one.id))


def new_token(call: Call) -> Issued:
    """A token of one's own, for what one's role may at most."""
    asked: NewToken = call.body
    made, text = accounts.issue(
        call.desk, _in_session(call), asked.scopes, label=asked.label, days=asked.days, planes=asked.planes
    )
    return Issued(made, text)


def revoke_mine(call: Call) -> TokenRecord:
    """Take a token of one's own back."""
    return _revoked(call, kept.tokens_of(call.desk.store, call.who.name))


def my_password(call: Call) -> Account:
    """A new password of one's own; every session ends."""
    name = _in_session(call)
    accounts.prove(call.desk, name, call.body.old)
    return accounts.set_password(call.desk, name, call.body.password)


def my_second_factor(call: Call) -> SecondFactor:
    """Codes by time beside one's password from now on; every session ends."""
    name = _in_session(call)
    accounts.prove(call.desk, name, call.body.password)
    secret = accounts.set_second_factor(call.desk, name, on=True)
    return SecondFactor(secret, passwords.uri(secret, name, f"netops {call.desk.config.city.name}"))


OPERATIONS = (
    Operation("GET", "/users", "listUsers", Deed.READ_ACCOUNTS, N_("Accounts"), users, Account, "account", Asked),
    Operation("POST", "/users", "addUser", Deed.MANAGE_ACCOUNTS, N_("Apply for an account"), add, Account, "", Nothing,
              NewAccount, 201),
    Operation("GET", "/users/{name}", "getUser", Deed.READ_ACCOUNTS, N_("One account"), user, Account),
    Operation("POST", "/users/{name}/grant", "grantRole", Deed.GRANT, N_("Give an account its role"), grant, Account, "", Nothing,
              Granted),
    Operation("POST", "/users/{name}/disable", "disableUser", Deed.MANAGE_ACCOUNTS, N_("Disable an account"), disable, Account,
              "", Nothing, Why),
    Operation("POST", "/users/{name}/password", "setPassword", Deed.MANAGE_ACCOUNTS, N_("Set a password"), set_password, Account,
              "", Nothing, NewPassword),
    Operation("GET", "/tokens", "listTokens", Deed.READ_ACCOUNTS, N_("Tokens, their expiry and last use"), tokens, TokenRecord,
              "token", Asked),
    Operation("POST", "/tokens/{id}/revoke", "revokeToken", Deed.GRANT, N_("Take a token back"), revoke, TokenRecord, "", Nothing,
              Why),
    Operation("GET", "/me/tokens", "listMyTokens", None, N_("One's own tokens"), my_tokens, TokenRecord, "token", Asked),
    Operation("POST", "/me/tokens", "issueToken", None, N_("Issue a token of one's own"), new_token, Issued, "", Nothing,
              NewToken, 201),
    Operation("POST", "/me/tokens/{id}/revoke", "revokeMyToken", None, N_("Take a token of one's own back"), revoke_mine,
              TokenRecord, "", Nothing, Why),
    Operation("POST", "/me/password", "changePassword", None, N_("Change one's password"), my_password, Account, "", Nothing,
              NewPassword),
    Operation("POST", "/me/second-factor", "setSecondFactor", None, N_("Codes by time beside one's password"), my_second_factor,
              SecondFactor, "", Nothing, Proved),
)  # fmt: skip
