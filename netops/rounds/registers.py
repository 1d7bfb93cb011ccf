"""The registers at the desk: list, show, enter, change, retire, search, and carry tables."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from netops.core.errors import Faults, Missing, NetopsError, Refused
from netops.core.journal import act
from netops.core.language import _, spoken
from netops.core.permission import Deed, Principal
from netops.core.plane import Plane
from netops.core.sheet import Sheet, folded
from netops.desk import Desk
from netops.registers import entries, intake, transcript
from netops.registers.entry import Difference, Draft, Entry, EntryState, differences
from netops.registers.kind import Kind, load, one_of
from netops.registers.values import Unfit, read, shown
from netops.rounds.register_names import DeskNames


class Summary(msgspec.Struct, frozen=True):
    """One register and how many records it has."""

    kind: str
    title: str
    duties: tuple[str, ...]
    standing: int
    retired: int


class Edit(msgspec.Struct, frozen=True):
    """A change of one record as it would be made: the draft, what stands, and what differs."""

    draft: Draft
    before: Entry | None
    differences: tuple[Difference, ...]


def kinds(desk: Desk) -> dict[str, Kind]:
    """
    Every register that the playbooks declare.

    Raises:
        Faults: a file of them is at fault.
    """
    return load(desk.playbooks)


def kind(desk: Desk, word: str) -> Kind:
    """
    The register of this kind or title.

    Raises:
        Missing: there is none.
    """
    return one_of(kinds(desk), word)


def summaries(desk: Desk) -> list[Summary]:
    """Every register, in the order of articles."""
    counted = entries.counts(desk.store, desk.planes)
    return [
        Summary(
            one.kind, one.title(spoken()), one.head.duties,
            counted.get(one.kind, {}).get(EntryState.STANDING, 0), counted.get(one.kind, {}).get(EntryState.RETIRED, 0),
        )
        for one in kinds(desk).values()
    ]  # fmt: skip


def of(
    desk: Desk, word: str, *, planes: Sequence[Plane] | None = None, organization: str = "",
    where: Mapping[str, str] | None = None, retired: bool = False, limit: int | None = None, offset: int = 0, after: int = 0,
) -> list[Entry]:  # fmt: skip
    """
    Records of a register as they stand, or stood at the desk's time; each argument narrows.

    Args:
        planes: None is every one that is served here.
        where: fields by name or heading, and what they must say.
    """
    found = kind(desk, word)
    names = DeskNames(desk)
    held: dict[str, Any] = {}
    for name, text in (where or {}).items():
        field = found.called(name)
        held[field.name] = _value(found, field.name, text, names)
    return entries.listed(
        desk.store, found.kind, planes=desk.planes if planes is None else planes, organization=code(desk, organization),
        where=held, retired=retired, at=desk.at, limit=limit, offset=offset, after=after,
    )  # fmt: skip


def one(desk: Desk, word: str, number: str) -> tuple[Kind, Entry]:
    """
    A record by its number, or by what it is called when only one is.

    Raises:
        Missing: there is none here.
    """
    found = kind(desk, word)
    try:
        entry = entries.one(desk.store, number, desk.at)
    except Missing:
        called = [one for one in entries.listed(desk.store, found.kind, planes=desk.planes, retired=True, at=desk.at)
                  if folded(one.title) == folded(number)]  # fmt: skip
        if len(called) != 1:
            raise
        entry = called[0]
    if entry.kind != found.kind or entry.plane not in desk.planes:
        raise Missing(
            "there is no record {number}", "", "netops register list {kind}", number=number, kind=found.kind
        )
    return found, entry


def search(
    desk: Desk, text: str, *, kinds_: Sequence[str] = (), organization: str = "", limit: int = 50
) -> list[Entry]:
    """Standing records in which every word of *text* occurs; names of organizations count as words of their records."""
    register = desk.register
    told = [
        {one.code for one in register.organizations
         if any(folded(word) in folded(name) for name in (one.code, one.name_zh, one.name_en) if name)}
        for word in text.split()
    ]  # fmt: skip
    return entries.searching(
        desk.store, text, told, planes=desk.planes, kinds=[kind(desk, one).kind for one in kinds_],
        organization=code(desk, organization), limit=limit,
    )  # fmt: skip


def code(desk: Desk, organization: str) -> str:
    """The code of an organization by any of its names; a code that is not registered any more as it is."""
    if not organization:
        return ""
    try:
        return DeskNames(desk).organization(organization)
    except Unfit:
        return organization


def only_plane(desk: Desk, plane: Plane | None) -> Plane:
    """
    The plane that a new record belongs to: the one that was named, or the only one that is served, else the extranet.

    Raises:
        Refused: it is not served here.
    """
    chosen = plane or (desk.planes[0] if len(desk.planes) == 1 else Plane.EXTRANET)
    if chosen not in desk.planes:
        raise Refused("nothing was changed", "this instance does not serve the {plane}", "", plane=chosen)
    return chosen


# ---- one record
def _value(found: Kind, name: str, text: str, names: DeskNames) -> Any:
    try:
        return read(found.field[name], text, names)
    except Unfit as unfit:
        label = found.field[name].label(spoken())
        raise Faults(
            "the record was not changed",
            [
                f"{label} {'***' if found.field[name].type == 'identity' else text}: {_(unfit.what).format(**unfit.facts)}"
            ],
            _(unfit.mend).format(**unfit.facts),
        ) from None


def edited(
    desk: Desk, word: str, number: str, changes: Mapping[str, str], plane: Plane | None = None, base: int = 0,
    *, hints: bool = True,
) -> Edit:  # fmt: skip
    """
    What entering (*number* "") or changing a record would do; nothing is written.

    Args:
        changes: by field or heading; "" empties a field.
        base: the version that the change was thought of for; 0 is the one that stands.
        hints: faults may name records of others.

    Raises:
        Faults: every value that does not fit, and every required field that is missing, at once.
    """
    names = DeskNames(desk, hints=hints)
    found, before = (kind(desk, word), None) if not number else one(desk, word, number)
    values = dict(before.values) if before else {}
    if before and base and base != before.version:
        said = next((one for one in entries.history(desk.store, before.number) if one.version == base), None)
        values = dict(said.values) if said else values
    faults, mends = [], []
    for name, text in changes.items():
        field = found.called(name)
        try:
            held = read(field, text, names)
        except Unfit as unfit:
            shown_ = "***" if field.type == "identity" else text
            faults.append(f"{field.label(spoken())} {shown_}: {_(unfit.what).format(**unfit.facts)}")
            mends.append(_(unfit.mend).format(**unfit.facts))
            continue
        if held is None or held == []:
            values.pop(field.name, None)
        else:
            values[field.name] = held
    for field in found.fields:
        if field.required and field.name not in values and not faults:
            faults.append(_("{field}: it is missing").format(field=f"{field.label(spoken())} ({field.name})"))
    if faults:
        raise Faults(
            "the record was not changed",
            faults,
            "; ".join(dict.fromkeys(mends)) or "netops register show {kind}",
            kind=found.kind,
        )
    draft = Draft(
        found.kind, before.plane if before else only_plane(desk, plane), values, before.number if before else "",
        base or (before.version if before else 0), before.state if before else EntryState.STANDING,
    )  # fmt: skip
    return Edit(draft, before, tuple(differences(before.values if before else {}, values, found.field)))


def apply(desk: Desk, edit: Edit, why: str = "", verb: str = "") -> Entry:
    """
    Make exactly this change.

    Raises:
        Changed: somebody else changed the record meanwhile.
        Taken: it is there already under another number.
    """
    found = kind(desk, edit.draft.kind)
    with act(desk.store, desk.actor, desk.clock) as acting:
        done = entries.put(
            acting, found, [edit.draft], verb=verb or ("edit" if edit.before else "add"), why=why
        )
    return entries.one(desk.store, done.numbers[0])


def moved(desk: Desk, word: str, number: str, state: EntryState) -> Edit:
    """
    What retiring or restoring a record would do.

    Raises:
        Refused: it is so already.
    """
    _kind, before = one(desk, word, number)
    if before.state is state:
        raise Refused(
            "{number} was not changed", "it is {state} already", "netops register show {kind} {number}",
            number=before.number, state=state, kind=before.kind,
        )  # fmt: skip
    return Edit(
        Draft(before.kind, before.plane, before.values, before.number, before.version, state), before, ()
    )


def referring(desk: Desk, entry: Entry) -> list[Entry]:
    """Standing records of other registers that point at this one."""
    found: list[Entry] = []
    for other in kinds(desk).values():
        for field in other.fields:
            if field.reference == entry.kind:
                found += entries.listed(
                    desk.store, other.kind, planes=desk.planes, where={field.name: entry.number}, limit=20
                )
    return found


# ---- tables in
class Intake(msgspec.Struct, frozen=True):
    """What taking in files would do."""

    kind: Kind
    reading: intake.Reading
    plan: intake.Plan
    source: str


def sheets_of(files: Iterable[tuple[str, bytes]]) -> tuple[list[Sheet], str]:
    """
    The sheets in *files* (names and contents), and what the journal calls them: names with the beginning of their SHA-256.

    Raises:
        NetopsError: one of them is no table that can be read.
    """
    from netops.documents import spreadsheet

    given = list(files)
    source = ", ".join(f"{name} {hashlib.sha256(content).hexdigest()[:16]}" for name, content in given)
    return [sheet for name, content in given for sheet in spreadsheet.read(content, name)], source[:400]


def planned(
    desk: Desk, word: str, sheets: Sequence[Sheet], source: str = "", plane: Plane | None = None
) -> Intake:
    """
    What taking in the tables of *sheets* would do now; nothing is written.

    Raises:
        NetopsError: none is a table of this register.
    """
    found = kind(desk, word)
    others = {
        intake.sheet_name(one.title(language))
        for one in kinds(desk).values() if one.kind != found.kind for language in ("zh", "en")
    } - {intake.sheet_name(found.title("zh")), intake.sheet_name(found.title("en"))}  # fmt: skip
    said = intake.reading(found, sheets, only_plane(desk, plane), DeskNames(desk), others)
    if not said.columns:
        needed = [one.label(spoken()) for one in found.fields if one.required or one.name in found.head.key]
        raise NetopsError(
            "nothing was imported",
            "no sheet has a table of the register {title}: it needs the headings {headings}",
            "netops register form {kind} -o FILE.xlsx writes one with the right headings",
            title=found.title(spoken()),
            headings=", ".join(needed),
            kind=found.kind,
        )
    keys = intake.keys(found, said)
    numbers = {row.number for row in said.rows if row.number}
    standing = entries.by_number(desk.store, sorted(numbers))
    made = intake.plan(
        found,
        said,
        entries.by_key(desk.store, set(keys.values())),
        standing,
        desk.planes,
        entries.at_versions(desk.store, intake.stale(said, standing)),
    )
    return Intake(found, said, made, source)


def planned_all(
    desk: Desk, sheets: Sequence[Sheet], source: str = "", plane: Plane | None = None
) -> list[Intake]:
    """
    What taking in a workbook of several registers would do: each sheet is of the register that it is called after.

    Raises:
        NetopsError: no sheet is called after one.
    """
    made = []
    for one in kinds(desk).values():
        titles = {intake.sheet_name(one.title(language)) for language in ("zh", "en")}
        own = [sheet for sheet in sheets if intake.sheet_name(sheet.name) in titles]
        if own:
            made.append(planned(desk, one.kind, own, source, plane))
    if not made:
        raise NetopsError(
            "nothing was imported",
            "no sheet is called after a register",
            "name the register: netops register import KIND FILE",
        )
    return made


def take_in(desk: Desk, *several: Intake, partial: bool = False, why: str = "") -> tuple[str, ...]:
    """
    Enter and change exactly what the plans show, in one act; the numbers.

    Args:
        partial: the good rows alone, when others are at fault.

    Raises:
        Refused: a row is at fault; or a record was changed, or entered, since the plan was made.
    """
    faults = sum(len(made.plan.faults) for made in several)
    if faults and not partial:
        raise Refused(
            "nothing was imported", "{count} faults stand in the table", "mend them; or --partial imports the good rows alone",
            count=faults,
        )  # fmt: skip
    numbers: list[str] = []
    with act(desk.store, desk.actor, desk.clock) as acting:
        for made in several:
            if drafts := [*(one.draft for one in made.plan.changed), *made.plan.added]:
                done = entries.put(acting, made.kind, drafts, verb="import", why=why, source=made.source)
                numbers += done.numbers
    return tuple(numbers)


# ---- tables out
def as_csv(
    desk: Desk, found: Kind, listed: Iterable[Entry], *, mark: bool = False, encoding: str = "utf-8"
) -> bytes:
    """
    Records as CSV with headings in the language in use.

    Args:
        mark: begin UTF-8 with the mark by which Excel knows it.
    """
    from netops.core.sheet import guarded

    text = io.StringIO()
    table = csv.writer(text, lineterminator="\r\n")
    table.writerow(transcript.heads(found, spoken()))
    for row in transcript.cells(found, listed, spoken(), DeskNames(desk)):
        table.writerow([guarded(cell) if isinstance(cell, str) and cell[:1] != "'" else cell for cell in row])
    return text.getvalue().encode("utf-8-sig" if mark and encoding == "utf-8" else encoding)


def as_xlsx(desk: Desk, tables: Sequence[tuple[Kind, Iterable[Entry]]]) -> bytes:
    """Records as a workbook with headings in the language in use: a sheet for each register."""
    from netops.documents import xlsx

    names = DeskNames(desk)
    sheets = [
        xlsx.Sheet(
            found.title(spoken()),
            [xlsx.Column(head) for head in transcript.heads(found, spoken())],
            transcript.cells(found, listed, spoken(), names),
            ruled=False,
        )
        for found, listed in tables
    ]
    return xlsx.render(sheets, sheets[0].name, desk.clock())


def told(desk: Desk, found: Kind, entry: Entry, names: DeskNames) -> list[tuple[str, str]]:
    """Label and value of every field that says something, in the language in use."""
    listed = []
    for field in found.fields:
        if (text := shown(field, entry.values.get(field.name), spoken(), names)) != "":
            unit = field.unit(spoken())
            listed.append((field.label(spoken()), f"{text} {unit}".strip()))
    return listed


def told_to(who: Principal, found: Kind, one: Entry) -> Entry:
    """The record as somebody may read it: without what is about persons where that is not theirs to see."""
    if who.may(Deed.READ_PERSONAL, one.plane, one.organization):
        return one
    values = {name: value for name, value in one.values.items() if name in found.field and not found.field[name].personal}
    title = one.title if not found.field[found.head.name].personal else one.number
    return msgspec.structs.replace(one, values=values, title=title)
