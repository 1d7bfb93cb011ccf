"""What the words of a public page say that matters: security marks, identity numbers, days; where, and never the words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import date

import msgspec

from netops.core.dates import iso_of
from netops.registers import identity

IDENTITY = re.compile(r"(?<![0-9A-Za-z.])(?:\d[ \-]?){17}[\dXx](?![0-9A-Za-z])")
"""Eighteen digits, perhaps in groups; full-width ones are made plain before."""
UNSEEN_MARKS = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))
TERM = r"(?:[\d〇一二三四五六七八九十]+\s*(?:年|个?月|天|日)|长期|解密|启用前)"
MARK = re.compile(rf"(绝\s?密|机\s?密|秘\s?密)\s*(?:[★☆⭐✩✭]|[*＊]\s*(?={TERM}))")
"""As documents bear it; an asterisk is one with a term only: it is a footnote otherwise."""
QUOTED = re.compile(r"(?:[“”\"'‘’「」『』]|(?:如|例如|比如|标注|标志|标识|形式|格式|样式|字样)[为是：:]?)\s*$")
"""What stands before a mark that is only spoken of."""
LABELLED = re.compile(
    r"密\s*级\s*[\])】）]?\s*[:：]?\s*[\[【(（]?\s*(绝\s?密|机\s?密|秘\s?密)\s*级?(?![\u4e00-\u9fff、/／])"
)
WHOLE = re.compile(r"[\[【(（〔]?\s*(绝\s*密|机\s*密|秘\s*密)\s*级?\s*[\])】）〕]?")
DAY = re.compile(r"(?<!\d)(20\d{2}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2})(?!\d)")
SHORT = (
    r"(?:[\[【(（]\s*(\d{1,2})[-/.](\d{1,2})\s*[\])】）]|(?<![\d\-/.:])(\d{2})[-/](\d{2})(?![\d\-/.:])"
    r"|(?<![年\d])(\d{1,2})月(\d{1,2})日)"
)
SHORT_DAY = re.compile(rf"^\s*{SHORT}|{SHORT}\s*[\])】）]?\s*$")
"""A day as lists give it, without its year: the last one that was."""
TODAY = ("今天", "今日", "现在", "当前", "today")
FORMED = re.compile(
    r"(?:成文|形成|生成|印发|发文|制发|变更)\s*(?:日期|时间)\s*[:：]?\s*(20\d{2}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2})"
)
PUBLISHED = re.compile(
    r"(?:发布|公开|发表)\s*(?:日期|时间)\s*[:：]?\s*(20\d{2}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2})"
)


class Spot(msgspec.Struct, frozen=True):
    """
    A place on a page where something stands that should not; never what stands there.

    Args:
        kind: the mark (秘密、机密、绝密), or "" for an identity number.
        hash: eight hex digits by which the same text is known again.
    """

    line: int
    kind: str
    hash: str


# ---- what should not be there
def marks(blocks: Sequence[tuple[int, str]]) -> Iterator[Spot]:
    """Marks as documents bear them (秘密★1年), as a field (密级：秘密) or alone in a block; no word in a sentence."""
    alone = [found[1] for _line, block in blocks if (found := WHOLE.fullmatch(block))]
    explains = sorted("".join(word.split()) for word in alone) == ["机密", "秘密", "绝密"]
    for line, block in blocks:
        found = next((one for one in MARK.finditer(block) if not QUOTED.search(block[: one.start()])), None)
        found = found or LABELLED.search(block) or (None if explains else WHOLE.fullmatch(block))
        if found:
            kind = "".join(found[1].split())
            yield Spot(line, kind, identity.fingerprint(block))


def identities(blocks: Iterable[tuple[int, str]]) -> Iterator[Spot]:
    """Whole identity numbers with a right check digit, however they are spaced; masked ones are as they should be."""
    told = set()
    for line, raw in blocks:
        block = raw if raw.isascii() else unicodedata.normalize("NFKC", raw.translate(UNSEEN_MARKS))
        for found in IDENTITY.finditer(block):
            number = re.sub(r"[ \-]", "", found[0])
            here = line + block[: found.start()].count("\n")
            if not identity.why_no_identity(number) and (here, number) not in told:
                told.add((here, number))
                yield Spot(here, "", identity.fingerprint(number))


# ---- dates
def days(blocks: Iterable[tuple[int, str]], today: date) -> Iterator[date]:
    """Every day up to today that blocks of a page give, but not the ones that only say what day it is."""
    for _line, block in blocks:
        if not any(word in block.lower() for word in TODAY):
            yield from (day for day in _days(block, today) if day <= today)


def _days(block: str, today: date) -> Iterator[date]:
    for found in DAY.finditer(block):
        if text := iso(found[1]):
            yield date.fromisoformat(text)
    if short := SHORT_DAY.search(block):
        month, number = (one for one in short.groups() if one)
        with suppress(ValueError):
            day = date(today.year, int(month), int(number))
            yield day if day <= today else day.replace(year=today.year - 1)


def first(pattern: re.Pattern[str], text: str) -> str:
    """The first day that a pattern finds, as ISO text, or ""."""
    found = pattern.search(text)
    return iso(found[1]) if found else ""


def iso(text: str) -> str:
    """The first whole day in a text as ISO text, or ""."""
    found = DAY.search(text)
    try:
        said = iso_of("-".join(re.findall(r"\d+", found[1]))) if found else ""
    except ValueError:
        return ""
    return said if len(said) == 10 else ""
