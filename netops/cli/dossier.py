"""How an incident is shown: its grade with the rule, clocks with time left, findings, documents and history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from netops.cli.printing import Output, labelled, sign
from netops.core.language import N_, _

if TYPE_CHECKING:
    from datetime import datetime

    from netops.core.finding import Finding
    from netops.desk import Desk
    from netops.incidents.incident import Deadline, Grading, Incident
    from netops.incidents.papers import Kept

MOVES = {
    "open": N_("incident opened"),
    "state": N_("moved"),
    "grade": N_("graded"),
    "finding": N_("finding linked"),
    "clock": N_("clock"),
    "times": N_("times recorded"),
    "merge": N_("merged"),
}
"""What a line of the history says, as a message id."""


def record(one: Incident, now: datetime) -> dict[str, Any]:
    """An incident in JSON: its own fields, and what follows from them at *now*."""
    from msgspec.structs import asdict

    return {
        **asdict(one),
        "grade": one.grade,
        "title": one.title,
        "deadlines": [
            {**asdict(clock), "title": clock.title, "used": round(clock.used(clock.stopped or now), 4)}
            for clock in one.deadlines
        ],
    }


def next_clock(one: Incident, now: datetime) -> str:
    """The running clock that ends first, with the time left; "" when none runs."""
    clock = one.next_deadline
    return f"{clock.kind} {left(clock, now)}" if clock and one.is_open else ""


def left(clock: Deadline, now: datetime) -> str:
    """How a clock stands: time left, overdue, or stopped by which act."""
    from netops.core.clock import city_time

    if clock.stopped:
        return _("stopped {at} by {act}").format(at=city_time(clock.stopped), act=clock.stopped_by)
    seconds = int((clock.due - now).total_seconds())
    minutes, hours, days = abs(seconds) // 60 % 60, abs(seconds) // 3600 % 24, abs(seconds) // 86400
    time = (
        _("{days} d {hours} h").format(days=days, hours=hours)
        if days
        else _("{hours} h {minutes} min").format(hours=hours, minutes=minutes)
    )
    return (_("{time} left") if seconds >= 0 else _("overdue by {time}")).format(time=time)


def brief(paper: Kept) -> dict[str, Any]:
    """A document in JSON without its text."""
    names = ("id", "instrument", "state", "drafted", "issued", "sha256")
    return {
        **{name: getattr(paper, name) for name in names},
        "number": paper.paper.number,
        "title": paper.paper.title,
        "intact": paper.is_intact,
        "rows": paper.decision.rows,
    }


def show(out: Output, opened: Desk, one: Incident, findings: list[Finding], whole: dict[str, Any]) -> None:
    """One incident for people; *whole* is its JSON."""
    from netops.core.clock import city_time
    from netops.core.finding import STANDING
    from netops.rounds import look

    out.line(f"{one.number}  {one.title}  {_(one.state)}", style="bold")
    for label, value in (
        (_("organization"), opened.register.name(one.organization) or "—"),
        (_("plane"), _(one.plane.label)),
        (_("grade"), f"{one.grade}  {rule(one.grading)}"),
        ("", f"{one.grading.because}  ({one.grading.source})"),
        (_("category"), f"{one.category} {one.category_zh}"),
        (_("occurred"), city_time(one.occurred)),
        (_("known"), city_time(one.known)),
        (_("merged into"), one.merged_into),
        (_("merged from"), ", ".join(whole["merged_from"])),
    ):
        if value:
            out.line(f"  {labelled(label)}{value}" if label else f"    {value}")
    out.line(_("clocks") + ":")
    for clock in one.deadlines:
        state = "good" if clock.stopped else "bad" if clock.used(opened.clock()) > 1 else "note"
        doubt = "" if clock.verified else "  " + _("unverified")
        told = f"{clock.kind}  {clock.title}  {city_time(clock.due)}  {left(clock, opened.clock())}"
        out.line(f"  {sign(state)} {told}  → {clock.to_whom}  {clock.source}{doubt}")
    if not one.deadlines:
        out.line("  " + _("no statutory clock runs for this grade"))
    out.line(_("findings") + ":")
    for finding in findings:
        state = "bad" if finding.state in STANDING else "good"
        out.line(f"  {sign(state)} {finding.id}  {finding.code}  {look.title(finding)}  {_(finding.state)}")
    out.line(_("documents") + ":")
    for paper in whole["documents"]:
        broken = "" if paper["intact"] else "  " + _("CHANGED SINCE IT WAS FROZEN")
        told = f"{paper['id']}  {paper['number'] or '—'}  {paper['title']}  {_(paper['state'])}"
        out.line(f"  {told}  {city_time(paper['issued'] or paper['drafted'])}{broken}")
        for answer in paper["answers"]:
            told = f"{_(answer.kind)}  {answer.who}  {answer.channel}  {answer.note}".rstrip()
            out.line(f"    {city_time(answer.at)}  {told}")
    if not whole["documents"]:
        out.line("  " + _("none"))
    out.line(_("history") + ":")
    for move in whole["history"]:
        told = "  ".join(part for part in (_(MOVES.get(move.what, move.what)), _step(move), move.why) if part)
        out.line(f"  {city_time(move.at)}  {move.actor}  {told}")
    steps = f"netops playbook show {whole['playbook']}" if whole["playbook"] else ""
    out.next(steps if one.is_open else "")


def rule(grading: Grading) -> str:
    """The rule that gave a grade, who decided it, and whether its number is verified."""
    by = _("decided by {actor}").format(actor=grading.by) if grading.by else _("proposed")
    if grading.verified:
        return _("rule {rule}, {by}").format(rule=grading.rule, by=by)
    return _("rule {rule}, {by}, unverified").format(rule=grading.rule, by=by)


def _step(move: Any) -> str:
    """Before and after of one line of the history, as far as they fit in a line."""
    if move.what == "grade":
        return f"{move.before['grade']} → {move.after['grade']}"
    if move.what in ("state", "merge"):
        return f"{_(move.before)} → {_(move.after)}"
    if move.what == "clock":
        return ", ".join(move.after.get("stopped", move.after))
    return move.after if isinstance(move.after, str) else ""
