"""The store: SQLite or PostgreSQL behind SQLAlchemy Core; reads, writes, and acts that leave a journal entry."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, MetaData, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from netops.core.board import Board, place_for
from netops.core.columns import Address, Instant, Json, tell_dialect
from netops.core.errors import NetopsError, Refused
from netops.core.line import keep_order, line_of
from netops.core.notes import keep, notes_of
from netops.core.prepared import Prepared, driver
from netops.core.turn import Turn

__all__ = [
    "REVISION", "Address", "Instant", "Json", "Prepared", "Store", "StoreFault", "metadata", "shown",
]  # fmt: skip

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
event.listen(metadata, "before_create", tell_dialect)
REVISION = "0025"
"""The migration that this program expects the store to stand at."""

BUSY_SECONDS = 30
MOST_MORE = 60
"""Connections beside the five that are kept: more than a server has threads; PostgreSQL lets a hundred in."""
CHECKPOINT_PAGES = 4000
"""Pages of 4 KiB in SQLite's log before they move into the file: an act writes a dozen, mostly the same ones."""


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
        self.turn: Turn | nullcontext[None] = nullcontext()
        place = None
        if not self.is_sqlite:
            place = place_for(url)
        elif (database := self.engine.url.database) not in (None, "", ":memory:"):
            self.turn, place = Turn(str(database)), Path(f"{database}.board")
        self.board = None if place is None else Board(place)

    def shown_url(self) -> str:
        """The address without its password."""
        return shown(self.url)

    def close(self) -> None:
        """Give every connection back."""
        self.engine.dispose()
        if isinstance(self.turn, Turn):
            self.turn.close()
        if self.board is not None:
            self.board.close()

    # ---- transactions
    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view, as everything stood when it was first asked; nothing is changed."""
        with self._clear_errors(), self.engine.connect() as connection:
            if self.is_sqlite:
                connection.begin()
                driver(connection).execute("BEGIN")
            else:
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """
        One transaction that either happens whole or not at all: for observations.

        What decides something goes through `netops.core.journal.act`, which adds the journal entry.
        """
        with self._clear_errors(), self.engine.connect() as connection, self.turn:
            try:
                connection.begin()
                if self.is_sqlite:
                    driver(connection).execute("BEGIN IMMEDIATE")
                yield connection
                self._commit(connection)
            except BaseException:
                _abandon(connection)
                raise

    def _commit(self, connection: Connection) -> None:
        notes_of(connection).write()
        if self.is_sqlite:
            driver(connection).commit()
        else:
            line_of(connection).send(commit=True)

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


def _abandon(connection: Connection) -> None:
    """Undo what the transaction did while the turn still lasts; a connection that cannot is thrown away."""
    try:
        notes_of(connection).clear()
        if connection.dialect.name == "postgresql":
            line_of(connection).clear()
        driver(connection).rollback()
    except Exception:  # noqa: BLE001 - whatever it is, the first error is the one to tell
        connection.invalidate()


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
        # psycopg gives up every prepared statement of a connection with each rollback, those of `line` too: it prepares none.
        options = {
            "sqlite": {"timeout": BUSY_SECONDS},
            "postgresql": {"connect_timeout": 10, "prepare_threshold": None},
        }
        # Whoever asks has a connection: where threads of a server wait for one while they hold another, none goes on.
        engine = create_engine(parsed, connect_args=options[parsed.get_backend_name()], max_overflow=MOST_MORE)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError, OSError) as error:
        raise NetopsError(
            "the store was not opened",
            "{reason}",
            "write sqlite:///FILE or postgresql://USER@HOST/NAME in [store] url",
            reason=error,
        ) from error
    keep(engine)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _configure_sqlite)
    else:
        keep_order(engine)
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
