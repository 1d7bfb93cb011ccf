"""Review (审核): is a declaration complete, and what should be asked before it is approved? Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date
from ipaddress import ip_address

import msgspec

from netops.core.language import N_
from netops.core.plane import Plane
from netops.declarations.declaration import Statements, UserClass
from netops.declarations.fields import parted_person

MOST_TERMINALS = 100_000
SHIELDS = ("防火墙", "网闸")
"""Kinds of equipment that are security products, which need a certificate (网络安全法)."""


class Note(msgspec.Struct, frozen=True):
    """
    One remark of the review.

    Args:
        statement: the field of the form that it is about.
        required: True when the declaration cannot be approved (or connected) before it is mended.
        text: English message id with places for *facts*.
        piece: which piece of equipment it is about, from 0; -1 when none.
    """

    code: str
    statement: str
    required: bool
    text: str
    facts: dict[str, str] = {}
    piece: int = -1


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
    "DC-010": N_("the kinds of terminals make {kinds} together, and {terminals} are stated"),
    "DC-011": N_("the user class (A to F of DB34/T 3607) is not stated"),
    "DC-012": N_("the security measures are not stated"),
    "DC-013": N_("no person responsible is named"),
    "DC-014": N_("no security officer is named"),
    "DC-015": N_("wired, wireless, servers and other terminals are not told apart"),
    "DC-016": N_("{name} is a security product without a certificate number"),
    "DC-017": N_("the model of {name} is not stated"),
    "DC-018": N_("the management address of {name} is not stated"),
    "DC-019": N_("{address}, the management address of {name}, is no address of the {plane}"),
    "DC-020": N_("the paper is not signed and sealed"),
    "DC-021": N_("the address of the organization is not stated"),
    "DC-022": N_("it is addressed to {said}; the authority for this network at its level is {authority}"),
    "DC-023": N_(
        "it is a unit of a county, and the register does not say of which: its authority is not known"
    ),
    "DC-024": N_("it was stated until {until}"),
    "DC-025": N_("class {user_class} has the internet, and the intranet has no way there (Article 8)"),
    "DC-026": N_("no telephone number is given for {name}"),
    "DC-027": N_("no address is allocated under it"),
    "DC-028": N_("{user_class} is no user class: A to F"),
    "DC-029": N_("no entry inspection of {number} is recorded: netops register add entry_inspections declaration={number} …"),
    "DC-030": N_("the entry inspection of {day} was not passed"),
    "DC-031": N_("the conditions of the entry inspection were to be met by {day}, and are not"),
}
REQUIRED = frozenset(
    {
        "DC-001",
        "DC-002",
        "DC-003",
        "DC-004",
        "DC-005",
        "DC-006",
        "DC-010",
        "DC-022",
        "DC-024",
        "DC-025",
        "DC-028",
        "DC-029",
        "DC-030",
        "DC-031",
    }
)
"""What always stands in the way of an approval."""
ASKED = {
    "fields": frozenset({"DC-008", "DC-011", "DC-012", "DC-015", "DC-017", "DC-021"}),
    "officers": frozenset({"DC-007", "DC-013", "DC-014", "DC-026"}),
    "certificates": frozenset({"DC-016"}),
    "addresses": frozenset({"DC-018", "DC-019", "DC-027"}),
    "seal": frozenset({"DC-020"}),
}
"""What stands in the way where the configuration asks for it (`settings.ASKED_FOR`)."""
ONLY_ASKED = (
    ASKED["fields"] - {"DC-008"}
    | ASKED["officers"] - {"DC-007"}
    | ASKED["certificates"]
    | {"DC-018", "DC-020", "DC-027"}
)
"""What is only remarked where it is asked for: Article 10 does not."""


class Inspected(msgspec.Struct, frozen=True):
    """
    What the last entry inspection of a declaration concluded.

    Args:
        result: "passed", "conditional", "failed", "overdue" (conditions not met in time), or "" for none.
        day: of the inspection; of the term when it is over.
    """

    result: str
    day: str


class Expected(msgspec.Struct, frozen=True):
    """
    What a review holds a declaration against.

    Args:
        organizations: codes in the register.
        today: the day of the review.
        asked: of `settings.ASKED_FOR`.
        is_ours: whether an address lies in the plane; None when nobody says.
        authority: code of who it must be addressed to; "" when it cannot be said, None when it does not matter.
        allocated: how many addresses are allocated under it; None when that does not matter yet.
        number: of the declaration, for what must be recorded about it.
        inspected: its last entry inspection; None when none is asked for.
    """

    organizations: Collection[str]
    today: date
    asked: Sequence[str] = ()
    is_ours: Callable[[Plane, str], bool] | None = None
    authority: str | None = None
    allocated: int | None = None
    number: str = ""
    inspected: Inspected | None = None


def review(stated: Statements, expected: Expected) -> list[Note]:
    """Every remark on *stated*, in the order of the form; none means that it is complete."""
    asked = frozenset[str]().union(*(ASKED[name] for name in expected.asked if name in ASKED))
    shown = [one for one in _remarks(stated, expected) if one.code not in ONLY_ASKED or one.code in asked]
    return [msgspec.structs.replace(one, required=one.code in REQUIRED or one.code in asked) for one in shown]


def _remarks(stated: Statements, expected: Expected) -> Iterator[Note]:
    if stated.organization not in expected.organizations:
        yield _note("DC-005", "organization", organization=stated.organization or "-")
    elif expected.authority == "":
        yield _note("DC-023", "organization")
    elif expected.authority and stated.authority and stated.authority != expected.authority:
        yield _note("DC-022", "authority", said=stated.authority, authority=expected.authority)
    if not stated.place.strip():
        yield _note("DC-021", "place")
    if not stated.nature.strip():
        yield _note("DC-001", "nature")
    if not stated.scope.strip():
        yield _note("DC-002", "scope")
    yield from _class(stated)
    yield from _equipment(stated, expected)
    yield from _terminals(stated)
    if not stated.measures.strip():
        yield _note("DC-012", "measures")
    yield from _people(stated)
    if not stated.date or stated.date > expected.today.isoformat():
        yield _note("DC-008", "date")
    if stated.until and stated.until < expected.today.isoformat():
        yield _note("DC-024", "until", until=stated.until)
    if not stated.sealed:
        yield _note("DC-020", "sealed")
    if expected.allocated == 0:
        yield _note("DC-027", "number")
    if expected.inspected is not None and (code := ENTRY.get(expected.inspected.result)):
        yield _note(code, "number", number=expected.number, day=expected.inspected.day)


ENTRY = {"": "DC-029", "failed": "DC-030", "overdue": "DC-031"}
"""What stands in the way of a connection, by the result of the entry inspection."""


def _class(stated: Statements) -> Iterator[Note]:
    if not stated.user_class:
        yield _note("DC-011", "user_class")
    elif stated.user_class not in UserClass.__members__:
        yield _note("DC-028", "user_class", user_class=stated.user_class)
    elif stated.plane is Plane.INTRANET and UserClass(stated.user_class).internet in ("shared", "own"):
        yield _note("DC-025", "user_class", user_class=stated.user_class)


def _equipment(stated: Statements, expected: Expected) -> Iterator[Note]:
    if not any(item.name.strip() for item in stated.equipment):
        yield _note("DC-003", "equipment")
    names = [item.name for item in stated.equipment]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield _note("DC-009", "equipment", names.index(name, names.index(name) + 1), name=name)
    for place, item in enumerate(stated.equipment):
        if not item.model.strip():
            yield _note("DC-017", "equipment", place, name=item.name)
        if not item.address:
            yield _note("DC-018", "equipment", place, name=item.name)
        elif not _is_address(item.address) or (
            expected.is_ours is not None and not expected.is_ours(stated.plane, item.address)
        ):
            yield _note(
                "DC-019", "equipment", place, name=item.name, address=item.address, plane=str(stated.plane)
            )
        if not item.certificate and any(word in item.kind + item.name for word in SHIELDS):
            yield _note("DC-016", "equipment", place, name=item.name)


def _terminals(stated: Statements) -> Iterator[Note]:
    if stated.terminals <= 0:
        yield _note("DC-004", "terminals")
    elif stated.terminals > MOST_TERMINALS:
        yield _note("DC-006", "terminals", terminals=str(stated.terminals))
    kinds = stated.kinds.total
    if not kinds:
        yield _note("DC-015", "terminals")
    elif kinds != stated.terminals:
        yield _note("DC-010", "terminals", kinds=str(kinds), terminals=str(stated.terminals))


def _people(stated: Statements) -> Iterator[Note]:
    for code, field in (("DC-013", "responsible"), ("DC-014", "security_officer"), ("DC-007", "contact")):
        name, phone = parted_person(getattr(stated, field))
        if not name and not phone:
            yield _note(code, field)
        elif not phone:
            yield _note("DC-026", field, name=name)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _note(code: str, statement: str, piece: int = -1, /, **facts: str) -> Note:
    return Note(code, statement, required=False, text=NOTES[code], facts=facts, piece=piece)
