"""Review (审核): is a declaration complete, and what should be asked before it is approved? Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date

import msgspec

from netops.core.language import N_
from netops.declarations.declaration import Statements

MOST_TERMINALS = 100_000


class Note(msgspec.Struct, frozen=True):
    """
    One remark of the review.

    Args:
        statement: the key of the form that it is about.
        required: True when the declaration cannot be approved before it is mended.
        text: English message id with places for *facts*.
    """

    code: str
    statement: str
    required: bool
    text: str
    facts: dict[str, str] = {}


NOTES = {
    "DC-001": N_("the nature of the network is not stated (Article 10, first statement)"),
    "DC-002": N_("the scope of application is not stated (Article 10, second statement)"),
    "DC-003": N_("no network equipment is stated (Article 10, third statement)"),
    "DC-004": N_("the number of terminals is not stated (Article 10, fourth statement)"),
    "DC-005": N_("{organization} is not in the register of organizations"),
    "DC-006": N_("{terminals} terminals are more than one declaration can be right about; count them again"),
    "DC-007": N_("nobody is named who answers for it"),
    "DC-008": N_("the day of the signed paper is missing or lies ahead"),
    "DC-009": N_("two pieces of equipment have the same name: {name}"),
}
REQUIRED = ("DC-001", "DC-002", "DC-003", "DC-004", "DC-005", "DC-006")


def review(stated: Statements, organizations: Collection[str], today: date) -> list[Note]:
    """
    Every remark on *stated*, in the order of the statements; none means that it is complete.

    Args:
        stated: what the department says.
        organizations: codes in the register.
        today: the day of the review.
    """
    return list(_remarks(stated, organizations, today))


def _remarks(stated: Statements, organizations: Collection[str], today: date) -> Iterator[Note]:
    if stated.organization not in organizations:
        yield _note("DC-005", "organization", organization=stated.organization or "-")
    if not stated.nature.strip():
        yield _note("DC-001", "nature")
    if not stated.scope.strip():
        yield _note("DC-002", "scope")
    if not any(item.name.strip() for item in stated.equipment):
        yield _note("DC-003", "equipment")
    names = [item.name for item in stated.equipment]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield _note("DC-009", "equipment", name=name)
    if stated.terminals <= 0:
        yield _note("DC-004", "terminals")
    elif stated.terminals > MOST_TERMINALS:
        yield _note("DC-006", "terminals", terminals=str(stated.terminals))
    if not stated.contact.strip():
        yield _note("DC-007", "contact")
    if not stated.date or stated.date > today.isoformat():
        yield _note("DC-008", "date")


def _note(code: str, statement: str, **facts: str) -> Note:
    return Note(code, statement, code in REQUIRED, NOTES[code], facts)
