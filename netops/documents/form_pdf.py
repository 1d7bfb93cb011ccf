"""A form or a ledger as PDF: what is said goes in as data, never as markup."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from netops.documents import fonts, form, pdf
from netops.documents.form import Form
from netops.documents.settings import Documents

TEMPLATE = Path(__file__).with_name("form.typ")


def render(content: Form, settings: Documents) -> bytes:
    """
    The form as PDF bytes; the same form and fonts give the same bytes.

    Raises:
        NetopsError: no Chinese font is here.
        Refused: a character has no glyph in any font.
    """
    shown = form.cleaned(content)
    faces = fonts.survey(settings)
    fonts.check(faces, form.characters(shown), settings)
    have = set(fonts.found(settings.font_folders).families())
    told = {
        "page": {
            "width_mm": form.WIDTH_MM, "height_mm": form.HEIGHT_MM, "side_mm": form.SIDE_MM, "top_mm": form.TOP_MM,
            "foot_mm": form.FOOT_MM, "title_pt": form.TITLE_PT, "text_pt": form.TEXT_PT, "small_pt": form.SMALL_PT,
            "cell_pt": form.CELL_PT,
        },
        "fonts": {role: face.families for role, face in faces.items()},
        "latin": next(name for name in fonts.LATIN if name in have),
        "form": shown,
    }  # fmt: skip
    day = datetime.fromisoformat(content.date).replace(tzinfo=UTC)
    return pdf.compiled(TEMPLATE, {"told": msgspec.json.encode(told).decode()}, day, settings)
