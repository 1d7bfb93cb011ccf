"""Column types whose values have the same order and the same bytes on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Index,
    LargeBinary,
    MetaData,
    Text,
)
from sqlalchemy.types import TypeDecorator

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def microseconds(value: datetime | None) -> int | None:
    """Aware time to microseconds."""
    return None if value is None else (value - EPOCH) // MICROSECOND


def moment(value: int | None) -> datetime | None:
    """Microseconds to aware time."""
    return None if value is None else EPOCH + timedelta(microseconds=value)


def json_text(value: Any) -> str | None:
    """Value to JSON text with sorted keys."""
    return None if value is None else msgspec.json.encode(value, order="deterministic").decode()


def json_value(value: str | None) -> Any:
    """JSON text to value."""
    return None if value is None else msgspec.json.decode(value)


def sixteen(value: int | None) -> bytes | None:
    """Integer to bytes."""
    return None if value is None else value.to_bytes(16, "big")


def integer(value: bytes | None) -> int | None:
    """Bytes to integer."""
    return None if value is None else int.from_bytes(value, "big")


class Instant(TypeDecorator[datetime]):
    """An aware time as microseconds since 1970 UTC: the same order and value on both engines."""

    impl = BigInteger
    cache_ok = True
    to_driver, of_driver = staticmethod(microseconds), staticmethod(moment)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Aware time to microseconds."""
        return microseconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """Microseconds to aware time."""
        return moment(value)


class Json(TypeDecorator[Any]):
    """A JSON value as text with sorted keys: the same bytes on both engines."""

    impl = Text
    cache_ok = True
    to_driver, of_driver = staticmethod(json_text), staticmethod(json_value)

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Value to text."""
        return json_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Text to value."""
        return json_value(value)


class Address(TypeDecorator[int]):
    """
    An address as 16 big-endian bytes, IPv4 mapped into ::ffff:0:0/96 (RFC 4291 §2.5.5.2).

    Bytes order equals numeric order on both engines. Values are the 128-bit integers.
    """

    impl = LargeBinary(16)
    cache_ok = True
    to_driver, of_driver = staticmethod(sixteen), staticmethod(integer)

    def process_bind_param(self, value: int | None, dialect: Dialect) -> bytes | None:
        """Integer to bytes."""
        return sixteen(value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> int | None:
        """Bytes to integer."""
        return integer(value)


def partial_index(
    name: str, *columns: Column[Any], where: ColumnElement[bool], unique: bool = False
) -> Index:
    """
    An index of those rows for which *where* holds.

    The engine's own option for it is set when tables are made: to be told of it at once, SQLAlchemy would load both
    dialects with all their drivers in every command (50 ms of CPU).
    """
    return Index(name, *columns, unique=unique, info={"where": where})


def tell_dialect(metadata: MetaData, connection: Connection, **_: object) -> None:
    """Set that option before tables are made."""
    for table in metadata.tables.values():
        for index in table.indexes:
            if (where := index.info.get("where")) is not None:
                index.dialect_options[connection.dialect.name]["where"] = where
