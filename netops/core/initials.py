"""Initials (拼音首字母): what people type for a Chinese name: 财政局 is czj; a character with several readings has them all."""

from __future__ import annotations

import re
from functools import lru_cache

LETTERS = re.compile(r"[a-z]{2,16}")
LONGEST = 40
"""Characters of a name that are looked at."""


@lru_cache(maxsize=65_536)
def initials(name: str) -> tuple[frozenset[str], ...]:
    """For each character that is read or written, the letters that it may begin with."""
    from pypinyin import Style, pinyin

    plain = "".join(char for char in name[:LONGEST] if char.isalnum())
    if plain.isascii():
        return ()
    read = (pinyin(char, style=Style.FIRST_LETTER, heteronym=True)[0] for char in plain)
    return tuple(frozenset(reading[:1].lower() for reading in readings if reading) for readings in read)


def has_initials(name: str, text: str) -> bool:
    """Whether the initials of *name* have *text* (lower-case letters) somewhere inside."""
    letters = initials(name)
    room = len(letters) - len(text)
    return any(all(char in letters[start + place] for place, char in enumerate(text)) for start in range(room + 1))
