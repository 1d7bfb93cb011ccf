"""
The package of a word-processor document (ECMA-376 part 2): what never changes is made once by python-docx, the rest is filled in.

Styles, settings, theme, fonts and the parts for heads and feet are the same for every paper of a kind; they are built and
compressed once in a process. A paper brings its body, its feet and its properties as markup: the same paper, the same bytes.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

from netops.documents.markup import FACES, FAMILIES

OTHER_NAMES = {
    "fangsong": "FangSong,仿宋_GB2312",
    "xiaobiaosong": "FZXiaoBiaoSong-B05S",
    "heiti": "SimHei",
    "kaiti": "KaiTi,楷体_GB2312",
    "songti": "SimSun",
}
ZIP_TIME = (1980, 1, 1, 0, 0, 0)
BODY = "word/document.xml"
PROPERTIES = "docProps/core.xml"
IDLE = ("thumbnail", "stylesWithEffects", "customXml", "webSettings")
"""Parts of python-docx's own template that no paper uses, by the ends of their relationships."""

PIECES = {
    "foot": "footer",
    "foot_even": "even_page_footer",
    "foot_first": "first_page_footer",
    "head_first": "first_page_header",
}
"""What python-docx calls them."""


class Sheet(NamedTuple):
    """
    The paper that is written on.

    Args:
        foot_mm, head_mm: from the edge of the paper to the foot and the head.
        points: size of text that says no other.
        parts: heads and feet that it has: "foot", "foot_even", "foot_first", "head_first".
    """

    width_mm: float
    height_mm: float
    left_mm: float
    right_mm: float
    top_mm: float
    bottom_mm: float
    foot_mm: float
    points: float
    parts: tuple[str, ...] = ("foot",)
    head_mm: float = 12.7


class Frame(NamedTuple):
    """
    A package without what differs.

    Args:
        still: a ZIP of the parts that never change.
        around: by part, what stands before and after what is filled in.
        names: the part of each head and foot.
    """

    still: bytes
    around: Mapping[str, tuple[str, str]]
    names: Mapping[str, str]


def package(sheet: Sheet, body: str, parts: Mapping[str, str], *, title: str, author: str, day: str) -> bytes:
    """
    A document as bytes.

    Args:
        body: paragraphs and tables as markup. *parts*: the paragraphs of each head and foot that the sheet has.
        day: ISO date that stands as its making and last change.
    """
    frame = _frame(sheet)
    filled = {BODY: body, **{frame.names[name]: content for name, content in parts.items()}}
    file = io.BytesIO()
    file.write(frame.still)
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as made:
        for name, content in filled.items():
            before, after = frame.around[name]
            _put(made, name, f"{before}{content}{after}".encode())
        _put(made, PROPERTIES, _properties(title, author, day).encode())
    return file.getvalue()


def _put(made: zipfile.ZipFile, name: str, content: bytes) -> None:
    made.writestr(zipfile.ZipInfo(name, ZIP_TIME), content, zipfile.ZIP_DEFLATED)


def _properties(title: str, author: str, day: str) -> str:
    """Title, author and fixed times (ECMA-376 part 2 §11)."""
    kind = "http://schemas.openxmlformats.org/package/2006/metadata/core-properties"
    moment = f'xsi:type="dcterms:W3CDTF">{escape(day)}T00:00:00Z'
    return (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><cp:coreProperties xmlns:cp="{kind}"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<dc:title>{escape(title[:255])}</dc:title><dc:creator>{escape(author[:255])}</dc:creator>"
        f"<cp:lastModifiedBy>{escape(author[:255])}</cp:lastModifiedBy><cp:revision>1</cp:revision>"
        f"<dcterms:created {moment}</dcterms:created><dcterms:modified {moment}</dcterms:modified></cp:coreProperties>"
    )


# ---- what is made once
@lru_cache(maxsize=8)
def _frame(sheet: Sheet) -> Frame:
    from docx import Document
    from docx.enum.section import WD_ORIENT
    from docx.shared import Mm

    document = Document()
    section = document.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE if sheet.width_mm > sheet.height_mm else WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = Mm(sheet.width_mm), Mm(sheet.height_mm)
    section.left_margin, section.right_margin = Mm(sheet.left_mm), Mm(sheet.right_mm)
    section.top_margin, section.bottom_margin = Mm(sheet.top_mm), Mm(sheet.bottom_mm)
    section.footer_distance, section.header_distance = Mm(sheet.foot_mm), Mm(sheet.head_mm)
    _chinese(document, sheet.points)
    names = {name: _part(document, section, name) for name in sheet.parts}
    for style in document.styles.element.xpath("w:style[@w:type='table' and not(@w:default)]"):
        style.getparent().remove(style)
    for rels in (document.part.rels, document.part.package.rels):
        for key in [key for key, one in rels.items() if one.reltype.endswith(IDLE)]:
            del rels[key]
    saved = io.BytesIO()
    document.save(saved)
    return _taken_apart(saved, names)


def _taken_apart(saved: io.BytesIO, names: Mapping[str, str]) -> Frame:
    """What is filled in is cut out; the rest is compressed."""
    still, around = io.BytesIO(), {}
    with zipfile.ZipFile(saved) as whole, zipfile.ZipFile(still, "w", zipfile.ZIP_DEFLATED) as kept:
        for name in whole.namelist():
            content = whole.read(name)
            if name == BODY:
                said = content.decode()
                around[name] = (said[: said.index("<w:body>") + 8], said[said.index("<w:sectPr") :])
            elif name in names.values():
                said = content.decode()
                around[name] = (said[: said.index("<w:p>")], said[said.rindex("</w:p>") + 6 :])
            elif name != PROPERTIES:
                _put(kept, name, content)
    return Frame(still.getvalue(), around, names)


def _part(document: Any, section: Any, name: str) -> str:
    """Make a head or a foot with one empty paragraph; gives the name of its part in the package."""
    if name == "foot_even":
        document.settings.odd_and_even_pages_header_footer = True
    if name.endswith("_first"):
        section.different_first_page_header_footer = True
    piece = getattr(section, PIECES[name])
    piece.is_linked_to_previous = False
    for paragraph in piece.paragraphs:  # without the style of a foot, which has tab stops of its own
        paragraph._p.clear()
        paragraph.add_run("1")
    return str(piece.part.partname).lstrip("/")


def _chinese(document: Any, points: float) -> None:
    """Chinese by default: language, 仿宋 of *points*, and the other names of the fonts."""
    from docx.opc.constants import RELATIONSHIP_TYPE
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls, qn
    from docx.shared import Pt

    for language in document.styles.element.iter(qn("w:lang")):
        language.set(qn("w:eastAsia"), "zh-CN")
    style = document.styles["Normal"]
    style.font.size = Pt(points)
    properties = style.element.get_or_add_rPr()
    for old in properties.findall(qn("w:rFonts")):
        properties.remove(old)
    properties.insert(0, parse_xml(FACES["fangsong"].replace("<w:rFonts", f"<w:rFonts {nsdecls('w')}", 1)))
    fonts = "".join(
        f'<w:font w:name="{family}"><w:altName w:val="{OTHER_NAMES[role]}"/><w:charset w:val="86"/></w:font>'  # GB 2312
        for role, family in FAMILIES.items()
    )
    told = f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><w:fonts {nsdecls("w")}>{fonts}</w:fonts>'
    document.part.part_related_by(RELATIONSHIP_TYPE.FONT_TABLE)._blob = told.encode()
