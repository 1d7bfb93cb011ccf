"""The page of GB/T 9704-2012: paper, margins, the grid of 22 lines of 28 characters, sizes and how titles break. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping

import msgspec

from netops.core.paper import Boxes, Heading, Paper, Paragraph, Table

WIDTH_MM, HEIGHT_MM = 210.0, 297.0
TOP_MM, LEFT_MM = 37.0, 28.0
AREA_WIDTH_MM, AREA_HEIGHT_MM = 156.0, 225.0
RIGHT_MM = WIDTH_MM - LEFT_MM - AREA_WIDTH_MM
BOTTOM_MM = HEIGHT_MM - TOP_MM - AREA_HEIGHT_MM
LINES, CHARACTERS = 22, 28

BODY_PT = 15.75
"""3号 by the standard's own definition: 28 of them are 155.6 mm."""
PITCH_MM = 10.42
"""Height of a 3号 character and 7/8 of it; 22 lines are 224.4 mm."""
TITLE_PT = 22.0
"""2号, as offices and word processors have it."""
SMALL_PT = 14.0
"""4号: page number and 版记."""
TABLE_PT = 10.5
"""5号: columns of a table are narrow."""
BOX_PT = 12.0
"""小4号: boxes of a form."""
WARNING_TOP_MM, WARNING_PT = 12.0, 9.0
"""What a person must know before signing stands above the type area of a draft's first page."""
MARK_TOP_MM = 35.0
"""From the top of the type area to the top of the red mark."""
MARK_PT = 46.0
NUMBER_ROW = 7
"""Row of the 发文字号, from 0: two empty lines below the mark."""
HEAD_ROWS = 10
"""Rows that mark, number, red line and two empty lines take; the title begins below."""
RED_LINE_GAP_MM = 4.0
RED = "#E60000"
PAGE_NUMBER_DROP_MM = 7.0
JOURNAL_PT = 7.0
TIGHT = 0.955
"""Lines may stand so much closer to keep what belongs together (23 a page): the standard's own remedy, 调整行距."""
MM_PER_PT = 25.4 / 72

OPENING = "（〔《“‘"
CLOSING = "，。；：、！？）〕》”’"
LONG_WORD = re.compile(r"[!-~]{10,}")
"""A Latin word that is too long for a justified line."""
LATIN_CHARACTERS = re.compile("[ -~\u00c0-\u017f]")
"""Characters that the Latin font draws; everything else, quotation marks and dashes too, is Chinese type."""
UNSEEN = ("Cc", "Cf", "Cs")
"""Unicode categories without a picture: controls, marks that turn the direction of writing, surrogates."""
BREAK_AFTER = "的和与及、，在对 "
"""Characters after which a title breaks well."""


def mark_pt(mark: str) -> float:
    """Size of the red mark in points: as large as the line allows, at most MARK_PT."""
    return min(MARK_PT, 0.97 * AREA_WIDTH_MM / MM_PER_PT / max(1, len(mark)))


def cells(text: str) -> float:
    """Width in characters of the line: a Chinese character is 1, a Latin letter or digit a half."""
    return sum(0.5 if character.isascii() else 1.0 for character in text)


def plain(text: str) -> str:
    """*text* on one line without what has no picture: devices say what they like, and it must not bend a page."""
    if text.isprintable():
        return text
    return "".join(one for one in re.sub(r"[\t\r\n]+", " ", text) if not _is_unseen(one))


def _is_unseen(one: str) -> bool:
    """Controls, invisible marks, surrogates, and the noncharacters that XML cannot hold."""
    code = ord(one)
    return unicodedata.category(one) in UNSEEN or code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF


def cleaned(paper: Paper) -> Paper:
    """The paper with every text plain."""
    return msgspec.convert(_clean(msgspec.to_builtins(paper), lines=False), Paper)


def _clean(value: object, *, lines: bool) -> object:
    """Every text in *value* plain; in boxes, line ends stay."""
    match value:
        case str():
            return "\n".join(plain(line) for line in value.splitlines()) if lines else plain(value)
        case dict():
            inside = lines or value.get("type") == "boxes"
            return {key: _clean(one, lines=inside) for key, one in value.items()}
        case list() | tuple():
            return [_clean(one, lines=lines) for one in value]
    return value


def signature_indents(organ: float, dated: float) -> tuple[float, float]:
    """
    Characters from the right margin to the signature and to the date.

    The date stands four in, the organ is centred over it; a long name moves both to the left. Widths in characters.
    """
    date = max(4.0, (organ - dated) / 2)
    return date + (dated - organ) / 2, date


def title_lines(title: str, breaks: Collection[int] = ()) -> tuple[str, ...]:
    """
    A title in lines for 小标宋 2号: balanced, no punctuation first, no Latin word cut.

    Args:
        breaks: places (characters before them) where a name or a term ends: good places to break.
    """
    widest = int(AREA_WIDTH_MM / MM_PER_PT / TITLE_PT)
    wanted = -(-int(cells(title) + 0.5) // widest)
    lines, start = [], 0
    while wanted > 1:
        place = _break(title, start, cells(title[start:]) / wanted, widest, breaks)
        lines.append(title[start:place].rstrip())
        start = place
        wanted = max(wanted - 1, -(-int(cells(title[start:]) + 0.5) // widest))
    return (*lines, title[start:])


def _break(text: str, start: int, ideal: float, widest: int, breaks: Collection[int]) -> int:
    """Where to break *text* after *start*, near *ideal* characters: the place that reads best."""

    def cost(place: int) -> float:
        before, after = text[place - 1], text[place]
        inside = before.isascii() and after.isascii() and before.isalnum() and after.isalnum()
        width = cells(text[start:place])
        inside |= after == " "
        bad = 100.0 * (after in CLOSING or before in OPENING or inside) + 1000.0 * (width > widest)
        good = 4.0 if place in breaks else 2.5 if before in BREAK_AFTER else 0.0
        return bad + abs(width - ideal) - good

    return min(range(start + 1, len(text)), key=cost)


WORDS: Mapping[str, Mapping[str, str]] = {
    "zh": {
        "draft": "（草稿，未编号）", "number": "编号：{number}", "to": "{to}：", "note": "（{note}）", "attached": "附件：",
        "journal": "操作日志链首 {head}",
    },
    "en": {
        "draft": "(draft, not numbered)", "number": "Number: {number}", "to": "To: {to}", "note": "({note})",
        "attached": "Attached: ", "journal": "translation for the reader; journal head {head}",
    },
}  # fmt: skip
"""What stands on every paper, by its language."""
TRANSLATED = "Translation for the reader. Only the Chinese original{number} is official, and it alone is stamped."


def word(paper: Paper, name: str, **facts: str) -> str:
    """One of WORDS, filled in."""
    return WORDS[paper.language][name].format(**facts)


def above(paper: Paper) -> tuple[str, ...]:
    """What stands in red above the type area of the first page: a draft's warnings; that a translation is one."""
    said = paper.warnings if paper.is_draft else ()
    return said if paper.language == "zh" else (TRANSLATED.format(number=f" {paper.number}".rstrip()), *said)


def front(paper: Paper) -> tuple[str, ...]:
    """份号, 密级和保密期限, 紧急程度: lines at the top left, in this order."""
    return tuple(text for text in (paper.copy_number, paper.secrecy, paper.urgency) if text)


def number_line(paper: Paper) -> str:
    """The 发文字号, or what stands in its place on a draft."""
    return paper.number or word(paper, "draft")


def number_below(paper: Paper) -> str:
    """编号 under the title of a paper without a red head; "" where there is none to show."""
    shown = not paper.mark and (paper.number or any(isinstance(block, Boxes) for block in paper.blocks))
    return word(paper, "number", number=number_line(paper)) if shown else ""


def addressed(paper: Paper) -> str:
    """主送机关 with its colon, or ""."""
    return word(paper, "to", to=paper.to) if paper.to else ""


def signer_line(paper: Paper) -> tuple[str, str]:
    """签发人 and the name, of a paper to a superior; on a draft the place for it."""
    return ("签发人：", paper.signer or "　　　") if paper.upward else ("", "")


def closing_note(paper: Paper) -> str:
    """附注 in round brackets, or ""."""
    return word(paper, "note", note=paper.note) if paper.note else ""


def journal_line(paper: Paper) -> str:
    """The head of the journal that the paper was made at, small at the foot of its pages; "" when there is none."""
    return word(paper, "journal", head=paper.journal[:16]) if paper.journal else ""


def attachment_lines(paper: Paper) -> tuple[str, ...]:
    """附件 lines: "附件：1. …", the next ones aligned below the first name."""
    first = word(paper, "attached")
    if len(paper.attachments) == 1:
        return (f"{first}{paper.attachments[0]}",)
    return tuple(
        (first if order == 1 else "　　　") + f"{order}. {name}"
        for order, name in enumerate(paper.attachments, 1)
    )


def characters(paper: Paper) -> dict[str, set[str]]:
    """
    Every character that will be drawn, by the role of the font that draws it.

    Roles: fangsong (body), xiaobiaosong (title, mark), heiti, kaiti (headings), songti (page number, 版记 rule).
    """
    roles = ("fangsong", "xiaobiaosong", "heiti", "kaiti", "songti")
    drawn: dict[str, set[str]] = {role: set() for role in roles}
    drawn["xiaobiaosong"] |= set(paper.title + paper.mark)
    drawn["songti"] |= set("0123456789—" + journal_line(paper))
    drawn["heiti"] |= set("".join(front(paper)))
    drawn["kaiti"] |= set(paper.signer)
    body = [number_line(paper), *signer_line(paper)[:1], number_below(paper), addressed(paper)]
    body += [paper.organ, paper.dated, closing_note(paper)]
    body += [*attachment_lines(paper), f"抄送：{paper.copies}。", paper.printed_by, "印发", *above(paper)]
    labels: list[str] = []
    for block in paper.blocks:
        match block:
            case Heading():
                drawn["heiti" if block.level == 1 else "kaiti"] |= set(block.text)
            case Paragraph():
                body.append(block.text)
            case Table():
                drawn["heiti"] |= set("".join(block.columns))
                body += [cell for row in block.rows for cell in row]
            case Boxes():
                for box in (box for row in block.rows for box in row):
                    (labels if box.label else body).extend((box.text, box.foot))
    drawn["heiti"] |= set("".join(labels))
    drawn["fangsong"] |= set("".join(body))
    return {role: {one for one in found if not one.isspace()} for role, found in drawn.items()}
