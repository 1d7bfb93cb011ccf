"""Incidents: their clocks, the chain of states, findings and evidence, papers with receipts, checklist and timeline."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from starlette.responses import Response

from netops.core import custody, docket
from netops.core.errors import Missing
from netops.core.finding import Finding
from netops.core.language import _, sided
from netops.core.permission import Deed
from netops.incidents import casebook, papers, taxonomy
from netops.incidents.incident import COURSE, Deadline, Incident
from netops.rounds import exhibits
from netops.rounds import handling as rounds
from netops.web.pages import words
from netops.web.pages.page import Page, Shown
from netops.web.pages.table import Cell, Table
from netops.web.pages.visit import Visit, path

LIMIT = 50
MOST = 400
"""Lines of one timeline."""


def heads() -> list[str]:
    """The heads above `row`."""
    return [
        _("number"),
        _("grade"),
        _("plane"),
        _("organization"),
        _("what"),
        _("detected"),
        _("state"),
        _("next clock"),
        _("findings"),
    ]


def row(one: Incident, now: datetime) -> list[str | Cell]:
    """An incident in a list."""
    clock = one.next_deadline if one.is_open else None
    return [
        Cell(one.number, path("incidents", one.number), short=True),
        Cell(_("grade {grade}").format(grade=one.grade), short=True),
        Cell(words.plane(one.plane), short=True),
        words.organization(one.organization),
        one.title,
        Cell(words.time(one.detected, "%m-%d %H:%M"), short=True),
        Cell(_(one.state), mark="note" if one.is_open else "good", short=True),
        _clock_cell(clock, now),
        Cell(str(len(one.findings))),
    ]


def _clock_cell(clock: Deadline | None, now: datetime) -> Cell:
    if clock is None or clock.due is None:
        return Cell("—")
    mark = clock.warning(now)
    return Cell(
        words.ago(clock.due, now),
        mark="bad" if mark == 100 else "note" if mark else "open",
        under=f"{clock.title} {words.time(clock.due, '%m-%d %H:%M')}",
    )


def listed(visit: Visit) -> Shown:
    """Incidents: the one whose clock runs out first leads."""
    everything = visit.asked("state") == "every"
    found = [
        one
        for one in casebook.listed(visit.desk.store, open_only=not everything)
        if one.plane in visit.planes and visit.sees(one.plane, one.organization)
    ]
    now = visit.desk.clock()
    far = datetime.max.replace(tzinfo=now.tzinfo)

    def first(one: Incident) -> tuple[bool, datetime, str]:
        clock = one.next_deadline
        return (not one.is_open, clock.due if clock and clock.due else far, one.number)

    found.sort(key=first)
    running = [one for one in found if one.is_open]
    late = sum(any(clock.warning(now) == 100 for clock in one.deadlines) for one in running)
    answer = (
        _("Open incidents: {count}; with a clock that ran out: {late}.").format(count=len(running), late=late)
        if running
        else _("No incident is open.")
    )
    offset = visit.counted("from", 0, 1_000_000)
    shown = found[offset : offset + LIMIT]
    table = Table(
        "incidents",
        _("Incidents"),
        heads(),
        [row(one, now) for one in shown],
        _("No incident is open."),
        frozenset({8}),
        more=visit.here(**{"from": offset + LIMIT}) if len(found) > offset + LIMIT else "",
        csv=visit.here(format="csv"),
    )
    every = [(visit.here(state=None), _("open"), not everything), (visit.here(state="every"), _("all"), everything)]
    return Shown(
        "list.html", answer, {"tabs": every, "acts": []}, [table], mark="bad" if late else "note" if running else "good"
    )


def asked(visit: Visit) -> Incident:
    """The incident that an address names, if these people may know of it."""
    one = casebook.one(visit.desk.store, visit.path["number"][:24].upper())
    if not visit.sees(one.plane, one.organization):
        raise Missing("there is no incident {number}", "", "netops incident list", number=one.number)
    return one


def show(visit: Visit) -> Shown:
    """One incident whole."""
    one, now = asked(visit), visit.desk.clock()
    findings: list[Finding] = [docket.one(visit.desk.store, name) for name in one.findings]
    whole = rounds.dossier(visit.desk, one, findings)
    reached = {"detected": one.detected} | {move.after: move.at for move in whole["history"] if move.what == "state"}
    place = COURSE.index(one.state) if one.state in COURSE else -1
    course = [
        (
            _(stage),
            "here" if number == place else "past" if stage in reached else "",
            words.time(reached.get(stage), "%m-%d %H:%M") if stage in reached else "",
        )
        for number, stage in enumerate(COURSE)
    ]
    grading = one.grading
    moments = [
        (_("occurred"), one.occurred),
        (_("detected"), one.detected),
        (_("known"), one.known),
        (_("contained"), one.contained),
        (_("handled"), one.handled),
        (_("closed"), one.closed),
    ]
    facts: list[tuple[str, str | Cell | list[Cell]]] = [
        (_("organization"), words.organization(one.organization)),
        (_("plane"), words.plane(one.plane)),
        (_("place"), one.place),
        (_("category"), f"{one.category} {taxonomy.load(visit.desk.playbooks).told(one.category, one.category_zh)}"),
        (
            _("grade"),
            Cell(
                f"{one.grade} · {grading.because}",
                mark="" if grading.verified else "note",
                under=f"{grading.rule} · {sided(grading.source)}" + ("" if grading.verified else f" · {_('unverified')}"),
            ),
        ),
        *((label, words.time(at)) for label, at in moments if at),
        (_("in hand"), one.acknowledged_by),
    ]
    if one.merged_into:
        facts.append((_("merged into"), Cell(one.merged_into, path("incidents", one.merged_into))))
    repeats = [Cell(name, path("incidents", name)) for name in (*whole["merged_from"], *whole["repeats"])]
    if repeats and not visit.own:
        facts.append((_("related"), repeats))
    evidence = custody.links(visit.desk.store, exhibits.names(visit.desk, one.number))
    tables = [_clocks(visit, one, now), _findings(visit, findings), _papers(visit, one, whole)]
    if whole["tasks"]:
        signs = {"done": "good", "skipped": "note"}
        tables.append(
            Table(
                "tasks",
                _("Checklist"),
                [_("step"), _("what"), _("state"), _("by"), _("time"), _("note")],
                [
                    [
                        str(each["step"]),
                        Cell(str(each["text"]), code=True),
                        Cell(_(str(each["state"])), mark=signs.get(str(each["state"]), "open")),
                        str(each["by"] or ""),
                        words.time(each["at"]),
                        str(each["note"] or ""),
                    ]
                    for each in whole["tasks"]
                ],
                csv=visit.here(format="csv", table="tasks"),
            )
        )
    tables += [
        _timeline(visit, whole),
        Table(
            "evidence",
            _("Evidence chain"),
            [_("number"), _("id"), _("kind"), _("source"), _("collected by"), _("time"), "SHA-256"],
            [
                [
                    str(link.entry.seq),
                    link.entry.id,
                    _(link.entry.kind),
                    link.entry.source,
                    link.entry.collector,
                    words.time(link.entry.time),
                    Cell(link.entry.sha256[:16] + "…"),
                ]
                for link in evidence
            ],
            _("No evidence is kept."),
            frozenset({0}),
            csv=visit.here(format="csv", table="evidence"),
        ),
    ]
    acts = []
    if one.is_open and visit.may(Deed.HANDLE, one.plane, one.organization):
        acts = [
            (path("incidents", one.number, "acknowledge"), _("Take it in hand")),
            (path("incidents", one.number, "draft"), _("Draft a document")),
            (path("incidents", one.number, "sent"), _("Record that a report was sent")),
        ]
    late = any(clock.warning(now) == 100 for clock in one.deadlines)
    clock = one.next_deadline if one.is_open else None
    under = _("{clock}: {time}").format(clock=clock.title, time=words.ago(clock.due, now)) if clock and clock.due else ""
    return Shown(
        "incident.html",
        f"{one.number} {one.title} · {_(one.state)}",
        {"course": course, "facts": facts, "acts": acts},
        tables,
        under,
        [("/incidents", _("Incidents"))],
        mark="bad" if late else "note" if one.is_open else "good",
    )


def _clocks(visit: Visit, one: Incident, now: datetime) -> Table:
    rows: list[list[str | Cell]] = []
    for clock in one.deadlines:
        mark = clock.warning(now)
        state = "good" if clock.stopped else "bad" if mark == 100 else "note" if mark else "open"
        if clock.stopped:
            stands = Cell(_("stopped {at} by {act}").format(at=words.time(clock.stopped), act=_(clock.stopped_by)), mark=state)
        else:
            stands = Cell(
                words.ago(clock.due, now) if clock.due else _("promptly"),
                mark=state,
                under=words.time(clock.due) if clock.due else "",
                short=True,
            )
        doubt = "" if clock.verified else _("term of the office") if clock.local else _("unverified")
        rows.append(
            [
                Cell(clock.key, short=True),
                clock.title,
                words.share(clock.used(clock.stopped or now)) if clock.due else "—",
                stands,
                sided(clock.who),
                sided(clock.to_whom),
                Cell(sided(clock.source), under=doubt),
            ]
        )
    return Table(
        "clocks",
        _("Clocks"),
        [_("clock"), _("what"), _("used"), _("due"), _("who"), _("to whom"), _("source")],
        rows,
        _("no clock runs for this grade"),
        frozenset({2}),
        csv=visit.here(format="csv", table="clocks"),
    )


def _findings(visit: Visit, findings: list[Finding]) -> Table:
    return Table(
        "findings",
        _("Findings"),
        words.finding_heads(),
        [words.finding_row(one) for one in findings],
        _("No finding belongs to it."),
        words.FINDING_RIGHT,
        csv=visit.here(format="csv", table="findings"),
    )


def _papers(visit: Visit, one: Incident, whole: Mapping[str, Any]) -> Table:
    from netops.web.pages import documents

    kept = [paper for paper in papers.listed(visit.desk.store, one.number) if paper.is_seen(visit.who, visit.desk.planes)]
    return Table(
        "documents",
        _("Documents"),
        documents.heads(),
        [documents.row(visit, paper) for paper in kept],
        _("No document was drafted."),
        csv=visit.here(format="csv", table="documents"),
    )


def _timeline(visit: Visit, whole: Mapping[str, Any]) -> Table:
    lines = whole["timeline"][-MOST:]
    return Table(
        "timeline",
        _("Timeline"),
        [_("time"), _("who"), _("what"), _("note")],
        [
            [Cell(words.time(line["at"]), short=True), str(line["actor"] or "—"), str(line["what"]), str(line["text"])]
            for line in lines
        ],
        csv=visit.here(format="csv", table="timeline"),
    )


def bundle(visit: Visit) -> Response:
    """Everything that proves an incident, as one file that verifies without netops."""
    import tempfile
    from pathlib import Path

    one = asked(visit)
    visit.who.require(Deed.HANDLE, one.plane, one.organization)
    findings = [docket.one(visit.desk.store, name) for name in one.findings]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{one.number}.zip"
        exhibits.export(visit.desk, one.number, file, rounds.dossier(visit.desk, one, findings))
        content = file.read_bytes()
    return Response(
        content, media_type="application/zip", headers={"Content-Disposition": f'attachment; filename="{one.number}.zip"'}
    )


PAGES = (
    Page("/incidents", Deed.READ, listed),
    Page("/incidents/{number}", Deed.READ, show),
    Page("/incidents/{number}/evidence.zip", Deed.HANDLE, bundle, bound=False),
)
