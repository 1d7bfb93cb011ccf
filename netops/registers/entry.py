"""A record of a register (记录): its values, its version, and what differs between two of them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from netops.core.evidence import digest
from netops.core.plane import Plane
from netops.core.sheet import folded
from netops.registers.kind import Field, Kind
from netops.registers.values import words

LONGEST_TITLE = 200


class EntryState(StrEnum):
    """Whether a record stands, or was taken out of use and is kept for its time."""

    STANDING = "standing"
    RETIRED = "retired"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """
    One record as it stands, or stood.

    Args:
        number: readable and stable, such as "SYS-0012".
        title: what people call it: the value of the register's name field.
        values: what was written, by field; empty fields are absent. Dates are ISO text (`netops.core.dates`).
        changed_at, changed_by: of this version.
    """

    number: str
    kind: str
    plane: Plane
    organization: str
    state: EntryState
    version: int
    title: str
    values: dict[str, Any]
    changed_at: datetime
    changed_by: str

    @property
    def stands(self) -> bool:
        """Whether it was not retired."""
        return self.state is EntryState.STANDING


class Version(msgspec.Struct, frozen=True):
    """One version of a record: what it said from *at* on, and why it was changed."""

    version: int
    at: datetime
    actor: str
    why: str
    state: EntryState
    values: dict[str, Any]


class Draft(msgspec.Struct, frozen=True):
    """
    A record as somebody wants it.

    Args:
        number: of the record that it changes, or "" for a new one.
        base: the version that it was made from; another one in the store means that somebody else was quicker.
        state: standing, or retired.
    """

    kind: str
    plane: Plane
    values: dict[str, Any]
    number: str = ""
    base: int = 0
    state: EntryState = EntryState.STANDING


class Difference(msgspec.Struct, frozen=True):
    """One field that is not the same in two versions."""

    field: str
    before: Any
    after: Any


def differences(
    before: Mapping[str, Any], after: Mapping[str, Any], fields: Mapping[str, Field]
) -> list[Difference]:
    """What differs, in the order of columns; fields that the register no longer has come last."""
    names = [*fields, *sorted((before.keys() | after.keys()) - fields.keys())]
    return [
        Difference(name, before.get(name), after.get(name))
        for name in names
        if before.get(name) != after.get(name)
    ]


def merged(
    base: Mapping[str, Any], theirs: Mapping[str, Any], mine: Mapping[str, Any]
) -> Iterator[Difference]:
    """
    What two people changed differently since *base*, as theirs and mine.

    When only one of them changed a field, there is nothing to decide about it.
    """
    for name in sorted(base.keys() | theirs.keys() | mine.keys()):
        was, other, own = base.get(name), theirs.get(name), mine.get(name)
        if other != own and other != was and own != was:
            yield Difference(name, other, own)


def title_of(kind: Kind, values: Mapping[str, Any]) -> str:
    """What people call a record with these values."""
    field, held = kind.field[kind.head.name], values.get(kind.head.name)
    if field.type == "choice":
        held = next((one.zh for one in field.choices if one.key == held), held)
    return str(held if held is not None else "")[:LONGEST_TITLE]


def key_of(kind: Kind, plane: Plane, values: Mapping[str, Any]) -> str:
    """Equal for records that are the same one when a table names no number."""
    return digest([kind.kind, plane, *(folded(str(values.get(name, ""))) for name in kind.head.key)])[:32]


def text_of(kind: Kind, values: Mapping[str, Any]) -> str:
    """What a search finds it by."""
    return words(kind.fields, values)
