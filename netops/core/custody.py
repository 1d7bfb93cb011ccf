"""
The evidence chain (证据链): every piece with who collected it, its size and hashes, each entry chained to the one before.

An entry is one line of canonical JSON; its digest is the SHA-256 of that line, and the hash of the chain is the SHA-256 of the
hash before and that digest. An export can therefore show an unbroken chain by digests alone, without showing other incidents.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    bindparam,
    func,
    select,
    type_coerce,
)

from netops import __version__
from netops.core import ids
from netops.core.columns import moment
from netops.core.evidence import Evidence, canonical, named
from netops.core.language import N_
from netops.core.store import Instant, Json, Prepared, Store, metadata

evidence = Table(
    "evidence",
    metadata,
    Column("id", String(20), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("source", String(256), nullable=False),
    Column("query", Text, nullable=False),
    Column("body", Json, nullable=False),
    Column("at", Instant, nullable=False),
    Column("sha256", String(64), nullable=False),
)
chain = Table(
    "evidence_chain",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("evidence", String(20), nullable=False, unique=True),
    Column("collector", String(128), nullable=False),
    Column("size", Integer, nullable=False),
    Column("sm3", String(64), nullable=False),
    Column("place", String(256), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)
files = Table(
    "evidence_files",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("content", LargeBinary, nullable=False),
)
HAS = Prepared(select(evidence.c.id).where(evidence.c.id == bindparam("which")))
KEEP = Prepared(evidence.insert())
CHAIN = Prepared(chain.insert())
ALONE = Prepared(select(func.pg_advisory_xact_lock(func.hashtext("netops evidence"))))
"""Writers one after another, so that the chain has one head; SQLite has one writer anyway."""
LAST = Prepared(select(chain.c.hash).where(chain.c.seq == bindparam("which")))
STEP = 5000
_RAW = (
    chain.c.seq, chain.c.evidence, chain.c.collector, chain.c.size, chain.c.sm3, chain.c.place, chain.c.digest, chain.c.hash,
    evidence.c.id, evidence.c.kind, evidence.c.source, evidence.c.query, type_coerce(evidence.c.body, Text).label("body"),
    type_coerce(evidence.c.at, BigInteger).label("at"), evidence.c.sha256,
)  # fmt: skip
READ = Prepared(
    select(*_RAW)
    .select_from(chain.outerjoin(evidence, chain.c.evidence == evidence.c.id))
    .where(chain.c.seq > bindparam("after"), chain.c.seq <= bindparam("until"))
    .order_by(chain.c.seq)
)
FIRST = "0" * 64
STORED, FILED = "store:evidence", "store:evidence_files"
"""Places: the answer itself stands in the store, or a file that was attached does too."""
ATTACHED = "attachment"


class Entry(msgspec.Struct, frozen=True):
    """
    One entry of the chain.

    Args:
        id: of the evidence; *sha256*, *sm3* and *size* (bytes) are those of its canonical JSON; *sm3* is "" without OpenSSL's.
        collector: program and machine, or the person, that brought it.
        query: what was asked or run, with its parameters; *time*: when the answer came.
        place: where it is kept.
    """

    seq: int
    id: str
    kind: str
    source: str
    collector: str
    time: datetime
    query: str
    size: int
    sha256: str
    sm3: str
    place: str

    @property
    def line(self) -> bytes:
        """The bytes that its digest covers, as they stand in an export."""
        return canonical(self)


class Link(msgspec.Struct, frozen=True):
    """An entry as it stands in the chain."""

    entry: Entry
    digest: str
    hash: str


class _Plain(msgspec.Struct, frozen=True):
    """Evidence whose body is JSON text already: the same bytes as `Evidence` gives."""

    kind: str
    source: str
    query: str
    body: msgspec.Raw
    at: datetime


# ---- keeping
def keep(connection: Connection, pieces: Iterable[Evidence], collector: str = "") -> list[str]:
    """
    Keep pieces of evidence, each with its entry in the chain; one that is there already stays as it is.

    Args:
        collector: who brought them; "" for this program on this machine.

    Returns:
        Ids of those that are new.
    """
    wanted = {named(piece.sha256): piece for piece in pieces}
    if not wanted:
        return []
    if connection.dialect.name == "postgresql":
        ALONE(connection)
    known = _known(connection, list(wanted))
    fresh = {name: piece for name, piece in wanted.items() if name not in known}
    if not fresh:
        return []
    first = ids.take(connection, "evidence", len(fresh))
    (previous,) = next(iter(LAST(connection, which=first - 1)), (FIRST,))
    rows, links = [], []
    who = collector or f"netops {__version__}, {platform.node()}"
    for seq, (name, piece) in enumerate(fresh.items(), first):
        content = canonical(piece)
        sha256 = hashlib.sha256(content).hexdigest()
        place, sm3 = FILED if piece.kind == ATTACHED else STORED, _sm3(content)
        entry = Entry(seq, name, piece.kind, piece.source, who[:128], piece.at, piece.query, len(content), sha256, sm3, place)
        digest = hashlib.sha256(entry.line).hexdigest()
        previous = hashlib.sha256((previous + digest).encode()).hexdigest()
        rows.append({"id": name, "kind": piece.kind, "source": piece.source, "query": piece.query, "body": piece.body,
                     "at": piece.at, "sha256": sha256})  # fmt: skip
        links.append({"seq": seq, "evidence": name, "collector": entry.collector, "size": entry.size, "sm3": entry.sm3,
                      "place": place, "digest": digest, "hash": previous})  # fmt: skip
    KEEP.many(connection, rows)
    CHAIN.many(connection, links)
    return list(fresh)


def _known(connection: Connection, names: list[str]) -> set[str]:
    if len(names) == 1:
        return {name for (name,) in HAS(connection, which=names[0])}
    found: set[str] = set()
    for start in range(0, len(names), 500):
        part = select(evidence.c.id).where(evidence.c.id.in_(names[start : start + 500]))
        found.update(connection.execute(part).scalars())
    return found


def _sm3(content: bytes) -> str:
    """SM3 (GB/T 32905) where OpenSSL has it, else nothing."""
    return hashlib.new("sm3", content).hexdigest() if "sm3" in hashlib.algorithms_available else ""


def attach(connection: Connection, name: str, content: bytes, *, collector: str, query: str, note: str, at: datetime) -> str:
    """
    Keep a file as evidence.

    Args:
        query: how it was obtained, such as a command with its parameters; *at*: when.

    Returns:
        Id of the evidence.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    body = {"file": name, "size": len(content), "sha256": sha256, "sm3": _sm3(content), "note": note}
    piece = Evidence(ATTACHED, collector, query, body, at)
    if not connection.execute(select(files.c.sha256).where(files.c.sha256 == sha256)).first():
        connection.execute(files.insert().values(sha256=sha256, content=content))
    keep(connection, [piece], collector)
    return piece.id


# ---- reading
def head(store: Store) -> tuple[int, str]:
    """Number and hash of the newest entry."""
    with store.read() as connection:
        return _head(connection)


def _head(connection: Connection) -> tuple[int, str]:
    row = connection.execute(select(chain.c.seq, chain.c.hash).order_by(chain.c.seq.desc()).limit(1)).first()
    return (row.seq, row.hash) if row else (0, FIRST)


def links(store: Store, names: Iterable[str]) -> list[Link]:
    """The entries of these pieces of evidence, in the order of the chain."""
    wanted = sorted(set(names))
    found: list[Link] = []
    with store.read() as connection:
        for start in range(0, len(wanted), 500):
            query = select(*_RAW).select_from(chain.join(evidence, chain.c.evidence == evidence.c.id))
            rows = connection.execute(query.where(chain.c.evidence.in_(wanted[start : start + 500])))
            found += [Link(_entry(tuple(row)), row.digest, row.hash) for row in rows]
    return sorted(found, key=lambda one: one.entry.seq)


def digests(store: Store, first: int) -> tuple[str, list[str]]:
    """The hash before entry *first*, and the digest of every entry from there to the newest."""
    with store.read() as connection:
        before = connection.execute(select(chain.c.hash).where(chain.c.seq == first - 1)).scalar()
        query = select(chain.c.digest).where(chain.c.seq >= first).order_by(chain.c.seq)
        return before or FIRST, list(connection.execute(query).scalars())


def file(store: Store, sha256: str) -> bytes | None:
    """The content of an attached file."""
    with store.read() as connection:
        found = connection.execute(select(files.c.content).where(files.c.sha256 == sha256)).scalar()
        return None if found is None else bytes(found)


def _entry(row: tuple[Any, ...]) -> Entry:
    seq, name, collector, size, sm3, place, _digest, _hash, _id, kind, source, query, _body, at, sha256 = row
    return Entry(seq, name, kind, source, collector, _time(at), query, size, sha256, sm3, place)


def _time(at: int) -> datetime:
    found = moment(at)
    if found is None:
        raise ValueError("no time")
    return found


# ---- verifying
class Verification(msgspec.Struct, frozen=True):
    """Result of reading the whole chain: *broken* is the first entry that does not verify, or 0; *why* a message id."""

    entries: int
    broken: int
    why: str
    head: str


def verify(store: Store) -> Verification:
    """Read the whole chain, all evidence and every attached file; find the first that was changed, removed or slipped in."""
    with store.read() as connection:
        previous, count = FIRST, 0
        check = _checker(connection)
        until = connection.execute(select(func.max(chain.c.seq))).scalar() or 0
        for row in _rows(connection, until):
            count += 1
            why, after = check(row, count, previous)
            if why:
                return Verification(count, count, why, previous)
            previous = after
        if connection.execute(select(func.count()).select_from(evidence)).scalar() != count:
            return Verification(count, count + 1, N_("evidence stands there that no entry names"), previous)
        taken = connection.execute(select(ids.sequences.c.value).where(ids.sequences.c.name == "evidence")).scalar()
        if (taken or 0) != count:
            return Verification(count, count + 1, N_("the newest entries are missing"), previous)
        return Verification(count, 0, "", previous)


def _rows(connection: Connection, until: int) -> Iterator[tuple[Any, ...]]:
    """Every entry beside its evidence, a few thousand at a time."""
    for after in range(0, until, STEP):
        yield from READ(connection, after=after, until=min(after + STEP, until))


def _checker(connection: Connection) -> Callable[[tuple[Any, ...], int, str], tuple[str, str]]:
    """What checks one entry at its place: what is wrong as a message id, or nothing, and the hash of the chain after it."""
    encode = msgspec.json.Encoder(order="deterministic").encode
    has_sm3 = "sm3" in hashlib.algorithms_available
    empty = hashlib.new("sm3") if has_sm3 else hashlib.sha256()
    sha256_of, plain, entry_of = hashlib.sha256, _Plain, Entry

    def check(row: tuple[Any, ...], place: int, previous: str) -> tuple[str, str]:
        seq, name, collector, size, sm3, kept, digest, hashed, identity, kind, source, query, body, at, sha256 = row
        if seq != place:
            return N_("an entry before it is missing"), ""
        if identity is None:
            return N_("its evidence is missing"), ""
        try:
            time = _time(at)
            content = encode(plain(kind, source, query, msgspec.Raw(body.encode()), time))
            line = encode(entry_of(seq, name, kind, source, collector, time, query, size, sha256, sm3, kept))
        except (ValueError, TypeError, OverflowError, AttributeError):
            return N_("the entry cannot be read"), ""
        if len(content) != size or sha256_of(content).hexdigest() != sha256 or named(sha256) != name:
            return N_("its evidence was changed"), ""
        if sm3 and has_sm3:
            other = empty.copy()
            other.update(content)
            if other.hexdigest() != sm3:
                return N_("its evidence was changed"), ""
        if sha256_of(line).hexdigest() != digest:
            return N_("its content was changed"), ""
        after = sha256_of((previous + digest).encode()).hexdigest()
        if after != hashed:
            return N_("it does not follow from the entry before it"), ""
        if kind == ATTACHED and not _is_whole(connection, body):
            return N_("its file is missing or was changed"), ""
        return "", after

    return check


def _is_whole(connection: Connection, body: str) -> bool:
    """Whether an attached file is there as it was."""
    told = msgspec.json.decode(body)
    content = connection.execute(select(files.c.content).where(files.c.sha256 == told["sha256"])).scalar()
    return content is not None and hashlib.sha256(content).hexdigest() == told["sha256"] and len(content) == told["size"]
