"""
Notes of a transaction: rows that its acts read and change again and again, such as counters, are read and written once.

Each such table has one module that goes through the notes; what is due is written before anything else is asked on
the connection, and before the commit.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from sqlalchemy import Connection, Engine, event


class Notes:
    """What the open transaction of one connection knows."""

    def __init__(self) -> None:
        self._known: dict[Hashable, Any] = {}
        self._due: dict[Hashable, Callable[[], object]] = {}
        self.changes = 0
        """How often something was put."""

    def asked(self, key: Hashable, ask: Callable[[], Callable[[], Any]]) -> Callable[[], Any]:
        """What is known of *key*; else what *ask* asks for, which is known from then on."""
        if key in self._known:
            value = self._known[key]
            return lambda: value
        answer = ask()

        def once() -> Any:
            if key not in self._known:
                self._known[key] = answer()
            return self._known[key]

        return once

    def put(self, key: Hashable, value: Any, write: Callable[[], object]) -> None:
        """It is *value* from now on; *write*, which is the last one for this key, does it in the database."""
        self._known[key] = value
        self._due[key] = write
        self.changes += 1

    def write(self) -> None:
        """Write what is due."""
        if self._due:
            due, self._due = self._due, {}
            for write in due.values():
                write()

    def settle(self) -> None:
        """Write what is due and ask again from now on: rows were changed by other ways."""
        self.write()
        self.clear()

    def clear(self) -> None:
        """The transaction is over."""
        if self._known:
            self._known, self._due = {}, {}


def notes_of(connection: Connection) -> Notes:
    """The notes of an open connection."""
    info = connection.connection.info
    found: Notes | None = info.get("notes")
    if found is None:
        found = info["notes"] = Notes()
    return found


def keep(engine: Engine) -> None:
    """Write what is due before anything else is asked or the transaction ends; forget it when that is undone."""

    def over(_connection: object, record: Any) -> None:
        if (notes := record.info.get("notes")) is not None:
            notes.clear()

    event.listen(engine, "before_cursor_execute", lambda connection, *_: notes_of(connection).write())
    event.listen(engine, "commit", lambda connection: notes_of(connection).settle())
    event.listen(engine, "rollback", lambda connection: notes_of(connection).clear())
    event.listen(engine, "checkin", over)
