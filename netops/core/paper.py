"""The official paper (公文) as content: what it says and to whom, without how it looks on a page."""

from __future__ import annotations

import msgspec


class Heading(msgspec.Struct, frozen=True, tag="heading"):
    """A heading of level 1 (一、) or 2 （一）; its number is part of the text."""

    text: str
    level: int = 1


class Paragraph(msgspec.Struct, frozen=True, tag="paragraph", omit_defaults=True):
    """
    A paragraph of the body.

    Args:
        evidence: ids of what proves the facts it states.
        indent: False for a line that starts at the margin.
    """

    text: str
    evidence: tuple[str, ...] = ()
    indent: bool = True


class Table(msgspec.Struct, frozen=True, tag="table", omit_defaults=True):
    """A table whose head repeats on each page; *widths* are shares of the line, in the order of *columns*."""

    columns: tuple[str, ...]
    widths: tuple[float, ...]
    rows: tuple[tuple[str, ...], ...]
    evidence: tuple[str, ...] = ()


class Box(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    One box of a form.

    Args:
        columns: how many columns of the form it takes.
        label: True for the words beside which something is written.
        foot: a line at the bottom right of the box, such as where to sign.
        height_mm: at least so high.
    """

    text: str
    columns: int = 1
    label: bool = False
    foot: str = ""
    height_mm: float = 0


class Boxes(msgspec.Struct, frozen=True, tag="boxes", omit_defaults=True):
    """
    Boxes in rows, as on a form.

    Args:
        shares: of the line, for each column.
        whole: True for few rows that stay on one page, where a PDF of a form is drawn.
    """

    shares: tuple[float, ...]
    rows: tuple[tuple[Box, ...], ...]
    evidence: tuple[str, ...] = ()
    whole: bool = False


Block = Heading | Paragraph | Table | Boxes


class Translation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a paper says, in English, for its reader: the fields of `Paper` that have words."""

    title: str
    organ: str
    blocks: tuple[Block, ...]
    to: str = ""
    attachments: tuple[str, ...] = ()
    note: str = ""
    warnings: tuple[str, ...] = ()


class Paper(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    One official paper; the same record becomes DOCX, PDF and JSON.

    Args:
        instrument: kind of paper, such as "notice" (情况通报).
        mark: the issuing organ as the red head shows it (发文机关标志).
        title_breaks: places in the title where a name or term ends and a line may.
        number: 发文字号 such as 云信办〔2026〕15号, or "" while it is a draft.
        to: 主送机关, without the colon; "" when there is none.
        organ: signature of the issuing organ (署名); *date*: 成文日期, ISO.
        upward: True for a paper to a superior: its number stands left, *signer* (签发人) right.
        signed: False for a form that is signed in its boxes: no signature stands below it.
        copies: 抄送, or ""; *printed_by*: 印发机关, "" leaves the 版记 out.
        warnings: what a person must know before signing; shown on drafts only.
        journal: head of the journal when this was frozen, hex.
        language: "zh"; "en" for the translation of a Chinese paper, which is never the official one.
        english: what the translation says, frozen with the paper; None when its wording has none.
    """

    instrument: str
    mark: str
    title: str
    organ: str
    date: str
    blocks: tuple[Block, ...]
    number: str = ""
    title_breaks: tuple[int, ...] = ()
    to: str = ""
    attachments: tuple[str, ...] = ()
    note: str = ""
    copies: str = ""
    printed_by: str = ""
    copy_number: str = ""
    secrecy: str = ""
    urgency: str = ""
    upward: bool = False
    signer: str = ""
    signed: bool = True
    warnings: tuple[str, ...] = ()
    journal: str = ""
    language: str = "zh"
    english: Translation | None = None

    def in_english(self) -> Paper | None:
        """The translation: without red head and 版记, which are the original's alone; None when there is none."""
        if self.english is None:
            return None
        said = {name: getattr(self.english, name) for name in Translation.__struct_fields__}
        return msgspec.structs.replace(
            self, **said, language="en", english=None, title_breaks=(), mark="", printed_by="", copies="", upward=False,
            copy_number="", secrecy="", urgency="",
        )  # fmt: skip

    def read(self, language: str) -> Paper:
        """What it says to who reads *language*: the translation where that is "en" and there is one, else itself."""
        return (self.in_english() if language == "en" else None) or self

    @property
    def is_draft(self) -> bool:
        """True until a number was given to it."""
        return not self.number

    @property
    def evidence(self) -> tuple[str, ...]:
        """Every evidence id that it rests on, each once, in the order of the text."""
        found = (name for block in self.blocks if not isinstance(block, Heading) for name in block.evidence)
        return tuple(dict.fromkeys(found))

    @property
    def dated(self) -> str:
        """成文日期 in Arabic digits without leading zeros: 2026年11月20日; 20 November 2026 in the translation."""
        return english_date(self.date) if self.language == "en" else chinese_date(self.date)


def chinese_date(iso: str) -> str:
    """2026-11-20 as 2026年11月20日."""
    year, month, day = (int(part) for part in iso.split("-"))
    return f"{year}年{month}月{day}日"


MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def english_date(iso: str) -> str:
    """2026-11-20 as 20 November 2026."""
    year, month, day = (int(part) for part in iso.split("-"))
    return f"{day} {MONTHS[month - 1]} {year}"
