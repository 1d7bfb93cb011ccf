"""Forms to fill in as workbooks (XLSX): labels that are locked, cells that are open, drop-downs, checks, prompts."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import msgspec

from netops.core.language import spoken
from netops.core.sheet import CHOICES, FORMULA, GUIDES, letters
from netops.documents import sheet_page, xlsx
from netops.documents.page import cells as widths_of

LABEL_FILL, OPEN_FILL, LOCKED_FILL = "FFEDEDED", "FFFFFDF2", "FFF5F5F5"
LINE_POINTS = 16.0
LAST_DAY, FIRST_DAY = date(2999, 12, 31), date(1990, 1, 1)
MOST = 10_000_000


class Cell(msgspec.Struct, frozen=True):
    """
    What may be written into a cell.

    Args:
        kind: "text", "count", "number", "date" or "choice".
        choices: words of a drop-down.
        prompt: shown beside the cell when somebody is in it.
        locked: it is not to be written into.
        loose: other words than the choices are warned of, and kept when somebody insists.
    """

    kind: str = "text"
    choices: tuple[str, ...] = ()
    prompt: str = ""
    locked: bool = False
    loose: bool = False


class Input(msgspec.Struct, frozen=True):
    """
    A label with the cell beside it.

    Args:
        columns: how many columns of the sheet the cell takes.
        lines: how many lines high it is.
        required: a star stands at the label.
    """

    label: str
    cell: Cell = Cell()
    value: str | int | date | None = None
    columns: int = 1
    lines: int = 1
    required: bool = False


class Column(msgspec.Struct, frozen=True):
    """One column of a table to fill in; *width* in half-width characters."""

    head: str
    width: float
    cell: Cell = Cell()
    required: bool = False


class Sheet(msgspec.Struct, frozen=True):
    """
    One sheet: a title, remarks, boxes, then a table with open rows, then notes.

    Args:
        widths: of the columns of the boxes, in half-width characters; a table brings its own.
        blanks: open rows below those that are filled.
        kept: columns of the table that stay in sight, and stand on every printed page.
    """

    name: str
    title: str
    remarks: tuple[str, ...] = ()
    widths: tuple[float, ...] = ()
    boxes: tuple[tuple[Input, ...], ...] = ()
    columns: tuple[Column, ...] = ()
    rows: tuple[tuple[str | int | float | date | None, ...], ...] = ()
    blanks: int = 0
    notes: tuple[str, ...] = ()
    landscape: bool = False
    kept: int = 0


def guide(heads: tuple[str, str], rows: Iterable[tuple[str, str]], remarks: tuple[str, ...] = ()) -> Sheet:
    """The sheet that tells how a form is filled in: what stands in a field, field by field; nobody writes into it."""
    name = GUIDES[0 if spoken() == "zh" else 1]
    columns = tuple(
        Column(head, width, Cell(locked=True)) for head, width in zip(heads, (28.0, 62.0), strict=True)
    )
    return Sheet(name, name, remarks, columns=columns, rows=tuple(rows))


def render(sheets: Sequence[Sheet], title: str, at: datetime) -> bytes:
    """The workbook as XLSX bytes; the same sheets at the same time give the same bytes."""
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    pages = [(book.create_sheet(one.name[:31]), one) for one in sheets]
    lists = _Lists(book.create_sheet(CHOICES))
    for page, one in pages:
        _Writer(page, one, lists).write()
    lists.page.sheet_state = "hidden"
    moment = at.replace(tzinfo=None, microsecond=0)
    properties = book.properties
    properties.title, properties.creator, properties.created = xlsx.clean(title)[:255], "", moment
    made = io.BytesIO()
    book.save(made)
    return xlsx.fixed(made, moment)


class _Lists:
    """The hidden sheet: one column for each list of choices."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self._ranges: dict[tuple[str, ...], str] = {}

    def range_of(self, choices: tuple[str, ...]) -> str:
        """Where these words stand, as a formula of a drop-down."""
        if choices not in self._ranges:
            column = letters(len(self._ranges))
            for row, word in enumerate(choices, 1):
                self.page[f"{column}{row}"] = word
            self._ranges[choices] = f"{CHOICES}!${column}$1:${column}${len(choices)}"
        return self._ranges[choices]


class _Writer:
    def __init__(self, page: Any, sheet: Sheet, lists: _Lists) -> None:
        from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side

        self.page, self.sheet, self.lists = page, sheet, lists
        side = Side(style="thin", color=xlsx.LINE)
        self.border = Border(side, side, side, side)
        self.fonts = {
            "title": Font(name=xlsx.TITLE_FONT, size=xlsx.TITLE_POINTS),
            "head": Font(name=xlsx.HEAD_FONT, size=xlsx.HEAD_POINTS),
            "plain": Font(name=xlsx.FONT, size=xlsx.POINTS),
        }
        self.fills = {
            name: PatternFill("solid", fgColor=name) for name in (LABEL_FILL, OPEN_FILL, LOCKED_FILL)
        }
        self.left = Alignment(horizontal="left", vertical="center", wrap_text=True)
        self.inset = Alignment(horizontal="left", vertical="center", wrap_text=True, indent=1)
        self.middle = Alignment(horizontal="center", vertical="center", wrap_text=True)
        self.open = Protection(locked=False)
        self.widths = sheet.widths or tuple(one.width for one in sheet.columns)
        self.width = max(len(self.widths), 1)
        self.across = sheet_page.spread(self.widths, landscape=sheet.landscape, kept=sheet.kept)[1]
        self.validations: dict[Cell, Any] = {}

    def write(self) -> None:
        sheet, page, head = self.sheet, self.page, 0
        for place, width in enumerate(self.widths):
            page.column_dimensions[letters(place)].width = width
        row = self._lines(1, (sheet.title,), "title")
        row = self._lines(row, sheet.remarks, "plain")
        for several in sheet.boxes:
            self._boxes(row, several)
            row += 1
        if sheet.columns:
            page.freeze_panes = f"{letters(sheet.kept)}{row + 1}" if not sheet.boxes else None
            head, row = row, self._table(row)
        self._lines(row, sheet.notes, "plain")
        self._settle(head)

    def _settle(self, head: int) -> None:
        page, sheet = self.page, self.sheet
        page.sheet_view.showGridLines = False
        sheet_page.settle(page, self.widths, head, landscape=sheet.landscape, kept=sheet.kept)
        protection = page.protection
        protection.sheet = True
        protection.formatColumns = protection.formatRows = protection.insertRows = protection.deleteRows = (
            False
        )
        for one in self.validations.values():
            page.add_data_validation(one)

    def _lines(self, row: int, lines: Sequence[str], font: str) -> int:
        """Lines over the whole width; gives the row below them."""
        for text in lines:
            cell = self._put(row, 0, text, font)
            cell.alignment = self.middle if font == "title" and self.across == 1 else self.left
            if self.width > 1:
                self.page.merge_cells(f"A{row}:{letters(self.width - 1)}{row}")
            points = xlsx.TITLE_POINTS if font == "title" else xlsx.POINTS
            self.page.row_dimensions[row].height = self._height(text, self._across(0, self.width), points) + (
                14 if font == "title" else 4
            )
            row += 1
        return row

    def _boxes(self, row: int, several: Sequence[Input]) -> None:
        column, height = 0, LINE_POINTS
        for one in several:
            label = self._put(row, column, one.label + (" *" if one.required else ""), "head")
            label.fill, label.border, label.alignment = self.fills[LABEL_FILL], self.border, self.middle
            height = max(height, self._height(label.value, self._across(column, 1), xlsx.HEAD_POINTS))
            last = column + one.columns
            for place in range(column + 1, last + 1):
                self._open(row, place, one.cell, None if place > column + 1 else one.value)
            if one.columns > 1:
                self.page.merge_cells(f"{letters(column + 1)}{row}:{letters(last)}{row}")
            text = one.value if isinstance(one.value, str) else ""
            height = max(
                height,
                one.lines * LINE_POINTS,
                self._height(text, self._across(column + 1, one.columns), xlsx.POINTS),
            )
            column = last + 1
        self.page.row_dimensions[row].height = min(height + 8, 400)

    def _table(self, row: int) -> int:
        heads = self.sheet.columns
        for place, one in enumerate(heads):
            cell = self._put(row, place, one.head + (" *" if one.required else ""), "head")
            cell.fill, cell.border, cell.alignment = self.fills[LABEL_FILL], self.border, self.middle
        highest = max(self._height(one.head + " *", one.width, xlsx.HEAD_POINTS) for one in heads)
        self.page.row_dimensions[row].height = highest + 8
        blank, first = (None,) * len(heads), row + 1
        for values in (*self.sheet.rows, *[blank] * self.sheet.blanks):
            row += 1
            for place, (one, value) in enumerate(zip(heads, values, strict=True)):
                self._open(row, place, one.cell, value, alone=False)
            height = max(
                self._height(value, one.width, xlsx.POINTS) if isinstance(value, str) else LINE_POINTS
                for one, value in zip(heads, values, strict=True)
            )
            self.page.row_dimensions[row].height = min(height + 4, 400)
        for place, one in enumerate(heads) if row >= first else ():
            if not one.cell.locked and (validation := self._validation(one.cell)):
                validation.add(f"{letters(place)}{first}:{letters(place)}{row}")
        return row + 1

    def _put(self, row: int, column: int, value: Any, font: str) -> Any:
        cell = self.page.cell(row, column + 1)
        if isinstance(value, str):
            cell.value = xlsx.kept(value)
            cell.data_type = "s"
            cell.quotePrefix = value[:1] in FORMULA and value != ""
        else:
            cell.value = value
        cell.font = self.fonts[font]
        return cell

    def _open(self, row: int, column: int, shape: Cell, value: Any, *, alone: bool = True) -> None:
        cell = self._put(row, column, value, "plain")
        cell.border, cell.alignment = self.border, self.inset
        cell.fill = self.fills[LOCKED_FILL if shape.locked else OPEN_FILL]
        if not shape.locked:
            cell.protection = self.open
        cell.number_format = {"date": "yyyy-mm-dd", "count": "0", "number": "General"}.get(shape.kind, "@")
        if alone and not shape.locked and (validation := self._validation(shape)):
            validation.add(cell)

    def _validation(self, shape: Cell) -> Any:
        """The check of a cell, one for all that are alike; None when anything goes and nothing is to be said."""
        from openpyxl.worksheet.datavalidation import DataValidation

        if shape.kind == "text" and not shape.prompt:
            return None
        if shape not in self.validations:
            made = {
                "choice": lambda: DataValidation("list", formula1=self.lists.range_of(shape.choices)),
                "count": lambda: DataValidation(
                    "whole", operator="between", formula1="0", formula2=str(MOST)
                ),
                "number": lambda: DataValidation("decimal", operator="greaterThanOrEqual", formula1="0"),
                "date": lambda: DataValidation(
                    "date",
                    operator="between",
                    formula1=str(_serial(FIRST_DAY)),
                    formula2=str(_serial(LAST_DAY)),
                ),
                "text": lambda: DataValidation("textLength", operator="lessThanOrEqual", formula1="2000"),
            }[shape.kind]()
            made.allow_blank, made.showErrorMessage = True, True
            made.errorStyle = "warning" if shape.loose else "stop"
            if shape.prompt:
                made.showInputMessage, made.prompt = True, shape.prompt[:255]
            self.validations[shape] = made
        return self.validations[shape]

    def _across(self, first: int, count: int) -> float:
        return sum(
            self.page.column_dimensions[letters(place)].width or 8 for place in range(first, first + count)
        )

    def _height(self, text: str, width: float, points: float) -> float:
        """Of wrapped text, in points."""
        room = max(1.0, (width - 1) * xlsx.POINTS / points)
        lines = sum(max(1, -(-int(2 * widths_of(line)) // max(1, int(room)))) for line in text.split("\n"))
        return lines * LINE_POINTS * points / xlsx.POINTS


def _serial(day: date) -> int:
    """A day as spreadsheets count it."""
    return (day - date(1899, 12, 30)).days
