"""The basis (依据): the article, and the duty in it, that a finding or a checklist item stands on."""

from __future__ import annotations

import msgspec

from netops.core.language import spoken


class Basis(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    One place in a regulation.

    Args:
        article: number of the article, from 1.
        instrument: key of the instrument in `playbooks/law/bases.toml`; "measures" is the city's.
        duty: id of the duty within, such as "A12-1", or "" when the article as a whole is meant.
    """

    article: int
    instrument: str = "measures"
    duty: str = ""

    @property
    def label(self) -> str:
        """第十二条, as documents cite it."""
        return f"第{chinese_number(self.article)}条"

    @property
    def said(self) -> str:
        """第十二条, or Article 12: in the language in use."""
        return self.label if spoken() == "zh" else f"Article {self.article}"


def chinese_number(number: int) -> str:
    """1 to 99 in Chinese numerals, as articles are counted: 12 is 十二."""
    digits = "〇一二三四五六七八九"
    tens, units = divmod(number, 10)
    if tens == 0:
        return digits[units]
    return ("" if tens == 1 else digits[tens]) + "十" + (digits[units] if units else "")
