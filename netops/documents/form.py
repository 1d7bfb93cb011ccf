"""A form or a ledger on paper (表、台账): boxes, tables whose heads repeat, remarks; one content for DOCX and PDF. Pure."""

from __future__ import annotations

import msgspec

from netops.core.language import spoken
from netops.core.paper import Box, Boxes
from netops.documents.page import plain

__all__ = ["Box", "Boxes", "Form", "Grid", "Part", "Remarks", "characters", "cleaned"]

WIDTH_MM, HEIGHT_MM = 210.0, 297.0
SIDE_MM, TOP_MM, FOOT_MM = 22.0, 22.0, 20.0
TITLE_PT, TEXT_PT, SMALL_PT, CELL_PT = 18.0, 12.0, 10.5, 9.0


class Grid(msgspec.Struct, frozen=True, tag="grid", omit_defaults=True):
    """
    A table whose head repeats on each page.

    Args:
        heading: a line above it, never parted from it.
        shares: of the line, for each column.
        right: columns whose cells stand at the right, from 0.
        total: a last row in the face of the head, or ().
    """

    columns: tuple[str, ...]
    shares: tuple[float, ...]
    rows: tuple[tuple[str, ...], ...]
    heading: str = ""
    right: tuple[int, ...] = ()
    total: tuple[str, ...] = ()


class Remarks(msgspec.Struct, frozen=True, tag="remarks"):
    """Lines of small text."""

    lines: tuple[str, ...]


Part = Boxes | Grid | Remarks


def numbering() -> tuple[str, str, str]:
    """What stands before, between and behind the number of a page and how many there are."""
    return ("第", "页 共", "页") if spoken() == "zh" else ("Page ", " of ", "")


class Form(msgspec.Struct, frozen=True):
    """
    What stands on the paper, every text as it is printed.

    Args:
        left, right: the line under the title, at its two ends.
        foot: small print at the foot of every page, such as the head of the journal.
        numbers: the words around the number of a page, as `numbering` gives them.
    """

    title: str
    date: str
    parts: tuple[Part, ...]
    left: str = ""
    right: str = ""
    landscape: bool = False
    foot: str = ""
    numbers: tuple[str, str, str] = msgspec.field(default_factory=numbering)

    @property
    def width_mm(self) -> float:
        """Of the type area."""
        return (HEIGHT_MM if self.landscape else WIDTH_MM) - 2 * SIDE_MM


def cleaned(form: Form) -> Form:
    """The form with every text plain: line ends stay, what has no picture goes."""

    def clean(value: object) -> object:
        match value:
            case str():
                return "\n".join(plain(line) for line in value.splitlines())
            case dict():
                return {key: clean(one) for key, one in value.items()}
            case list() | tuple():
                return [clean(one) for one in value]
        return value

    return msgspec.convert(clean(msgspec.to_builtins(form)), Form)


def characters(form: Form) -> dict[str, set[str]]:
    """Every character that will be drawn, by the role of the font that draws it."""
    heiti: list[str] = []
    body = [form.left, form.right]
    for part in form.parts:
        match part:
            case Boxes():
                for box in (box for row in part.rows for box in row):
                    (heiti if box.label else body).extend((box.text, box.foot))
            case Grid():
                heiti += [*part.columns, part.heading, *part.total]
                body += [cell for row in part.rows for cell in row]
            case Remarks():
                body += part.lines
    drawn = {"xiaobiaosong": form.title, "heiti": "".join(heiti), "fangsong": "".join(body),
             "songti": form.foot + "".join(form.numbers) + "0123456789 "}  # fmt: skip
    return {role: {one for one in text if not one.isspace()} for role, text in drawn.items()}
