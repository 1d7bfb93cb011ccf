"""A form in boxes (标签、内容), as offices draw it: labels are found wherever they stand, each with its content. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

import msgspec

from netops.core.sheet import Merged, Place, Sheet, Value, is_empty, spelled, vocabulary
from netops.declarations.fields import FIELDS, PHONES

MOST_ROWS, MOST_COLUMNS = 400, 60
"""Where labels are looked for: a form is no larger."""
WORDS = {word: name for word, (name, _) in vocabulary([one.heading for one in FIELDS]).items()}
TELEPHONE = "phone"
WORDS |= {spelled(word): TELEPHONE for word in PHONES}
PEOPLE = ("responsible", "security_officer", "contact")
NUMBERED = re.compile(r"^(?:[一二三四五六七八九十]+[、.．]|[（(][一二三四五六七八九十]+[)）]|\d+[、.．])\s*")
AMONG = re.compile(r"^\s*其中\s*[：:，,]?\s*")
PAIR = re.compile(r"([^\s：:，,；;（(]{1,16})\s*[：:]\s*([^\s：:，,；;）)]+)")
"""One of several labels in a cell: 有线：100 台，无线：20 台."""
INLINE = re.compile(r"\s*([^：:]{1,24})[：:]\s*(\S.*)", re.DOTALL)


class Said(msgspec.Struct, frozen=True):
    """What stands beside a label, and where; the place of an empty one is where it should stand."""

    field: str
    value: Value
    place: Place


def label(value: Value) -> str:
    """The field that a cell names, or ""."""
    if not isinstance(value, str) or len(value) > 60:
        return ""
    bare = AMONG.sub("", NUMBERED.sub("", value.strip()))
    return WORDS.get(spelled(value)) or WORDS.get(spelled(bare)) or ""


def read(sheet: Sheet, without: Collection[int] = ()) -> list[Said]:
    """
    Every label of a sheet with what it says, in the order of reading; telephones under the person before them.

    Args:
        without: rows of tables, from 0, which are no part of the form.
    """
    found: list[Said] = []
    person = ""
    for one in _labels(sheet, frozenset(without)):
        if one.field in PEOPLE:
            person = one.field
        if one.field != TELEPHONE:
            found.append(one)
        elif person:
            found.append(msgspec.structs.replace(one, field=f"{person}_phone"))
    return found


def _labels(sheet: Sheet, without: frozenset[int]) -> Iterator[Said]:
    ends = {(one.top, one.left): one for one in sheet.merged}
    for row, cells in enumerate(sheet.rows[:MOST_ROWS]):
        if row in without:
            continue
        filled = [value for value in cells[:MOST_COLUMNS] if not is_empty(value)]
        is_head = len(filled) > 1 and all(label(value) for value in filled)
        for column, value in enumerate(cells[:MOST_COLUMNS]):
            name = label(value)
            if name:
                yield _beside(sheet, row, column, name, ends.get((row, column)), is_head=is_head)
            elif isinstance(value, str) and len(several := _pairs(value)) > 1:
                yield from (Said(each, text, sheet.place(row, column)) for each, text in several)
            elif isinstance(value, str) and (found := INLINE.fullmatch(value)) and (name := label(found[1])):
                yield Said(name, found[2], sheet.place(row, column))


def _pairs(value: str) -> list[tuple[str, str]]:
    """Fields with what they say, where a cell holds several; [] unless all of its words before a colon are labels."""
    found = [(label(word), text) for word, text in PAIR.findall(AMONG.sub("", value))]
    return found if all(name for name, _text in found) else []


def _beside(sheet: Sheet, row: int, column: int, name: str, merged: Merged | None, *, is_head: bool) -> Said:
    """What stands to the right of a label, or below it in a row that has nothing but labels."""
    cells = sheet.rows[row]
    first = (merged.right if merged else column) + 1
    below = (merged.bottom if merged else row) + 1
    if is_head and below < len(sheet.rows) and column < len(sheet.rows[below]):
        value = sheet.rows[below][column]
        if not is_empty(value) and not label(value):
            return Said(name, value, sheet.place(below, column))
    for place in range(first, min(len(cells), MOST_COLUMNS)):
        if is_empty(cells[place]):
            continue
        if label(cells[place]):
            break
        return Said(name, cells[place], sheet.place(row, place))
    return Said(name, None, sheet.place(row, first))
