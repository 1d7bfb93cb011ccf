"""The engines that a benchmark of stored things runs on: SQLite, and PostgreSQL where it is installed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from benchmarks.addresses.stores import PACKAGE, database, server


@contextmanager
def engines(
    name: str, store: str = "", say: Callable[[str], None] = lambda _text: None
) -> Iterator[list[tuple[str, str]]]:
    """
    Each engine with the address of an empty store on it; "" is a new SQLite file.

    Args:
        name: of the database.
        store: only this one, whatever is installed.
    """
    if store:
        yield [(store.partition(":")[0].partition("+")[0], store)]
        return
    with server() as url:
        if url is None:
            say(f"on SQLite alone; for PostgreSQL, {PACKAGE}")
        yield [("sqlite", ""), *([("postgresql", database(url, name))] if url else [])]
