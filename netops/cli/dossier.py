"""How an incident is shown: its grade with the rule, clocks with time left, findings, documents and history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from netops.cli.printing import Output, labelled, printable, sign
from netops.core.language import N_, _, sided

if TYPE_CHECKING:
    from datetime import datetime

    from netops.core.finding import Finding
    from netops.desk import Desk
    from netops.incidents.incident import Deadline, Grading, Incident

GRADES = {"I": "bold white on red", "II": "bold red", "III": "yellow", "IV": ""}
LAST = 12
"""Lines of the timeline that `show` ends with; -v has all."""
BAR = 10


def record(one: Incident, now: datetime) -> dict[str, Any]:
    """An incident in JSON: its own fields, and what follows from them at *now*."""
    from msgspec.structs import asdict

    return {
        **asdict(one),
        "grade": one.grade,
        "title": one.title,
        "deadlines": [
            {
                **asdict(clock),
                "key": clock.key,
                "title": clock.title,
                "used": round(clock.used(clock.stopped or now), 4),
                "warning": clock.warning(now),
            }
            for clock in one.deadlines
        ],
    }


def next_clock(one: Incident, now: datetime) -> str:
    """The running clock that ends first, with the time left; "" when none runs."""
    clock = one.next_deadline
    return f"{clock.key} {left(clock, now)}" if clock and one.is_open else ""


def due(clock: Deadline) -> str:
    """When a clock runs out, in city time; a duty without a number says so."""
    from netops.core.clock import city_time

    return city_time(clock.due) if clock.due else _("promptly")


def left(clock: Deadline, now: datetime) -> str:
    """How a clock stands: time left, overdue, or stopped by which act."""
    from netops.core.clock import city_time

    if clock.stopped:
        return _("stopped {at} by {act}").format(at=city_time(clock.stopped), act=clock.stopped_by)
    if clock.due is None:
        return _("promptly, since {at}").format(at=city_time(clock.start))
    seconds = int((clock.due - now).total_seconds())
    minutes, hours, days = abs(seconds) // 60 % 60, abs(seconds) // 3600 % 24, abs(seconds) // 86400
    time = (
        _("{days} d {hours} h").format(days=days, hours=hours)
        if days
        else _("{hours} h {minutes} min").format(hours=hours, minutes=minutes)
    )
    return (_("{time} left") if seconds >= 0 else _("overdue by {time}")).format(time=time)


def show(out: Output, opened: Desk, one: Incident, findings: list[Finding], whole: dict[str, Any]) -> None:
    """One incident for people; *whole* is its JSON."""
    from rich.text import Text

    head = Text(f"{one.number}  {one.title}  ", style="bold")
    head.append(f" {one.grade} {_(one.grade.title_en)} ", style=GRADES[one.grade])
    out.rich(head)
    out.rich(course(one, whole["history"]))
    facts(out, opened, one, whole)
    out.line()
    out.line(_("clocks") + " " + "─" * 8, style="bold")
    out.rich(clocks(one, opened.clock(), verbose=out.verbose))
    if not one.deadlines:
        out.line("  " + _("no clock runs for this grade"))
    evidence(out, findings, whole)
    work(out, whole)
    lines = whole["timeline"] if out.verbose else whole["timeline"][-LAST:]
    out.line()
    hidden = len(whole["timeline"]) - len(lines)
    more = "  " + _("({count} earlier lines: -v, or netops incident timeline)").format(count=hidden) if hidden else ""
    out.line(_("timeline") + " " + "─" * 8 + more, style="bold")
    out.rich(table([(city(line["at"]), line["actor"], line["what"], line["text"]) for line in lines],
                   ("dim", "", "cyan", "")))
    steps = f"netops incident task {one.number}" if whole["tasks"] else ""
    out.next(steps if one.is_open else "")


REPORTS = {"first": N_("first report"), "supplement": N_("supplement"), "final": N_("summary report")}


def city(at: datetime | None, fmt: str = "%Y-%m-%d %H:%M") -> str:
    """City time, or a dash."""
    from netops.core.clock import city_time

    return city_time(at, fmt) if at else "—"


def table(rows: list[tuple[str, ...]], styles: tuple[str, ...]) -> Any:
    """Rows in columns that line up, whatever the width of their characters."""
    from rich.table import Table
    from rich.text import Text

    made = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    made.add_column(width=1)
    for _style in styles:
        made.add_column(overflow="fold")
    for row in rows:
        cells = [Text(printable(cell), style=style) for cell, style in zip(row, styles, strict=True)]
        made.add_row("", *cells)
    return made


def course(one: Incident, history: list[Any]) -> Any:
    """The course as a chain: what lies behind with its time, where it stands, what is ahead."""
    from rich.text import Text

    from netops.incidents.incident import COURSE, EXITS

    reached = {"detected": one.detected}
    reached |= {move.after: move.at for move in history if move.what == "state"}
    place = COURSE.index(one.state) if one.state in COURSE else -1
    last = max((COURSE.index(name) for name in reached if name in COURSE), default=0)
    chain = Text("  ")
    for number, stage in enumerate(COURSE):
        here = number == place
        behind = number < place or (place < 0 and number <= last and stage in reached)
        mark, style = ("●", "bold cyan") if here else ("✓", "green") if behind and stage in reached else ("·", "dim")
        when = city(reached[stage], " %m-%d %H:%M") if stage in reached and (here or behind) else ""
        chain.append(f"{mark} {_(stage)}{when}", style=style)
        chain.append("" if stage is COURSE[-1] else " → ", style="dim")
    if one.state in EXITS:
        into = f" {one.merged_into}" if one.merged_into else ""
        chain.append(f"   ⇥ {_(one.state)}{into}", style="bold yellow")
    return chain


def facts(out: Output, opened: Desk, one: Incident, whole: dict[str, Any]) -> None:
    """Whose, where, how grave and by which rule, when."""
    reports = "  ".join(
        f"{_(REPORTS[event.kind])} {city(event.at)}" for event in whole["events"] if event.kind in REPORTS
    )
    from netops.incidents import taxonomy

    category = taxonomy.load(opened.playbooks).told(one.category, one.category_zh)
    hand = _("{actor} since {at}").format(actor=one.acknowledged_by, at=city(one.acknowledged)) if one.acknowledged else ""
    moments = ((N_("occurred"), one.occurred), (N_("detected"), one.detected), (N_("known"), one.known),
               (N_("contained"), one.contained), (N_("handled"), one.handled), (N_("closed"), one.closed))
    rows = [
        (_("organization"), opened.register.name(one.organization) or "—"),
        (_("plane"), _(one.plane.label) + (f"  {_('place')} {one.place}" if one.place else "")),
        (_("category"), f"{one.category} {category}"),
        (_("grade"), f"{one.grade}  {one.grading.because}"),
        ("", f"{rule(one.grading)}  ({sided(one.grading.source)})"),
        (_("moments"), "  ".join(f"{_(name)} {city(at)}" for name, at in moments if at)),
        (_("reports"), reports),
        (_("in hand"), hand),
        (_("critical infrastructure"), _("yes") if one.cii else ""),
        (_("merged into"), one.merged_into),
        (_("merged from"), ", ".join(whole["merged_from"])),
        (_("repeats"), _("{count} earlier incidents of this organization and cause: {numbers}").format(
            count=len(whole["repeats"]), numbers=", ".join(whole["repeats"])) if whole["repeats"] else ""),
        (_("rechecks"), _("{unclean} not clean, {clean} clean").format(**whole["rechecks"]) if any(whole["rechecks"].values())
         else ""),
    ]
    out.rich(table([row for row in rows if row[1]], ("dim", "")))


def clocks(one: Incident, now: datetime, *, verbose: bool) -> Any:
    """Every clock with a bar of the time used, how it stands, when it ends, for whom, and by which provision."""
    from rich.table import Table
    from rich.text import Text

    made = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for folds in (False, False, True, False, True, False, True):
        made.add_column(no_wrap=not folds, overflow="fold")
    for clock in one.deadlines:
        warning, used = clock.warning(now), min(clock.used(clock.stopped or now), 1.0)
        state = "good" if clock.stopped else "bad" if warning == 100 else "note" if warning else "open"
        style = {"good": "green", "bad": "bold red", "note": "yellow", "open": ""}[state]
        full = round(used * BAR)
        bar = "█" * full + "░" * (BAR - full) if clock.due else ""
        doubt = "" if clock.verified else _("unverified") if not clock.local else _("term of the office")
        made.add_row(
            Text(f"  {sign(state)}", style=style), Text(clock.key, style=style), clock.title, Text(bar, style=style),
            Text(left(clock, now), style=style), due(clock) if clock.due else "",
            Text(f"→ {sided(clock.to_whom)}  {sided(clock.source) if verbose else ''}  {doubt}".rstrip(), style="dim"),
        )  # fmt: skip
    return made


def evidence(out: Output, findings: list[Finding], whole: dict[str, Any]) -> None:
    """Findings with who had their addresses then, and documents with their answers."""
    from netops.core.finding import STANDING
    from netops.rounds import look
    from netops.rounds.timeline import WORDS, whereabouts

    had = {event.detail["finding"]: event.detail for event in whole["events"] if event.kind == "whereabouts"}
    out.line()
    out.line(_("findings") + " " + "─" * 8, style="bold")
    for finding in findings:
        state = "bad" if finding.state in STANDING else "good"
        out.line(f"  {sign(state)} {finding.id}  {finding.code}  {look.title(finding)}  {_(finding.state)}")
        if finding.id in had and (told := whereabouts(had[finding.id])):
            out.line(f"      {_('then')}: {told}", style="dim")
    if not whole["documents"]:
        return
    out.line()
    out.line(_("documents") + " " + "─" * 8, style="bold")
    for paper in whole["documents"]:
        broken = "" if paper["intact"] else "  " + _("CHANGED SINCE IT WAS FROZEN")
        told = f"{paper['id']}  {paper['number'] or '—'}  {paper['title']}  {_(paper['state'])}"
        out.line(f"  {told}  {city(paper['issued'] or paper['drafted'])}{broken}")
        for answer in paper["answers"]:
            told = f"{_(WORDS[answer.kind])}  {answer.who}  {answer.channel}  {answer.note}".rstrip()
            out.line(f"    {city(answer.at)}  {told}")


def work(out: Output, whole: dict[str, Any]) -> None:
    """The checklist in one line and its next step; people and costs."""
    tasks = whole["tasks"]
    if tasks:
        done = "".join("█" if row["state"] != "open" else "░" for row in tasks)
        left = [row for row in tasks if row["state"] == "open"]
        out.line()
        told = _("{done} of {count} steps").format(done=len(tasks) - len(left), count=len(tasks))
        out.line(f"{_('playbook')} {'─' * 8} {done} {told}", style="bold")
        if left:
            out.line("  " + _("next step {step}: {text}").format(step=left[0]["step"], text=left[0]["text"]))
    people = [event.detail for event in whole["events"] if event.kind == "participant"]
    costs = [event.detail for event in whole["events"] if event.kind == "cost"]
    if people:
        named = (f"{one['name']} ({one['role']})" if one["role"] else one["name"] for one in people)
        out.line(f"  {labelled(_('people'))}" + "; ".join(named))
    if costs:
        money, hours = (sum(one[name] for one in costs) for name in ("amount", "hours"))
        spent = [_("{amount} CNY").format(amount=f"{money:,.2f}")] if money else []
        spent += [_("{hours} h of work").format(hours=f"{hours:g}")] if hours else []
        out.line(f"  {labelled(_('cost'))}" + "  ".join(spent))


def rule(grading: Grading) -> str:
    """The rule that gave a grade, who decided it, and whether its number is verified."""
    by = _("decided by {actor}").format(actor=grading.by) if grading.by else _("proposed")
    if grading.verified:
        return _("rule {rule}, {by}").format(rule=grading.rule, by=by)
    return _("rule {rule}, {by}, unverified").format(rule=grading.rule, by=by)
