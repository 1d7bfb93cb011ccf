"""The journal (操作日志): who decided what, when and why, each entry chained to the one before."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Column, Connection, Integer, String, Table, Text, bindparam, func, select

from netops.core.clock import Clock, now
from netops.core.evidence import canonical
from netops.core.language import N_
from netops.core.prepared import Prepared
from netops.core.store import Instant, Json, Store, metadata

journal = Table(
    "journal",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("actor", String(128), nullable=False),
    Column("verb", String(64), nullable=False),
    Column("subject", String(256), nullable=False, index=True),
    Column("why", Text, nullable=False),
    Column("before", Json),
    Column("after", Json),
    Column("previous", String(64), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("sm3", String(64), nullable=False),
)
acted = Table(
    "acted",
    metadata,
    Column("key", String(160), primary_key=True),
    Column("seq", Integer, nullable=False),
)
"""Which entry an act that was asked for under a key became: asked again, it is not done twice."""
FIRST = "0" * 64
HEAD = Prepared(select(journal.c.seq, journal.c.sha256).order_by(journal.c.seq.desc()).limit(1))
APPEND = Prepared(
    journal.insert().values(
        {
            one.name: bindparam(one.name, type_=Text() if one.name in ("before", "after") else one.type)
            for one in journal.c
        }
    )
)
"""With the JSON of *before* and *after* as it was hashed."""
ALONE = Prepared(select(func.pg_advisory_xact_lock(func.hashtext("netops journal"))))


class Entry(msgspec.Struct, frozen=True):
    """One journal entry; *sha256* covers everything above it and *previous*."""

    seq: int
    at: datetime
    actor: str
    verb: str
    subject: str
    why: str
    before: Any
    after: Any
    previous: str
    sha256: str = ""
    sm3: str = ""

    def content(self) -> bytes:
        """The bytes that the hashes cover."""
        return _content(
            self.seq,
            self.at,
            self.actor,
            self.verb,
            self.subject,
            self.why,
            self.before,
            self.after,
            self.previous,
        )


def _content(*values: Any) -> bytes:
    """The canonical list of everything above the hashes."""
    return canonical(values)


class Act:
    """
    One open act: a transaction that decides something. Use *connection* for its changes.

    Args:
        at: the time of everything that it decides, aware; kept in UTC, as it is read back, for the hash of an entry is over it.
        head: asks for number and hash of the newest entry before it.
    """

    def __init__(
        self, connection: Connection, actor: str, at: datetime, head: Callable[[], tuple[int, str]]
    ) -> None:
        self.connection, self.actor, self.at = connection, actor, at.astimezone(UTC)
        self._ask, self._before = head, (-1, "")
        self.entries: list[Entry] = []

    @property
    def head(self) -> tuple[int, str]:
        """Number and hash of the newest entry, which the next one follows."""
        if self.entries:
            return self.entries[-1].seq, self.entries[-1].sha256
        if self._before[0] < 0:  # the answer of the database can be read once
            self._before = self._ask()
        return self._before

    def record(
        self, verb: str, subject: str, *, why: str = "", before: Any = None, after: Any = None
    ) -> Entry:
        """Append the journal entry of what this act does; at least one is required."""
        last, previous = self.head
        seq = last + 1
        was, now = _plain(before), _plain(after)
        texts = [None if value is None else canonical(value) for value in (was, now)]
        raw = [None if one is None else msgspec.Raw(one) for one in texts]
        content = _content(seq, self.at, self.actor, verb, subject, why, *raw, previous)
        sha256, sm3 = hashlib.sha256(content).hexdigest(), _sm3(content)
        APPEND(
            self.connection, seq=seq, at=self.at, actor=self.actor, verb=verb, subject=subject, why=why,
            before=None if texts[0] is None else texts[0].decode(), after=None if texts[1] is None else texts[1].decode(),
            previous=previous, sha256=sha256, sm3=sm3,
        )  # fmt: skip
        entry = Entry(seq, self.at, self.actor, verb, subject, why, was, now, previous, sha256, sm3)
        self.entries.append(entry)
        return entry


def _plain(value: Any) -> Any:
    """*value* as JSON values only."""
    return None if value is None else msgspec.to_builtins(value, str_keys=True)


class Repeated(Exception):
    """What is asked for under this key was done before; *seq* is the first entry of it."""

    def __init__(self, seq: int) -> None:
        super().__init__(str(seq))
        self.seq = seq


class Asked(msgspec.Struct):
    """An act that is asked for under a key; *entry* is what it became."""

    key: str
    check: Callable[[], None]
    entry: Entry | None = None


_asked: ContextVar[Asked | None] = ContextVar("asked", default=None)


@contextmanager
def keyed(key: str, check: Callable[[], None] = lambda: None) -> Iterator[Asked]:
    """
    The first act inside is done once under this key, however often it is asked for and after whatever fault.

    Args:
        check: asked when nobody else can act any more: whatever it raises undoes the act.

    Raises:
        Repeated: it was done already.
    """
    asked = Asked(key, check)
    token = _asked.set(asked)
    try:
        yield asked
    finally:
        _asked.reset(token)


def keys(store: Store, head: str) -> dict[str, int]:
    """Keys of acts that begin so, see `keyed`, with the number of the entry that each became."""
    query = select(acted.c.key, acted.c.seq).where(acted.c.key >= head, acted.c.key < head + "\U0010ffff")
    with store.read() as connection:
        return {key: seq for key, seq in connection.execute(query) if key.startswith(head)}


def entry(store: Store, seq: int) -> Entry | None:
    """The entry with this number."""
    with store.read() as connection:
        row = connection.execute(select(journal).where(journal.c.seq == seq)).first()
    return None if row is None else Entry(**row._mapping)


@contextmanager
def act(store: Store, actor: str, clock: Clock = now) -> Iterator[Act]:
    """
    One transaction that decides something, with its journal entry; whole or not at all. See `keyed` for what is asked for twice.

    Writers are taken one after another (SQLite: BEGIN IMMEDIATE; PostgreSQL: an advisory lock until
    commit), so that the chain has one head.
    """
    with store.write() as connection:
        one = Act(connection, actor, clock(), newest(connection))
        asked = _asked.get()
        first = asked if asked is not None and asked.entry is None else None
        if first:
            _once(one, first)
        yield one
        if not one.entries:
            raise AssertionError("an act without a journal entry")
        if first:
            connection.execute(acted.insert().values(key=first.key, seq=one.entries[0].seq))
    if first:
        first.entry = one.entries[0]


def _once(one: Act, asked: Asked) -> None:
    one.head  # noqa: B018 - from here on nobody else acts
    before = one.connection.execute(select(acted.c.seq).where(acted.c.key == asked.key)).scalar()
    if before is not None:
        raise Repeated(before)
    asked.check()


def newest(connection: Connection) -> Callable[[], tuple[int, str]]:
    """Asks for number and hash of the newest entry; nobody else appends one until this transaction ends."""
    if connection.dialect.name == "postgresql":
        ALONE.asked(connection)
    rows = HEAD.asked(connection)
    return lambda: next(((seq, sha256) for seq, sha256 in rows()), (0, FIRST))


def log(
    store: Store, limit: int = 50, subject: str = "", verb: str = "", before: int | None = None
) -> list[Entry]:
    """The newest *limit* entries, newest first; only those about *subject*, of *verb*, or before a number, when it is given."""
    query = select(journal).order_by(journal.c.seq.desc()).limit(limit)
    if subject:
        query = query.where(journal.c.subject == subject)
    if verb:
        query = query.where(journal.c.verb == verb)
    if before is not None:
        query = query.where(journal.c.seq < before)
    with store.read() as connection:
        return [Entry(**row._mapping) for row in connection.execute(query)]


def head(store: Store) -> str:
    """Hash of the newest entry: printed on every document."""
    newest = log(store, 1)
    return newest[0].sha256 if newest else FIRST


class Verification(msgspec.Struct, frozen=True):
    """Result of reading the whole chain: *broken* is the first entry that does not verify, or 0."""

    entries: int
    broken: int
    why: str
    head: str


def verify(store: Store) -> Verification:
    """Read the whole chain and find the first entry that was changed, removed or slipped in."""
    with store.read() as connection:
        rows = connection.execute(select(journal).order_by(journal.c.seq))
        return chained(dict(row._mapping) for row in rows)


def chained(rows: Iterable[Mapping[str, Any]]) -> Verification:
    """The same of entries that lie elsewhere: each by its fields, in the order of their numbers."""
    previous, count, several = FIRST, 0, iter(rows)
    while True:
        try:
            row = next(several, None)
            if row is None:
                return Verification(count, 0, "", previous)
            count += 1
            entry = Entry(**row)
            content = entry.content()
        except (ValueError, TypeError, OverflowError):
            return Verification(count, count + 1, N_("the entry cannot be read"), previous)
        why = _fault(entry, content, count, previous)
        if why:
            return Verification(count, entry.seq, why, previous)
        previous = entry.sha256


def _fault(entry: Entry, content: bytes, place: int, previous: str) -> str:
    """What is wrong with the entry at *place* in the chain, as a message id, or nothing."""
    if entry.seq != place:
        return N_("an entry before it is missing")
    if entry.previous != previous:
        return N_("it does not follow from the entry before it")
    if entry.sha256 != hashlib.sha256(content).hexdigest() or (entry.sm3 and entry.sm3 != _sm3(content)):
        return N_("its content was changed")
    return ""


def _sm3(content: bytes) -> str:
    """SM3 (GB/T 32905) where OpenSSL has it, else nothing."""
    if "sm3" not in hashlib.algorithms_available:
        return ""
    return hashlib.new("sm3", content).hexdigest()
