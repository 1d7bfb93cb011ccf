"""Closing (处置结束、归档): what stands in the way, and where an incident goes next. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from netops.core.errors import Refused
from netops.core.finding import STANDING, Finding
from netops.core.language import N_
from netops.incidents.clocks import Law
from netops.incidents.incident import EXITS, Deadline, Event, Incident, Stage


class Closing(msgspec.Struct, frozen=True):
    """
    The next step towards the archive.

    Args:
        to: archived, or handled while the summary report is still due, or a side exit.
        handled: when handling ended; the 30 days of the summary report start there.
    """

    to: Stage
    handled: datetime | None
    deadlines: tuple[Deadline, ...]


def closing(
    incident: Incident, findings: Iterable[Finding], events: Iterable[Event], law: Law, now: datetime, to: Stage
) -> Closing:
    """
    Where closing leads now.

    Args:
        findings: the incident's own, as they stand; *events*: what is recorded about it.
        to: archived, or a side exit: false_alarm, hazard (nothing more is asked of a side exit).

    Raises:
        Refused: it is closed, findings stand, a rectification was not rechecked, or a clock of law runs.
    """
    if not incident.is_open:
        raise _refusal(
            incident, N_("it is closed already: {state}"), "netops incident show {number}", state=incident.state
        )
    if to in EXITS:
        return Closing(to, incident.handled, incident.deadlines)
    standing = [one.id for one in findings if one.state in STANDING]
    if standing:
        mend = N_("mend them and run the round again; netops incident recheck {number} shows how they stand")
        why = N_("these findings still stand: {findings}")
        raise _refusal(incident, why, mend, findings=", ".join(standing))
    done = list(events)
    asked = max((one.seq for one in done if one.kind == "issued" and one.detail.get("asks")), default=0)
    checked = next((one for one in reversed(done) if one.kind == "recheck"), None)
    if asked and (checked is None or checked.seq < asked or not checked.detail.get("clean")):
        mend = N_("netops incident recheck {number}")
        raise _refusal(incident, N_("a rectification was asked for, and no recheck since then was clean"), mend)
    running = [one for one in incident.deadlines if one.stopped is None and not one.local]
    if running:
        mend = N_("record the act that stops it: netops incident report {number} --kind … --sent")
        raise _refusal(incident, N_("its clock {clocks} runs"), mend, clocks=", ".join(one.key for one in running))
    handled = incident.handled or now
    reckoned = law.deadlines(msgspec.structs.replace(incident, handled=handled), done)
    waits = any(one.stopped is None and not one.local for one in reckoned)
    return Closing(Stage.HANDLED if waits else Stage.ARCHIVED, handled, reckoned)


def _refusal(incident: Incident, why: str, mend: str, **facts: object) -> Refused:
    return Refused("{number} was not closed", why, mend, number=incident.number, **facts)
