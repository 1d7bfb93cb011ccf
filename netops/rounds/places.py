"""Where findings happen (地点): the site of the device or of the segment that they name, or the record of the page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from netops.addresses.span import parsed
from netops.core.finding import Finding
from netops.core.plane import Plane
from netops.desk import Desk
from netops.topology import whereabouts


def of(desk: Desk, findings: Iterable[Finding]) -> dict[str, str]:
    """
    The place of each finding by its id: a site as the register calls it; "" when nothing tells.

    Findings of one event name different things: a router, a terminal behind it, the port that it hangs on. The site is
    what they have in common.
    """
    finder = _Finder(desk)
    return {one.id: finder.of(one) for one in findings}


class _Finder:
    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        whole = desk.register
        self.registers = {plane: whole.of(plane) for plane in desk.planes}
        self.segments = {
            plane: sorted(((parsed(one.prefix), one) for one in register.prefixes), key=lambda pair: pair[0].size)
            for plane, register in self.registers.items()
        }
        self.seen: dict[tuple[Plane, str], str] = {}

    def of(self, finding: Finding) -> str:
        """Its place."""
        plane, subject = finding.plane, finding.subject
        ends = [end for end in (subject.get("a"), subject.get("b")) if isinstance(end, dict)]
        if ends:
            found = [(self._device(plane, str(end.get("device", ""))), end) for end in ends]
            mine = [place for place, end in found if place and self._owner(plane, end) == finding.organization]
            return next(iter(mine), "") or next((place for place, _end in found if place), "")
        return (
            self._device(plane, str(subject.get("switch") or ""))
            or self._device(plane, str(subject.get("device") or ""))
            or self._address(plane, str(subject.get("ip") or ""))
            or self._card(plane, str(subject.get("mac") or ""))
            or (str(subject.get("record") or "") if subject.get("url") else "")
        )

    def _owner(self, plane: Plane, end: dict[str, Any]) -> str:
        known = self.registers[plane].device.get(str(end.get("device", "")))
        return known.organization if known else ""

    def _device(self, plane: Plane, name: str) -> str:
        """The site of a registered device."""
        known = self.registers[plane].device.get(name)
        return known.site if known else ""

    def _address(self, plane: Plane, text: str) -> str:
        """The site of the device that the innermost registered segment hangs on."""
        try:
            address = parsed(text).first
        except ValueError:
            return ""
        for span, entry in self.segments.get(plane, ()):
            if span.first <= address <= span.last and entry.role != "container":
                return self._device(plane, entry.switch) or self._device(plane, entry.gateway)
        return ""

    def _card(self, plane: Plane, mac: str) -> str:
        """The site of the switch that a card was last seen at."""
        if not mac:
            return ""
        if (plane, mac) not in self.seen:
            spans = [span for span in whereabouts.seen(self.desk.store, plane, mac=mac, limit=5) if span.switch]
            self.seen[plane, mac] = self._device(plane, spans[-1].switch) if spans else ""
        return self.seen[plane, mac]
