"""`netops status` as a plugin of Nagios, Icinga, Naemon or Zabbix reads it (Monitoring Plugins Development Guidelines, §2)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from netops.core.language import _

if TYPE_CHECKING:
    from netops.rounds.look import PlaneStatus

OK, WARNING, CRITICAL, UNKNOWN = range(4)
NAMES = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
GRAVE = ("critical", "high")


def state(one: PlaneStatus) -> int:
    """
    How a plane stands: 2 with a grave finding or a clock that ran out, 3 when part of it was not seen, 1 with any other
    finding, 0 in order.
    """
    if one.overdue or any(one.findings.get(severity) for severity in GRAVE):
        return CRITICAL
    if not one.is_seen:
        return UNKNOWN
    return WARNING if any(one.findings.values()) else OK


def worst(planes: Sequence[PlaneStatus]) -> int:
    """The worst of several: critical before unknown, so that what is known to be bad is not hidden by what is not known."""
    return max(map(state, planes), key=(OK, WARNING, UNKNOWN, CRITICAL).index, default=UNKNOWN)


def told(planes: Sequence[PlaneStatus], now: datetime) -> str:
    """The plugin's output: a line, the performance data behind |, then a line for each plane."""
    said = "; ".join(_line(one) for one in planes) or _("no plane is served")
    lines = [f"{NAMES[state(one)]} {_line(one)}" for one in planes]
    return "\n".join([f"NETOPS {NAMES[worst(planes)]} - {_safe(said)} | {' '.join(_figures(planes, now))}", *map(_safe, lines)])


def fault(what: str) -> str:
    """What a plugin says when it could not ask."""
    return f"NETOPS UNKNOWN - {_safe(what)}"


def _line(one: PlaneStatus) -> str:
    parts = [_("findings: {count}").format(count=sum(one.findings.values()))]
    if incidents := sum(one.incidents.values()):
        parts.append(_("{count} open incidents").format(count=incidents))
    if one.overdue:
        parts.append(_("OVERDUE: {clocks}").format(clocks=", ".join(one.overdue[:5])))
    if one.unreachable:
        few = ", ".join(one.unreachable[:5]) + (" …" if len(one.unreachable) > 5 else "")
        parts.append(_("silent: {devices}").format(devices=few))
    if one.unwalked:
        parts.append(_("not walked yet: {count}").format(count=one.unwalked))
    elif not one.devices:
        parts.append(_("no device is registered"))
    return f"{_(one.plane.label)} {', '.join(parts)}"


def _safe(text: str) -> str:
    """In one line, and without the sign that begins performance data."""
    return " ".join(text.replace("|", "/").split())


def _figures(planes: Sequence[PlaneStatus], now: datetime) -> list[str]:
    """'label'=value[unit];warn;crit;min;max, the same labels every time, so that graphs go on."""
    found = []
    for one in planes:
        for severity in ("critical", "high", "medium", "low"):
            limits = ";0" if severity in GRAVE else "0;"
            found.append(f"'{one.plane}_findings_{severity}'={one.findings.get(severity, 0)};{limits};0;")
        found.append(f"'{one.plane}_incidents'={sum(one.incidents.values())};;;0;")
        found.append(f"'{one.plane}_clocks_overdue'={len(one.overdue)};;0;0;")
        found.append(f"'{one.plane}_devices_silent'={len(one.unreachable)};;;0;{one.devices}")
        found.append(f"'{one.plane}_devices_unwalked'={one.unwalked};;;0;{one.devices}")
        found.append(f"'{one.plane}_addresses_used'={one.utilization * 100:.1f}%;90;95;0;100")
        if one.next_deadline is not None:
            found.append(f"'{one.plane}_next_deadline'={(one.next_deadline - now).total_seconds():.0f}s;;;;")
    return found
