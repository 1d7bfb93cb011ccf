"""Tables as people hand them in (CSV, XLSX, XLS, JSON) read into sheets: bounded, never computed, never believed to be well."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec

from netops.core.errors import NetopsError
from netops.core.language import N_
from netops.core.sheet import Formula, Merged, Sheet, Value, guarded

MAX_BYTES, MAX_ROWS = 32 << 20, 200_000
MAX_COLUMNS = 1024
SECONDS = 120
OPENING = Path(__file__).with_name("opening.py")
ENCODINGS = ("utf-8-sig", "gb18030")
DELIMITERS = ",\t;|"
WEB_PAGE = re.compile(rb"\s*(<!doctype\s+html|<html|<table|<meta|<\?xml[^>]*>\s*<html)", re.IGNORECASE)
FAULTS = (
    N_("it is broken: {reason}"), N_("it has more than {count} parts"), N_("it unpacks to {size} MiB"),
    N_("it unpacks to {times} times its size"), N_("its part {name} is encrypted"),
    N_("its part {name} is an archive of its own"), N_("it is no XLSX workbook"), N_("it has more than {count} sheets"),
    N_("it has more than {count} cells"), N_("it has more than {size} MiB of text"), N_("it is protected by a password"),
    N_("it needs more memory than a table may"), N_("its part {name} declares entities, which no office program writes"),
    N_("its last cell is {cell}, far from the table"),
)  # fmt: skip
"""What `opening` answers."""
MENDS = {
    FAULTS[4]: N_("save it as XLSX again, without password"), FAULTS[10]: N_("save it as XLSX again, without password"),
    FAULTS[5]: N_("take the objects in it out, and save it as XLSX again"),
    FAULTS[13]: N_("delete the empty rows and columns behind the table, and save it again"),
}  # fmt: skip
"""What to do about some of them; the others are saved again."""


class NotRead(NetopsError):
    """A file is no table that can be read."""

    def __init__(self, file: str, why: str, mend: str, /, **facts: object) -> None:
        super().__init__("{file} was not read", why, mend, file=file, **facts)


def read(content: bytes, file: str) -> list[Sheet]:
    """
    The sheets in a file, told by its content and not by its name.

    CSV may be UTF-8, UTF-16 (with a mark) or GB18030, parted by commas, tabs, semicolons or bars.

    Raises:
        NotRead: it is too large, broken, protected, or no table at all.
    """
    if len(content) > MAX_BYTES:
        raise NotRead(file, "it is larger than {size} MiB", "split it", size=MAX_BYTES >> 20)
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0")):
        return _bounded(file, list(_workbook(content, file)))
    if WEB_PAGE.match(content[:512]):
        raise NotRead(file, "it is a web page under another name", "open it and save it as XLSX")
    if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        return _bounded(file, list(_items(content, file)))
    return _bounded(file, [_text(content, file)])


def _bounded(file: str, sheets: list[Sheet]) -> list[Sheet]:
    if sum(len(one.rows) for one in sheets) > MAX_ROWS:
        raise NotRead(file, "it has more than {count} rows", "split it", count=MAX_ROWS)
    return sheets


# ---- workbooks
def _workbook(content: bytes, file: str) -> Iterator[Sheet]:
    """By a process of its own: it may run out of memory or time, and then only it ends."""
    try:
        done = subprocess.run(
            [sys.executable, "-I", OPENING], input=content, capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise NotRead(
            file, "opening it took more than {seconds} s", "save it as CSV", seconds=SECONDS
        ) from None
    if done.returncode or not done.stdout:
        raise NotRead(
            file,
            "what opens it did not survive it: it is broken, or becomes too large",
            "save it as XLSX again, or as CSV",
        )
    answer = msgspec.msgpack.decode(done.stdout)
    if "fault" in answer:
        mend = MENDS.get(answer["fault"], "save it as XLSX again, or as CSV")
        raise NotRead(file, answer["fault"], mend, **answer["facts"])
    for one in answer["sheets"]:
        rows: list[list[Value]] = [
            [_value(cell) if isinstance(cell, dict) else cell for cell in row] for row in one["rows"]
        ]
        for row, column, text in (*one["errors"], *((*place, Formula(said)) for *place, said in one["formulas"])):
            if row < len(rows):
                rows[row] += [None] * (column + 1 - len(rows[row]))
                rows[row][column] = text
        merged = tuple(Merged(*ends) for ends in one["merged"])
        yield Sheet(file, one["name"], rows, merged, hidden=one["hidden"], hides_rows=one["hides_rows"])


def _value(told: Mapping[str, str]) -> date:
    text = told["d"]
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)


# ---- text
def _text(content: bytes, file: str) -> Sheet:
    text = _decoded(content, file)
    table = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    rows: list[list[Value]] = []
    lines: list[int] = []
    before = 0
    try:
        for cells in table:
            if len(cells) > MAX_COLUMNS:
                raise NotRead(
                    file, "line {line} has more than {count} columns", "save it as CSV again",
                    line=before + 1, count=MAX_COLUMNS,
                )  # fmt: skip
            rows.append(list(cells))
            lines.append(before + 1)
            before = table.line_num
            if len(rows) > MAX_ROWS:
                raise NotRead(file, "it has more than {count} rows", "split it", count=MAX_ROWS)
    except csv.Error as error:
        raise NotRead(
            file, "line {line}: {reason}", "save it as CSV again", line=before + 1, reason=error
        ) from error
    return Sheet(file, "", rows, lines=lines)


def _decoded(content: bytes, file: str) -> str:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            return content.decode("utf-16")
        except UnicodeDecodeError:
            pass
    for encoding in ENCODINGS:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == "gb18030" or not _is_chance(content, text):
            return text
    raise NotRead(file, "it is neither UTF-8 nor GB18030", "save it as CSV UTF-8")


def _is_chance(content: bytes, text: str) -> bool:
    """
    Whether GB18030 only happens to be UTF-8, as a file with the one Chinese word 一 (D2 BB) does.

    Chinese takes three bytes a character in UTF-8. Text that has two at most, and is Chinese in GB18030, is that.
    """
    if content.startswith(b"\xef\xbb\xbf") or text.isascii() or max(text) > "\u07ff":
        return False
    try:
        other = content.decode("gb18030")
    except UnicodeDecodeError:
        return False
    return all(one.isascii() or "\u4e00" <= one <= "\u9fff" or "\u3000" <= one <= "\u303f" for one in other)


def _delimiter(text: str) -> str:
    """The sign that parts the first lines most often; a comma when none does."""
    first = [line for line in text[:20_000].splitlines() if line.strip()][:20]
    counts = {sign: sum(line.count(sign) for line in first) for sign in DELIMITERS}
    return max(counts, key=lambda sign: counts[sign]) if any(counts.values()) else ","


# ---- JSON
def _items(content: bytes, file: str) -> Iterator[Sheet]:
    """
    Lists of objects: ours ("items"), an API's ("results"), or a bare one; each is a sheet whose first row holds the keys.

    Of an object within (NetBox's `status`, `tenant`) its value, name or address is taken.
    """
    try:
        whole = msgspec.json.decode(content.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotRead(file, "it is no JSON: {reason}", "export it again", reason=str(error)[:200]) from error
    lists = (
        {"": whole}
        if isinstance(whole, list)
        else {key: value for key, value in whole.items() if isinstance(value, list)}
    )
    for name, items in lists.items():
        keys = list(dict.fromkeys(key for item in items if isinstance(item, dict) for key in item))
        if len(keys) > MAX_COLUMNS:
            raise NotRead(file, "its items have more than {count} keys", "export it again", count=MAX_COLUMNS)
        if keys:
            rows = [
                [_flat(item.get(key)) for key in keys] if isinstance(item, dict) else [str(item)[:200]]
                for item in items
            ]
            yield Sheet(file, name, [keys, *rows], listed=True)


def _flat(value: Any) -> Value:
    match value:
        case dict():
            for key in ("value", "name", "display", "address", "prefix"):
                if isinstance(value.get(key), str | int):
                    return _flat(value[key])
            return None
        case list():
            return ", ".join(str(_flat(one)) for one in value[:50])
        case str():
            return guarded(value)
        case int() | float() | bool() | None:
            return value
    return str(value)
