"""The checklist for signature: its table, its places to sign, and how LibreOffice prints it."""

from __future__ import annotations

import io
from collections.abc import Callable

from docx import Document

from netops.documents import form_docx
from netops.documents.checklist import Form
from tests.documents import drawn

FORM = Form(
    title="云溪市电子政务网络检查表",
    number="INS-2026-0003",
    fields=(("被查单位", "云溪市财政局"), ("检查目录", "办法检查目录"), ("检查日期", "2026-11-20")),
    columns=("编号", "检查项", "依据", "自动检查", "检查人意见", "单位意见", "说明与证据"),
    widths_mm=(15, 72, 17, 20, 26, 26, 71),
    rows=(
        (
            "A12-1",
            "是否统一共用互联网接入",
            "第十二条",
            "不符合",
            "",
            "",
            "<w:br/> \x1b[31m fin-r1 ［EV-0123456789ab］",
        ),
    )
    * 30,
    notes=("“未检查”不视为符合。",),
    signatures=("检查人（两人以上）签字：", "被查单位负责人签字（盖章）：", "日期："),
)


def test_the_form_is_whole() -> None:
    """
    Every row is there, text is text, and the same form gives the same bytes.
    """
    content = form_docx.render(FORM.drawn)
    document = Document(io.BytesIO(content))
    fields, rows, signatures = document.tables

    assert 31 == len(rows.rows)
    assert "<w:br/> [31m fin-r1 ［EV-0123456789ab］" == rows.rows[1].cells[6].text
    assert ["被查单位", "云溪市财政局", "检查目录", "办法检查目录"] == [
        cell.text for cell in fields.rows[0].cells
    ]
    assert list(FORM.signatures) == [cell.text for cell in signatures.rows[0].cells]
    assert content == form_docx.render(FORM.drawn)


def test_libreoffice_prints_the_head_on_every_page(
    opened: Callable[[dict[str, bytes]], dict[str, bytes]],
) -> None:
    """
    The column titles repeat, pages are numbered, and the places to sign stand with the notes.
    """
    pages = drawn.pages(opened({"form": form_docx.render(FORM.drawn)})["form"])
    said = ["".join(one.extract_text().split()) for one in pages]

    assert len(said) > 1
    assert [True] * len(said) == [
        f"第{number}页共{len(said)}页" in text for number, text in enumerate(said, 1)
    ]
    assert [True] * len(said) == ["说明与证据" in text or "签字" in text for text in said]
    assert ("不视为符合" in said[-1], "签字" in said[-1]) == (True, True)
