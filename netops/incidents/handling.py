"""Handling (处置): times, grades, recorded acts and acknowledgement; clocks follow from them and from nothing else."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from netops.core.errors import Refused
from netops.core.journal import Act
from netops.incidents import proceedings
from netops.incidents.casebook import change, locked, members
from netops.incidents.clocks import Law
from netops.incidents.incident import Event, Grading
from netops.incidents.merging import lost_clocks


def times(act: Act, number: str, law: Law, why: str, **moments: datetime) -> None:
    """Record when it occurred, was known, contained or handled; its clocks are reckoned again."""
    incident = locked(act, number)
    before = {name: getattr(incident, name) for name in moments}
    change(act, incident, "times", dict(moments), before, dict(moments), why, verb="incident times")
    reckon(act, number, law, why)


def regrade(
    act: Act, number: str, law: Law, grading: Grading, why: str, *, cii: bool, metrics: dict[str, float], **more: str
) -> None:
    """
    Give an incident another grade; both grades stay in its history, and its clocks are reckoned again.

    Args:
        more: *category* and *category_zh*, when these change with it.

    Raises:
        Refused: an incident that is merged into it would lose its clock.
    """
    incident = locked(act, number)
    changes = {"grading": msgspec.to_builtins(grading), "cii": cii, "metrics": metrics, **more}
    before = msgspec.to_builtins(incident.grading)
    change(act, incident, "grade", changes, before, changes["grading"], why, verb="incident grade")
    reckon(act, number, law, why)
    after = locked(act, number)
    for name in members(act, number):
        if lost := lost_clocks(locked(act, name), after):
            raise Refused(
                "{number} was not graded",
                "{merged}, which is merged into it, has the clock {clocks}: a merge stops no clock",
                "netops incident unmerge {merged}",
                number=number,
                merged=name,
                clocks=", ".join(one.key for one in lost),
            )


def reckon(act: Act, number: str, law: Law, why: str) -> bool:
    """
    Reckon the clocks of an incident again: from its times, grade and events, by the law as it stands.

    Returns:
        Whether any clock changed.
    """
    incident = locked(act, number)
    after = law.deadlines(incident, proceedings.within(act.connection, number))
    if after == incident.deadlines:
        return False
    before = {one.key: one.due for one in incident.deadlines}
    told = {one.key: one.due for one in after}
    changes = {"deadlines": msgspec.to_builtins(after)}
    change(act, incident, "clock", changes, before, told, why, verb="incident clock")
    return True


def record(
    act: Act, number: str, law: Law, kind: str, at: datetime, text: str = "", *, of: str = "", **detail: Any
) -> Event:
    """
    Record an act or a fact about an incident: clocks that it stops are stopped by it, those that it starts run.

    Args:
        at: when it was done or happened, not before what it answers.
        of: number of the event that it answers, such as the paper that a reply is about.
        detail: document_no, channel, receipt and whatever belongs to it.
    """
    incident = locked(act, number)
    keys = law.stopped_by(incident, kind, at, of)
    one = proceedings.add(act, number, kind, at, text, **detail, **({"stopped": list(keys)} if keys else {}))
    if keys:
        by = "；".join(str(detail[name]) for name in ("document_no", "channel", "receipt") if detail.get(name))
        after = tuple(
            msgspec.structs.replace(clock, stopped=at, stopped_by=by or text) if clock.key in keys else clock
            for clock in incident.deadlines
        )
        told = {"stopped": list(keys), "at": at, "by": by or text}
        changes = {"deadlines": msgspec.to_builtins(after)}
        change(act, incident, "clock", changes, None, told, text, verb="incident stop")
    reckon(act, number, law, text)
    return one


def acknowledge(act: Act, number: str, why: str) -> None:
    """
    Somebody has it in hand, until its cause clears.

    Raises:
        Refused: it is closed, or in hand already.
    """
    incident = locked(act, number)
    if not incident.is_open or incident.acknowledged:
        reason = "it is in hand already: {actor}" if incident.acknowledged else "it is closed"
        raise Refused(
            "{number} was not acknowledged", reason, "netops incident show {number}", number=number,
            actor=incident.acknowledged_by,
        )  # fmt: skip
    changes = {"acknowledged": act.at, "acknowledged_by": act.actor}
    change(act, incident, "ack", changes, None, act.actor, why, verb="incident ack")


def release(act: Act, number: str, why: str) -> None:
    """The acknowledgement is over, since the cause has cleared: should it come back, it asks for attention again."""
    incident = locked(act, number)
    changes = {"acknowledged": None, "acknowledged_by": ""}
    change(act, incident, "ack", changes, incident.acknowledged_by, None, why, verb="incident release")
