"""
The line to PostgreSQL: several statements go out together, and their answers come back in one round trip.

libpq's pipeline mode, straight: what is asked waits until an answer is needed or the transaction ends, so that a lock is
held for as few round trips as can be. What was sent before anything else asks is always sent first.
"""

from __future__ import annotations

import select
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Connection, Engine, event

if TYPE_CHECKING:
    import psycopg

Rows = list[tuple[Any, ...]]


IDLE, INERROR = 0, 3
"""`pq.TransactionStatus`: no transaction is open; one is that failed."""
FATAL_ERROR, PIPELINE_ABORTED = 7, 11
"""`pq.ExecStatus`."""


class Asked(NamedTuple):
    """A statement, the name by which it is prepared, its text with $1, $2 …, and the values of these."""

    name: bytes
    text: bytes
    values: Sequence[Any]


_Goal = bytes | list[Rows] | None
"""What the answer to a message is for: the name that it prepares, a place of rows, or nothing."""


class Line:
    """What is still to be sent on one connection, and what was sent and not yet answered."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._known: set[bytes] = set()
        self._queue: list[tuple[Asked, list[Rows]]] = []
        self._sent: list[_Goal] = []

    def ask(self, one: Asked) -> Callable[[], Rows]:
        """Put it in the queue; the rows are there when they are asked for."""
        place: list[Rows] = []
        self._queue.append((one, place))

        def rows() -> Rows:
            if not place:
                self.send()
            return place[0]

        return rows

    def push(self) -> None:
        """Send the queue and go on: PostgreSQL works on it while its answers are not needed yet."""
        line, queue = self._connection.pgconn, self._queue
        self._queue = []
        if not self._sent:
            if (
                line.transaction_status == INERROR
            ):  # PostgreSQL would take the COMMIT for a ROLLBACK and say nothing
                from psycopg import errors

                raise errors.InFailedSqlTransaction("the transaction failed before")
            line.enter_pipeline_mode()
            if line.transaction_status == IDLE:
                self._message(self._begin())
        for (name, text, values), place in queue:
            if name not in self._known and name not in self._sent:
                line.send_prepare(name, text)
                self._sent.append(name)
            plain, formats = _encoded(values)
            line.send_query_prepared(name, plain, formats)
            self._sent.append(place)
        line.flush()

    def send(self, *, commit: bool = False) -> None:
        """
        Send the queue, and the end of the transaction; every answer is there afterwards.

        Raises:
            psycopg.Error: the first one that failed; nothing after it was done.
        """
        if self._queue or self._sent or commit:
            self.push()
            if commit:
                self._message(b"COMMIT")
            if (failed := self._received()) is not None:
                from psycopg import errors

                raise errors.error_from_result(failed)

    def clear(self) -> None:
        """Forget what was asked: its transaction is over."""
        self._queue = []
        if self._sent:
            self._received()

    def _message(self, command: bytes) -> None:
        self._connection.pgconn.send_query_params(command, None)
        self._sent.append(None)

    def _received(self) -> Any:
        """Put every answer in its place; the first that is an error, or None."""
        from psycopg.adapt import Transformer

        line, sent = self._connection.pgconn, self._sent
        self._sent = []
        line.pipeline_sync()
        failed, reader = None, Transformer(self._connection)
        for one in sent:
            result = self._result()
            if result.status in (FATAL_ERROR, PIPELINE_ABORTED):
                failed = failed or result
            elif isinstance(one, bytes):
                self._known.add(one)
            elif one is not None:
                reader.set_pgresult(result)
                one.append(reader.load_rows(0, result.ntuples, tuple) if result.nfields else [])
        self._result()  # the synchronization
        line.exit_pipeline_mode()
        return failed

    def _begin(self) -> bytes:
        level = self._connection.isolation_level
        return (
            b"BEGIN" if level is None else b"BEGIN ISOLATION LEVEL " + level.name.replace("_", " ").encode()
        )

    def _result(self) -> Any:
        """The next answer; the mark between two answers is passed over."""
        line = self._connection.pgconn
        while True:
            while line.flush():
                readable, _, _ = select.select([line.socket], [line.socket], [])
                if readable:
                    line.consume_input()
            while line.is_busy():
                select.select([line.socket], [], [])
                line.consume_input()
            if (result := line.get_result()) is not None:
                return result


def _encoded(values: Sequence[Any]) -> tuple[list[bytes | None], list[int]]:
    """Values as PostgreSQL reads them: bytes as they are (format 1), all else as text (format 0)."""
    return (
        [one if one is None or type(one) is bytes else str(one).encode() for one in values],
        [int(type(one) is bytes) for one in values],
    )


def line_of(connection: Connection) -> Line:
    """The line of an open connection."""
    one = connection.connection
    found: Line | None = one.info.get("line")
    if found is None:
        found = one.info["line"] = Line(one.driver_connection)  # type: ignore[arg-type]
    return found


def keep_order(engine: Engine) -> None:
    """Send what was asked before anything else goes out or the transaction ends; forget it when that is undone."""

    def before(connection: Connection, *_: object) -> None:
        line_of(connection).send()

    def over(_connection: object, record: Any) -> None:
        if (line := record.info.get("line")) is not None:
            line.clear()

    event.listen(engine, "before_cursor_execute", before)
    event.listen(engine, "commit", before)
    event.listen(engine, "rollback", lambda connection: line_of(connection).clear())
    event.listen(engine, "checkin", over)
