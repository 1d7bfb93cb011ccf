"""What a PDF really draws: lines with their places, fonts, and characters without a glyph."""

from __future__ import annotations

import io
from dataclasses import dataclass

from pypdf import PageObject, PdfReader
from pypdf.generic import ByteStringObject, ContentStream, TextStringObject

MM = 25.4 / 72


@dataclass(frozen=True)
class Line:
    """A line of text: left end and baseline in mm from the top left corner of the paper."""

    text: str
    left: float
    baseline: float
    points: float


def pages(content: bytes) -> list[PageObject]:
    """The pages of a PDF."""
    return list(PdfReader(io.BytesIO(content)).pages)


def lines(page: PageObject) -> list[Line]:
    """The lines of a page from top to bottom; what stands on one baseline is one line."""
    height = float(page.mediabox.height)
    found: dict[float, list[tuple[float, str, float]]] = {}

    def see(text: str, cm: list[float], tm: list[float], font: object, points: float) -> None:
        if font is not None and text.strip():
            x, y = cm[4] + tm[4], cm[5] + tm[5]
            found.setdefault(round((height - y) * MM, 1), []).append((x * MM, text.strip("\n"), points))

    page.extract_text(visitor_text=see)
    return [
        Line("".join(text for _, text, _ in sorted(parts)), min(parts)[0], baseline, parts[0][2])
        for baseline, parts in sorted(found.items())
    ]


def embedded(content: bytes) -> dict[str, bool]:
    """Names of the fonts, without the subset prefix, and whether their program is in the file."""
    seen = {}
    for page in pages(content):
        for one in page["/Resources"]["/Font"].values():
            font = one.get_object()
            inner = font["/DescendantFonts"][0].get_object() if "/DescendantFonts" in font else font
            descriptor = inner["/FontDescriptor"]
            name = str(font["/BaseFont"]).lstrip("/").split("+")[-1].removesuffix("-Identity-H")
            seen[name] = any(f"/FontFile{kind}" in descriptor for kind in ("", "2", "3"))
    return seen


def undrawn(content: bytes) -> int:
    """How many times glyph 0 (.notdef, the empty box) is drawn; codes are two bytes each (Identity-H)."""
    reader, count = PdfReader(io.BytesIO(content)), 0
    for page in reader.pages:
        for operands, operator in ContentStream(page.get_contents(), reader).operations:
            if operator in (b"Tj", b"TJ"):
                shown = operands[0] if operator == b"TJ" else operands
                texts = [one for one in shown if isinstance(one, ByteStringObject | TextStringObject)]
                for raw in (one.original_bytes for one in texts):
                    count += sum(raw[place : place + 2] == b"\0\0" for place in range(0, len(raw), 2))
    return count
