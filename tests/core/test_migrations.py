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
