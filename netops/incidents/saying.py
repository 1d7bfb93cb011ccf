"""How papers say times, places and articles in the language that is spoken: Chinese, or English for the translation. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from netops.core.basis import Basis
from netops.core.clock import city_time
from netops.core.finding import Subject
from netops.core.language import series, spoken
from netops.core.paper import chinese_date, english_date

PLACES = {
    "device": ("设备", "device"), "interface": ("接口", "interface"), "switch": ("交换机", "switch"), "port": ("端口", "port"),
    "ip": ("地址", "address"), "mac": ("MAC", "MAC"),
}  # fmt: skip


def pick(chinese: str, english: str) -> str:
    """The one that is in the language that is spoken; the Chinese one where there is no other."""
    return english if spoken() == "en" and english else chinese


def several(texts: Iterable[str]) -> str:
    """Texts as a list in a sentence, each once."""
    return series(texts)


def day(iso: str) -> str:
    """2026年11月20日, 20 November 2026; "" stays ""."""
    return pick(chinese_date(iso), english_date(iso)) if iso else ""


def moment(at: datetime) -> str:
    """2026年11月20日12时05分, city time; 20 November 2026, 12:05."""
    year, month, number, hour, minute = city_time(at, "%Y %m %d %H %M").split()
    chinese = f"{year}年{int(month)}月{int(number)}日{int(hour)}时{minute}分"
    return pick(chinese, f"{english_date(date(int(year), int(month), int(number)).isoformat())}, {hour}:{minute}")


def article(basis: Basis) -> str:
    """第十二条, Article 12."""
    return basis.said


def place(subject: Subject) -> str:
    """Where it is: 设备 r1，接口 ge0/1; device r1, interface ge0/1."""
    if isinstance(subject.get("a"), dict) and isinstance(subject.get("b"), dict):
        ends = (f"{end.get('device', '')} {end.get('interface', '')}".strip() for end in (subject["a"], subject["b"]))
        return pick("链路 ", "link ") + pick(" 至 ", " to ").join(ends)
    said = [f"{pick(*words)} {subject[key]}" for key, words in PLACES.items() if subject.get(key)]
    return pick("，", ", ").join(said) or pick("见证据", "see the evidence")
