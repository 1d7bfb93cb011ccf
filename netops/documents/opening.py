"""
The process in which a workbook is opened (XLSX, XLS): hostile bytes meet their parser with bounded memory and time.

Run as a program of its own: the workbook comes on stdin; on stdout goes one msgpack object, either the sheets or one
fault as an English message id with its facts. Nothing of netops is imported, so it starts in a moment.
"""

from __future__ import annotations

import io
import re
import sys
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, NoReturn
from xml.etree import ElementTree as ET

MEMORY_BYTES, CPU_SECONDS = 2 << 30, 60
MAX_PARTS, MAX_UNPACKED, MAX_RATIO, SMALL = 4000, 512 << 20, 200, 1 << 20
MAX_CELLS, MAX_TEXT, MAX_SHEETS, MAX_MERGED = 6_000_000, 128 << 20, 256, 100_000
ARCHIVES = (b"PK\x03\x04", b"\x1f\x8b", b"Rar!", b"7z\xbc\xaf", b"BZh", b"\xfd7zXZ")
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


class Unreadable(Exception):
    """The workbook is not read: why, as a message id with facts."""

    def __init__(self, why: str, **facts: object) -> None:
        self.why, self.facts = why, {name: str(value) for name, value in facts.items()}
        super().__init__(why)


def bound() -> None:
    """Let this process have no more memory and time than a workbook may need."""
    import resource

    for limit, most in ((resource.RLIMIT_AS, MEMORY_BYTES), (resource.RLIMIT_CPU, CPU_SECONDS)):
        hard = resource.getrlimit(limit)[1]
        resource.setrlimit(limit, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


class Seen:
    """What the text of a sheet says that its parser does not tell: formulas and errors by row and column from 0; hidden rows."""

    def __init__(self) -> None:
        self.formulas: dict[tuple[int, int], str] = {}
        self.errors: dict[tuple[int, int], str] = {}
        self.hides_rows = False


def examine(content: bytes) -> dict[str, Seen]:
    """
    Refuse an archive that unpacks to too much, holds another one, or declares types of its own.

    Returns:
        By name of a sheet, what its text says.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise Unreadable("it is broken: {reason}", reason=error) from error
    parts = archive.infolist()
    unpacked = sum(part.file_size for part in parts)
    if len(parts) > MAX_PARTS:
        raise Unreadable("it has more than {count} parts", count=MAX_PARTS)
    if unpacked > MAX_UNPACKED:
        raise Unreadable("it unpacks to {size} MiB", size=unpacked >> 20)
    if unpacked > SMALL and unpacked > MAX_RATIO * len(content):
        raise Unreadable("it unpacks to {times} times its size", times=unpacked // max(1, len(content)))
    names = set(archive.namelist())
    for part in parts:
        if part.flag_bits & 1:
            raise Unreadable("its part {name} is encrypted", name=part.filename)
        with archive.open(part) as opened:
            begin = opened.read(4096)
            if begin.startswith(ARCHIVES):
                raise Unreadable("its part {name} is an archive of its own", name=part.filename)
            if b"<!DOCTYPE" in begin.upper():
                raise Unreadable("its part {name} declares entities, which no office program writes", name=part.filename)
    if "xl/workbook.xml" not in names:
        raise Unreadable("it is no XLSX workbook")
    return {name: _seen(archive, part) for name, part in _sheets(archive) if part in names}


def _sheets(archive: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    """Name of each sheet and the part that holds it (ECMA-376 Part 1, 18.2.19, 15.2)."""
    links = {}
    if "xl/_rels/workbook.xml.rels" in archive.namelist():
        for link in ET.fromstring(archive.read("xl/_rels/workbook.xml.rels")):  # noqa: S314 - expat, bounded above
            target = link.get("Target", "").lstrip("/")
            links[link.get("Id")] = target if target.startswith("xl/") else "xl/" + target
    for element in ET.fromstring(archive.read("xl/workbook.xml")).iter():  # noqa: S314 - as above
        if element.tag.endswith("}sheet"):
            link_id = next((value for key, value in element.items() if key.endswith("}id")), "")
            yield element.get("name", ""), links.get(link_id, "")


def _seen(archive: zipfile.ZipFile, part: str) -> Seen:
    told = Seen()
    with archive.open(part) as opened:
        if not _mentions(opened, told):
            return told
    row, column, kind_of = -1, -1, ""
    with archive.open(part) as opened:
        for moment, element in ET.iterparse(opened, ("start", "end")):  # noqa: S314 - as above
            kind = element.tag.rsplit("}", 1)[-1]
            if moment == "start" and kind == "row":
                row, column = int(element.get("r", row + 2)) - 1, -1
            elif moment == "start" and kind == "c":
                place = re.fullmatch(r"([A-Z]{1,3})(\d{1,7})", element.get("r", ""))
                column, kind_of = _column(place[1]) if place else column + 1, element.get("t", "")
            elif moment == "end" and kind == "f":
                told.formulas[row, column] = "=" + (element.text or "")[:8192]
            elif moment == "end" and kind == "v" and kind_of == "e":
                told.errors[row, column] = (element.text or "#?")[:40]
            elif moment == "end" and kind == "row":
                element.clear()
    return told


def _mentions(opened: Any, told: Seen) -> bool:
    """Whether a sheet has any formula or error: most have none, and then it need not be parsed twice."""
    before, found, last = b"", False, b""
    while block := opened.read(1 << 20):
        whole = before + block
        found = found or re.search(rb"<(\w+:)?f[ />]|\bt=[\"']e[\"']", whole) is not None
        told.hides_rows = told.hides_rows or re.search(rb"<(\w+:)?row\b[^>]*\bhidden=[\"'](?:1|true)", whole) is not None
        before, last = block[-256:], block if len(block) > 4096 else last[-4096:] + block
    cells = re.findall(rb"\br=[\"']([A-Z]{1,3})(\d{1,7})[\"']", last)
    far = max(((_column(name.decode()) + 1) * int(row) for name, row in cells), default=0)
    if far > MAX_CELLS:
        name, row = cells[-1]
        raise Unreadable("its last cell is {cell}, far from the table", cell=(name + row).decode())
    return found


def _column(name: str) -> int:
    number = 0
    for letter in name:
        number = number * 26 + ord(letter) - 64
    return number - 1


def sheets(content: bytes, seen: dict[str, Seen]) -> list[dict[str, Any]]:
    """Every sheet with its rows, merged cells, formulas and errors; dates are told as {"d": ISO}."""
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetVisibleEnum

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        names = book.sheet_names
        hidden = {one.name for one in book.sheets_metadata if one.visible != SheetVisibleEnum.Visible}
        if len(names) > MAX_SHEETS:
            raise Unreadable("it has more than {count} sheets", count=MAX_SHEETS)
        cells = length = 0
        told = []
        for name in names:
            sheet = book.get_sheet_by_name(name)
            cells += (sheet.total_height or 0) * (sheet.total_width or 0)
            if cells > MAX_CELLS:
                raise Unreadable("it has more than {count} cells", count=MAX_CELLS)
            rows = [_row(row) for row in sheet.to_python(skip_empty_area=False)]
            length += sum(len(value) for row in rows for value in row if isinstance(value, str))
            if length > MAX_TEXT:
                raise Unreadable("it has more than {size} MiB of text", size=MAX_TEXT >> 20)
            while rows and not rows[-1]:
                rows.pop()
            merged = [[*first, *last] for first, last in (sheet.merged_cell_ranges or [])[:MAX_MERGED]]
            own = seen.get(name, Seen())
            said, wrong = ([[*place, text] for place, text in found.items()] for found in (own.formulas, own.errors))
            told.append({"name": name, "rows": rows, "merged": merged, "formulas": said, "errors": wrong,
                         "hidden": name in hidden, "hides_rows": own.hides_rows})
    except PasswordError as error:
        raise Unreadable("it is protected by a password") from error
    except (CalamineError, OSError, ValueError, OverflowError) as error:
        raise Unreadable("it is broken: {reason}", reason=str(error)[:200]) from error
    return told


def _row(cells: list[Any]) -> list[Any]:
    told = [cell if type(cell) in (str, int, float, bool) else _told(cell) for cell in cells]
    while told and told[-1] in ("", None):
        told.pop()
    return told


def _told(cell: Any) -> Any:
    if isinstance(cell, datetime | date):
        return {"d": cell.isoformat()}
    if isinstance(cell, time | timedelta):
        return str(cell)
    return None if cell is None else str(cell)


def main() -> NoReturn:
    """Read stdin, answer on stdout."""
    import msgspec

    bound()
    content = sys.stdin.buffer.read()
    try:
        answer: dict[str, Any] = {"sheets": sheets(content, {} if content.startswith(OLE) else examine(content))}
    except Unreadable as fault:
        answer = {"fault": fault.why, "facts": fault.facts}
    except (
        ET.ParseError,
        zipfile.BadZipFile,
        EOFError,
        KeyError,
        UnicodeDecodeError,
        ValueError,
    ) as error:
        answer = {"fault": "it is broken: {reason}", "facts": {"reason": str(error)[:200]}}
    except MemoryError:
        answer = {"fault": "it needs more memory than a table may", "facts": {}}
    sys.stdout.buffer.write(msgspec.msgpack.encode(answer))
    sys.stdout.buffer.flush()
    raise SystemExit(0)


if __name__ == "__main__":
    main()
