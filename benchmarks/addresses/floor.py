"""The floor: an equally durable transaction with the same effect, and nothing of a program around it."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

from benchmarks.addresses.stores import gaps, taken_addresses

TABLES = """
    CREATE TABLE free (lo BIGINT PRIMARY KEY, hi BIGINT);
    CREATE TABLE address (ip BIGINT PRIMARY KEY, org TEXT, declaration TEXT);
    CREATE TABLE counter (pool INTEGER PRIMARY KEY, used BIGINT);
"""


def sqlite_store(path: Path, used: int) -> str:
    """A /8 with so many addresses taken at random."""
    db = sqlite3.connect(path)
    db.executescript(
        TABLES.replace("BIGINT", "INTEGER") + "CREATE TABLE journal (seq INTEGER PRIMARY KEY, what TEXT);"
    )
    taken = taken_addresses(used)
    db.executemany("INSERT INTO free VALUES (?, ?)", gaps(taken))
    db.executemany("INSERT INTO address VALUES (?, 'fin', 'D-1')", ((one,) for one in taken))
    db.execute("INSERT INTO counter VALUES (1, ?)", (used,))
    db.commit()
    db.close()
    return str(path)


def on_sqlite(path: str) -> Callable[[], None]:
    """One allocation by bare statements, after a fair queue of two locks."""
    db = sqlite3.connect(path, isolation_level=None, timeout=30)
    db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;")
    door, room = (os.open(f"{path}.{name}", os.O_CREAT | os.O_WRONLY) for name in ("door", "room"))

    def one() -> None:
        fcntl.flock(door, fcntl.LOCK_EX)
        fcntl.flock(room, fcntl.LOCK_EX)
        fcntl.flock(door, fcntl.LOCK_UN)
        db.execute("BEGIN IMMEDIATE")
        lo, hi = db.execute("SELECT lo, hi FROM free ORDER BY lo LIMIT 1").fetchone()
        db.execute("DELETE FROM free WHERE lo = ?", (lo,))
        if lo < hi:
            db.execute("INSERT INTO free VALUES (?, ?)", (lo + 1, hi))
        db.execute("INSERT INTO address VALUES (?, 'fin', 'D-1')", (lo,))
        db.execute("UPDATE counter SET used = used + 1 WHERE pool = 1")
        db.execute("INSERT INTO journal (what) VALUES (?)", (f"allocate {lo}",))
        db.execute("COMMIT")
        fcntl.flock(room, fcntl.LOCK_UN)

    return one


FUNCTION = """
    CREATE FUNCTION take() RETURNS BIGINT LANGUAGE plpgsql AS $$
    DECLARE l BIGINT; h BIGINT;
    BEGIN
        PERFORM 1 FROM counter WHERE pool = 1 FOR UPDATE;
        SELECT lo, hi INTO l, h FROM free ORDER BY lo LIMIT 1;
        DELETE FROM free WHERE lo = l;
        IF l < h THEN INSERT INTO free VALUES (l + 1, h); END IF;
        INSERT INTO address VALUES (l, 'fin', 'D-1');
        UPDATE counter SET used = used + 1 WHERE pool = 1;
        INSERT INTO journal (what) VALUES ('allocate ' || l);
        RETURN l;
    END $$;
"""


def postgresql_store(url: str, used: int) -> str:
    """The same on PostgreSQL."""
    import psycopg

    taken = taken_addresses(used)
    with psycopg.connect(url) as db:
        db.execute(TABLES + "CREATE TABLE journal (seq BIGSERIAL PRIMARY KEY, what TEXT);" + FUNCTION)
        with db.cursor().copy("COPY free FROM STDIN") as copy:
            for run in gaps(taken):
                copy.write_row(run)
        with db.cursor().copy("COPY address FROM STDIN") as copy:
            for one in taken:
                copy.write_row((one, "fin", "D-1"))
        db.execute("INSERT INTO counter VALUES (1, %s)", (used,))
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("VACUUM ANALYZE")
    return url


def on_postgresql(url: str) -> Callable[[], None]:
    """One allocation in one round trip: a function that locks the pool's row."""
    import psycopg

    db = psycopg.connect(url, autocommit=True, prepare_threshold=0)

    def one() -> None:
        db.execute("SELECT take()").fetchone()

    return one
