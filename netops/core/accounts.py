"""Storage of accounts, their tokens and sessions; what proves them is kept only as a hash."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Column, Connection, Integer, Row, String, Table, Text, bindparam, select

from netops.core.account import Account, AccountState, Role, Source
from netops.core.errors import Missing, Refused
from netops.core.language import N_
from netops.core.permission import Deed
from netops.core.plane import Plane
from netops.core.prepared import Prepared
from netops.core.store import Instant, Json, Store, metadata

accounts = Table(
    "accounts",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("person", String(128), nullable=False),
    Column("role", String(16), nullable=False),
    Column("planes", Json, nullable=False),
    Column("organization", String(64), nullable=False),
    Column("state", String(12), nullable=False),
    Column("password", Text, nullable=False),
    Column("created", Instant, nullable=False),
    Column("password_since", Instant),
    Column("failed", Integer, nullable=False),
    Column("locked_until", Instant),
    Column("last_sign_in", Instant),
    Column("second_factor", String(64), nullable=False),
    Column("last_step", Integer, nullable=False),
    Column("source", String(8), nullable=False, server_default="local"),
    Column("subject", Text, nullable=False, server_default=""),
    Column("confirmed", Instant),
)
tokens = Table(
    "tokens",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("account", String(64), nullable=False, index=True),
    Column("label", String(128), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("scopes", Json, nullable=False),
    Column("planes", Json, nullable=False),
    Column("created", Instant, nullable=False),
    Column("expires", Instant, nullable=False),
    Column("last_used", Instant),
    Column("revoked", Instant),
)
sessions = Table(
    "sessions",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("account", String(64), nullable=False, index=True),
    Column("created", Instant, nullable=False),
    Column("last_seen", Instant, nullable=False),
    Column("expires", Instant, nullable=False),
)
SESSION, IDLE = timedelta(hours=12), timedelta(minutes=30)
"""How long a session lasts at most, and unused."""
USED_EVERY = timedelta(minutes=1)
"""How exactly the last use of a token or session is kept."""


class Token(msgspec.Struct, frozen=True):
    """
    One token of an account, without its secret.

    Args:
        scopes: what it is for; its account's role bounds it further.
        planes: the planes that it is for.
    """

    id: str
    account: str
    label: str
    scopes: tuple[Deed, ...]
    planes: tuple[Plane, ...]
    created: datetime
    expires: datetime
    last_used: datetime | None = None
    revoked: datetime | None = None


class Proof(msgspec.Struct, frozen=True):
    """What is kept to prove an account: never shown."""

    password: str
    failed: int
    second_factor: str
    last_step: int


def hashed(secret: str) -> str:
    """What is kept of a secret that is random: its SHA-256, as there is nothing to guess."""
    return hashlib.sha256(secret.encode()).hexdigest()


# ---- accounts
def listed(connection: Connection) -> list[Account]:
    """Every account, by name."""
    return [_account(row) for row in connection.execute(select(accounts).order_by(accounts.c.name))]


def every(store: Store) -> list[Account]:
    """As `listed`, in a transaction of its own."""
    with store.read() as connection:
        return listed(connection)


def one(connection: Connection, name: str) -> tuple[Account, Proof] | None:
    """An account and what proves it, or None."""
    row = connection.execute(select(accounts).where(accounts.c.name == name)).first()
    return (
        None
        if row is None
        else (_account(row), Proof(row.password, row.failed, row.second_factor, row.last_step))
    )


def named(connection: Connection, name: str) -> Account:
    """
    The account with this name.

    Raises:
        Missing: there is none.
    """
    found = one(connection, name)
    if found is None:
        raise Missing(N_("there is no account {name}"), "", "netops user list", name=name)
    return found[0]


def known_as(connection: Connection, source: Source, subject: str) -> Account | None:
    """The account that its provider knows by *subject*, or None."""
    query = select(accounts).where(accounts.c.source == source, accounts.c.subject == subject)
    row = connection.execute(query).first()
    return None if row is None else _account(row)


def put(connection: Connection, account: Account, **proof: Any) -> None:
    """
    Keep an account, new or changed.

    Args:
        proof: columns of what proves it that change with it.
    """
    values = {
        "person": account.person, "role": account.role, "planes": list(account.planes), "organization": account.organization,
        "state": account.state, "password_since": account.password_since, "locked_until": account.locked_until,
        "last_sign_in": account.last_sign_in, "source": account.source, "subject": account.subject,
        "confirmed": account.confirmed, **proof,
    }  # fmt: skip
    done = connection.execute(accounts.update().where(accounts.c.name == account.name).values(values))
    if not done.rowcount:
        empty = {"password": "", "failed": 0, "second_factor": "", "last_step": 0}
        connection.execute(
            accounts.insert().values({"name": account.name, "created": account.created} | empty | values)
        )


def confirm(connection: Connection, names: Collection[str], at: datetime) -> None:
    """Whoever keeps these accounts says that their people are still there."""
    connection.execute(accounts.update().where(accounts.c.name.in_(list(names))).values(confirmed=at))


def _confirmed(source: str, told: datetime | None, signed_in: datetime | None) -> datetime | None:
    """When its person was last known to be still there, which signing in says too; None for one that is kept here."""
    return None if source == Source.LOCAL else max((one for one in (told, signed_in) if one is not None), default=None)


def _account(row: Row[Any]) -> Account:
    return Account(
        row.name, row.person, Role(row.role), tuple(map(Plane, row.planes)), row.organization, AccountState(row.state),
        row.created, row.password_since, row.locked_until, row.last_sign_in, bool(row.second_factor),
        Source(row.source), row.subject, _confirmed(row.source, row.confirmed, row.last_sign_in),
    )  # fmt: skip


# ---- tokens
TOKEN = Prepared(
    select(
        tokens.c.sha256, tokens.c.scopes, tokens.c.planes, tokens.c.expires, tokens.c.last_used, tokens.c.revoked,
        accounts.c.name, accounts.c.role, accounts.c.planes.label("bound"), accounts.c.organization, accounts.c.state,
        accounts.c.source, accounts.c.confirmed, accounts.c.last_sign_in,
    )
    .join(accounts, accounts.c.name == tokens.c.account)
    .where(tokens.c.id == bindparam("which"))
)  # fmt: skip


class Bearer(msgspec.Struct, frozen=True):
    """What stands behind a token or a session, at one moment."""

    name: str
    role: Role
    planes: tuple[Plane, ...]
    organization: str
    scopes: tuple[Deed, ...] | None
    expires: datetime
    last_used: datetime | None
    sha256: str
    source: Source
    confirmed: datetime | None


def bearer(store: Store, number: str) -> Bearer | None:
    """What stands behind a token; None when there is none, it was taken back, or its account is disabled."""
    with store.read() as connection:
        rows = TOKEN(connection, which=number)
    for sha256, scopes, planes, expires, used, revoked, name, role, bound, organization, state, source, told, signed in rows:
        if revoked is None and state == AccountState.ENABLED:
            mine = (
                tuple(one for one in map(Plane, planes) if one in bound)
                if bound
                else tuple(map(Plane, planes))
            )
            return Bearer(
                name, Role(role), mine, organization, tuple(map(Deed, scopes)), expires, used, sha256, Source(source),
                _confirmed(source, told, signed),
            )
    return None


def issue(connection: Connection, token: Token, sha256: str) -> None:
    """Keep a new token."""
    values = msgspec.structs.asdict(token) | {
        "scopes": list(token.scopes),
        "planes": list(token.planes),
        "sha256": sha256,
    }
    connection.execute(tokens.insert().values(values))


def tokens_of(store: Store, account: str = "") -> list[Token]:
    """Tokens, those taken back and expired too, oldest first."""
    query = select(tokens).order_by(tokens.c.created, tokens.c.id)
    with store.read() as connection:
        rows = connection.execute(query.where(tokens.c.account == account) if account else query)
        return [
            Token(row.id, row.account, row.label, tuple(map(Deed, row.scopes)), tuple(map(Plane, row.planes)), row.created,
                  row.expires, row.last_used, row.revoked)
            for row in rows
        ]  # fmt: skip


def revoke(connection: Connection, number: str, at: datetime) -> str:
    """
    Take a token back; the name of its account.

    Raises:
        Missing: there is none.
        Refused: it was taken back already.
    """
    row = connection.execute(select(tokens).where(tokens.c.id == number)).first()
    if row is None:
        raise Missing(N_("there is no token {id}"), "", "netops user list --tokens", id=number)
    if row.revoked is not None:
        raise Refused(N_("the token {id} was not taken back"), N_("it was taken back already"), "", id=number)
    connection.execute(tokens.update().where(tokens.c.id == number).values(revoked=at))
    return str(row.account)


def revoke_all(connection: Connection, account: str, at: datetime) -> int:
    """Take every token of an account back; how many."""
    mine = tokens.c.account == account
    return connection.execute(tokens.update().where(mine, tokens.c.revoked.is_(None)).values(revoked=at)).rowcount


def is_in_use(store: Store, account: str) -> bool:
    """Whether it has a session, or a token that was not taken back."""
    mine = select(sessions.c.account).where(sessions.c.account == account)
    live = select(tokens.c.account).where(tokens.c.account == account, tokens.c.revoked.is_(None))
    with store.read() as connection:
        return any(connection.execute(query.limit(1)).first() for query in (mine, live))


def note_use(store: Store, number: str, at: datetime) -> None:
    """When a token was last used."""
    with store.write() as connection:
        connection.execute(tokens.update().where(tokens.c.id == number).values(last_used=at))


# ---- sessions
def begin(connection: Connection, account: str, sha256: str, at: datetime, expires: datetime) -> None:
    """A session of an account; those that have ended are forgotten."""
    connection.execute(sessions.delete().where(sessions.c.expires <= at))
    values = {"sha256": sha256, "account": account, "created": at, "last_seen": at, "expires": expires}
    connection.execute(sessions.insert().values(values))


def session(store: Store, sha256: str) -> tuple[Bearer, datetime] | None:
    """What stands behind a session, and when it was last seen; None when there is none or its account is disabled."""
    query = (
        select(sessions.c.last_seen, sessions.c.expires, accounts)
        .join(accounts, accounts.c.name == sessions.c.account)
        .where(sessions.c.sha256 == sha256, accounts.c.state == AccountState.ENABLED)
    )
    with store.read() as connection:
        row = connection.execute(query).first()
    if row is None:
        return None
    one = Bearer(row.name, Role(row.role), tuple(map(Plane, row.planes)), row.organization, None, row.expires, row.last_seen,
                 sha256, Source(row.source), _confirmed(row.source, row.confirmed, row.last_sign_in))  # fmt: skip
    return one, row.last_seen


def touch(store: Store, sha256: str, at: datetime) -> None:
    """The session was seen again."""
    with store.write() as connection:
        connection.execute(sessions.update().where(sessions.c.sha256 == sha256).values(last_seen=at))


def end(connection: Connection, *, sha256: str = "", account: str = "", but: Collection[str] = ()) -> int:
    """End one session, or every session of an account except some; how many."""
    query = sessions.delete().where(sessions.c.sha256 == sha256 if sha256 else sessions.c.account == account)
    return connection.execute(query.where(sessions.c.sha256.not_in(list(but))) if but else query).rowcount
