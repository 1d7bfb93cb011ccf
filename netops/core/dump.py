"""The store as rows that both engines read (storage): every table of one moment, out and in again."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

import msgspec
from sqlalchemy import Connection, LargeBinary, MetaData, Table, func, insert, inspect, select, text

from netops.core.errors import NetopsError, Refused
from netops.core.store import REVISION, Store

BATCH = 2_000
"""Rows that are read, and written, at once."""
VERSION = "alembic_version"


class Head(msgspec.Struct, frozen=True):
    """
    What the rows of one table mean.

    Args:
        columns: names, in the order of the values of a row.
        octets: which of them are octet strings, written in base64.
    """

    table: str
    columns: tuple[str, ...]
    octets: tuple[str, ...] = ()


class Dump:
    """Every table of a store as it stood at one moment."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._tables = _standing(connection)

    @property
    def tables(self) -> tuple[str, ...]:
        """Names, each after those that it refers to."""
        return tuple(str(table.name) for table in self._tables)

    def lines(self, name: str) -> Iterator[bytes]:
        """The head of the table *name*, then a JSON list for each row, in the order of its key."""
        table = next(one for one in self._tables if one.name == name)
        octets = tuple(str(one.name) for one in table.columns if isinstance(one.type, LargeBinary))
        columns = tuple(str(one.name) for one in table.columns)
        yield msgspec.json.encode(Head(name, columns, octets)) + b"\n"
        encoder = msgspec.json.Encoder()
        query = select(table).order_by(*table.primary_key.columns)
        rows = self.connection.execute(query, execution_options={"yield_per": BATCH})
        for several in rows.partitions(BATCH):
            for row in several:
                yield encoder.encode(tuple(row)) + b"\n"


def _standing(connection: Connection) -> list[Table]:
    """The tables as they stand in the database, each after those that it refers to; values come as they are stored."""
    found = MetaData()
    found.reflect(connection, only=_names(connection))
    return found.sorted_tables


def _names(connection: Connection) -> list[str]:
    """Every table of ours; an index that SQLite keeps in tables of its own is made again by what is put in."""
    names = inspect(connection).get_table_names()
    if connection.dialect.name == "sqlite":
        kinds = connection.execute(text("SELECT name, type FROM pragma_table_list WHERE schema = 'main'"))
        plain = {name for name, kind in kinds if kind == "table"}
        names = [name for name in names if name in plain]
    return [name for name in names if name != VERSION]


@contextmanager
def dumped(store: Store) -> Iterator[Dump]:
    """Every table of *store* in one view: what is decided meanwhile is not in it."""
    with store.read() as connection:
        yield Dump(connection)


class Unreadable(NetopsError):
    """A dump is not what one of ours is."""

    def __init__(self, place: str, why: object) -> None:
        super().__init__(
            "the backup was not read", "{place}: {reason}", "take another backup; netops backup verify FILE checks one",
            place=place, reason=why,
        )  # fmt: skip


def rows(name: str, lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """
    The rows of one table, by column, out of what `Dump.lines` gave.

    Raises:
        Unreadable: a line is not such a line; it is named.
    """
    several = iter(lines)
    number = 1
    try:
        head = msgspec.json.decode(next(several, b""), type=Head)
        if head.table != name:
            raise ValueError(f"rows of {head.table}, not of {name}")
        octets = {head.columns.index(one) for one in head.octets}
        for line in several:
            number += 1
            values = msgspec.json.decode(line, type=list[Any])
            for place in octets:
                if values[place] is not None:
                    values[place] = b64decode(values[place], validate=True)
            yield dict(zip(head.columns, values, strict=True))
    except (ValueError, TypeError, IndexError) as error:
        raise Unreadable(f"{name}:{number}", error) from error


def require_empty(store: Store) -> None:
    """
    Nothing is ever restored over what is there.

    Raises:
        Refused: the store holds records.
    """
    if store.revision() is None:
        return
    with store.read() as connection:
        held = [table.name for table in _standing(connection) if connection.execute(select(table).limit(1)).first()]
    if held:
        raise Refused(
            "the backup was not restored", "the store {url} holds records already: {tables}",
            "name an empty store by --store, or move the old one away",
            url=store.shown_url(), tables=", ".join(held[:5]),
        )  # fmt: skip


def lay(store: Store, revision: str) -> None:
    """
    The empty tables of the schema *revision*; `Store.prepare` brings them to this program's afterwards.

    Raises:
        Refused: the schema is newer than this program's.
    """
    if revision > REVISION:
        raise Refused(
            "the backup was not restored", "it was taken at schema {standing}, newer than {expected}, which this netops knows",
            "use the netops that took it, or a newer one", standing=revision, expected=REVISION,
        )  # fmt: skip
    standing = store.revision()
    if standing is None:
        from netops.core.migrations import upgrade

        with store.lock("migrate"):
            upgrade(store.engine, revision)
    elif standing != revision:
        raise Refused(
            "the backup was not restored", "it was taken at schema {revision}, and the store {url} stands at {standing}",
            "name a new store by --store: it is brought to this program's schema afterwards",
            revision=revision, standing=standing, url=store.shown_url(),
        )  # fmt: skip


def fill(connection: Connection, tables: Sequence[str], lines_of: Any) -> Iterator[tuple[str, int]]:
    """
    Put the rows of every table into the empty one of the same name, inside the caller's transaction.

    Args:
        lines_of: gives the lines of a table by its name.

    Yields:
        Table and how many rows it has now.
    """
    found = MetaData()
    found.reflect(connection, only=list(tables))
    for name in tables:
        table, count = found.tables[name], 0
        several = rows(name, lines_of(name))
        while batch := list(islice(several, BATCH)):
            connection.execute(insert(table), batch)
            count += len(batch)
        _number_on(connection, table)
        yield name, count


def _number_on(connection: Connection, table: Table) -> None:
    """PostgreSQL numbers rows by a sequence of its own, which goes on after what was put in."""
    if connection.dialect.name != "postgresql":
        return
    for column in table.primary_key.columns:
        if column.server_default is not None and column.autoincrement:
            sequence = func.pg_get_serial_sequence(table.name, column.name)
            last = select(func.max(column)).scalar_subquery()
            connection.execute(select(func.setval(sequence, last)).where(sequence.is_not(None)))
