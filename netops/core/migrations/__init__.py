"""Alembic migrations of the store, run by `Store.prepare`; `python -m netops.core.migrations` writes a new one."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine


def configuration(engine: Engine) -> Config:
    """Alembic's configuration for *engine*, without a file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["engine"] = engine
    return config


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the schema behind *engine* to *revision*."""
    command.upgrade(configuration(engine), revision)
