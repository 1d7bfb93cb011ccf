"""The store: one snapshot to read, one transaction to write, and nothing that failed is taken for done."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import text

from netops.core import ids
from netops.core.notes import notes_of
from netops.core.store import Store, StoreFault


def value(store: Store, name: str) -> int:
    with store.read() as connection:
        return ids.standing(connection, name)()


def test_a_read_is_one_moment(store: Store) -> None:
    """What is written meanwhile by another is not seen by half."""
    with store.write() as connection:
        ids.take(connection, "a")
    with store.read() as connection:
        first = connection.execute(text("SELECT value FROM sequences")).scalar()
        with store.write() as other:
            ids.take(other, "a", 5)
        assert (1, 1) == (first, connection.execute(text("SELECT value FROM sequences")).scalar())
    assert 6 == value(store, "a")


def test_what_was_put_is_written_before_anything_else_is_asked_and_at_the_end(store: Store) -> None:
    """A number taken from the notes is seen by every other statement of the transaction, and by everybody afterwards."""
    with store.write() as connection:
        ids.put(connection, "a", 0, 3)
        ids.put(connection, "a", 3, 7)
        assert 7 == ids.standing(connection, "a")()
        assert 7 == connection.execute(text("SELECT value FROM sequences")).scalar()
        ids.put(connection, "a", 7, 9)
        assert 10 == ids.take(connection, "a")
        assert 10 == ids.standing(connection, "a")()
    assert 10 == value(store, "a")


def test_a_transaction_that_fails_leaves_no_notes(store: Store) -> None:
    """The next one on the same connection asks again."""
    with store.write() as connection:
        ids.put(connection, "a", 0, 3)
    for _ in range(3):
        with pytest.raises(RuntimeError), store.write() as connection:
            ids.put(connection, "a", ids.standing(connection, "a")(), 100)
            raise RuntimeError
    assert 3 == value(store, "a")
    with store.write() as connection:
        ids.put(connection, "a", ids.standing(connection, "a")(), 4)
        notes_of(connection).settle()
        assert 4 == ids.standing(connection, "a")()


def test_a_statement_that_failed_fails_the_transaction(store: Store) -> None:
    """Also where the error was passed over: PostgreSQL would quietly undo what is thought to be done."""
    if store.is_sqlite:
        pytest.skip("SQLite undoes the statement alone")
    with pytest.raises(StoreFault, match="failed before"), store.write() as connection:
        ids.take(connection, "a")
        with pytest.raises(Exception, match="does not exist"):
            connection.execute(text("SELECT * FROM nothing_of_the_kind"))


def test_a_change_that_is_refused_is_said_at_the_latest_by_the_commit(store: Store) -> None:
    """Changes go out together on PostgreSQL; none of them is lost without a word."""
    with store.write() as connection:
        ids.take(connection, "a")
    with pytest.raises(StoreFault), store.write() as connection:
        ids.put(connection, "b", 0, 1)
        ids.BEGIN(connection, name="a", value=1)
    assert 0 == value(store, "b")


def test_the_first_number_is_taken_once_by_writers_that_begin_together(store: Store) -> None:
    """Eight that meet at a sequence that nobody has used yet get eight numbers, and none an error."""
    together, taken, lock = threading.Barrier(8), list[int](), threading.Lock()

    def take() -> None:
        together.wait()
        with store.write() as connection:
            number = ids.take(connection, "new")
        with lock:
            taken.append(number)

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert list(range(1, 9)) == sorted(taken)
