"""The brake (急停): one switch that stops every probe and sweep, at once and until somebody releases it; kept in the journal."""

from __future__ import annotations

from datetime import datetime, time

from netops.core import journal
from netops.core.clock import CITY_ZONE, city_time
from netops.core.errors import NetopsError, Refused
from netops.core.journal import Entry
from netops.core.language import N_
from netops.desk import Desk

SUBJECT = "probes"
STOP, RESUME = "probes stop", "probes resume"


def pulled(desk: Desk) -> Entry | None:
    """Who stopped all probes, when and why; None when they may leave."""
    newest = journal.log(desk.store, 1, SUBJECT)
    return newest[0] if newest and newest[0].verb == STOP else None


def pull(desk: Desk, why: str) -> None:
    """No probe leaves any more; one that is under way ends before its next hundred packets."""
    with journal.act(desk.store, desk.actor, desk.clock) as act:
        act.record(STOP, SUBJECT, why=why)


def release(desk: Desk, why: str) -> None:
    """Probes may leave again."""
    with journal.act(desk.store, desk.actor, desk.clock) as act:
        act.record(RESUME, SUBJECT, why=why)


def check(desk: Desk) -> None:
    """
    Probes may leave now.

    Raises:
        Refused: somebody stopped them all.
    """
    if one := pulled(desk):
        raise Refused(
            "nothing was probed",
            "{who} stopped all probes at {time}: {why}",
            "netops egress resume --why TEXT",
            who=one.actor,
            time=city_time(one.at),
            why=one.why,
        )


def quiet_until(desk: Desk, at: datetime) -> str:
    """The span of `[probe] quiet_hours` that *at* lies in, or ""."""
    now = at.astimezone(CITY_ZONE).time()
    for span in desk.config.probe.quiet_hours:
        start, end = (time.fromisoformat(text) for text in span.split("-"))
        if start <= now < end if start <= end else now >= start or now < end:
            return span
    return ""


def why_not(desk: Desk) -> str:
    """Why no probe leaves by itself now, as a message id; "" when they may."""
    settings = desk.config.probe
    if not settings.enabled:
        return N_("[probe] enabled is false")
    if not (settings.beacon and settings.sensor):
        return N_("no sensor is configured in [probe]")
    if pulled(desk):
        return N_("all probes are stopped: netops egress resume")
    if quiet_until(desk, desk.clock()):
        return N_("these are quiet hours")
    return ""


def open_hours(desk: Desk) -> None:
    """
    These are no quiet hours.

    Raises:
        NetopsError: they are.
    """
    if span := quiet_until(desk, desk.clock()):
        mend = N_("try after them, or change [probe] quiet_hours")
        raise NetopsError("nothing was probed", "quiet hours are {span}", mend, span=span)
