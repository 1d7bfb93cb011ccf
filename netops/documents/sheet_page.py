"""How a sheet is printed: on which paper, over how many pages, with which rows and columns again on each of them."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any

from netops.core.language import spoken
from netops.core.sheet import letters

A4, A3 = 9, 8
"""Numbers of papers (ECMA-376 Part 1, 18.3.1.63 paperSize)."""
ROOM = {(A4, False): 96.0, (A4, True): 144.0, (A3, False): 144.0, (A3, True): 210.0}
"""Half-width characters of the plain size from margin to margin, by paper and whether it lies on its side."""
SMALLEST = 0.62
"""How far a sheet is made smaller before it takes a larger paper, then several pages: 10.5 points become 6.5."""


def spread(widths: Sequence[float], *, landscape: bool, kept: int = 0) -> tuple[int, int]:
    """
    The paper that a sheet is printed on, and over how many pages side by side.

    Args:
        widths: of its columns, in half-width characters.
        kept: columns that stand on every page when one is too narrow for all of them.
    """
    total = sum(widths)
    paper = A4 if total <= ROOM[A4, landscape] / SMALLEST else A3
    room = ROOM[paper, landscape] / SMALLEST
    again = sum(widths[:kept])
    return paper, 1 if total <= room or again >= room else ceil((total - again) / (room - again))


def settle(page: Any, widths: Sequence[float], head: int, *, landscape: bool, kept: int = 0) -> None:
    """
    Lay a sheet out for the printer.

    Args:
        widths, kept: as `spread` takes them.
        head: the row of its headings, from 1; again on every page. 0 for none.
    """
    paper, across = spread(widths, landscape=landscape, kept=kept)
    page.page_setup.orientation = "landscape" if landscape else "portrait"
    page.page_setup.paperSize, page.page_setup.fitToWidth, page.page_setup.fitToHeight = paper, across, 0
    page.sheet_properties.pageSetUpPr.fitToPage = True
    page.print_options.horizontalCentered = True
    page.oddFooter.center.text = "第 &P 页 共 &N 页" if spoken() == "zh" else "&P / &N"
    margins = page.page_margins
    margins.left = margins.right = 0.6
    margins.top, margins.bottom, margins.footer = 0.7, 0.7, 0.35
    if head:
        page.print_title_rows = f"{head}:{head}"
    if across > 1 and kept:
        page.print_title_cols = f"A:{letters(kept - 1)}"
