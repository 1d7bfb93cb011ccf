"""What was announced (已通知): each news once for each channel, and when a channel was last spoken to. Storage."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Column, String, Table, Text, select

from netops.core.store import Instant, Store, metadata

notifications = Table(
    "notifications",
    metadata,
    Column("channel", String(64), primary_key=True),
    Column("key", String(96), primary_key=True),
    Column("at", Instant, nullable=False),
)
attempts = Table(
    "notification_attempts",
    metadata,
    Column("channel", String(64), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("fault", Text, nullable=False),
)


def told(store: Store, channel: str) -> set[str]:
    """Keys of what this channel was told."""
    with store.read() as connection:
        return set(connection.execute(select(notifications.c.key).where(notifications.c.channel == channel)).scalars())


def last(store: Store, channel: str) -> tuple[datetime | None, str]:
    """When this channel was last spoken to, and what went wrong then, or ""."""
    with store.read() as connection:
        row = connection.execute(select(attempts).where(attempts.c.channel == channel)).first()
        return (row.at, row.fault) if row else (None, "")


def note(store: Store, channel: str, keys: Iterable[str], at: datetime, fault: str = "") -> None:
    """A channel was spoken to; what it was told is told, unless something went wrong."""
    with store.write() as connection:
        connection.execute(attempts.delete().where(attempts.c.channel == channel))
        connection.execute(attempts.insert().values(channel=channel, at=at, fault=fault[:500]))
        rows = [] if fault else [{"channel": channel, "key": key, "at": at} for key in dict.fromkeys(keys)]
        if rows:
            connection.execute(notifications.insert(), rows)
