"""What differs between two statements, field by field, and whether two people changed the same. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

import msgspec

from netops.declarations.declaration import Application, Equipment, Statements
from netops.declarations.fields import FIELDS, cells

T = TypeVar("T", Equipment, Application)
NOT_STATED = ("number", "version")


class Change(msgspec.Struct, frozen=True):
    """
    One field, or one piece of equipment or application, that differs.

    Args:
        field: its name in `fields`, or "equipment" or "applications".
        before, after: as text; "" when there was nothing, or nothing is left.
    """

    field: str
    before: str
    after: str


def changes(before: Statements | None, after: Statements) -> list[Change]:
    """Everything in which *after* differs, in the order of the form; nothing before is an empty statement."""
    return list(_changes(before, after))


def _changes(before: Statements | None, after: Statements) -> Iterator[Change]:
    old = {} if before is None else cells(before)
    new = cells(after)
    for field in FIELDS:
        if field.name not in NOT_STATED and old.get(field.name, "") != new.get(field.name, ""):
            yield Change(field.name, old.get(field.name, ""), new.get(field.name, ""))
    yield from _pieces("equipment", before.equipment if before else (), after.equipment)
    yield from _pieces("applications", before.applications if before else (), after.applications)


def _pieces(name: str, before: Sequence[T], after: Sequence[T]) -> Iterator[Change]:
    """Pieces by their name, the others of a name in order: added, removed, changed."""
    old: dict[tuple[str, int], T] = _by_name(before)
    new: dict[tuple[str, int], T] = _by_name(after)
    for key in dict.fromkeys((*old, *new)):
        was, now = old.get(key), new.get(key)
        if was != now:
            yield Change(name, said(was) if was else "", said(now) if now else "")


def _by_name(pieces: Sequence[T]) -> dict[tuple[str, int], T]:
    found: dict[tuple[str, int], T] = {}
    for one in pieces:
        count = sum(key[0] == one.name for key in found)
        found[one.name, count] = one
    return found


def said(piece: Equipment | Application) -> str:
    """A piece in one line."""
    return " ".join(filter(None, (str(value) for value in msgspec.structs.astuple(piece))))


def joined(base: Statements, theirs: Statements, mine: Statements) -> tuple[Statements, list[str]]:
    """
    What two people made of *base*, together: *mine* where I changed something, *theirs* elsewhere.

    Returns:
        The statements, and the fields that both changed, each otherwise; there *mine* stands.
    """
    values, both = {}, []
    for name in Statements.__struct_fields__:
        was, other, own = (getattr(one, name) for one in (base, theirs, mine))
        values[name] = other if own == was else own
        if own != was and other not in (was, own):
            both.append(name)
    return Statements(**values), both
