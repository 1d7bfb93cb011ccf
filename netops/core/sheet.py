"""A sheet (表格) as it was read, and the table in it: headings found where offices put them, every cell with its place. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cached_property

import msgspec

from netops.core.dates import iso_of

SEARCHED = 40
"""Rows from the top in which a heading row is looked for: titles and remarks stand above it."""
FORMULA = "=+-@\t\r"
"""What a spreadsheet program takes for the beginning of a formula (OWASP, CSV injection)."""
GUARDED = re.compile(f"'*[{re.escape(FORMULA)}]")
BARE = re.compile(r"[\s:：*＊_.\-]+|[(（\[【][^)）\]】]*[)）\]】]")
"""What a heading may have besides its words: blanks, colons, stars, remarks in brackets such as （必填）."""
SUM = re.compile(
    r"(?i)(?:本页|本表|总)?(?:合\s*计|小\s*计|总\s*计|共\s*计|累\s*计)(?:\s*[:：\d].*)?|(?:sub|grand)?[ -]?totals?(?:\s*[:\d].*)?"
)
"""What begins a row that sums up the ones above."""
SIGNED = re.compile(
    r"(?i)(?:填表|填报|填写|制表|制单|审核|复核|审批|批准|负责|经办|联系|登记|录入|主管|分管)[^:]{0,8}:|(?:注|备注|附注|说明)\d?\s*:"
    r"|(?:prepared|compiled|checked|approved|signed)(?: by)?\s*:|(?:notes?|remarks?)\s*:"
)
"""What begins a row below a table that says who made it, or what must be known of it."""
NUMBERS = frozenset({"序号", "编号", "no", "#", "sn", "行号"})
"""Headings of a running number."""
DOTTED = re.compile(r"\d+\.\d+\.\d+|[0-9a-fA-F]*:[0-9a-fA-F]*:")
"""What looks like an address, whatever is wrong with it."""
SERIALS = (20_000, 80_000)
"""Day numbers that are believed to be dates: 1954 to 2119, counted from 1899-12-30 as spreadsheets do."""


CHOICES = "_choices"
"""Name of the hidden sheet of a form that its drop-downs take their words from."""
GUIDES = ("填表说明", "how to fill it in")
"""Names of the sheet of a form that tells how it is filled in."""
BESIDE = (CHOICES, *GUIDES)
"""Sheets of our forms that hold nothing somebody filled in."""


class Formula(msgspec.Struct, frozen=True):
    """A cell that holds a formula: its text. It is never computed, and what a program computed is not believed."""

    text: str


Value = str | int | float | bool | date | datetime | Formula | None
"""What a cell holds; None and "" are empty."""


class Place(msgspec.Struct, frozen=True, order=True):
    """
    Where a value stands.

    Args:
        line: from 1, as the file or the spreadsheet counts.
        cell: such as "C7", or "" where lines are all there is.
    """

    file: str
    sheet: str
    line: int
    cell: str = ""

    def under(self, mark: str) -> Place:
        """The place in the same row under another heading, by its mark (`Table.marks`)."""
        if self.cell.startswith("["):
            return Place(self.file, self.sheet, self.line, f"[{self.line - 1}]{mark}")
        return Place(self.file, self.sheet, self.line, f"{mark}{self.line}" if mark else "")

    def __str__(self) -> str:
        """As people look for it: "a.xlsx Sheet1!C7", "a.csv:7", "a.json results[3].address"."""
        if self.cell.startswith("["):
            return f"{self.file} {self.sheet}{self.cell}"
        if self.cell:
            return f"{self.file} {self.sheet}!{self.cell}"
        return f"{self.file} {self.sheet}:{self.line}" if self.sheet else f"{self.file}:{self.line}"


class Merged(msgspec.Struct, frozen=True):
    """Cells that are one: rows *top* to *bottom*, columns *left* to *right*, from 0, all inside."""

    top: int
    left: int
    bottom: int
    right: int


class Sheet(msgspec.Struct, frozen=True):
    """
    Rows of cells.

    Args:
        name: of the sheet; "" for a text file; the path of the list in a JSON file.
        lines: the line of each row where rows may take several lines (CSV); else row *n* is line *n + 1*.
        listed: True for the items of a JSON file, whose first row holds the keys.
        hidden: True for one that a spreadsheet program does not show; *hides_rows* for one with rows out of sight.
    """

    file: str
    name: str
    rows: Sequence[Sequence[Value]]
    merged: tuple[Merged, ...] = ()
    lines: Sequence[int] = ()
    listed: bool = False
    hidden: bool = False
    hides_rows: bool = False

    def place(self, row: int, column: int | None = None) -> Place:
        """The place of a row, or of one cell in it; both from 0."""
        if self.listed:
            key = "" if column is None else f".{self.rows[0][column]}"
            return Place(self.file, self.name, row, f"[{row - 1}]{key}")
        line = self.lines[row] if self.lines else row + 1
        cell = f"{letters(column)}{line}" if column is not None and self.name else ""
        return Place(self.file, self.name, line, cell)


class Heading(msgspec.Struct, frozen=True):
    """
    One column that is understood.

    Args:
        name: what the program calls it.
        zh, en: what stands at its head in a sheet that is written.
        synonyms: other words for it, the best first, then its own: of two columns that match, the better word wins.
    """

    name: str
    zh: str
    en: str
    synonyms: tuple[str, ...] = ()


class Record(msgspec.Struct, frozen=True):
    """One row under the headings: *said* holds a value for every column that was found; *row* from 0."""

    row: int
    said: Mapping[str, Value]


class Table(msgspec.Struct, frozen=True, dict=True):
    """
    The table of a sheet.

    Args:
        columns: by name of a heading, its column from 0.
        heads: by name of a heading, the words that stand there.
        start: first row below the headings.
        others: headings of columns that are not understood; a running number (序号) is none of them.
        repeated: rows further down that only say the headings again.
    """

    sheet: Sheet
    columns: Mapping[str, int]
    heads: Mapping[str, str]
    start: int
    repeated: frozenset[int]
    others: tuple[str, ...] = ()

    def place(self, row: int, *names: str) -> Place:
        """The place of a row, or of its cell under the first of these headings that there is."""
        return self.sheet.place(
            row, next((self.columns[name] for name in names if name in self.columns), None)
        )

    @cached_property
    def marks(self) -> Mapping[str, str]:
        """By name of a heading, what the place of a cell under it ends with: the letters of its column, or its key."""
        if self.sheet.listed:
            return {name: f".{self.sheet.rows[0][column]}" for name, column in self.columns.items()}
        return {name: letters(column) if self.sheet.name else "" for name, column in self.columns.items()}

    def records(self, filled: Collection[str] = ()) -> Iterator[Record]:
        """
        Every row with something under one of the headings, in order; sums and lines across the whole table are none.

        Args:
            filled: headings under which a cell merged over several rows speaks for each of them.
        """
        columns = tuple(self.columns.items())
        spread = {self.columns[name] for name in filled if name in self.columns}
        below = _below(self.sheet, spread, self.start) if spread else {}
        across = self._across()
        for row in range(self.start, len(self.sheet.rows)):
            if row in self.repeated:
                continue
            cells = self.sheet.rows[row]
            width = len(cells)
            said = {name: cells[place] if place < width else None for name, place in columns}
            if all(is_empty(value) for value in said.values()) or _is_beside(cells) or row in across:
                continue
            for name, place in columns if below else ():
                if (row, place) in below and is_empty(said[name]):
                    said[name] = below[row, place]
            yield Record(row, said)


    def _across(self) -> set[int]:
        """Rows that are one cell over every column: a heading in between, a remark, a signature; never an address."""
        ends = min(self.columns.values()), max(self.columns.values())
        found = set()
        for one in self.sheet.merged:
            if ends[0] < ends[1] and one.left <= ends[0] and ends[1] <= one.right and one.top < len(self.sheet.rows):
                cells = self.sheet.rows[one.top]
                if not DOTTED.search(plain(cells[one.left] if one.left < len(cells) else None)):
                    found |= set(range(one.top, min(one.bottom, one.top + SEARCHED) + 1))
        return found


def _is_beside(cells: Sequence[Value]) -> bool:
    """Whether the first thing that a row says is that it sums up, or who made the table: nothing that it lists."""
    first = next((value for value in cells if not is_empty(value)), None)
    if not isinstance(first, str) or first[:1].isdigit():
        return False
    text = plain(first)
    if SUM.fullmatch(text):
        return True
    return SIGNED.match(text) is not None and not any(DOTTED.search(plain(value)) for value in cells)


# ---- finding the table
def find(sheet: Sheet, headings: Sequence[Heading], wanted: Sequence[Collection[str]]) -> Table | None:
    """
    The table whose headings stand in one row, or in two where groups of columns share a head.

    Args:
        wanted: groups of names; of each group one at least must be there.

    Returns:
        None when no row among the first says so; otherwise the row that says most, the highest of equals.
    """
    words = vocabulary(headings)
    best: tuple[int, int, dict[str, tuple[int, int, str]], int] | None = None
    for row in range(min(len(sheet.rows), 1 if sheet.listed else SEARCHED)):
        for deep in (1,) if sheet.listed else (1, 2):
            found = _heads(sheet, row, deep, words)
            if not all(any(name in found for name in group) for group in wanted):
                continue
            if best is None or len(found) > best[0]:
                best = (len(found), row, found, row + deep)
    if best is None:
        return None
    _, row, found, start = best
    columns = {name: place for name, (_, place, _) in found.items()}
    heads = {name: text for name, (_, _, text) in found.items()}
    says = [said for cells in sheet.rows[row:start] if (said := _said(cells, columns.values()))]
    repeated = frozenset(
        place
        for place in range(start, len(sheet.rows))
        if any(_says(sheet.rows[place], said) for said in says)
    )
    return Table(sheet, columns, heads, start, repeated, tuple(_others(sheet, row, start, columns.values())))


def _others(sheet: Sheet, row: int, start: int, columns: Collection[int]) -> Iterator[str]:
    """Words at the head of columns that are none of *columns*: the lowest of each, as it is written."""
    rows = sheet.rows[row:start]
    wide = [one for one in sheet.merged if row <= one.top < start and one.right > one.left]
    spread = {place for one in wide for place in range(one.left, min(one.right, one.left + 256) + 1)}
    for place in range(max(map(len, rows), default=0)):
        said = [text_of(cells[place]) for cells in rows if place < len(cells) and not is_empty(cells[place])]
        if place in columns or not said or spelled(said[-1]) in NUMBERS or (place in spread and len(said) < len(rows)):
            continue
        yield said[-1][:40]


def vocabulary(headings: Sequence[Heading]) -> dict[str, tuple[str, int]]:
    """Every word for a heading, spelled plainly: its name, and how good a word it is (0 best)."""
    words: dict[str, tuple[str, int]] = {}
    for heading in headings:
        for rank, word in enumerate((*heading.synonyms, heading.name, heading.zh, heading.en)):
            words.setdefault(spelled(word), (heading.name, rank))
    return words


def spelled(value: Value) -> str:
    """A heading without what does not matter: case, width, blanks, stars, remarks in brackets."""
    return BARE.sub("", unicodedata.normalize("NFKC", value).casefold()) if isinstance(value, str) else ""


def _heads(
    sheet: Sheet, row: int, deep: int, words: Mapping[str, tuple[str, int]]
) -> dict[str, tuple[int, int, str]]:
    """Name of each heading in this row (and the one below): how good the word is, its column, the words."""
    rows = sheet.rows[row : row + deep]
    if len(rows) < deep:
        return {}
    over = _over(sheet, row) if deep == 2 else {}
    found: dict[str, tuple[int, int, str]] = {}
    for place in range(max(map(len, rows), default=0)):
        texts = [
            str(one[place]).strip() if place < len(one) and isinstance(one[place], str) else ""
            for one in rows
        ]
        if deep == 2:
            texts = [texts[0] or over.get(place, ""), texts[1]]
        for text in dict.fromkeys(("".join(texts), texts[-1], *([texts[0]] if not texts[-1] else ()))):
            if text and (known := words.get(spelled(text))):
                name, rank = known
                if name not in found or rank < found[name][0]:
                    found[name] = (rank, place, text)
                break
    return found


def _over(sheet: Sheet, row: int) -> dict[int, str]:
    """By column, the words of a cell of this row that is merged to the right."""
    said: dict[int, str] = {}
    for one in sheet.merged:
        if one.top <= row <= one.bottom and one.right > one.left and one.top < len(sheet.rows):
            cells = sheet.rows[one.top]
            value = cells[one.left] if one.left < len(cells) else None
            if isinstance(value, str):
                said |= dict.fromkeys(range(one.left, min(one.right, one.left + 256) + 1), value.strip())
    return said


def _said(cells: Sequence[Value], columns: Collection[int]) -> list[tuple[int, str]]:
    """By column, what a heading row says there."""
    return [(place, word) for place in columns if place < len(cells) and (word := spelled(cells[place]))]


def _says(cells: Sequence[Value], says: Sequence[tuple[int, str]]) -> bool:
    return all(place < len(cells) and spelled(cells[place]) == text for place, text in says)


def _below(sheet: Sheet, columns: Collection[int], start: int) -> dict[tuple[int, int], Value]:
    """By row and column, what a cell says that is merged downwards; its own row is left out."""
    found: dict[tuple[int, int], Value] = {}
    for one in sheet.merged:
        if one.top < start or one.top >= len(sheet.rows) or one.bottom == one.top or one.left not in columns:
            continue
        cells = sheet.rows[one.top]
        value = cells[one.left] if one.left < len(cells) else None
        if not is_empty(value):
            last = min(one.bottom, len(sheet.rows) - 1)
            found |= {(row, one.left): value for row in range(one.top + 1, last + 1)}
    return found


# ---- what a cell says
def is_empty(value: Value) -> bool:
    """Whether a cell says nothing."""
    return value is None or (isinstance(value, str) and not value.strip())


def text_of(value: Value) -> str:
    """What a cell says as text, without blanks around; a whole number has no point."""
    if isinstance(value, str):
        return (unguarded(value) if value[:1] == "'" else value).strip()
    match value:
        case None:
            return ""
        case bool():
            return str(value).upper()
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        case datetime():
            return value.isoformat(" ") if value.time() != datetime.min.time() else value.date().isoformat()
        case date():
            return value.isoformat()
        case Formula():
            return value.text
    return str(value)


def plain(value: Value) -> str:
    """As `text_of`, full-width forms made plain (NFKC): for codes, numbers and addresses, not for sentences."""
    text = "" if value is None or value == "" else text_of(value)
    return text if text.isascii() else unicodedata.normalize("NFKC", text).strip()


def folded(text: str) -> str:
    """A name as names are compared: whatever its width, case and blanks."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


BRACKETS = str.maketrans("[]()【】〖〗{}", "〔〕〔〕〔〕〔〕〔〕")


def numbered(text: str) -> str:
    """A document's number as numbers are compared: as `folded`, whatever brackets stand around its year (GB/T 9704 has 〔〕)."""
    return folded(text).translate(BRACKETS)


def day_of(value: Value) -> date:
    """
    The day that a cell says: a date, a day number, or text as `netops.core.dates.iso_of` reads it.

    Raises:
        ValueError: it says no day.
    """
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    text = plain(value)
    if re.fullmatch(r"\d{5}(\.\d+)?", text) and SERIALS[0] <= float(text) <= SERIALS[1]:
        return date(1899, 12, 30) + timedelta(days=int(float(text)))
    said = iso_of(text_of(value))
    if len(said) < 10:
        raise ValueError(f"{text[:80]!r} has no day")
    return date.fromisoformat(said)


def guarded(text: str) -> str:
    """*text* as a CSV cell that no program takes for a formula: an apostrophe before it; `unguarded` takes it off."""
    return "'" + text if GUARDED.match(text) else text


def unguarded(text: str) -> str:
    """What `guarded` was given."""
    return text[1:] if text[:1] == "'" and GUARDED.match(text[1:]) else text


def letters(column: int) -> str:
    """A column as spreadsheets name it: 0 is A, 26 is AA."""
    said = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        said = chr(65 + rest) + said
    return said
