"""The timeline (时间线) of an incident: its own moves, what was recorded, its findings and papers, in the order of time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from netops.core.finding import Finding
from netops.core.language import N_, _, called, recalled, spoken
from netops.desk import Desk
from netops.incidents import casebook, papers, proceedings
from netops.incidents.casebook import Move
from netops.incidents.incident import Event, Incident
from netops.rounds import look

WORDS = {
    "open": N_("incident opened"),
    "state": N_("moved"),
    "grade": N_("graded"),
    "finding": N_("finding linked"),
    "clock": N_("clock"),
    "times": N_("times recorded"),
    "merge": N_("merged"),
    "ack": N_("taken in hand"),
    "first": N_("first report sent"),
    "supplement": N_("supplement sent"),
    "final": N_("summary report sent"),
    "police": N_("reported to public security"),
    "vulnerability_report": N_("vulnerability reported"),
    "data_report": N_("data security event reported"),
    "report_sent": N_("report handed over"),
    "report_receipt": N_("report received"),
    "report_reply": N_("report answered"),
    "issued": N_("document issued"),
    "sent": N_("document sent"),
    "receipt": N_("document received"),
    "reply": N_("document answered"),
    "recheck": N_("rechecked"),
    "new_facts": N_("new facts"),
    "crime": N_("suspicion of crime"),
    "vulnerability": N_("vulnerability found"),
    "data_event": N_("data security event"),
    "note": N_("note"),
    "checklist": N_("playbook laid out"),
    "task": N_("step"),
    "participant": N_("person takes part"),
    "cost": N_("cost"),
    "attachment": N_("evidence attached"),
    "whereabouts": N_("who had it then"),
    "seen": N_("first seen"),
    "gone": N_("last seen"),
    "draft": N_("document drafted"),
}
"""What a line says, as a message id, by its kind."""
QUIET = ("clock",)
"""Moves that only repeat what an event beside them says, or that follow from it."""


class Line(msgspec.Struct, frozen=True):
    """One line: when it happened, who did it ("" when nobody did), what kind, and the rest in words."""

    at: datetime
    actor: str
    kind: str
    text: str

    @property
    def what(self) -> str:
        """The kind in the language in use."""
        return _(WORDS.get(self.kind, self.kind))


def of(desk: Desk, incident: Incident, findings: list[Finding]) -> list[Line]:
    """Every line about an incident, oldest first."""
    store, number = desk.store, incident.number
    lines = [_moved(one) for one in casebook.history(store, number) if one.what not in QUIET]
    lines += [_happened(one) for one in proceedings.listed(store, number)]
    for one in findings:
        lines.append(Line(one.first_seen, "", "seen", f"{one.id} {look.title(one)}"))
        if one.state == "resolved":
            lines.append(Line(one.last_seen, "", "gone", one.id))
    for kept in papers.listed(store, number):
        lines.append(Line(kept.drafted, kept.actor, "draft", f"{kept.id} {kept.paper.read(spoken()).title}"))
    return sorted(lines, key=lambda one: (one.at, one.kind))


def _moved(one: Move) -> Line:
    return Line(one.at, one.actor, one.what, "  ".join(part for part in (_change(one), recalled(one.why)) if part))


def _change(one: Move) -> str:
    """Before and after of a move, as far as they fit in a line."""
    if one.what == "grade":
        return f"{one.before['grade']} → {one.after['grade']}  ({one.after['rule']})"
    if one.what == "state":
        return f"{_(one.before)} → {_(one.after)}"
    if one.what == "merge":
        return f"→ {one.after}"
    if one.what == "ack":
        return _("in hand: {actor}").format(actor=one.after) if one.after else _("not in hand any more")
    if one.what == "times":
        return ", ".join(_(name) for name in one.after)
    return one.after if isinstance(one.after, str) else ""


def _happened(one: Event) -> Line:
    detail = one.detail
    told: list[str] = []
    match one.kind:
        case "task":
            told = [str(detail["step"]), _(detail["state"])]
        case "checklist":
            told = [one.text]
        case "cost":
            told = [_("{amount} CNY").format(amount=f"{detail['amount']:,.2f}") if detail.get("amount") else "", _hours(detail)]
        case "participant":
            told = [detail["name"], detail.get("organization", ""), detail.get("role", "")]
        case "attachment":
            told = [detail["evidence"], detail["file"]]
        case "recheck":
            told = [_("clean") if detail["clean"] else _("not clean"), ", ".join(detail.get("standing", []))]
        case "whereabouts":
            told = [whereabouts(detail)]
        case _:
            told = [str(detail.get(name, "")) for name in ("document_no", "to_whom", "channel", "receipt")]
    text = one.text if one.kind != "checklist" else ""
    number = f"#{one.seq}" if one.kind in ("first", "supplement", "final", "police") else ""
    stopped = _("stopped: {clocks}").format(clocks=", ".join(detail["stopped"])) if detail.get("stopped") else ""
    return Line(one.at, one.actor, one.kind, "  ".join(part for part in (number, *told, text, stopped) if part))


def _hours(detail: dict[str, Any]) -> str:
    return _("{hours} h of work").format(hours=f"{detail['hours']:g}") if detail.get("hours") else ""


def whereabouts(detail: dict[str, Any]) -> str:
    """Who had an address or port at the time of the event, in one line."""
    parts = (
        detail.get("ip", ""),
        detail.get("mac", ""),
        detail.get("name", ""),
        " ".join(part for part in (detail.get("switch", ""), detail.get("port", "")) if part),
        _organization(detail),
        detail.get("declaration", ""),
    )
    return " · ".join(part for part in parts if part)


def _organization(detail: dict[str, Any]) -> str:
    """As it was called then; in English as it is called now, since only its Chinese name was kept."""
    code = str(detail.get("organization", ""))
    return called(code) if code and spoken() == "en" else str(detail.get("organization_name", ""))
