"""A paper as PDF: typst with one compiler kept warm; what is said goes in as data, never as markup."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from netops.core.errors import NetopsError
from netops.core.paper import Block, Boxes, Paper, Paragraph, Table
from netops.documents import fonts, page
from netops.documents.layout import Drawn, Layout, row_heights, rows, settle
from netops.documents.settings import Documents

if TYPE_CHECKING:
    import typst

TEMPLATE = Path(__file__).with_name("gbt9704.typ")
_lock = threading.Lock()
"""One compiler serves one thread at a time."""
WHOLE = 16
"""A row of a table that is less than so many lines of the page high stays on one page."""
STICKING = 28 * 6
"""A last paragraph of up to so many characters moves to the next page with the signature."""


def render(paper: Paper, settings: Documents) -> bytes:
    """
    The paper as PDF bytes; the same paper and fonts give the same bytes.

    Raises:
        NetopsError: no Chinese font is here.
        Refused: a character has no glyph in any font.
    """
    shown = page.cleaned(paper)
    faces = fonts.survey(settings)
    fonts.check(faces, page.characters(shown), settings)
    told = _told(shown, faces, settings)
    day = datetime.fromisoformat(paper.date).replace(tzinfo=UTC)
    last: list[tuple[Layout, bytes]] = []

    def draw(one: Layout) -> bytes:
        inputs = {"paper": msgspec.json.encode(told | msgspec.structs.asdict(one)).decode()}
        content = compiled(TEMPLATE, inputs, day, settings, places)
        last[:] = [(one, content)]
        return content

    places: list[str] | None = [] if shown.printed_by else None
    if places is None:
        return draw(Layout())

    def placed(one: Layout) -> Drawn:
        draw(one)
        return msgspec.json.decode(places[-1], type=Drawn)

    settled = settle(shown.blocks, placed)
    return last[0][1] if last[0][0] == settled else draw(settled)


def compiled(
    template: Path, inputs: dict[str, str], day: datetime, settings: Documents, places: list[str] | None = None
) -> bytes:
    """
    A template of ours with *inputs*, as PDF bytes dated *day*; *places* takes what the template tells as <drawn>, JSON.

    Raises:
        NetopsError: it could not be drawn.
    """
    import typst

    with _lock:
        try:
            compiler = _compiler(template, settings.font_folders)
            drawn = compiler.compile(sys_inputs=inputs, format="pdf", timestamp=day)
            if places is not None:
                places.append(compiler.query("<drawn>", field="value", one=True))
        except typst.TypstError as error:
            raise NetopsError(
                "the PDF was not drawn",
                "{reason}",
                "write it as DOCX, and report this",
                reason=str(error)[:300],
            ) from error
    assert isinstance(drawn, bytes)  # noqa: S101 - one PDF is one file
    return drawn


@lru_cache(maxsize=4)
def _compiler(template: Path, folders: tuple[str, ...]) -> typst.Compiler:
    import typst

    return typst.Compiler(str(template), root=str(template.parent), font_paths=fonts.found(folders))


def _told(paper: Paper, faces: dict[str, fonts.Face], settings: Documents) -> dict[str, Any]:
    """Everything the template draws, as JSON values."""
    have = set(fonts.found(settings.font_folders).families())
    return {
        "grid": {
            "width_mm": page.WIDTH_MM,
            "height_mm": page.HEIGHT_MM,
            "top_mm": page.TOP_MM,
            "left_mm": page.LEFT_MM,
            "right_mm": page.RIGHT_MM,
            "bottom_mm": page.BOTTOM_MM,
            "pitch_mm": page.PITCH_MM,
            "body_pt": page.BODY_PT,
            "title_pt": page.TITLE_PT,
            "small_pt": page.SMALL_PT,
            "table_pt": page.TABLE_PT,
            "box_pt": page.BOX_PT,
            "warning_top_mm": page.WARNING_TOP_MM,
            "warning_pt": page.WARNING_PT,
            "journal_pt": page.JOURNAL_PT,
            "head_rows": page.HEAD_ROWS,
            "number_row": page.NUMBER_ROW,
            "mark_top_mm": page.MARK_TOP_MM,
            "red_line_gap_mm": page.RED_LINE_GAP_MM,
            "page_number_drop_mm": page.PAGE_NUMBER_DROP_MM,
            "red": page.RED,
        },
        "fonts": {role: face.families for role, face in faces.items()},
        "latin": next(name for name in fonts.LATIN if name in have),
        "front": page.front(paper),
        "mark": paper.mark,
        "mark_pt": page.mark_pt(paper.mark),
        "number": page.number_line(paper),
        "number_below": page.number_below(paper),
        "signer": page.signer_line(paper),
        "upward": paper.upward,
        "signed": paper.signed,
        "title": paper.title,
        "title_lines": page.title_lines(paper.title, paper.title_breaks),
        "to": page.addressed(paper),
        "lang": paper.language,
        "blocks": [_block(block, last=block is paper.blocks[-1], ragged=paper.language == "en") for block in paper.blocks],
        "attachments": page.attachment_lines(paper),
        "organ": paper.organ,
        "dated": paper.dated,
        "note": page.closing_note(paper),
        "journal": page.journal_line(paper),
        "warnings": page.above(paper),
        "imprint": bool(paper.printed_by),
        "copies": f"抄送：{paper.copies}。" if paper.copies else "",
        "printed_by": paper.printed_by,
        "printed_on": f"{paper.dated}印发",
    }


def _block(block: Block, *, last: bool, ragged: bool) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(block)
    if isinstance(block, Paragraph):
        told["ragged"] = ragged or bool(page.LONG_WORD.search(block.text))
        told["last"] = last and len(block.text) <= STICKING
    if isinstance(block, Boxes):
        told["last"] = last and rows(block) < WHOLE / 2
    if isinstance(block, Table):
        told["whole"] = [height < WHOLE for height in row_heights(block)]
    return told
