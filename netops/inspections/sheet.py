"""A checklist as a table that people fill in (检查表格): its columns, and what the cells say when it comes back. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from netops.core.language import N_
from netops.core.sheet import Formula, Heading, Place, Sheet, Table, Value, find, plain, text_of
from netops.inspections.answer import RESULTS_ZH, Result
from netops.inspections.field import Given
from netops.inspections.inspection import Inspection, Party

HEADINGS = (
    Heading("mark", "检查编号", "inspection"),
    Heading("item", "编号", "item", ("检查项编号",)),
    Heading("question", "检查项", "question"),
    Heading("cited", "依据", "basis"),
    Heading("machine", "自动检查", "machine"),
    Heading("why", "自动检查说明", "why the machine says so"),
    Heading("inspector", "检查人意见", "inspector's answer"),
    Heading("inspector_note", "检查人说明", "what the inspector saw"),
    Heading("department", "单位意见", "the body's answer"),
    Heading("department_note", "单位说明", "what the body says to it"),
)
ASKED = (("mark",), ("item",), ("inspector", "department"))
"""What a sheet must have to be one of ours."""
PARTIES = (Party.INSPECTOR, Party.DEPARTMENT)
MARK = re.compile(r"(IS-\d{4}-\d{1,8})\D+(\d{1,9})")
"""The number of the inspection, and how many answers it had when the sheet was written."""
WORDS: Mapping[str, Result] = {zh: result for result, zh in RESULTS_ZH.items()} | {str(result): result for result in Result}


class Row(msgspec.Struct, frozen=True):
    """One answer of a sheet, and where it stands."""

    inspection: str
    since: int
    given: Given
    place: Place


class Fault(msgspec.Struct, frozen=True):
    """A cell that cannot be taken: *what* is an English message id with *facts*."""

    place: Place
    what: str
    facts: dict[str, str] = {}


def mark(inspection: Inspection) -> str:
    """What ties a row to its inspection, and to the answers that were there."""
    return f"{inspection.number} · {len(inspection.answers)}"


def tables(sheets: Iterable[Sheet]) -> list[Table]:
    """The sheets that are checklists of ours."""
    return [table for one in sheets if (table := find(one, HEADINGS, ASKED)) is not None]


def read(table: Table) -> tuple[list[Row], list[Fault]]:
    """Every answer that a sheet gives, and every cell that cannot be taken; an empty cell is no answer."""
    rows: list[Row] = []
    faults: list[Fault] = []
    for record in table.records():
        tied = MARK.fullmatch(plain(record.said.get("mark")))
        item = plain(record.said.get("item"))
        if tied is None or not item:
            if any(plain(record.said.get(party)) for party in PARTIES):
                place = table.place(record.row, "mark", "item")
                faults.append(Fault(place, N_("the row does not say which item of which inspection it answers")))
            continue
        for party in PARTIES:
            given = _given(table, record.row, record.said, party, item)
            if isinstance(given, Fault):
                faults.append(given)
            elif given is not None:
                rows.append(Row(tied[1], int(tied[2]), given, table.place(record.row, party)))
    return rows, faults


def _given(table: Table, row: int, said: Mapping[str, Value], party: Party, item: str) -> Given | Fault | None:
    answer, note = said.get(party), said.get(f"{party}_note")
    place = table.place(row, party, f"{party}_note")
    if isinstance(answer, Formula) or isinstance(note, Formula):
        return Fault(place, N_("it is a formula"))
    word = plain(answer).replace(" ", "")
    if not word:
        return Fault(place, N_("there is a remark without an answer")) if text_of(note) else None
    if word not in WORDS:
        return Fault(place, N_("{value} is none of {known}"), {"value": word[:40], "known": "、".join(RESULTS_ZH.values())})
    return Given(item, party, WORDS[word], text_of(note))


def twice(rows: Iterable[Row]) -> Iterator[Row]:
    """Answers of one party to one item that are given again, otherwise than before."""
    seen: dict[tuple[str, str, Party], Given] = {}
    for one in rows:
        key = (one.inspection, one.given.item, one.given.party)
        if seen.setdefault(key, one.given) != one.given:
            yield one
