"""A checklist as a document for signature: title, fields, one table, notes, places to sign. A4 landscape. Pure."""

from __future__ import annotations

import msgspec

from netops.documents.form import Box, Boxes, Grid, Remarks
from netops.documents.form import Form as Drawn

SHARES = (30.0, 94.0, 30.0, 93.0)
"""Of the line, for a label and what stands beside it, twice."""
SIGN_MM = 24.0
"""Room for a name and a seal."""


class Form(msgspec.Struct, frozen=True):
    """
    What stands on the paper, every text as it is printed.

    Args:
        fields: (label, value), two to a line.
        widths_mm: width of each column, beside the others.
        rows: one cell a column.
        date: ISO date that the file bears as its own.
    """

    title: str
    number: str
    fields: tuple[tuple[str, str], ...]
    columns: tuple[str, ...]
    widths_mm: tuple[int, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    signatures: tuple[str, ...] = ()
    date: str = "1980-01-01"

    @property
    def drawn(self) -> Drawn:
        """It as a form: boxes, a table whose head repeats, remarks, and boxes to sign in."""
        told = [(Box(label, label=True), Box(value)) for label, value in self.fields]
        rows = tuple(sum(told[place : place + 2], ()) for place in range(0, len(told), 2))
        signed = Boxes((1.0,) * len(self.signatures), (tuple(Box(one, height_mm=SIGN_MM) for one in self.signatures),))
        parts = (Boxes(SHARES, rows), Grid(self.columns, self.widths_mm, self.rows), Remarks(self.notes))
        return Drawn(
            self.title, self.date, (*parts, *([signed] if self.signatures else [])), "", f"编号：{self.number}", landscape=True
        )
