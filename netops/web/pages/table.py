"""A table of a page: the same rows as HTML and as CSV, so that what a picture shows can be read and carried away."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup, escape

SIGNS = {"good": "✓", "bad": "✗", "note": "!", "open": "·", "unseen": "?"}
"""What stands beside a colour, for those who do not see it."""
NUMBER = ' class="number"'
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would take for the beginning of a formula (OWASP, CSV injection)."""


@dataclass(frozen=True)
class Cell:
    """
    One cell.

    Args:
        href: where it leads, or "".
        mark: good, bad, note, open or unseen: its colour, and the sign before it; "" for plain text.
        under: a second, smaller line.
        short: it is never broken over lines.
        share: of a meter beside the text, a ratio; below 0 there is none.
        plain: what the CSV has in place of the text: a number that people read rounded.
        code: what stands between backticks is a command.
    """

    text: str
    href: str = ""
    mark: str = ""
    under: str = ""
    short: bool = False
    share: float = -1.0
    plain: str = ""
    code: bool = False

    @property
    def sign(self) -> str:
        """The sign of its mark."""
        return SIGNS.get(self.mark, "")

    @property
    def html(self) -> Markup:
        """What stands in the cell; every text in it is escaped."""
        text = str(commands(self.text) if self.code else escape(self.text)).replace("\n", "<br>")
        if self.href:
            text = f'<a href="{escape(self.href)}">{text or "—"}</a>'
        if sign := SIGNS.get(self.mark, ""):
            text = f'<span class="{escape(self.mark)}"><span class="sign" aria-hidden="true">{sign}</span> {text}</span>'
        if self.share >= 0:
            text += METER.format(round(self.share * 100, 1))
        return Markup(f"{text}<small>{escape(self.under)}</small>" if self.under else text)  # noqa: S704 - escaped above




def commands(text: str) -> Markup:
    """Text, escaped, in which what stands between backticks is set as a command."""
    return Markup(COMMAND.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped above


COMMAND = re.compile("`([^`]+)`")
METER = (
    '<span class="meter" aria-hidden="true"><svg viewBox="0 0 100 4" preserveAspectRatio="none">'
    '<rect class="fill-used" width="{}" height="4"/></svg></span>'
)


@dataclass(frozen=True)
class Table:
    """
    A table.

    Args:
        name: of the table in the page's address, for its CSV.
        caption: what it is, in a few words.
        heads: of its columns, in the language in use; numbers in the columns whose places are in *right*.
        rows: texts or cells.
        empty: the sentence in place of no rows.
        more: address of the next rows, *before* of those before; "" when there are none.
        live: the page replaces it when something happened.
    """

    name: str
    caption: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str | Cell]]
    empty: str = ""
    right: frozenset[int] = field(default_factory=frozenset)
    more: str = ""
    before: str = ""
    csv: str = ""

    @property
    def told(self) -> list[int]:
        """Places of the columns in which some row says something: the page leaves the others out, the CSV does not."""
        return _told(self.heads, list(self.cells))

    @property
    def html(self) -> Markup:
        """The table with its heads; a column that never says anything is left out."""
        rows, heads = list(self.cells), [escape(head) for head in self.heads]
        told = _told(self.heads, rows)
        row = "".join(f'<th scope="col"{NUMBER if place in self.right else ""}>{heads[place]}</th>' for place in told)
        parts = [f"<table><thead><tr>{row}</tr></thead><tbody>"]
        for cells in rows:
            parts.append("<tr>")
            for place in told:
                cell = cells[place]
                kind = ("number " if place in self.right else "") + ("short" if cell.short else "")
                named = f' class="{kind.strip()}"' if kind else ""
                parts.append(f'<td{named} data-head="{heads[place]}">{cell.html}</td>')
            parts.append("</tr>\n")
        return Markup("".join([*parts, "</tbody></table>"]))  # noqa: S704 - every text in it is escaped above

    @property
    def cells(self) -> Iterable[list[Cell]]:
        """Every row as cells."""
        return ([one if isinstance(one, Cell) else Cell(one) for one in row] for row in self.rows)


def _told(heads: Sequence[str], rows: list[list[Cell]]) -> list[int]:
    return [place for place in range(len(heads)) if any(row[place].text or row[place].under for row in rows)]


def as_csv(table: Table) -> str:
    """The table as CSV; a cell that a spreadsheet would take for a formula is quoted by an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(table.heads)
    for row in table.cells:
        writer.writerow([_plain(cell.plain or " ".join(filter(None, (cell.text, cell.under)))) for cell in row])
    return out.getvalue()


def _plain(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text
