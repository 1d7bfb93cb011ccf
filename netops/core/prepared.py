"""Statements that are compiled once and then run on the driver: for what happens at every act."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Dialect, Executable, LargeBinary, String
from sqlalchemy.types import TypeDecorator

from netops.core.line import Asked, Rows, line_of

Convert = Callable[[Any], Any]
BATCH = 1000
"""Changes that go out to PostgreSQL together."""
_NUMBERS = count(1)


class Prepared:
    """
    A statement that is compiled once for each engine and then runs on the driver.

    Building, hashing and looking up an expression costs more than SQLite needs to run it. Values go
    through the column types as ever. Every value is bound by name (`bindparam`); no expanding lists.
    """

    def __init__(self, statement: Executable) -> None:
        self._statement = statement
        self._compiled: dict[str, _Compiled] = {}

    def __call__(self, connection: Connection, **values: Any) -> Rows:
        """
        Run it inside the connection's transaction; rows as plain tuples, none for a change.

        PostgreSQL does a change together with whatever is asked next, or the commit: what is wrong with it
        is raised there.
        """
        one = self._of(connection)
        if one.name:
            rows = line_of(connection).ask(Asked(one.name, one.text_bytes, one.bind(values)))
            return one.converted(rows()) if one.has_rows else []
        cursor = driver(connection).execute(one.text, one.bind(values))
        return one.converted(cursor.fetchall()) if one.has_rows else []

    def asked(self, connection: Connection, **values: Any) -> Callable[[], Rows]:
        """
        As a call, but the rows come when they are asked for: several questions in one round trip to PostgreSQL.

        SQLite's are read at once: a cursor with rows left, kept alive by whatever holds it, would hold its connection at
        the view of then, and the next one to write on it would find the database locked.
        """
        one = self._of(connection)
        if one.name:
            rows = line_of(connection).ask(Asked(one.name, one.text_bytes, one.bind(values)))
            return lambda: one.converted(rows())
        held = one.converted(driver(connection).execute(one.text, one.bind(values)).fetchall())
        return lambda: held

    def many(self, connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
        """Run a change once for each of *rows*."""
        one = self._of(connection)
        if one.name:
            line = line_of(connection)
            for place, row in enumerate(rows, 1):
                line.ask(Asked(one.name, one.text_bytes, one.bind(row)))
                if place % BATCH == 0:
                    line.send()
        else:
            driver(connection).executemany(one.text, map(one.bind, rows))

    def _of(self, connection: Connection) -> _Compiled:
        name = connection.dialect.name
        if (found := self._compiled.get(name)) is None:
            found = self._compiled[name] = _Compiled(self._statement, connection.dialect)
        return found


def driver(connection: Connection) -> Any:
    """The driver's own connection."""
    found = connection.connection.driver_connection
    assert found is not None  # noqa: S101 - the connection is open
    return found


class _Compiled:
    """Its text for one engine, what makes the driver's parameters of values, and values of the driver's rows."""

    def __init__(self, statement: Executable, dialect: Dialect) -> None:
        is_line = dialect.name == "postgresql"
        made_for: Any = type(dialect)
        kind = made_for(paramstyle="numeric_dollar") if is_line else dialect
        made: Any = statement.compile(dialect=kind)  # type: ignore[attr-defined]
        self.text = str(made)
        self.text_bytes = self.text.encode()
        self.name = b"netops_%d" % next(_NUMBERS) if is_line else b""
        self._fixed: dict[str, Any] = {
            name: value for name, value in made.params.items() if value is not None
        }
        kinds = {name: one.type for one, name in made.bind_names.items()}
        self._listed = _listed(made.positiontup)
        binders = [(place, _binder(kinds[name], dialect)) for place, name in enumerate(made.positiontup)]
        self._binders = [(place, binder) for place, binder in binders if binder is not None]
        self._readers = [_reader(one.type, dialect) for one in made._result_columns]
        self._is_plain = not any(self._readers)
        self.has_rows = bool(self._readers)

    def bind(self, values: Mapping[str, Any]) -> list[Any]:
        """What the driver takes."""
        listed = self._listed({**self._fixed, **values} if self._fixed else values)
        for place, binder in self._binders:
            listed[place] = binder(listed[place])
        return listed

    def converted(self, rows: Rows) -> Rows:
        """The driver's rows as values of the columns."""
        if self._is_plain:
            return rows
        readers = self._readers
        return [
            tuple([value if read is None else read(value) for value, read in zip(row, readers, strict=True)])
            for row in rows
        ]


def _listed(names: Sequence[str]) -> Callable[[Mapping[str, Any]], list[Any]]:
    """What takes the values of *names* out, in order."""
    if len(names) < 2:
        return lambda values: [values[name] for name in names]
    several = itemgetter(*names)
    return lambda values: list(several(values))


def _binder(kind: Any, dialect: Dialect) -> Convert | None:
    """What makes the driver's value of one."""
    if isinstance(kind, TypeDecorator):
        own: Convert | None = getattr(kind, "to_driver", None)
        return own or (lambda value: kind.process_bind_param(value, dialect))
    if isinstance(kind, String):
        return _plain_text
    if isinstance(kind, LargeBinary):
        return None
    found: Convert | None = kind.dialect_impl(dialect).bind_processor(dialect)
    return found


def _plain_text(value: Any) -> Any:
    """Text that is nothing but text: both drivers take long over a member of an enumeration."""
    return value if value is None or type(value) is str else str(value)


def _reader(kind: Any, dialect: Dialect) -> Convert | None:
    """What makes a value of the driver's."""
    if isinstance(kind, TypeDecorator):
        own: Convert | None = getattr(kind, "of_driver", None)
        return own or (lambda value: kind.process_result_value(value, dialect))
    found: Convert | None = kind.dialect_impl(dialect).result_processor(dialect, None)
    return found
