"""The parts of a word-processor document (ECMA-376) that python-docx leaves to us: fonts by role, bare lines, fixed bytes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any

FAMILIES = {
    "fangsong": "仿宋",
    "xiaobiaosong": "方正小标宋简体",
    "heiti": "黑体",
    "kaiti": "楷体",
    "songti": "宋体",
}
"""Fonts by the names that every Chinese Windows has, apart from 小标宋, which offices buy; named, never shipped."""
OTHER_NAMES = {
    "fangsong": "FangSong,仿宋_GB2312",
    "xiaobiaosong": "FZXiaoBiaoSong-B05S",
    "heiti": "SimHei",
    "kaiti": "KaiTi,楷体_GB2312",
    "songti": "SimSun",
}
LATIN = "Times New Roman"
ZIP_TIME = (1980, 1, 1, 0, 0, 0)


def chinese(document: Any, points: float) -> None:
    """Chinese by default: language, 仿宋 of *points*, and the other names of the fonts."""
    from docx.oxml.ns import qn
    from docx.shared import Pt

    for language in document.styles.element.iter(qn("w:lang")):
        language.set(qn("w:eastAsia"), "zh-CN")
    style = document.styles["Normal"]
    style.font.size = Pt(points)
    _name(style.element.get_or_add_rPr(), "fangsong")
    _font_table(document)


def _font_table(document: Any) -> None:
    """Tell word processors the other names of the fonts, for machines that have only those."""
    from docx.opc.constants import RELATIONSHIP_TYPE
    from docx.opc.oxml import serialize_part_xml

    fonts = element("fonts", {})
    for role, family in FAMILIES.items():
        font = element("font", {"name": family})
        font.append(element("altName", {"val": OTHER_NAMES[role]}))
        font.append(element("charset", {"val": "86"}))  # GB 2312
        fonts.append(font)
    document.part.part_related_by(RELATIONSHIP_TYPE.FONT_TABLE)._blob = serialize_part_xml(fonts)


def run(paragraph: Any, text: str, role: str, points: float, spacing: int = 0, colour: str = "") -> Any:
    """Text in the font of a role; *spacing* between characters in twentieths of a point, *colour* #RRGGBB."""
    from docx.shared import Pt, RGBColor

    run = paragraph.add_run(text)
    properties = run._r.get_or_add_rPr()
    _name(properties, role)
    if colour:
        run.font.color.rgb = RGBColor.from_string(colour.removeprefix("#"))
    if spacing:
        properties.append(element("spacing", {"val": spacing}))
    run.font.size = Pt(round(points * 2) / 2)
    return run


def _name(properties: Any, role: str) -> None:
    from docx.oxml.ns import qn

    fonts = properties.get_or_add_rFonts()
    for key in ("w:ascii", "w:hAnsi", "w:cs"):
        fonts.set(qn(key), LATIN)
    fonts.set(qn("w:eastAsia"), FAMILIES[role])


def bare(paragraph: Any) -> None:
    """No space around, no widow control, no automatic space between Chinese and Latin: the grid decides."""
    from docx.oxml.ns import qn
    from docx.shared import Pt

    shape = paragraph.paragraph_format
    shape.space_before = shape.space_after = Pt(0)
    shape.widow_control = False
    later = paragraph._p.get_or_add_pPr().find(qn("w:spacing"))
    for name in ("autoSpaceDE", "autoSpaceDN"):
        later.addprevious(element(name, {"val": 0}))  # the schema wants these before w:spacing


def widths(table: Any, widths_mm: tuple[float, ...], margin_mm: float) -> None:
    """Fixed widths, centred between the margins; *margin_mm* left and right inside each cell."""
    from docx.enum.table import WD_TABLE_ALIGNMENT
    from docx.shared import Mm

    table.autofit, table.alignment = False, WD_TABLE_ALIGNMENT.CENTER
    for column, width in zip(table.columns, widths_mm, strict=True):
        column.width = Mm(width)
        for cell in column.cells:
            cell.width = Mm(width)
    margins = element("tblCellMar", {})
    for side in ("left", "right"):
        margins.append(element(side, {"w": round(Mm(margin_mm).pt * 20), "type": "dxa"}))
    table._tbl.tblPr.insert_element_before(margins, "w:tblLook")


def field(run: Any, name: str) -> None:
    """Let the run show, in its own font, what the word processor counts: PAGE or NUMPAGES."""
    counted = element("fldSimple", {"instr": name})
    run._r.addprevious(counted)
    counted.append(run._r)
    run.text = "1"


def element(name: str, values: Mapping[str, object]) -> Any:
    """An element of the word-processing namespace with attributes of the same."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    element = OxmlElement(f"w:{name}")
    for key, value in values.items():
        element.set(qn(f"w:{key}"), str(value))
    return element


def packed(document: Any) -> bytes:
    """The package with fixed times and a fixed order of parts."""
    made, fixed = io.BytesIO(), io.BytesIO()
    document.save(made)
    with zipfile.ZipFile(made) as before, zipfile.ZipFile(fixed, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            after.writestr(zipfile.ZipInfo(name, ZIP_TIME), before.read(name), zipfile.ZIP_DEFLATED)
    return fixed.getvalue()
