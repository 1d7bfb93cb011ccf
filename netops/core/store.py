"""The store: SQLite or PostgreSQL behind SQLAlchemy Core; reads, writes, and acts that leave a journal entry."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Connection,
    Dialect,
    Engine,
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
REVISION = "0001"
"""The migration that this program expects the store to stand at."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BUSY_SECONDS = 30


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

    def shown_url(self) -> str:
        """The address without its password."""
        return shown(self.url)

    def close(self) -> None:
        """Give every connection back."""
        self.engine.dispose()

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
        with self._clear_errors(), self.engine.connect() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection
            try:
                connection.commit()
            except DBAPIError:
                connection.invalidate()  # SQLite keeps the transaction open when a deferred constraint refuses the commit
                raise

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
        except DBAPIError as error:
            raise StoreFault(self.shown_url(), str(error.orig).splitlines()[0]) from error

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
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
