"""The store: SQLite or PostgreSQL behind SQLAlchemy Core; reads, writes, and acts that leave a journal entry."""

from __future__ import annotations

import fcntl
import os
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

import msgspec
from sqlalchemy import (
    BigInteger,
    Connection,
    Dialect,
    Engine,
    Executable,
    LargeBinary,
    MetaData,
    Text,
    create_engine,
    event,
    text,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.types import TypeDecorator

from netops.core.errors import NetopsError, Refused

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
REVISION = "0007"
"""The migration that this program expects the store to stand at."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BUSY_SECONDS = 30
CHECKPOINT_PAGES = 4000
"""Pages of 4 KiB in SQLite's log before they move into the file: an act writes a dozen, mostly the same ones."""


class Instant(TypeDecorator[datetime]):
    """An aware time as microseconds since 1970 UTC: the same order and value on both engines."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Aware time to microseconds."""
        return None if value is None else (value - EPOCH) // timedelta(microseconds=1)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """Microseconds to aware time."""
        return None if value is None else EPOCH + timedelta(microseconds=value)


class Json(TypeDecorator[Any]):
    """A JSON value as text with sorted keys: the same bytes on both engines."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Value to text."""
        return None if value is None else msgspec.json.encode(value, order="deterministic").decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Text to value."""
        return None if value is None else msgspec.json.decode(value)


class Address(TypeDecorator[int]):
    """
    An address as 16 big-endian bytes, IPv4 mapped into ::ffff:0:0/96 (RFC 4291 §2.5.5.2).

    Bytes order equals numeric order on both engines. Values are the 128-bit integers.
    """

    impl = LargeBinary(16)
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> bytes | None:
        """Integer to bytes."""
        return None if value is None else value.to_bytes(16, "big")

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> int | None:
        """Bytes to integer."""
        return None if value is None else int.from_bytes(value, "big")


class Prepared:
    """
    A statement that is compiled once for each engine and then runs on the driver, for what happens at every act.

    Building, hashing and looking up an expression costs more than SQLite needs to run it. Values go
    through the column types as ever. Every value is bound by name (`bindparam`); no expanding lists.
    """

    def __init__(self, statement: Executable) -> None:
        self._statement = statement
        self._compiled: dict[str, tuple[str, _Bind, tuple[_Convert | None, ...]]] = {}

    def __call__(self, connection: Connection, **values: Any) -> list[tuple[Any, ...]]:
        """Run it inside the connection's transaction; rows as plain tuples, none for a change."""
        cursor, (text_of, bind, converts) = self._begun(connection)
        cursor.execute(text_of, bind(values))
        if not converts:
            return []
        return [
            tuple(
                value if convert is None else convert(value)
                for value, convert in zip(row, converts, strict=True)
            )
            for row in cursor.fetchall()
        ]

    def many(self, connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
        """Run a change once for each of *rows*."""
        cursor, (text_of, bind, _) = self._begun(connection)
        cursor.executemany(text_of, [bind(row) for row in rows])

    def _begun(self, connection: Connection) -> tuple[Any, tuple[str, _Bind, tuple[_Convert | None, ...]]]:
        dialect = connection.dialect
        if (found := self._compiled.get(dialect.name)) is None:
            found = self._compiled[dialect.name] = _compiled(self._statement, dialect)
        if not connection.in_transaction():
            connection.begin()
        driver = connection.connection.driver_connection
        assert driver is not None  # noqa: S101 - the connection is open
        return driver.cursor(), found


_Convert = Callable[[Any], Any]
_Bind = Callable[[Mapping[str, Any]], Any]


def _compiled(statement: Executable, dialect: Dialect) -> tuple[str, _Bind, tuple[_Convert | None, ...]]:
    """Its text, what makes the driver's parameters of the values, and what makes values of each column."""
    made: Any = statement.compile(dialect=dialect)  # type: ignore[attr-defined]
    fixed: dict[str, Any] = {name: value for name, value in made.params.items() if value is not None}
    converts = {
        name: found
        for one, name in made.bind_names.items()
        if (found := _binder(one.type, dialect)) is not None
    }
    columns = tuple(_reader(one.type, dialect) for one in made._result_columns)

    def complete(values: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**fixed, **values} if fixed else values

    if made.positional:
        places = [(name, converts.get(name)) for name in made.positiontup]
        return str(made), lambda values: _listed(places, complete(values)), columns
    named = [(name, converts.get(name)) for name in made.bind_names.values()]
    return (
        str(made),
        lambda values: dict(zip(made.bind_names.values(), _listed(named, complete(values)), strict=True)),
        columns,
    )


def _binder(kind: Any, dialect: Dialect) -> _Convert | None:
    """What makes the driver's value. Our own types give what both drivers take as it is."""
    if isinstance(kind, TypeDecorator):
        return lambda value: kind.process_bind_param(value, dialect)
    found: _Convert | None = kind.dialect_impl(dialect).bind_processor(dialect)
    return found


def _reader(kind: Any, dialect: Dialect) -> _Convert | None:
    """What makes a value of the driver's."""
    if isinstance(kind, TypeDecorator):
        return lambda value: kind.process_result_value(value, dialect)
    found: _Convert | None = kind.dialect_impl(dialect).result_processor(dialect, None)
    return found


def _listed(places: Iterable[tuple[str, _Convert | None]], values: Mapping[str, Any]) -> list[Any]:
    return [values[name] if convert is None else convert(values[name]) for name, convert in places]


class Store:
    """
    An open store.

    Args:
        url: `sqlite:///FILE` or `postgresql://…` (needs the extra *postgresql*).

    Raises:
        NetopsError: the database cannot be opened, or its schema is not this program's.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = _engine(url)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self._faults = (DBAPIError, self.engine.dialect.loaded_dbapi.Error)
        self._queue = _Queue(self.engine.url.database or "") if self.is_sqlite else None

    def shown_url(self) -> str:
        """The address without its password."""
        return shown(self.url)

    def close(self) -> None:
        """Give every connection back."""
        self.engine.dispose()
        if self._queue is not None:
            self._queue.close()

    # ---- transactions
    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view; nothing is changed."""
        with self._clear_errors(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """
        One transaction that either happens whole or not at all: for observations.

        What decides something goes through `netops.core.journal.act`, which adds the journal entry.
        """
        with self._clear_errors(), self.engine.connect() as connection, self._turn():
            connection.begin()
            if self.is_sqlite and (driver := connection.connection.driver_connection) is not None:
                driver.execute("BEGIN IMMEDIATE")
            yield connection
            try:
                connection.commit()
            except DBAPIError:
                connection.invalidate()  # SQLite keeps the transaction open when a deferred constraint refuses the commit
                raise

    def _turn(self) -> _Queue | nullcontext[None]:
        return self._queue if self._queue is not None else nullcontext()

    @contextmanager
    def lock(self, name: str, *, wait: bool = True) -> Iterator[bool]:
        """
        Hold the lock *name* among all processes on this store; ends with the process.

        Returns:
            True when held; False when *wait* is False and another process holds it.
        """
        with ExitStack() as stack:
            yield (
                self._file_lock(stack, name, wait)
                if self.is_sqlite
                else self._advisory_lock(stack, name, wait)
            )

    def _file_lock(self, stack: ExitStack, name: str, wait: bool) -> bool:
        database = self.engine.url.database
        if not database or database == ":memory:":
            return True
        handle = stack.enter_context(Path(f"{database}.{name}.lock").open("w"))  # noqa: SIM115 - the stack closes it
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True

    def _advisory_lock(self, stack: ExitStack, name: str, wait: bool) -> bool:
        connection = stack.enter_context(self.engine.connect())
        function = "pg_advisory_lock" if wait else "pg_try_advisory_lock"
        held = connection.execute(text(f"SELECT {function}(hashtext(:name))"), {"name": name}).scalar()
        connection.commit()
        if not wait and not held:
            return False
        stack.callback(
            lambda: connection.execute(text("SELECT pg_advisory_unlock(hashtext(:name))"), {"name": name})
        )
        return True

    @contextmanager
    def _clear_errors(self) -> Iterator[None]:
        try:
            yield
        except self._faults as error:
            why = str(error.orig if isinstance(error, DBAPIError) else error)
            raise StoreFault(self.shown_url(), why.splitlines()[0]) from error

    # ---- schema
    def revision(self) -> str | None:
        """The migration that the store stands at, or None when it is new."""
        with self._clear_errors(), self.engine.connect() as connection:
            if not self.engine.dialect.has_table(connection, "alembic_version"):
                return None
            return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()

    def prepare(self) -> None:
        """
        Bring the schema to this program's; a store that stands there already is not touched.

        Raises:
            Refused: the store was written by a newer netops.
        """
        standing = self.revision()
        if standing == REVISION:
            return
        if standing is not None and standing > REVISION:
            raise Refused(
                "the store {url} was not opened",
                "it stands at schema {standing}, newer than {expected}, which this netops knows",
                "use the netops that wrote it, or a newer one",
                url=self.shown_url(),
                standing=standing,
                expected=REVISION,
            )
        from netops.core.migrations import upgrade

        with self.lock("migrate"), self._clear_errors():
            if self.revision() != REVISION:
                upgrade(self.engine)


class _Queue:
    """
    Writers of one SQLite file, one after another: a context, entered again freely by the thread that is inside.

    SQLite itself lets writers try at random, and the unlucky wait for seconds. Here the next writer waits
    at a door of its own, so that who has just written cannot go first again. Ends with the process.
    """

    def __init__(self, database: str) -> None:
        self._database = "" if database == ":memory:" else database
        self._thread = threading.RLock()
        self._depth = 0
        self._process = 0
        self._files: tuple[TextIO, ...] = ()

    def __enter__(self) -> None:
        self._thread.acquire()
        self._depth += 1
        if self._depth > 1 or not self._database:
            return
        try:
            if self._process != os.getpid():
                places = [Path(f"{self._database}.{name}.lock") for name in ("next", "write")]
                self._files = tuple(place.open("w") for place in places)
                self._process = os.getpid()
                weakref.finalize(self, _close_own, self._process, self._files)
            door, room = self._files
            fcntl.flock(door, fcntl.LOCK_EX)
            fcntl.flock(room, fcntl.LOCK_EX)
            fcntl.flock(door, fcntl.LOCK_UN)
        except BaseException:
            self._depth -= 1
            self._thread.release()
            raise

    def __exit__(self, *_: object) -> None:
        if self._depth == 1 and self._database:
            fcntl.flock(self._files[1], fcntl.LOCK_UN)
        self._depth -= 1
        self._thread.release()

    def close(self) -> None:
        """Close its files, unless they are another process's."""
        _close_own(self._process, self._files)
        self._files, self._process = (), 0


def _close_own(process: int, files: tuple[TextIO, ...]) -> None:
    """Close files that this process opened; those that a fork inherited are its parent's."""
    if process == os.getpid():
        for file in files:
            file.close()


def shown(url: str) -> str:
    """The address of a store without its password."""
    return make_url(url).render_as_string(hide_password=True)


class StoreFault(NetopsError):
    """The database refused or could not be reached."""

    def __init__(self, url: str, why: str) -> None:
        super().__init__(
            "the store {url} did not answer",
            "{reason}",
            "check the address in [store] url, that the server runs, and that the folder can be written",
            url=url,
            reason=why,
        )


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
        if parsed.drivername in ("postgresql", "postgres"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        if parsed.get_backend_name() not in ("sqlite", "postgresql"):
            raise ArgumentError(parsed.drivername)
        if parsed.get_backend_name() == "sqlite" and parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        timeouts = (
            {"timeout": BUSY_SECONDS} if parsed.get_backend_name() == "sqlite" else {"connect_timeout": 10}
        )
        engine = create_engine(parsed, connect_args=timeouts)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError, OSError) as error:
        raise NetopsError(
            "the store was not opened",
            "{reason}",
            "write sqlite:///FILE or postgresql://USER@HOST/NAME in [store] url",
            reason=error,
        ) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _configure_sqlite)
    return engine


def _configure_sqlite(connection: Any, _record: object) -> None:
    """WAL for readers beside a writer; FULL, so that an act that was answered survives a power cut."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"wal_autocheckpoint={CHECKPOINT_PAGES}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
