"""Dates in Chinese numerals (二〇二六年十一月三日) as dates in Arabic digits. Pure."""

from __future__ import annotations

import re

SPELLED = ("〇零○O", "一壹", "二贰", "三叁", "四肆", "五伍", "六陆", "七柒", "八捌", "九玖")
DIGITS = {one: value for value, several in enumerate(SPELLED) for one in several}
TENS = {"十": 1, "拾": 1, "廿": 2, "卅": 3}
DATE = re.compile(
    r"([〇零○O一二三四五六七八九壹贰叁肆伍陆柒捌玖]{4})年"
    r"([〇零○O一二三四五六七八九十壹贰叁肆伍陆柒捌玖拾]{1,3})月"
    r"([〇零○O一二三四五六七八九十廿卅壹贰叁肆伍陆柒捌玖拾]{1,4})[日号]?"
)


def arabic_date(text: str) -> str:
    """二〇二六年十一月三日 as 2026-11-3; any other text, and a month without a day, as it is."""
    found = DATE.fullmatch("".join(text.split()))
    if found is None:
        return text
    year = "".join(str(DIGITS[one]) for one in found[1])
    return f"{year}-{_counted(found[2])}-{_counted(found[3])}"


def _counted(text: str) -> int:
    """0 to 99 as they are counted (二十三, 廿三, 十) or spelled (〇三)."""
    place = next((place for place, one in enumerate(text) if one in TENS), None)
    if place is None:
        return int("".join(str(DIGITS[one]) for one in text))
    before, after = text[:place], text[place + 1 :]
    tens = int("".join(str(DIGITS[one]) for one in before)) if before else TENS[text[place]]
    return 10 * tens + (_counted(after) if after else 0)
