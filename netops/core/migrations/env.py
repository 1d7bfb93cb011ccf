"""Alembic's environment: one engine, handed over in the configuration's attributes."""

from __future__ import annotations

from alembic import context

from netops.core.store import metadata

engine = context.config.attributes["engine"]
with engine.begin() as connection:
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, user_module_prefix="store.")
    with context.begin_transaction():
        context.run_migrations()
