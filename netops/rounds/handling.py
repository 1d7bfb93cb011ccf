"""Handling (处置): what people record about an incident, with what follows: clocks, states, findings under rectification."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec

from netops.core import docket
from netops.core.errors import Missing, NetopsError
from netops.core.finding import STANDING, Finding, State
from netops.core.journal import Act
from netops.core.language import recalled, spoken
from netops.desk import Desk
from netops.incidents import casebook, clocks, handling, papers, playbook, proceedings
from netops.incidents.incident import Event, Incident, Stage, may_move
from netops.incidents.legal_basis import Instrument
from netops.rounds import timeline

ASKED = (Instrument.REQUEST, Instrument.ORDER)
"""Instruments after which findings are being rectified, and a clean recheck is needed to close."""
REPORTS = {"first": Stage.REPORTED, "final": Stage.SUMMARIZED}
"""Where a report leads an incident."""
ACTS = ("first", "supplement", "final", "police", "vulnerability_report", "data_report")
"""Acts that go to an authority."""
FACTS = ("new_facts", "crime", "vulnerability", "data_event")
"""Facts that start a duty to report."""
TIMES = ("occurred", "known", "contained", "handled")


def report(
    desk: Desk, act: Act, number: str, kind: str, at: datetime, *, document_no: str, channel: str, receipt: str = "",
    to_whom: str = "", paper: str = "",
) -> Event:
    """
    Record that a report went to an authority: its clocks stop, and the text that went is frozen by its hash.

    Args:
        kind: one of ACTS; *paper*: id of the draft that was sent, or "" when it was written elsewhere.

    Raises:
        NetopsError: it would be older than the incident, or the paper is about another one.
    """
    incident = casebook.locked(act, number)
    not_older(incident, at)
    more = {}
    if paper:
        kept = papers.one(desk.store, paper)
        if kept.incident != number:
            raise NetopsError("nothing was recorded", "{paper} is about {incident}", "netops incident show {number}",
                              paper=paper, incident=kept.incident, number=number)
        more = {"paper": kept.id, "sha256": kept.sha256}
    one = handling.record(
        act, number, clocks.load(desk.playbooks), kind, at, document_no=document_no, channel=channel, receipt=receipt,
        to_whom=to_whom, **more)
    to = REPORTS.get(kind)
    if to and incident.is_open and may_move(incident.state, to):
        casebook.move(act, number, to, document_no)
    return one


def not_older(incident: Incident, at: datetime) -> None:
    """
    What is recorded about an incident cannot have been before it was known.

    Raises:
        NetopsError: it would have been.
    """
    if at < min(incident.known, incident.detected):
        raise NetopsError("nothing was recorded", "it would be older than the incident", "check the time, or mend that of the"
                          " incident: netops incident times {number} --known TIME", number=incident.number)


def issued(desk: Desk, act: Act, kept: papers.Kept, said: str) -> None:
    """
    A paper about an incident went out under the number *said*: the term to notify stops, the addressee's own term runs,
    and findings that are asked to be rectified are being rectified.
    """
    incident = casebook.locked(act, kept.incident)
    asks = kept.instrument in ASKED
    more: dict[str, Any] = {"asks": True} if asks else {}
    if kept.instrument is not Instrument.REPORT:
        if kept.due:
            more["reply_by"] = kept.due
        handling.record(act, incident.number, clocks.load(desk.playbooks), "issued", act.at, kept.paper.title,
                        document_no=said, paper=kept.id, **more)
    if may_move(incident.state, Stage.HANDLING):
        casebook.move(act, incident.number, Stage.HANDLING, said)
    for name in incident.findings if asks else ():
        if docket.one(desk.store, name).state in STANDING:
            docket.move(act, name, State.RECTIFYING, said)


def answered(desk: Desk, act: Act, kept: papers.Kept, receipt: papers.Receipt) -> None:
    """A paper about an incident was sent, received or answered; the answer stops the addressee's term."""
    papers.receive(act, receipt)
    known = proceedings.within(act.connection, kept.incident, ("issued",))
    of = next((str(one.seq) for one in known if one.detail.get("paper") == kept.id), "")
    handling.record(act, kept.incident, clocks.load(desk.playbooks), receipt.kind, receipt.at, receipt.note, of=of,
                    paper=kept.id, document_no=kept.paper.number, channel=receipt.channel, receipt=receipt.who)


def receipt_of(desk: Desk, act: Act, number: str, seq: int, kind: str, at: datetime, who: str, text: str) -> Event:
    """
    An authority gave a receipt for a recorded report, or answered it.

    Raises:
        Missing: no such act is recorded.
    """
    known = {one.seq: one for one in proceedings.within(act.connection, number, ACTS)}
    if seq not in known:
        raise Missing("there is no recorded report {seq} of {number}", "known are: {known}", "netops incident timeline {number}",
                      seq=seq, number=number, known=", ".join(map(str, known)) or "—")
    return handling.record(act, number, clocks.load(desk.playbooks), f"report_{kind}", at, text, to=seq, receipt=who)


def task(desk: Desk, act: Act, number: str, step: int, state: str, note: str) -> Event:
    """
    A step of the checklist was done, left out for a reason, or is open again.

    Raises:
        Missing: the checklist has no such step.
    """
    steps = tasks(proceedings.within(act.connection, number, ("checklist", "task")))
    if not 0 < step <= len(steps):
        raise Missing("there is no step {step} of {number}", "its checklist has {count}", "netops incident task {number}",
                      step=step, number=number, count=len(steps))
    return handling.record(act, number, clocks.load(desk.playbooks), "task", act.at, note, step=step, state=state)


def tasks(events: list[Event]) -> list[dict[str, object]]:
    """
    The checklist of an incident as it stands: one row a step, in order.

    Returns:
        step, text, state (open, done, skipped), by, at, note; the first step has *due*.
    """
    laid = next((one for one in reversed(events) if one.kind == "checklist"), None)
    if laid is None:
        return []
    rows: list[dict[str, object]] = [
        {"step": number, "text": text, "state": "open", "by": "", "at": None, "note": ""}
        for number, text in enumerate((spoken() == "en" and laid.detail.get("steps_en")) or laid.detail["steps"], 1)
    ]
    if rows:
        rows[0]["due"] = laid.at + timedelta(minutes=laid.detail.get("first_step_minutes", 60))
    for one in events:
        if one.kind == "task" and one.seq > laid.seq and 0 < one.detail["step"] <= len(rows):
            rows[one.detail["step"] - 1] |= {"state": one.detail["state"], "by": one.actor, "at": one.at, "note": one.text}
    return rows


def dossier(desk: Desk, incident: Incident, findings: list[Finding]) -> dict[str, Any]:
    """
    Everything around an incident that its own record does not hold.

    Returns:
        merged_from, repeats (numbers), rechecks (counts), documents with answers, history, events, tasks, timeline, playbook.
    """
    everything = casebook.listed(desk.store)
    events = proceedings.listed(desk.store, incident.number)
    kept = []
    for paper in papers.listed(desk.store, incident.number):
        told = {name: getattr(paper, name) for name in ("id", "instrument", "state", "drafted", "issued", "sha256")}
        kept.append({**told, "number": paper.paper.number, "title": paper.paper.read(spoken()).title, "intact": paper.is_intact,
                     "rows": paper.decision.rows, "answers": papers.answers(desk.store, paper.id)})
    lines = timeline.of(desk, incident, findings)
    answering = playbook.answering(playbook.load(desk.playbooks), incident.cause)
    return {
        "merged_from": [one.number for one in everything if one.merged_into == incident.number],
        "repeats": [one.number for one in repeats(incident, everything)],
        "rechecks": {"clean": sum(bool(one.detail["clean"]) for one in events if one.kind == "recheck"),
                     "unclean": sum(not one.detail["clean"] for one in events if one.kind == "recheck")},
        "documents": kept,
        "history": [msgspec.structs.replace(one, why=recalled(one.why)) for one in casebook.history(desk.store, incident.number)],
        "events": events,
        "tasks": tasks(events),
        "timeline": [{**msgspec.structs.asdict(one), "what": one.what} for one in lines],
        "playbook": answering.name if answering else "",
    }


def repeats(incident: Incident, everything: list[Incident]) -> list[Incident]:
    """Earlier incidents of the same organization and cause in the same plane; false alarms and merged ones do not count."""
    return [
        one for one in everything
        if one.organization == incident.organization != "" and one.cause == incident.cause and one.plane is incident.plane
        and one.number != incident.number and one.detected < incident.detected
        and one.state not in (Stage.FALSE_ALARM, Stage.MERGED)
    ]
