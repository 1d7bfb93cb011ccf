"""Checklists as workbooks and CSV for filling in, and what comes back: shown first, put beside what stands, never over it."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Sequence
from pathlib import Path

import msgspec

from netops.core.clock import city_time
from netops.core.errors import Faults, NetopsError, Refused
from netops.core.journal import act
from netops.core.language import N_, _, spoken
from netops.core.sheet import guarded
from netops.desk import Desk
from netops.documents import spreadsheet, xlsx_form
from netops.documents.xlsx_form import Cell, Column, Sheet
from netops.inspections import archive, field, sheet
from netops.inspections.answer import RESULTS_ZH, Result
from netops.inspections.archive import MAX_NOTE
from netops.inspections.field import Conflict, Given
from netops.inspections.inspection import Inspection, Party, said
from netops.inspections.item import Item
from netops.inspections.sheet import HEADINGS, Fault, Row
from netops.rounds.declaration_words import name_of

WIDTHS = (17.0, 10.0, 34.0, 15.0, 10.0, 30.0, 12.0, 26.0, 12.0, 26.0)
LOCKED = Cell(locked=True)


# ---- out
def workbook(desk: Desk, numbers: Sequence[str], *, one_sheet: bool = False) -> bytes:
    """
    Inspections as a workbook to fill in: a sheet for each, or one for all; what is there stands in it, and is locked.

    Raises:
        Missing: there is no such inspection.
    """
    several = [archive.one(desk.store, number) for number in numbers]
    title = _("Inspection checklist")
    if one_sheet:
        pages = [_page(desk, _("inspection checklists"), title, several)]
    else:
        pages = [_page(desk, _named(desk, one), f"{name_of(desk, one.organization)} {title}", [one]) for one in several]
    return xlsx_form.render([*pages, _guide()], title, desk.clock())


def _named(desk: Desk, one: Inspection) -> str:
    """Name of a sheet: a workbook allows each once, and few characters."""
    return f"{one.number[3:]} {name_of(desk, one.organization)}"[:28].translate(dict.fromkeys(map(ord, "[]:*?/\\'"), "_"))


def _page(desk: Desk, name: str, title: str, several: Sequence[Inspection]) -> Sheet:
    words = tuple(RESULTS_ZH.values()) if spoken() == "zh" else tuple(map(str, Result))
    answer = Cell("choice", words, prompt=_("What is true of the item; what could not be seen is unchecked."))
    note = Cell("text", prompt=_("What was seen; required where it contradicts the machine."))
    cells = {"inspector": answer, "department": answer, "inspector_note": note, "department_note": note}
    columns = tuple(
        Column(one.zh if spoken() == "zh" else one.en, width, cells.get(one.name, LOCKED))
        for one, width in zip(HEADINGS, WIDTHS, strict=True)
    )
    remarks = [
        "　".join((one.number, name_of(desk, one.organization), f"{one.catalogue.title} {one.catalogue.head.version}",
                  "、".join(one.inspectors)))
        for one in several[:10]
    ]  # fmt: skip
    rows = tuple(tuple(values) for one in several for values in _rows(one))
    notes = (
        _("The three answers stand side by side; what comes back is put beside what stands, and overwrites nothing."),
        _("written at {at}").format(at=city_time(desk.clock())),
    )
    return Sheet(name, title, tuple(remarks), columns=columns, rows=rows, notes=notes, landscape=True, kept=3)


def _guide() -> Sheet:
    rows = (
        (_("where to write"), _("Only in the light cells: the answer is chosen from the list, the remark is free text.")),
        (_("an empty cell"), _("is no answer: what stands already stays.")),
        (_("the first column"), _("ties each row to its inspection: rows may be sorted or deleted, not changed.")),
        (_("when it comes back"), "netops inspect import FILE.xlsx"),
    )
    return xlsx_form.guide((_("what"), _("how")), rows)


def _rows(one: Inspection) -> list[list[str]]:
    return [_row(one, item) for item in one.catalogue.items if one.result(item) is not Result.NOT_APPLICABLE]


def _row(one: Inspection, item: Item) -> list[str]:
    machine = one.by(item, Party.MACHINE) if item.check else None
    row = [sheet.mark(one), item.id, item.question, one.catalogue.cited(item),
           _word(machine.judgement.result) if machine else _("a person answers"), said(machine)]  # fmt: skip
    for party in sheet.PARTIES:
        answer = one.by(item, party)
        row += [_word(answer.judgement.result), answer.note] if answer else ["", ""]
    return row


def _word(result: Result) -> str:
    return RESULTS_ZH[result] if spoken() == "zh" else str(result)


def table(desk: Desk, numbers: Sequence[str]) -> bytes:
    """The same rows as CSV in UTF-8 with a mark, as spreadsheets expect it; no cell is a formula."""
    made = io.StringIO(newline="")
    writer = csv.writer(made)
    writer.writerow([one.zh if spoken() == "zh" else one.en for one in HEADINGS])
    for number in numbers:
        writer.writerows([guarded(text) for text in row] for row in _rows(archive.one(desk.store, number)))
    return made.getvalue().encode("utf-8-sig")


# ---- back
class Filled(msgspec.Struct, frozen=True):
    """
    What the sheets would bring into one inspection.

    Args:
        added: answers that would be put beside what stands; *repeated*: how many stand already, word for word.
        conflicts: answers that are left out unless their item is named to be taken.
    """

    inspection: str
    added: tuple[Given, ...]
    repeated: int
    conflicts: tuple[Conflict, ...]
    taken: tuple[str, ...]

    @property
    def left(self) -> list[Conflict]:
        """Conflicts that stay out."""
        return [one for one in self.conflicts if one.item not in self.taken]


def plan(desk: Desk, files: Sequence[Path], take: Collection[str] = ()) -> list[Filled]:
    """
    What filled sheets would do; nothing is written.

    Args:
        take: items whose answer from the sheet is put in although the same party said otherwise meanwhile.

    Raises:
        Faults: cells that cannot be taken, each with its place: then nothing is.
        NetopsError: a file cannot be read, or holds no checklist.
    """
    rows, faults = _read(files)
    faults += [Fault(one.place, N_("the same item is answered twice, and differently")) for one in sheet.twice(rows)]
    by: dict[str, list[Row]] = {}
    for row in rows:
        by.setdefault(row.inspection, []).append(row)
    known = {one.number: one for one in archive.listed(desk.store)}
    made = []
    for number, mine in sorted(by.items()):
        if number not in known:
            faults.append(Fault(mine[0].place, N_("there is no inspection {number}"), {"number": number}))
            continue
        faults += [fault for row in mine if (fault := _unfit(known[number], row))]
        made.append(_filled(known[number], mine, take))
    if faults:
        raise Faults(
            "nothing was imported", [f"{one.place}: {_(one.what).format(**one.facts)}" for one in faults],
            "mend these cells, and import the file again",
        )  # fmt: skip
    return made


def _read(files: Sequence[Path]) -> tuple[list[Row], list[Fault]]:
    rows: list[Row] = []
    faults: list[Fault] = []
    for path in files:
        try:
            content = path.read_bytes()
        except OSError as error:
            raise NetopsError("{file} was not read", "{why}", "name a filled sheet", file=path, why=error.strerror) from error
        found = sheet.tables(spreadsheet.read(content, path.name))
        if not found:
            raise NetopsError(
                "{file} was not read", "it holds no checklist", "fill in a sheet of netops inspect export -o FILE.xlsx",
                file=path,
            )  # fmt: skip
        for one in found:
            given, wrong = sheet.read(one)
            rows += given
            faults += wrong
    return rows, faults


def _unfit(inspection: Inspection, row: Row) -> Fault | None:
    """Why an answer cannot be put in, or None; the rules of a person's answer, before anything is written."""
    given = row.given
    item = inspection.item(given.item)
    if item is None:
        return Fault(row.place, N_("{number} has no item {item}"), {"number": inspection.number, "item": given.item})
    if row.since > len(inspection.answers):
        return Fault(row.place, N_("the sheet is another store's: it knows more answers than there are"))
    if len(given.note) > MAX_NOTE:
        return Fault(row.place, N_("the note has {length} characters; {most} are kept"),
                     {"length": str(len(given.note)), "most": str(MAX_NOTE)})  # fmt: skip
    machine, before = inspection.by(item, Party.MACHINE), inspection.by(item, given.party)
    stands = before is not None and (before.judgement.result, before.note) == (given.answer, given.note)
    differs = machine is not None and machine.judgement.result not in (given.answer, Result.UNCHECKED)
    if differs and not given.note and not stands and machine:
        return Fault(row.place, N_("it contradicts the machine, which says {result}, without a reason"),
                     {"result": _(machine.judgement.result)})  # fmt: skip
    return None


def _filled(inspection: Inspection, rows: Sequence[Row], take: Collection[str]) -> Filled:
    answers = [row.given for row in rows]
    same = field.repeated(inspection, answers)
    found = [
        one for since in sorted({row.since for row in rows})
        for one in field.conflicts(inspection, (row.given for row in rows if row.since == since), since)
    ]  # fmt: skip
    left = {(one.item, one.party) for one in found if one.item not in take}
    added = dict.fromkeys(one for one in answers if (one.item, one.party) not in same | left)
    taken = tuple(dict.fromkeys(one.item for one in found if one.item in take))
    return Filled(inspection.number, tuple(added), len(same), tuple(found), taken)


def apply(desk: Desk, files: Sequence[Path], made: Sequence[Filled], take: Collection[str] = ()) -> None:
    """
    Put the answers of a plan beside what stands, all in one act.

    Raises:
        Refused: something changed since the plan was shown.
    """
    if plan(desk, files, take) != list(made):
        raise Refused("nothing was imported", "something changed since the plan was shown", "import it again")
    if not any(one.added for one in made):
        return
    with act(desk.store, desk.actor, desk.clock) as acting:
        for one in made:
            inspection = archive.one(desk.store, one.inspection)
            people = "、".join(inspection.inspectors) or desk.actor
            for given in one.added:
                by = people if given.party is Party.INSPECTOR else desk.register.name(inspection.organization)
                archive.fill(acting, inspection, given.item, given.party, given.answer, given.note, by=by)
            acting.record(
                "inspect import", one.inspection,
                after={"files": [path.name for path in files], "answers": len(one.added), "repeated": one.repeated,
                       "left": [each.item for each in one.left], "taken": one.taken},
            )  # fmt: skip
