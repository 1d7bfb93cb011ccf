"""Migrations: a new store gets exactly the tables that the rooms declare, and can be emptied again."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

import netops.tables  # noqa: F401 - every table into the metadata
from netops.core.migrations import configuration
from netops.core.store import REVISION, Store, metadata


def test_a_prepared_store_has_what_the_rooms_declare(store_url: str) -> None:
    """Nothing is missing and nothing is left over, on both engines; a second opening changes nothing."""
    store = Store(store_url)
    store.prepare()
    store.prepare()

    assert REVISION == store.revision()
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False, "render_as_batch": True})
        assert [] == compare_metadata(context, metadata)
    store.close()


def test_the_newest_migration_is_the_one_the_program_expects() -> None:
    """A migration without its constant would never run."""
    from alembic.script import ScriptDirectory
    from sqlalchemy import create_engine

    scripts = ScriptDirectory.from_config(configuration(create_engine("sqlite://")))

    assert REVISION == scripts.get_current_head()


def test_counters_of_traffic_outlive_a_migration_there_and_back(store_url: str) -> None:
    """What was counted by kind of exit is kept without an exit; back again, exits of a kind are one row."""
    from alembic import command
    from sqlalchemy import text

    store = Store(store_url)
    table, key = "flow_hits (minute, plane, organization, exporter, exit_kind, verdict", "60, 'extranet', 'fin', 'x', 'separate'"
    rows = text("SELECT verdict, exit, flows, bytes FROM flow_hits ORDER BY flows")
    steps = configuration(store.engine)
    command.upgrade(steps, "0023")
    with store.engine.begin() as connection:
        counted = f"INSERT INTO {table}, flows, packets, bytes) VALUES ({key}, 'separate', 1, 1, 5000000000)"
        connection.execute(text(counted))
    command.upgrade(steps, "0024")
    with store.engine.begin() as connection:
        assert [("separate", "", 1, 5_000_000_000)] == connection.execute(rows).all()
        counted = f"INSERT INTO {table}, exit, flows, packets, bytes) VALUES ({key}, 'separate', 'own', 2, 1, 7)"
        connection.execute(text(counted))
    command.downgrade(steps, "0023")
    with store.engine.begin() as connection:
        assert [(3, 5_000_000_007)] == connection.execute(text("SELECT flows, bytes FROM flow_hits")).all()
    store.close()
