"""How things are said on pages: times and how long ago, planes, shares, whose something is; and the marks of states."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from netops.core.basis import Basis
from netops.core.clock import city_time
from netops.core.finding import Finding, Rule, State
from netops.core.language import _, called, spoken
from netops.core.plane import Plane
from netops.rounds import look
from netops.web.pages.table import Cell
from netops.web.pages.visit import path

NARROW = "\u202f"
"""A narrow space at which no line is broken (ISO 80000-1 7.3.1)."""
FINDING_MARKS = {State.RESOLVED: "good", State.ACCEPTED: "open", State.ACKNOWLEDGED: "note", State.RECTIFYING: "note"}
RUN_MARKS = {"done": "good", "partial": "unseen", "running": "open"}


def time(at: datetime | None, fmt: str = "%Y-%m-%d %H:%M") -> str:
    """City time, or a dash."""
    return city_time(at, fmt) if at else "—"


def told_time(text: object) -> str:
    """A time as records write it (RFC 3339, or already a moment), in city time with seconds; other text as it is."""
    if isinstance(text, datetime):
        return city_time(text, "%m-%d %H:%M:%S")
    try:
        return city_time(datetime.fromisoformat(str(text)), "%m-%d %H:%M:%S")
    except ValueError:
        return str(text or "")


def ago(at: datetime | None, now: datetime) -> str:
    """How long ago, or in how long, as people say it."""
    if at is None:
        return "—"
    seconds = int((now - at).total_seconds())
    said = span(abs(seconds))
    return _("{span} ago").format(span=said) if seconds >= 0 else _("in {span}").format(span=said)


def span(seconds: int) -> str:
    """A duration in its two largest units."""
    days, hours, minutes = seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60
    if days:
        return _("{days} d {hours} h").format(days=days, hours=hours)
    if hours:
        return _("{hours} h {minutes} min").format(hours=hours, minutes=minutes)
    return _("{minutes} min").format(minutes=minutes) if minutes else _("{seconds} s").format(seconds=seconds)


def share(ratio: float) -> str:
    """A ratio as percent; what is not nothing never reads 0, and what is not whole never 100."""
    percent = ratio * 100
    if 0 < percent < 0.1:
        return "<0.1 %"
    return f"{min(percent, 99.9) if ratio < 1 else percent:.1f} %".replace(".0 %", " %")


PROTOCOLS = {
    "1": "ICMP", "2": "IGMP", "6": "TCP", "17": "UDP", "47": "GRE", "50": "ESP", "58": "ICMPv6", "89": "OSPF", "132": "SCTP",
}  # fmt: skip


def protocol(number: object) -> str:
    """An IP protocol by its name, where people know one (IANA, Protocol Numbers)."""
    return PROTOCOLS.get(str(number), str(number))


def octets(count: float) -> str:
    """Bytes as people read them."""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if count < 999.5 or unit == "TB":
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.3g} {unit}"
        count /= 1000
    return ""


def articles(basis: Iterable[Basis]) -> str:
    """The articles that something stands on."""
    return " ".join(one.label if spoken() == "zh" else _("Art. {number}").format(number=one.article) for one in basis)


def plane(one: Plane | str) -> str:
    """What people call a plane."""
    return _(Plane(one).label) if one else ""


def about(what: str, which: str) -> str:
    """A heading such as "Suspend: D-1", with the colon of the language in use."""
    return f"{what}：{which}" if spoken() == "zh" else f"{what}: {which}"


def rule(one: Rule) -> str:
    """What a rule finds, in one sentence."""
    text = look.explained(one)[0].removeprefix(f"{one.code}: ")
    return text[:1].upper() + text[1:]


def organization(code: str) -> Cell:
    """An organization, with the way to all that is known of it."""
    return Cell(called(code), path("who", q=code)) if code else Cell("—")


def severity(text: str) -> Cell:
    """A severity with its mark."""
    return Cell(_(text), mark={"critical": "bad", "high": "bad", "medium": "note"}.get(text, "open"), short=True)


def finding_row(one: Finding) -> list[str | Cell]:
    """A finding in a list."""
    return [
        Cell(one.id, path("findings", one.id), short=True),
        Cell(one.code, path("rules", one.code), short=True),
        severity(one.severity),
        Cell(plane(one.plane), short=True),
        organization(one.organization),
        Cell(look.title(one)),
        Cell(articles(one.basis), short=True),
        f"{one.count}",
        Cell(time(one.last_seen, "%m-%d %H:%M"), short=True),
        Cell(_(one.state), mark=FINDING_MARKS.get(one.state, "bad"), short=True),
    ]


def finding_heads() -> list[str]:
    """The heads above `finding_row`."""
    return [
        _("number"),
        _("rule"),
        _("severity"),
        _("plane"),
        _("organization"),
        _("what"),
        _("article"),
        _("count"),
        _("last seen"),
        _("state"),
    ]


FINDING_RIGHT = frozenset({7})


def count(number: int) -> str:
    """A count; a long one as a power of two."""
    return f"{number:,}".replace(",", NARROW) if number < 1 << 40 else f"2^{number.bit_length() - 1}"
