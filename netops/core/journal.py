"""The journal (操作日志): who decided what, when and why, each entry chained to the one before."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Column, Connection, Integer, String, Table, Text, select, text

from netops.core.clock import Clock, now
from netops.core.evidence import canonical
from netops.core.language import N_
from netops.core.store import Instant, Json, Prepared, Store, metadata

journal = Table(
    "journal",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("actor", String(128), nullable=False),
    Column("verb", String(64), nullable=False, index=True),
    Column("subject", String(256), nullable=False, index=True),
    Column("why", Text, nullable=False),
    Column("before", Json),
    Column("after", Json),
    Column("previous", String(64), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("sm3", String(64), nullable=False),
)
FIRST = "0" * 64
HEAD = Prepared(select(journal.c.seq, journal.c.sha256).order_by(journal.c.seq.desc()).limit(1))
APPEND = Prepared(journal.insert())


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
        return canonical(
            [
                self.seq,
                self.at,
                self.actor,
                self.verb,
                self.subject,
                self.why,
                self.before,
                self.after,
                self.previous,
            ]
        )


class Act:
    """One open act: a transaction that decides something. Use *connection* for its changes."""

    def __init__(self, connection: Connection, actor: str, at: datetime) -> None:
        self.connection, self.actor, self.at = connection, actor, at
        self.entries: list[Entry] = []

    def record(
        self, verb: str, subject: str, *, why: str = "", before: Any = None, after: Any = None
    ) -> Entry:
        """Append the journal entry of what this act does; at least one is required."""
        if self.entries:
            seq, previous = self.entries[-1].seq, self.entries[-1].sha256
        else:
            seq, previous = next(iter(HEAD(self.connection)), (0, FIRST))
        plain = msgspec.to_builtins({"before": before, "after": after}, str_keys=True)
        entry = Entry(
            seq + 1,
            self.at,
            self.actor,
            verb,
            subject,
            why,
            plain["before"],
            plain["after"],
            previous,
        )
        content = entry.content()
        entry = msgspec.structs.replace(entry, sha256=hashlib.sha256(content).hexdigest(), sm3=_sm3(content))
        APPEND(self.connection, **msgspec.structs.asdict(entry))
        self.entries.append(entry)
        return entry


@contextmanager
def act(store: Store, actor: str, clock: Clock = now) -> Iterator[Act]:
    """
    One transaction that decides something, with its journal entry; whole or not at all.

    Writers are taken one after another (SQLite: BEGIN IMMEDIATE; PostgreSQL: an advisory lock until
    commit), so that the chain has one head.
    """
    with store.write() as connection:
        if not store.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('netops journal'))"))
        one = Act(connection, actor, clock())
        yield one
        if not one.entries:
            raise AssertionError("an act without a journal entry")


def log(store: Store, limit: int = 50, subject: str = "") -> list[Entry]:
    """The newest *limit* entries, newest first; only those about *subject* when it is given."""
    query = select(journal).order_by(journal.c.seq.desc()).limit(limit)
    if subject:
        query = query.where(journal.c.subject == subject)
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
    previous, count = FIRST, 0
    with store.read() as connection:
        rows = connection.execute(select(journal).order_by(journal.c.seq))
        while True:
            try:
                row = rows.fetchone()
                if row is None:
                    return Verification(count, 0, "", previous)
                count += 1
                entry = Entry(**row._mapping)
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
