"""How allocations are shown, and the option that names a plane: what every verb of `netops ip` shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from netops.cli.printing import Column, Output
from netops.core.errors import NetopsError
from netops.core.language import N_, _

if TYPE_CHECKING:
    from datetime import datetime

    from netops.addresses.allocation import Allocation
    from netops.desk import Desk

PLANES = click.Choice(["intranet", "extranet"])
STYLES = {"active": "green", "reserved": "yellow", "quarantine": "magenta", "released": "dim"}


def table(out: Output, opened: Desk, listed: list[Allocation], **settings: Any) -> None:
    """Allocations as a table or as records; what nobody said is no column."""
    register = opened.register
    said = {
        name: out.csv or any(getattr(one, name) for one in listed)
        for name in ("mac", "device", "tags", "note", "over_quota")
    }
    columns = [
        Column(N_("number"), lambda one: one.id, style="cyan", whole=True),
        Column(N_("addresses"), lambda one: str(one.span), whole=True),
        Column(N_("plane"), lambda one: _(one.plane.label)),
        Column(N_("state"), lambda one: _(one.state), style=lambda one: STYLES[one.state]),
        Column(N_("organization"), lambda one: register.name(one.organization)),
        Column(N_("declaration"), lambda one: one.declaration),
        Column(N_("since"), lambda one: one.since),
        Column(N_("until"), lambda one: one.until or (one.free_after if one.state == "reserved" else None)),
        Column(N_("purpose"), lambda one: one.purpose),
    ]
    more = {
        "cause": Column(N_("taken back because"), lambda one: _(one.cause) if one.cause else ""),
        "rests": Column(N_("rests until"), lambda one: _rests(one)),
        "mac": Column(N_("MAC"), lambda one: one.mac, whole=True), "device": Column(N_("device"), lambda one: one.device),
        "tags": Column(N_("tags"), lambda one: ", ".join(one.tags)), "note": Column(N_("note"), lambda one: one.note),
        "over_quota": Column(N_("over quota because"), lambda one: one.over_quota),
    }  # fmt: skip
    said |= {"cause": out.csv or any(one.cause for one in listed), "rests": out.csv or any(map(_rests, listed))}
    out.records("allocation", listed, [*columns, *(more[name] for name in more if said[name])], **settings)


def _rests(one: Allocation) -> datetime | None:
    """Until when its addresses are given to nobody; None when they do not rest."""
    return one.free_after if one.state == "quarantine" else None


def day(text: str, what: str) -> datetime | None:
    """
    The beginning of a day in the city; None for no text.

    Raises:
        NetopsError: it is no date; *what* did not happen.
    """
    from datetime import datetime

    from netops.core.clock import CITY_ZONE

    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=CITY_ZONE)
    except ValueError:
        raise NetopsError(what, "{text} is not a date", "write it as 2026-12-31", text=text) from None
