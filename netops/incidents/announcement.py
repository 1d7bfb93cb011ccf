"""Announcements (通知): what is new about incidents, which of it is urgent, and how it reads. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

import msgspec

from netops.core.clock import city_time
from netops.core.language import N_, _
from netops.core.plane import Plane
from netops.incidents.incident import Deadline, Grade, Incident

LABELS = {
    "opened": N_("new incident"),
    "graded": N_("graded anew"),
    "warning": N_("a clock runs out"),
    "overdue": N_("OVERDUE"),
    "closed": N_("closed"),
}
FRESH_DAYS = 7
"""What lies further back was told by somebody else, or before there was a channel."""


class Item(msgspec.Struct, frozen=True):
    """
    One thing to tell about one incident.

    Args:
        key: what makes it told once for each channel, such as "INC-2026-0001/C-4H/80".
        kind: opened, graded, warning, overdue or closed.
        clock: the clock that runs out, for warning and overdue.
    """

    key: str
    kind: str
    incident: Incident
    at: datetime
    clock: Deadline | None = None
    percent: int = 0

    @property
    def is_urgent(self) -> bool:
        """Whether it goes out at once: what ran out or nearly did, and what is graver than ordinary."""
        grave = self.kind in ("opened", "graded") and self.incident.grade < Grade.IV
        return self.kind == "overdue" or self.percent >= 80 or grave


def news(incidents: Iterable[Incident], now: datetime, told: Collection[str] = ()) -> list[Item]:
    """Everything about these incidents that was not told yet, gravest incident first."""
    found: list[Item] = []
    for one in incidents:
        if one.is_open:
            found.append(Item(f"{one.number}/opened", "opened", one, one.detected))
            if one.grading.by:
                found.append(Item(f"{one.number}/graded/{one.grade}", "graded", one, now))
            for clock in one.deadlines:
                if percent := clock.warning(now):
                    kind = "overdue" if percent == 100 else "warning"
                    found.append(Item(f"{one.number}/{clock.key}/{percent}", kind, one, now, clock, percent))
        elif one.closed:
            found.append(Item(f"{one.number}/closed/{one.state}", "closed", one, one.closed))
    known = set(told)
    fresh = (one for one in found if one.key not in known and (now - one.at).days < FRESH_DAYS)
    return sorted(fresh, key=lambda one: (one.kind != "overdue", one.incident.grade, one.incident.number, one.key))


def message(items: list[Item], plane: Plane, most: int) -> tuple[str, str]:
    """
    Title and text of one message about one plane, in the language in use.

    It names numbers, grades, causes and clocks; never an address, a device or a port. About the intranet it only counts:
    whoever may know more looks inside.
    """
    overdue = sum(one.kind == "overdue" for one in items)
    title = _("{plane}: {count} news of incidents").format(plane=_(plane.label), count=len(items))
    if overdue:
        title += _(", {count} overdue").format(count=overdue)
    if plane is Plane.INTRANET:
        counted = {kind: sum(one.kind == kind for one in items) for kind in LABELS}
        return title, "\n".join(f"{_(LABELS[kind])} ×{count}" for kind, count in counted.items() if count)
    lines = [_line(one) for one in items[:most]]
    if len(items) > most:
        lines.append(_("and {count} more: netops incident list").format(count=len(items) - most))
    return title, "\n".join(lines)


def _line(one: Item) -> str:
    incident = one.incident
    head = f"[{_(LABELS[one.kind])}] {incident.number} {_('grade {grade}').format(grade=incident.grade)} {incident.title}"
    if one.clock is None:
        return head
    due = city_time(one.clock.due) if one.clock.due else ""
    return f"{head}  {one.clock.title}  {one.percent}%  {due}"
