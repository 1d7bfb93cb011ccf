"""What a field of a register may hold: read from what people write, kept in one form, shown in both languages. Pure."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import urlsplit

from netops.core.dates import NUMERAL, iso_of, numeral
from netops.core.language import N_
from netops.core.sheet import Formula, Value, day_of, folded, plain, text_of
from netops.registers import identity
from netops.registers.kind import Field

Kept = str | int | float | bool | list[str]
"""What is stored, by type: dates as ISO text, choices by key, organizations by code, references by number."""
LONGEST, LONGEST_NOTE, MOST_ADDRESSES = 500, 4000, 256
LONG_TERM = "long"
LONG_WORDS = frozenset(
    folded(one)
    for one in ("长期", "长期有效", "永久", "无固定期限", "long", "long-term", "permanent", "no end")
)
YES = frozenset(("是", "有", "yes", "y", "true", "1", "√", "✓", "✔", "对"))
NO = frozenset(("否", "无", "no", "n", "false", "0", "×", "✗", "x", "没有", "不是"))
ERRORS = ("#REF!", "#N/A", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!")
PERIODS = {
    "realtime": ("实时", "real time"), "1h": ("每小时", "hourly"), "12h": ("每半天", "twice a day"), "1d": ("每日", "daily"),
    "7d": ("每周", "weekly"), "1m": ("每月", "monthly"), "3m": ("每季度", "quarterly"), "6m": ("每半年", "half-yearly"),
    "1y": ("每年", "yearly"),
}  # fmt: skip
PERIOD_WORDS = {
    **{folded(word): key for key, words in PERIODS.items() for word in (key, *words)},
    **{folded(word): key for word, key in (
        ("每天", "1d"), ("一天", "1d"), ("天", "1d"), ("日", "1d"), ("日更新", "1d"), ("周", "7d"), ("每星期", "7d"),
        ("一周", "7d"),
        ("月", "1m"), ("一个月", "1m"), ("按月", "1m"), ("季", "3m"), ("季度", "3m"), ("每季", "3m"), ("半年", "6m"),
        ("年", "1y"),
        ("一年", "1y"), ("按年", "1y"), ("24h", "1d"), ("即时", "realtime"), ("7天", "7d"), ("30天", "1m"), ("每周一次", "7d"),
        ("每月一次", "1m"), ("每天一次", "1d"),
    )},
}  # fmt: skip


class Unfit(ValueError):
    """A value does not fit its field: why and how to mend it, as message ids with facts."""

    def __init__(self, what: str, mend: str, /, **facts: str) -> None:
        self.what, self.mend, self.facts = what, mend, facts
        super().__init__(what)


class Names(Protocol):
    """What values may refer to."""

    def organization(self, text: str) -> str:
        """The code of the organization that is called so; Unfit when none is, or several are."""

    def record(self, kind: str, text: str) -> str:
        """The number of the record of a register that is called so; Unfit likewise."""

    def organization_shown(self, code: str) -> str:
        """What people call it, in the language in use."""

    def record_shown(self, kind: str, number: str) -> str:
        """Its number, and what people call it."""


# ---- in
def read(field: Field, value: Value, names: Names) -> Kept | None:
    """
    What *value* says for *field*; None for an empty one.

    Raises:
        Unfit: it does not say what the field may hold.
    """
    if (
        type(value) is str
        and value.isascii()
        and field.type in ("text", "note")
        and 0 < len(value) <= LONGEST
        and value.isprintable()
    ):
        text = text_of(value)
        if text and text[0] != "#":
            return text
    if isinstance(value, Formula):
        raise Unfit(N_("it is a formula"), N_("paste its result as a value"))
    text = text_of(value)
    if not text:
        return None
    if text in ERRORS:
        raise Unfit(N_("a formula left an error there"), N_("write the value itself"))
    if any(unicodedata.category(char) in ("Cc", "Cs", "Co") and char not in "\n\r\t" for char in text):
        raise Unfit(N_("it has characters that cannot be printed"), N_("type it again"))
    made: Kept = READERS[field.type](field, text if field.type != "date" else value, names)
    return made


def _text(field: Field, text: str, names: Names) -> str:
    longest = LONGEST_NOTE if field.type == "note" else LONGEST
    if len(text) > longest:
        raise Unfit(
            N_("it has more than {count} characters"),
            N_("shorten it, or attach it as a file"),
            count=str(longest),
        )
    return text.replace("\r\n", "\n").replace("\r", "\n") if field.type == "note" else " ".join(text.split())


def _number(field: Field, text: str, names: Names) -> int | float:
    said = plain(text).replace(" ", "").replace(",", "").replace("，", "")
    for unit in (field.unit_zh, field.unit_en, "余", "约"):
        said = said.removesuffix(unicodedata.normalize("NFKC", unit).replace(" ", "")) if unit else said
    try:
        if re.fullmatch(f"[{NUMERAL}]+", said):
            return numeral(said)
        found = float(said) if re.fullmatch(r"[+-]?\d{1,15}(\.\d{1,9})?", said) else None
    except ValueError:
        found = None
    if found is None or found < 0:
        raise Unfit(N_("it is not a number"), N_("write digits, such as 12"))
    if field.type == "integer" and not found.is_integer():
        raise Unfit(N_("it is not a whole number"), N_("write digits, such as 12"))
    return int(found) if found.is_integer() else found


def _yesno(field: Field, text: str, names: Names) -> bool:
    said = folded(text)
    if said in YES:
        return True
    if said in NO:
        return False
    raise Unfit(N_("it is neither yes nor no"), N_("write 是 or 否 (yes, no)"))


def _choice(field: Field, text: str, names: Names) -> str:
    key = field.chosen.get(folded(text))
    if key is None:
        known = "、".join(one.zh for one in field.choices)
        raise Unfit(N_("it is none of: {known}"), N_("write one of them"), known=known)
    return key


def _date(field: Field, value: Value, names: Names) -> str:
    text = text_of(value)
    if folded(text) in LONG_WORDS:
        return LONG_TERM
    try:
        if not isinstance(value, str) or re.fullmatch(r"\d{5}(\.\d+)?", plain(value)):
            if isinstance(value, int | float) and 1900 <= value <= 2199:
                return str(int(value))
            return day_of(value).isoformat()
        return iso_of(text)
    except ValueError:
        raise Unfit(
            N_("it is not a date"), N_("write it as 2026-11-30, 2026年11月30日 or 二〇二六年十一月三十日")
        ) from None


def _period(field: Field, text: str, names: Names) -> str:
    key = PERIOD_WORDS.get(folded(text))
    if key is None:
        known = "、".join(zh for zh, _ in PERIODS.values())
        raise Unfit(N_("it is none of: {known}"), N_("write one of them"), known=known)
    return key


def _organization(field: Field, text: str, names: Names) -> str:
    return names.organization(text)


def _reference(field: Field, text: str, names: Names) -> str:
    return names.record(field.reference, text)


def _phone(field: Field, text: str, names: Names) -> str:
    said = " ".join(plain(text).split())
    if (
        not re.fullmatch(r"[0-9+()/、,;\-转内线分机总机 ext.]{3,80}", said, re.IGNORECASE)
        or len(re.findall(r"\d", said)) < 3
    ):
        raise Unfit(N_("it is not a telephone number"), N_("write it as 0731-55550000 or 内线 8101"))
    return said


def _url(field: Field, text: str, names: Names) -> str:
    said = plain(text)
    if re.match(r"[A-Za-z0-9\u4e00-\u9fff-]+(\.[A-Za-z0-9\u4e00-\u9fff-]+)+([:/]|$)", said):
        said = f"http://{said}"
    try:
        parts = urlsplit(said)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    if (
        parts.scheme not in ("http", "https") or not is_host(host) or port == 0 or parts.username or len(said) > LONGEST
        or re.search(r"[\s<>\"\\^`{|}]", said)
    ):  # fmt: skip
        raise Unfit(N_("it is not a web address"), N_("write it as https://www.example.gov.cn/"))
    return said if parts.path else f"{said}/" if not (parts.query or parts.fragment) else said


def is_host(text: str) -> bool:
    """Whether it is a host name or an address."""
    try:
        ipaddress.ip_address(text.strip("[]"))
        return True
    except ValueError:
        pass
    try:
        name = text.encode("idna").decode()
    except UnicodeError:
        return False
    label = r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)"
    return len(name) <= 253 and bool(re.fullmatch(rf"{label}(\.{label})*\.?", name))


def _host(field: Field, text: str, names: Names) -> str:
    said = plain(text).lower()
    if not is_host(said):
        raise Unfit(N_("it is not a host name"), N_("write it as www.example.gov.cn"))
    return said


def _addresses(field: Field, text: str, names: Names) -> list[str]:
    said = [one for one in re.split(r"[\s,;、，；]+", plain(text)) if one]
    if len(said) > MOST_ADDRESSES:
        raise Unfit(
            N_("it has more than {count} addresses"), N_("write them as prefixes"), count=str(MOST_ADDRESSES)
        )
    return list(dict.fromkeys(_address(one) for one in said))


def _address(text: str) -> str:
    try:
        if "-" in text:
            first, last = (ipaddress.ip_address(one) for one in text.split("-"))
            if first.version != last.version or int(first) > int(last):
                raise ValueError(text)
            return f"{first}-{last}"
        return str(ipaddress.ip_network(text)) if "/" in text else str(ipaddress.ip_address(text))
    except (ValueError, TypeError):
        raise Unfit(
            N_("{text} is neither an address, a prefix nor a range"), N_("write 10.0.0.1, 10.0.0.0/24 or 10.0.0.1-10.0.0.9"),
            text=text[:80],
        ) from None  # fmt: skip


def _identity(field: Field, text: str, names: Names) -> str:
    said = plain(text).replace(" ", "").upper()
    if identity.KEPT.fullmatch(
        said.split("#")[0] + ("#" + said.split("#")[1].lower() if "#" in said else "")
    ):
        return said.split("#")[0] + "#" + said.split("#")[1].lower()
    if why := identity.why_no_identity(said):
        raise Unfit(why, N_("compare it with the card"))
    return identity.kept(said)


def _credit_code(field: Field, text: str, names: Names) -> str:
    said = plain(text).replace(" ", "").upper()
    if not identity.is_credit_code(said):
        raise Unfit(
            N_("it is no unified social credit code: 18 characters, the last a check (GB 32100)"),
            N_("compare it with the certificate"),
        )
    return said


READERS: Mapping[str, Callable[[Field, Any, Names], Kept]] = {
    "text": _text, "note": _text, "integer": _number, "number": _number, "yesno": _yesno, "choice": _choice, "date": _date,
    "period": _period, "organization": _organization, "reference": _reference, "phone": _phone, "url": _url, "host": _host,
    "addresses": _addresses, "identity": _identity, "credit_code": _credit_code,
}  # fmt: skip


# ---- out
def shown(field: Field, value: Any, language: str, names: Names) -> str:
    """A stored value as people read it, and as `read` reads it again."""
    if value is None or value == "":
        return ""
    match field.type:
        case "yesno":
            return ("yes" if value else "no") if language == "en" else ("是" if value else "否")
        case "choice":
            one = next((one for one in field.choices if one.key == value), None)
            return str(value) if one is None else one.en if language == "en" else one.zh
        case "date":
            return str(value) if value != LONG_TERM else "long-term" if language == "en" else "长期"
        case "period":
            pair = PERIODS.get(str(value))
            return str(value) if pair is None else pair[language == "en"]
        case "organization":
            return names.organization_shown(str(value))
        case "reference":
            return names.record_shown(field.reference, str(value))
        case "addresses":
            return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return str(value)


def words(fields: Sequence[Field], values: Mapping[str, Any]) -> str:
    """What a search looks through: every word of a record in both languages, folded; organizations are found by their codes."""
    said: list[str] = []
    for one in fields:
        held = values.get(one.name)
        if held is None or one.type in ("organization", "yesno", "identity"):
            continue
        if one.type == "choice":
            said += [word for option in one.choices if option.key == held for word in (option.zh, option.en)]
        elif one.type == "period":
            said += PERIODS.get(str(held), ())
        elif one.type == "addresses":
            said += [" ".join(map(str, held))]
        else:
            said.append(str(held))
    return searched("\n".join(said))


def searched(text: str) -> str:
    """Text as it is compared: whatever its case and width, blanks in a row as one."""
    return "\n".join(
        " ".join(line.split()) for line in unicodedata.normalize("NFKC", text).casefold().split("\n")
    )
