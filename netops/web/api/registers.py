"""Registers over the API: the same rounds as `netops register`; a department sees and keeps what is its own."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from netops.core.errors import Missing
from netops.core.language import N_
from netops.core.permission import Deed
from netops.core.plane import Plane
from netops.core.sheet import folded
from netops.registers.entry import Entry, EntryState
from netops.registers.kind import Kind
from netops.rounds import registers as rounds
from netops.rounds.registers import Edit
from netops.web.api.operation import Asked, Call, Nothing, OfPlane, Operation, Page

Why = Annotated[str, Meta(max_length=2000)]
Said = str | int | float | bool | list[str] | None


class RegisterRecord(msgspec.Struct, frozen=True):
    """A register as its file declares it; *kept_by* the authority, nobody else writes in it."""

    kind: str
    title_zh: str
    title_en: str
    duties: tuple[str, ...]
    kept_by: str
    retention: str


class Records(OfPlane, frozen=True):
    """Which records: *organization* by its code; *q*: words that each occur in them; *retired* ones too."""

    organization: str = ""
    q: Annotated[str, Meta(max_length=200)] = ""
    retired: bool = False


class New(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A record to be entered: *values* by field or heading, as people write them."""

    values: Annotated[dict[str, Said], Meta(min_length=1, max_length=200)]
    plane: Plane | None = None
    why: Why = ""


class Mended(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    Fields to be changed; null or "" empties one.

    Args:
        base: the version that was read: what somebody else changed since is told field by field (409). Without it If-Match is
            required.
    """

    values: Annotated[dict[str, Said], Meta(min_length=1, max_length=200)]
    base: Annotated[int, Meta(ge=0)] = 0
    why: Why = ""


class Moved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why it goes out of use, or into use again."""

    why: Annotated[str, Meta(min_length=1, max_length=2000)]


# ---- looking
def registers(call: Call) -> Page[RegisterRecord]:
    """Every register, by name."""
    listed = [
        RegisterRecord(one.kind, one.head.title_zh, one.head.title_en, one.head.duties, one.head.kept_by, one.head.retention)
        for one in rounds.kinds(call.desk).values()
    ]  # fmt: skip
    return call.page(listed, lambda one: one.kind)


def register(call: Call) -> Kind:
    """One register: its fields, what must be true of them."""
    return rounds.kind(call.desk, call.path["kind"][:64])


def records(call: Call) -> Page[Entry]:
    """Records that who asks may see, by number."""
    found, asked = rounds.kind(call.desk, call.path["kind"][:64]), call.query
    whose = call.who.organization or asked.organization
    planes = tuple(one for one in call.desk.planes if one in call.who.planes and asked.plane in (None, one))
    if not planes or asked.organization not in ("", whose):
        return Page([])
    after = int(call.after or 0)
    if asked.q:
        told = rounds.search(call.desk, asked.q, kinds_=(found.kind,), organization=whose, limit=call.limit)
        return Page([_told(call, found, one) for one in told if call.sees(one.plane, one.organization) and one.plane in planes])
    listed = rounds.of(
        call.desk, found.kind, planes=planes, organization=whose, retired=asked.retired, limit=call.limit + 1, after=after
    )
    page = listed[: call.limit]
    told = [_told(call, found, one) for one in page]
    return Page(told, call.cursor(_count(page[-1])) if len(listed) > call.limit else "")


def _count(one: Entry) -> int:
    return int(one.number.rpartition("-")[2])


def _told(call: Call, found: Kind, one: Entry) -> Entry:
    return rounds.told_to(call.who, found, one)


def record(call: Call) -> Entry:
    """One record."""
    return _told(call, *_seen(call))


def _seen(call: Call) -> tuple[Kind, Entry]:
    """The record, if who asks may see it; what may not be seen is not there."""
    number = call.path["number"][:32]
    found = rounds.kind(call.desk, call.path["kind"][:64])
    absent = Missing("there is no record {number}", "", "netops register list {kind}", number=number, kind=found.kind)
    try:
        _kind, one = rounds.one(call.desk, found.kind, number)
    except Missing:
        raise absent from None
    if not call.sees(one.plane, one.organization) or folded(number) != folded(one.number):
        raise absent
    return found, one


# ---- writing
def add(call: Call) -> Entry:
    """Enter a record; a department one of its own."""
    found, asked = rounds.kind(call.desk, call.path["kind"][:64]), call.body
    edit = rounds.edited(
        call.desk, found.kind, "", _texts(asked.values), asked.plane, hints=not call.who.organization
    )
    _require(call, found, edit)
    return rounds.apply(call.desk, edit, asked.why)


def mend(call: Call) -> Entry:
    """Change fields of a record; made from what stands, or told what differs."""
    (found, one), asked = _seen(call), call.body
    call.who.require(_deed(found), one.plane, one.organization)
    if not asked.base:
        call.match(one, required=True)
    edit = rounds.edited(
        call.desk, found.kind, one.number, _texts(asked.values), base=asked.base or one.version, hints=not call.who.organization
    )
    _require(call, found, edit)
    return rounds.apply(call.desk, edit, asked.why) if edit.differences or asked.base not in (0, one.version) else one


def retire(call: Call) -> Entry:
    """Take a record out of use; it is kept for its time."""
    return _moved(call, EntryState.RETIRED)


def restore(call: Call) -> Entry:
    """Take a retired record into use again."""
    return _moved(call, EntryState.STANDING)


def _moved(call: Call, state: EntryState) -> Entry:
    found, one = _seen(call)
    call.who.require(_deed(found), one.plane, one.organization)
    if call.if_match:
        call.match(one)
    verb = "retire" if state is EntryState.RETIRED else "restore"
    return rounds.apply(call.desk, rounds.moved(call.desk, found.kind, one.number, state), call.body.why, verb)


def _deed(found: Kind) -> Deed:
    """What keeping this register is: declaring for oneself, or the authority's part."""
    return Deed.DECLARE if found.head.kept_by == "organization" else Deed.REVIEW


def _require(call: Call, found: Kind, edit: Edit) -> None:
    """Whoever keeps a record may, before and after: nothing is handed to another organization or plane."""
    call.who.require(_deed(found), edit.draft.plane, edit.draft.values["organization"])


def _texts(values: dict[str, Any]) -> dict[str, str]:
    """Values as people write them."""
    return {name: _text(value) for name, value in values.items()}


def _text(value: Said) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(value)
    return str(value)


PATH = "/registers/{kind}/records"
OPERATIONS = (
    Operation("GET", "/registers", "listRegisters", Deed.READ, N_("What is kept, and who keeps it"), registers, RegisterRecord,
              "register", Asked),
    Operation("GET", "/registers/{kind}", "getRegister", Deed.READ, N_("The fields of a register"), register, Kind),
    Operation("GET", PATH, "listRecords", Deed.READ, N_("Records of a register"), records, Entry, "record", Records),
    Operation("POST", PATH, "addRecord", Deed.DECLARE, N_("Enter a record"), add, Entry, "", Nothing, New, 201),
    Operation("GET", f"{PATH}/{{number}}", "getRecord", Deed.READ, N_("One record"), record, Entry),
    Operation("PATCH", f"{PATH}/{{number}}", "mendRecord", Deed.DECLARE, N_("Change fields of a record"), mend, Entry, "",
              Nothing, Mended, wants_match=True),
    Operation("POST", f"{PATH}/{{number}}/retire", "retireRecord", Deed.DECLARE, N_("Take a record out of use"), retire, Entry,
              "", Nothing, Moved),
    Operation("POST", f"{PATH}/{{number}}/restore", "restoreRecord", Deed.DECLARE, N_("Take a record into use again"), restore,
              Entry, "", Nothing, Moved),
)  # fmt: skip
