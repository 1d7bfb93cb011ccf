"""When a declaration falls due for renewal (续报): what it says itself, else so long after it was signed. Pure."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec

from netops.core.clock import CITY_ZONE
from netops.core.plane import Plane
from netops.declarations.declaration import Declaration


class Renewal(msgspec.Struct, frozen=True):
    """A declaration that is to be renewed: on which *day* at the latest, and in how many days (below 0: it is over)."""

    number: str
    organization: str
    plane: Plane
    day: date
    days: int
    stated: bool
    """Whether the declaration itself says the day."""


def due_on(one: Declaration, renew_days: int) -> date | None:
    """The last day of a declaration, or None when it has none."""
    if one.until:
        return date.fromisoformat(one.until)
    if not renew_days:
        return None
    signed = date.fromisoformat(one.date) if one.date else one.since.astimezone(CITY_ZONE).date()
    return signed + timedelta(days=renew_days)


def renewal(one: Declaration, today: date, renew_days: int, remind_days: int) -> Renewal | None:
    """The renewal of a declaration that stands and falls due within *remind_days*, or None."""
    day = due_on(one, renew_days) if one.stands else None
    if day is None or (day - today).days > remind_days:
        return None
    return Renewal(one.number, one.organization, one.plane, day, (day - today).days, bool(one.until))
