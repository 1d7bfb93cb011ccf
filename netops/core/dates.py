"""Dates as people write them: Chinese numerals, full-width digits, a month without its day; as ISO 8601 text. Pure."""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from datetime import date

DIGITS = {
    **dict.fromkeys("〇○零OＯ", 0), "一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9,
    "壹": 1, "贰": 2, "叁": 3, "肆": 4, "伍": 5, "陆": 6, "柒": 7, "捌": 8, "玖": 9, "两": 2, "元": 1,
}  # fmt: skip
TENS = "十拾廿卅"
NUMERAL = f"{''.join(DIGITS)}{TENS}百佰"
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
CLOCK = r"(?:[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?"


def numeral(text: str) -> int:
    """
    A number below 1000 or a row of digits in Chinese numerals: 三十一 is 31, 二〇二六 is 2026, 廿八 is 28.

    Raises:
        ValueError: it is no such number.
    """
    if not text or any(char not in NUMERAL for char in text):
        raise ValueError(f"{text[:20]!r} is not a Chinese numeral")
    if all(char in DIGITS for char in text):
        return int("".join(str(DIGITS[char]) for char in text))
    total, last = 0, 0
    for char in text:
        if char in DIGITS:
            last = DIGITS[char]
        elif char in "百佰":
            total, last = total + (last or 1) * 100, 0
        elif char in "廿卅":
            total, last = total + (20 if char == "廿" else 30), 0
        else:
            total, last = total + (last or 1) * 10, 0
    return total + last


def iso_of(text: str) -> str:
    """
    The day, month or year that *text* says, as 2026-11-30, 2026-11 or 2026.

    Read are 2026-11-30, 2026/11/30, 2026.11.30, 20261130, 2026年11月30日, 二〇二六年十一月三十日, 30 Nov 2026, Nov 30, 2026,
    each also without its day; a time of day after it is passed over.

    Raises:
        ValueError: it says no date, or one that the calendar has not.
    """
    said = unicodedata.normalize("NFKC", text).strip()
    western = re.sub(
        f"[{NUMERAL}]+(?=\\s*[年月日号])", lambda found: str(numeral(found[0])), text.strip()
    )
    western = unicodedata.normalize("NFKC", western)
    parts = (
        re.fullmatch(r"(\d{4})\s*年(?:\s*(\d{1,2})\s*月(?:\s*(\d{1,2})\s*[日号])?)?" + CLOCK, western)
        or re.fullmatch(r"(\d{4})\s*[-/.]\s*(\d{1,2})(?:\s*[-/.]\s*(\d{1,2}))?" + CLOCK + r"(?:Z|[+-]\d{2}:?\d{2})?", said)
        or re.fullmatch(r"(\d{4})(\d{2})(\d{2})", said)
        or re.fullmatch(r"((?:19|20|21)\d{2})", said)
    )
    if parts:
        return _real(*(int(part) for part in parts.groups() if part))
    if english := _english(said):
        return _real(*english)
    raise ValueError(f"{text[:80]!r} is not a date")


def _english(said: str) -> tuple[int, ...] | None:
    found = re.fullmatch(r"(?:(\d{1,2})\s+)?([A-Za-z]{3,9})\.?(?:\s+(\d{1,2}))?,?\s+(\d{4})", said)
    if not found or found[2][:3].lower() not in MONTHS or (found[1] and found[3]):
        return None
    month, day = MONTHS.index(found[2][:3].lower()) + 1, found[1] or found[3]
    return (int(found[4]), month, int(day)) if day else (int(found[4]), month)


def _real(year: int, month: int = 0, day: int = 0) -> str:
    if not month:
        return f"{year:04d}"
    return date(year, month, day or 1).isoformat() if day else date(year, month, 1).isoformat()[:7]


def first_day(iso: str) -> date:
    """The first day of what `iso_of` gave."""
    return date.fromisoformat(f"{iso}-01-01"[:10] if len(iso) == 4 else f"{iso}-01"[:10])


def last_day(iso: str) -> date:
    """The last day of what `iso_of` gave: what expires in a month lasts to its end."""
    first = first_day(iso)
    if len(iso) == 4:
        return date(first.year, 12, 31)
    return first if len(iso) > 7 else date(first.year, first.month, monthrange(first.year, first.month)[1])


def after(day: date, period: str) -> date:
    """
    The day that is "30d", "12m" or "1y" after *day*; the last day of a shorter month.

    Raises:
        ValueError: *period* is none of these.
    """
    found = re.fullmatch(r"(\d{1,4})([dmy])", period)
    if not found:
        raise ValueError(f"{period!r} is not a period such as 30d, 12m or 1y")
    count = int(found[1])
    if found[2] == "d":
        return date.fromordinal(day.toordinal() + count)
    months = day.year * 12 + day.month - 1 + count * (12 if found[2] == "y" else 1)
    year, month = divmod(months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
