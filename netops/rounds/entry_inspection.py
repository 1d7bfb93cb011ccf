"""Entry inspections (接入前安全检查): whether one is asked for, and what the last one of a declaration concluded (Article 10)."""

from __future__ import annotations

from collections.abc import Iterable

from netops.core.dates import last_day
from netops.core.plane import Plane
from netops.declarations.review import Inspected
from netops.desk import Desk
from netops.registers import entries
from netops.registers.entry import Entry
from netops.registers.rules import inspected
from netops.rounds.address_lines import today

KIND = "entry_inspections"


def is_asked(desk: Desk) -> bool:
    """Whether nobody is connected without one: always, never, or once the register of them is in use."""
    when = desk.config.declarations.entry_inspection
    return when == "always" or (when == "when_kept" and entries.count(desk.store, KIND) > 0)


def of(desk: Desk, plane: Plane, number: str) -> Inspected | None:
    """What the last entry inspection of a declaration concluded; None where none is asked for."""
    return _last(desk, entries.listed(desk.store, KIND, planes=(plane,)), number) if is_asked(desk) else None


def _last(desk: Desk, listed: Iterable[Entry], number: str) -> Inspected:
    found = inspected(listed).get(number.strip().upper())
    if found is None:
        return Inspected("", "")
    values, day = found.values, today(desk)
    by = values.get("rectify_by")
    is_late = (
        values["result"] == "conditional" and isinstance(by, str) and not values.get("rectified_on") and last_day(by) < day
    )
    return Inspected("overdue" if is_late else str(values["result"]), str(by if is_late else values["inspected_on"]))
