"""What a cell of a form or a table says, as a field keeps it; what it cannot mean is a fault with its place. Pure."""

from __future__ import annotations

import re
from ipaddress import ip_address

import msgspec

from netops.core.dates import NUMERAL, numeral
from netops.core.language import N_
from netops.core.names import Names
from netops.core.sheet import Formula, Place, Value, day_of, is_empty, plain, spelled, text_of
from netops.declarations.fields import Entry, Field
from netops.declarations.form import LONGEST

COUNTED = re.compile(r"(?:共|合计|约)?\s*(\d{1,9})(?:\.0+)?\s*[台个套部人点]?(?:左右)?")
WORDED = re.compile(rf"(?:共|合计|约)?\s*([{NUMERAL}]+)\s*[台个套部人点](?:左右)?|([{NUMERAL}]+)")
NOTHING = frozenset({"", "无", "-", "--", "—", "——", "/", "\\", "none", "n/a", "na", "空", "暂无", "没有"})
"""What people write into a cell that says nothing."""
BLANK_DATE = re.compile(r"[年月日号\s_　-]*")
YES = frozenset({"√", "✓", "有", "已", "y", "true", "1", "已盖章", "已签字盖章", "已签章"})
NO = frozenset({"×", "✗", "未", "n", "false", "0", "未盖章"})
SHORT_PLANES = {
    "外网": "extranet",
    "内网": "intranet",
    "电子政务外网": "extranet",
    "电子政务内网": "intranet",
}


class Fault(msgspec.Struct, frozen=True):
    """
    What is wrong with one cell, row or sheet.

    Args:
        field: name of the field, or "".
        what, mend: message ids with places for *facts*.
    """

    place: Place
    field: str
    value: str
    what: str
    mend: str
    facts: dict[str, str] = {}


class Unclear(ValueError):
    """A value means nothing that the field can keep: message ids of what is wrong and what mends it."""

    def __init__(self, what: str, mend: str, **facts: str) -> None:
        self.what, self.mend, self.facts = what, mend, facts
        super().__init__(what)

    def at(self, place: Place, field: str, value: Value) -> Fault:
        """The same as the fault of a cell."""
        return Fault(place, field, text_of(value)[:80], self.what, self.mend, self.facts)


def kept(field: Field, value: Value, names: Names) -> str:
    """
    What a field keeps of a cell.

    Raises:
        Unclear: it cannot be kept so.
    """
    if is_empty(value):
        return ""
    if isinstance(value, Formula):
        raise Unclear(N_("a formula is not computed"), N_("write what it comes to"))
    text = text_of(value)
    if len(text) > LONGEST:
        raise Unclear(N_("it is longer than {count} characters"), N_("say it shorter"), count=str(LONGEST))
    if field.entry is Entry.COUNT:
        return _count(value)
    if field.entry is Entry.DATE:
        return _day(value)
    if field.name == "plane":
        return _plane(field, text)
    if field.name == "sealed":
        return _sealed(field, text)
    if field.name == "kind":
        return field.value(text) or text
    if field.entry is Entry.CHOICE:
        return _choice(field, text)
    if field.name in ("organization", "authority"):
        return _organization(text, names)
    if field.name == "address":
        return _address(text)
    if field.name == "version":
        return _count(value)
    if plain(value).casefold() in NOTHING:
        return ""
    return (
        plain(value)
        if field.name.endswith("phone") or field.name in ("ports", "number", "certificate")
        else text
    )


def _count(value: Value) -> str:
    text = plain(value)
    if text.casefold() in NOTHING:
        return ""
    if (word := WORDED.fullmatch(text)) is not None:
        return str(numeral(word[1] or word[2]))
    found = COUNTED.fullmatch(text)
    if found is None or isinstance(value, bool):
        raise Unclear(N_("it is no number"), N_("write digits, such as 25"))
    return str(int(found[1]))


def _day(value: Value) -> str:
    text = plain(value)
    if BLANK_DATE.fullmatch(text) or text.casefold() in NOTHING or text == "长期":
        return ""
    try:
        return day_of(value).isoformat()
    except ValueError:
        raise Unclear(N_("it is no day"), N_("write it as 2026-11-20")) from None


def _plane(field: Field, text: str) -> str:
    found = field.value(text) or SHORT_PLANES.get(spelled(text))
    if not found:
        raise Unclear(N_("it is neither of the two networks"), N_("write 政务外网 or 政务内网"))
    return found


def _sealed(field: Field, text: str) -> str:
    word = spelled(text)
    if word in YES:
        return "yes"
    return "" if word in NO or word in NOTHING else {"yes": "yes", "no": ""}[_choice(field, text)]


def _choice(field: Field, text: str) -> str:
    if plain(text).casefold() in NOTHING:
        return ""
    found = field.value(plain(text))
    if found is None:
        raise Unclear(
            N_("it is none of the choices"), N_("one of: {choices}"),
            choices="；".join(words[0] for words in field.choices.values()),
        )  # fmt: skip
    return found


def _organization(text: str, names: Names) -> str:
    codes = names.codes(text)
    if len(codes) == 1:
        return next(iter(codes))
    if codes:
        raise Unclear(
            N_("several organizations are called so: {codes}"), N_("write the code of one"), codes=", ".join(sorted(codes))
        )
    if (near := names.near(text)) is not None:
        raise Unclear(
            N_("no organization is called so"), N_("{near} ({code})? write it so"), near=near.name_zh, code=near.code
        )
    raise Unclear(N_("no organization is called so"), N_("netops organization list shows them"))


def _address(text: str) -> str:
    word = plain(text)
    if word.casefold() in NOTHING:
        return ""
    try:
        return str(ip_address(word.partition("/")[0].strip()))
    except ValueError:
        raise Unclear(N_("it is no address"), N_("write one such as 10.20.11.2")) from None
