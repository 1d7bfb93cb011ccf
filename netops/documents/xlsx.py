"""Workbooks (XLSX) for offices: headings, frozen head, widths by cells, Chinese fonts; text is text, never a formula."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain
from typing import Any

import msgspec

from netops.core.sheet import FORMULA
from netops.documents import sheet_page
from netops.documents.page import cells as widths_of
from netops.documents.word import ZIP_TIME

LONGEST = 32_767
"""Characters that a cell holds (ECMA-376 Part 1, SpreadsheetML limits in Excel)."""
MOST_ROWS = 1_048_576
ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that no XML document can hold (XML 1.0 §2.2)."""
ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
NAME_FORBIDDEN = re.compile(r"[\\/*?:\[\]']")
FONT, HEAD_FONT, TITLE_FONT = "宋体", "黑体", "方正小标宋简体"
POINTS, HEAD_POINTS, TITLE_POINTS = 10.5, 10.5, 18.0
MEASURED = 500
"""Rows from which the width of a column is taken."""
NARROWEST, WIDEST = 6.0, 48.0
LINE_POINTS = 14.5
HEAD_FILL, LINE = "FFEDEDED", "FF808080"

Cell = str | int | float | None


class Column(msgspec.Struct, frozen=True):
    """
    One column of a sheet.

    Args:
        width: in half-width characters; 0 takes it from the content.
        right: numbers stand at the right.
        wraps: long text takes several lines instead of running on.
    """

    head: str
    width: float = 0
    right: bool = False
    wraps: bool = False


class Sheet(msgspec.Struct, frozen=True):
    """
    One sheet as it is written.

    Args:
        title: one line over the whole width, or "": then the head is the first row, as programs read it.
        remarks: lines under the title, such as who made it and when.
        rows: one cell a column; taken in order and only once.
        notes: lines below the table.
        landscape: how it is printed; wide sheets take a larger paper, then several pages.
        kept: columns at the left that stand on each of those pages.
    """

    name: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[Cell]]
    title: str = ""
    remarks: Sequence[str] = ()
    notes: Sequence[str] = ()
    landscape: bool = True
    kept: int = 0
    ruled: bool = True
    """Lines around cells: for paper; sheets of many thousand rows are written without, in half the time."""


def render(sheets: Sequence[Sheet], title: str, at: datetime) -> bytes:
    """
    The workbook as XLSX bytes; the same sheets at the same time give the same bytes.

    Args:
        title: of the document's properties.
        at: when it was made, of the document's properties.
    """
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    normal = book._named_styles["Normal"]
    normal.font = _fonts()["plain"]
    taken: set[str] = set()
    for sheet in sheets:
        _write(book.create_sheet(_named(sheet.name, taken)), sheet)
    moment = at.replace(tzinfo=None, microsecond=0)
    properties = book.properties
    properties.title, properties.creator, properties.created = clean(title)[:255], "", moment
    made = io.BytesIO()
    book.save(made)
    return fixed(made, moment)


def clean(text: str) -> str:
    """*text* as a cell can hold it."""
    return ILLEGAL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))[:LONGEST]


def kept(text: str) -> str:
    """*text* so that readers do not take a part of it for an escaped character (ECMA-376 Part 1, 22.9.2.19)."""
    return ESCAPED.sub("_x005F_", clean(text))


def _named(name: str, taken: set[str]) -> str:
    """A name that a sheet may have: 31 characters, none that stands in references, each once whatever its case."""
    plain = NAME_FORBIDDEN.sub("_", clean(name).replace("\n", " ")).strip()[:31] or "Sheet"
    made, number = plain, 2
    while made.casefold() in taken:
        made, number = f"{plain[:27]}({number})", number + 1
    taken.add(made.casefold())
    return made


def _fonts() -> dict[str, Any]:
    from openpyxl.styles import Font

    return {
        "plain": Font(name=FONT, size=POINTS),
        "head": Font(name=HEAD_FONT, size=HEAD_POINTS),
        "title": Font(name=TITLE_FONT, size=TITLE_POINTS),
    }


def _write(page: Any, sheet: Sheet) -> None:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Border, PatternFill, Side
    from openpyxl.utils import get_column_letter

    fonts = _fonts()
    rows = iter(sheet.rows)
    first = [list(row) for _, row in zip(range(MEASURED), rows, strict=False)]
    for place, column in enumerate(sheet.columns):
        letter = get_column_letter(place + 1)
        page.column_dimensions[letter].width = column.width or _width(
            column.head, (row[place] for row in first)
        )
        page.column_dimensions[letter].number_format = "General" if column.right else "@"
    last = get_column_letter(len(sheet.columns))
    above = bool(sheet.title) + len(sheet.remarks)
    page.freeze_panes = f"A{above + 2}"
    page.sheet_view.showGridLines = not sheet.ruled
    widths = [
        page.column_dimensions[get_column_letter(place + 1)].width for place in range(len(sheet.columns))
    ]
    sheet_page.settle(page, widths, above + 1, landscape=sheet.landscape, kept=sheet.kept)
    if not sheet.title:
        page.auto_filter.ref = f"A{above + 1}:{last}{above + 1}"

    def line(text: str, font: Any, alignment: Any) -> list[Any]:
        cell = WriteOnlyCell(page, kept(text))
        cell.data_type, cell.font, cell.alignment = "s", font, alignment
        return [cell]

    row = 0
    for place, text in enumerate((*([sheet.title] if sheet.title else []), *sheet.remarks)):
        row += 1
        is_title = bool(sheet.title) and place == 0
        alignment = Alignment(
            horizontal="center" if is_title else "left", vertical="center", wrap_text=is_title
        )
        page.append(line(text, fonts["title" if is_title else "plain"], alignment))
        page.merged_cells.ranges.add(_range(f"A{row}:{last}{row}"))
        page.row_dimensions[row].height = 34 * max(1, _lines(text, sheet.columns, page)) if is_title else 18
    side = Side(style="thin", color=LINE)
    border = Border(side, side, side, side)
    head_fill = PatternFill("solid", fgColor=HEAD_FILL)
    heads = []
    for column in sheet.columns:
        cell = WriteOnlyCell(page, kept(column.head))
        cell.data_type, cell.font, cell.fill, cell.border = "s", fonts["head"], head_fill, border
        cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
        heads.append(cell)
    row += 1
    if (lines := max(_height(one.head, width) for one, width in zip(sheet.columns, widths, strict=True))) > 1:
        page.row_dimensions[row].height = LINE_POINTS * lines + 3
    page.append(heads)
    for cells, height in _made(page, sheet, first, rows, border if sheet.ruled else None, widths):
        row += 1
        if height > 1:
            page.row_dimensions[row].height = min(
                LINE_POINTS * height + 3, 409
            )  # a spreadsheet allows no more
        page.append(cells)
    for text in sheet.notes:
        page.append(line(text, fonts["plain"], Alignment(horizontal="left")))


def _range(text: str) -> Any:
    from openpyxl.worksheet.cell_range import MultiCellRange

    return MultiCellRange(text).ranges.pop()


def _made(
    page: Any,
    sheet: Sheet,
    first: list[list[Cell]],
    rest: Iterator[Sequence[Cell]],
    border: Any,
    widths: Sequence[float],
) -> Iterator[tuple[list[Any], int]]:
    """Rows of cells, each with its height in lines; plain values where no style is wanted: they are written much faster."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment

    shapes = [
        Alignment(
            horizontal="right" if column.right else "left", vertical="center", wrap_text=column.wraps or None
        )
        for column in sheet.columns
    ]

    def cell(value: Cell, shape: Any) -> Any:
        text = kept(value) if isinstance(value, str) else value
        is_formula = isinstance(text, str) and text[:1] in FORMULA and text != ""
        if border is None and not is_formula:
            return text
        made = WriteOnlyCell(page, text)
        if isinstance(text, str):
            made.data_type = "s"
        if is_formula:
            made.quotePrefix = True  # it stays text when somebody edits it
        if border is not None:
            made.border, made.alignment = border, shape
        return made

    wrapped = [place for place, column in enumerate(sheet.columns) if column.wraps and border is not None]
    for row in chain(first, rest):
        height = max((_height(row[place], widths[place]) for place in wrapped), default=1)
        yield [cell(value, shape) for value, shape in zip(row, shapes, strict=True)], height


def _height(value: Cell, width: float) -> int:
    """Lines that a wrapped cell takes."""
    if not isinstance(value, str) or (2 * widths_of(value) <= width and "\n" not in value):
        return 1
    return sum(
        max(1, -(-int(2 * widths_of(line) + 1) // max(1, int(width) - 1))) for line in value.split("\n")
    )


def _width(head: str, values: Iterable[Cell]) -> float:
    """As wide as the widest line, within limits; a Chinese character is two wide."""
    lines = (line for value in values if value is not None for line in str(value).split("\n"))
    widest = max((2 * widths_of(line) for line in (head, *lines)), default=0.0)
    return min(max(widest + 2, NARROWEST), WIDEST)


def _lines(text: str, columns: Sequence[Column], page: Any) -> int:
    """Lines that a title takes over the width of all columns."""
    from openpyxl.utils import get_column_letter

    width = sum(page.column_dimensions[get_column_letter(place + 1)].width for place in range(len(columns)))
    return -(-int(2 * widths_of(text) * TITLE_POINTS / POINTS) // max(1, int(width)))


def fixed(made: io.BytesIO, moment: datetime) -> bytes:
    """The package with fixed times."""
    stamp = moment.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    fixed = io.BytesIO()
    with zipfile.ZipFile(made) as before, zipfile.ZipFile(fixed, "w", zipfile.ZIP_DEFLATED) as after:
        for name in sorted(before.namelist(), key=lambda one: (one != "[Content_Types].xml", one)):
            content = before.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + stamp, content)
            after.writestr(zipfile.ZipInfo(name, ZIP_TIME), content, zipfile.ZIP_DEFLATED)
    return fixed.getvalue()
