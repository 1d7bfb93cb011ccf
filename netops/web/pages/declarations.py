"""Declarations: the queue, versions with what differs, declared beside allocated and seen; papers to print and to sign."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from starlette.responses import Response

from netops.addresses import quota, usage
from netops.addresses.quota import Use
from netops.addresses.span import parsed
from netops.core.errors import Missing
from netops.core.language import N_, _, called
from netops.core.permission import Deed
from netops.core.plane import Plane
from netops.declarations import filings
from netops.declarations.declaration import Declaration, DeclarationState
from netops.declarations.difference import changes
from netops.declarations.fields import cells
from netops.declarations.review import Note
from netops.incidents import papers
from netops.rounds import censuses, declaration_ledger, declaration_papers, declared, declaring, reconcile
from netops.rounds import declaration_steps as steps
from netops.rounds.declaration_words import field_words, note_words, value_words
from netops.web.pages import documents, words
from netops.web.pages.page import Page, Shown
from netops.web.pages.table import Cell, Table
from netops.web.pages.visit import Visit, path

LIMIT = 50
MARKS = {
    "submitted": "note",
    "returned": "bad",
    "approved": "good",
    "connected": "good",
    "suspended": "bad",
    "withdrawn": "open",
    "superseded": "open",
    "draft": "open",
}
VERBS = {
    "approve": N_("Approve"),
    "return": N_("Return to be mended"),
    "connect": N_("Connect"),
    "suspend": N_("Suspend"),
    "withdraw": N_("End it"),
}
MEDIA = {
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".pdf": "application/pdf",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".json": "application/json",
}


def listed(visit: Visit) -> Shown:
    """The queue first: what waits for review; then all others, narrowed by the question."""
    visit = visit.then()
    whose = visit.own or visit.asked("organization")
    every = [
        one
        for one in filings.listed(visit.desk.store, organization=whose, at=visit.desk.at)
        if one.plane in visit.planes and visit.sees(one.plane, one.organization)
    ]
    waiting = [one for one in every if one.state is DeclarationState.SUBMITTED]
    state = visit.asked("state") or ("submitted" if waiting and visit.may(Deed.REVIEW) else "every")
    found = [one for one in every if state in ("every", one.state)]
    if text := visit.asked("text"):
        found = declared.saying(visit.desk, found, text)
    due = [] if visit.desk.at else declared.due(visit.desk, every)
    offset = visit.counted("from", 0, 1_000_000)
    given = usage.of_all(visit.desk.store)
    rows = [_row(visit, one, given) for one in found[offset : offset + LIMIT]]
    counts = {one.value: sum(each.state is one for each in every) for one in DeclarationState}
    tabs = [
        (visit.here(state="every", **{"from": None}), f"{_('all')} {len(every)}", state == "every"),
        *(
            (visit.here(state=name, **{"from": None}), f"{_(name)} {count}", state == name)
            for name, count in counts.items()
            if count
        ),
    ]
    acts = (
        [(path("declare"), _("Hand in a declaration")), (path("declare", "file"), _("Hand in declarations from a file"))]
        if visit.may(Deed.DECLARE)
        else []
    )
    if not visit.own:
        acts += [
            (
                path("declarations", "ledger", plane.value, f"ledger{suffix}"),
                f"{_('Ledger')} {words.plane(plane)} {suffix[1:].upper()}",
            )
            for plane in visit.planes
            for suffix in (".pdf", ".xlsx")
        ]
    heads = [
        _("number"),
        _("version"),
        _("state"),
        _("plane"),
        _("organization"),
        _("nature"),
        _("declared"),
        _("allocated"),
        _("seen"),
        _("since"),
    ]
    table = Table(
        "declarations",
        _("Declarations"),
        heads,
        rows,
        _("Nothing was declared."),
        frozenset({1, 6, 7, 8}),
        more=visit.here(**{"from": offset + LIMIT}) if len(found) > offset + LIMIT else "",
        before=visit.here(**{"from": max(offset - LIMIT, 0) or None}) if offset else "",
        csv=visit.here(format="csv", table="declarations"),
    )
    renew = Table(
        "due",
        _("To be renewed"),
        [_("number"), _("organization"), _("plane"), _("due"), _("days left")],
        [
            [
                Cell(one.number, path("declarations", one.number), "bad" if one.days < 0 else "note"),
                words.organization(one.organization),
                words.plane(one.plane),
                str(one.day),
                str(one.days),
            ]
            for one in due[:LIMIT]
        ],
        _("Nothing is to be renewed soon."),
        frozenset({4}),
        csv=visit.here(format="csv", table="due"),
    )
    late = sum(one.days < 0 for one in due)
    answer = _("Declarations that wait for review: {waiting}; in force: {standing}, overdue for renewal: {late}.").format(
        waiting=len(waiting), standing=sum(one.stands for one in every), late=late
    )
    return Shown(
        "asked.html",
        answer,
        {"tabs": tabs, "acts": acts, "visit": visit, "hidden": {"state": visit.asked("state"), "plane": visit.asked("plane")}},
        [table, renew],
        mark="bad" if late else "note" if waiting else "",
    )


def _seen(visit: Visit, plane: Plane) -> dict[str, int] | None:
    """Terminals by organization, as the walks and other sources have them; None while they are being counted."""
    desk = visit.desk

    def count() -> dict[str, int]:
        return censuses.numbers(desk, reconcile.scene_of(desk, plane, held=False))

    return visit.shelf.soon(("census", plane), 300.0, count) if desk.at is None else None


def _used(visit: Visit, one: Declaration, given: Mapping[tuple[str, str], Use]) -> int:
    """Terminals that addresses under it would serve: *given* by acts of netops, and filed with it before."""
    acts = given.get((one.plane, one.number))
    filed = visit.desk.register.declared.get((one.plane, one.number), ())
    return (acts.most if acts else 0) + sum(quota.use(parsed(text) for text in entry.allocated).most for entry in filed)


def _row(visit: Visit, one: Declaration, given: Mapping[tuple[str, str], Use]) -> list[str | Cell]:
    seen, used = _seen(visit, one.plane), _used(visit, one, given)
    there = seen.get(one.organization, 0) if seen is not None else None
    return [
        Cell(one.number, path("declarations", one.number), short=True),
        str(one.version),
        Cell(_(one.state), mark=MARKS.get(one.state, ""), short=True),
        Cell(words.plane(one.plane), short=True),
        words.organization(one.organization),
        one.nature,
        str(one.terminals),
        Cell(str(used), mark="note" if used > one.terminals else ""),
        Cell("…" if there is None else str(there), mark="bad" if there is not None and there > one.terminals else ""),
        Cell(words.time(one.since, "%Y-%m-%d"), short=True),
    ]


def known(visit: Visit, number: str, at: datetime | None = None) -> Declaration:
    """
    A declaration, as it stood *at* a time.

    Raises:
        Missing: there is none of that number, or none that these people may know of.
    """
    missing = Missing("there is no declaration {number}", "", "netops declare list", number=number)
    try:
        one = filings.one(visit.desk.store, number, at)
    except Missing:
        raise missing from None
    if not visit.sees(one.plane, one.organization):
        raise missing
    return one


def asked(visit: Visit) -> Declaration:
    """The declaration that a page's address names, as the page is asked about: see `known`."""
    return known(visit, visit.path["number"][:64], visit.desk.at)


def show(visit: Visit) -> Shown:
    """One declaration: its statements, declared beside allocated and seen, steps, what each version changed, remarks."""
    visit = visit.then()
    one = asked(visit)
    history = [
        step for step in filings.history(visit.desk.store, one.number) if visit.desk.at is None or step.at <= visit.desk.at
    ]
    versions = [
        old for old in filings.versions(visit.desk.store, one.number) if any(step.version == old.version for step in history)
    ]
    facts: list[tuple[str, str | Cell | list[Cell]]] = [
        (_("organization"), words.organization(one.organization)),
        (_("plane"), words.plane(one.plane)),
        (_("state"), Cell(_(one.state), mark=MARKS.get(one.state, ""))),
    ]
    facts += [
        (field_words(name), value_words(name, value))
        for name, value in cells(one.statements).items()
        if value and name not in ("organization", "plane")
    ]
    equipment = Table(
        "equipment",
        _("network equipment"),
        [_("name"), _("model"), _("address"), _("kind"), _("certificate")],
        [
            [
                each.name,
                each.model,
                Cell(each.address, path("who", q=each.address)) if each.address else "",
                each.kind,
                each.certificate,
            ]
            for each in one.equipment
        ],
        _("No equipment is declared."),
        csv=visit.here(format="csv", table="equipment"),
    )
    applications = Table(
        "applications",
        _("applications"),
        [_("name"), _("address"), _("ports"), _("users")],
        [[each.name, each.address, each.ports, each.users] for each in one.applications],
        _("No application is declared."),
        csv=visit.here(format="csv", table="applications"),
    )
    notes = declaring.reviewed(visit.desk, one.statements)
    tables = [
        _beside(visit, one),
        _changed(visit, versions),
        Table(
            "steps",
            _("Steps"),
            [_("time"), _("version"), _("state"), _("who"), _("remark")],
            [
                [
                    words.time(step.at),
                    str(step.version),
                    Cell(_(step.state), mark=MARKS.get(step.state, "")),
                    step.actor,
                    step.remark,
                ]
                for step in history
            ],
            right=frozenset({1}),
            csv=visit.here(format="csv", table="steps"),
        ),
        _notes(visit, notes),
        equipment,
        applications,
    ]
    wanting = sum(note.required for note in notes)
    answer = _("{number} of {organization} is {state}.").format(
        number=one.number, organization=called(one.organization), state=_(one.state)
    )
    acts = _acts(visit, one)
    acts += [
        (path("declarations", one.number, "papers", f"statement{suffix}"), f"{_('Statement')} {suffix[1:].upper()}")
        for suffix in (".pdf", ".docx", ".xlsx")
    ]
    kept = [each for each in papers.listed(visit.desk.store, one.number) if each.is_seen(visit.who, visit.desk.planes)]
    rows = [documents.row(visit, each) for each in kept]
    csv = visit.here(format="csv", table="documents")
    tables.append(Table("documents", _("Documents"), documents.heads(), rows, _("No document was drafted."), csv=csv))
    return Shown(
        "record.html",
        answer,
        {"facts": facts, "acts": acts},
        tables,
        trail=[("/declarations", _("Declarations"))],
        under=_("Version {version}; {count} remarks of the review stand in the way.").format(version=one.version, count=wanting)
        if wanting
        else _("Version {version}").format(version=one.version),
        mark={"note": "note", "bad": "bad", "good": "good"}.get(MARKS.get(one.state, ""), ""),
    )


def _acts(visit: Visit, one: Declaration) -> list[tuple[str, str]]:
    acts = []
    if visit.may(Deed.REVIEW, one.plane, one.organization):
        for verb, title in VERBS.items():
            try:
                steps.planned(visit.desk, one.number, verb)
            except Exception:  # noqa: BLE001, S112 - what cannot be done is not offered
                continue
            acts.append((path("declarations", one.number, verb), _(title)))
    if visit.may(Deed.HANDLE, one.plane, one.organization):
        acts.append((path("declarations", one.number, "reply"), _("Draft the reply")))
    if visit.may(Deed.DECLARE, one.plane, one.organization) and one.state is not DeclarationState.WITHDRAWN:
        acts.append((path("declare", number=one.number), _("Hand in a change")))
    return acts


def _beside(visit: Visit, one: Declaration) -> Table:
    """Declared, allocated and seen, beside one another."""
    seen, used = _seen(visit, one.plane), _used(visit, one, usage.of_all(visit.desk.store))
    there = seen.get(one.organization, 0) if seen is not None else None
    rows: list[list[str | Cell]] = [
        [
            _("terminals"),
            str(one.terminals),
            Cell(str(used), path("allocations", declaration=one.number), "bad" if used > one.terminals else "good"),
            Cell(
                "…" if there is None else str(there),
                path("who", q=one.organization),
                "bad" if there is not None and there > one.terminals else "good" if there is not None else "unseen",
            ),
        ],
        [
            _("network equipment"),
            str(len(one.equipment)),
            "—",
            str(sum(entry.organization == one.organization for entry in visit.desk.register.of(one.plane).devices)),
        ],
    ]
    return Table(
        "beside",
        _("Declared, allocated and seen"),
        [_("what"), _("declared"), _("allocated"), _("seen of the organization")],
        rows,
        right=frozenset({1, 2, 3}),
        csv=visit.here(format="csv", table="beside"),
    )


def _changed(visit: Visit, versions: Sequence[Declaration]) -> Table:
    rows: list[list[str | Cell]] = []
    for was, now in zip([None, *versions], versions, strict=False):
        if was is not None:
            rows += [
                [
                    str(now.version),
                    field_words(change.field),
                    value_words(change.field, change.before),
                    value_words(change.field, change.after),
                ]
                for change in changes(was.statements, now.statements)
            ]
    return Table(
        "versions",
        _("What each version changed"),
        [_("version"), _("field"), _("before"), _("after")],
        rows,
        _("There is one version."),
        frozenset({0}),
        csv=visit.here(format="csv", table="versions"),
    )


def _notes(visit: Visit, notes: Sequence[Note]) -> Table:
    return Table(
        "notes",
        _("Remarks of the review"),
        [_("code"), _("remark")],
        [[Cell(note.code, mark="bad" if note.required else "note", short=True), note_words(note)] for note in notes],
        _("The four statements of Article 10 are complete."),
        csv=visit.here(format="csv", table="notes"),
    )


# ---- papers
def paper(visit: Visit) -> Response:
    """The written statement of a declaration, as a file to print and to sign."""
    one = asked(visit.then())
    kind, _dot, suffix = visit.path["file"].partition(".")
    if kind != "statement" or f".{suffix}" not in MEDIA:
        raise Missing(
            "{number} is not written as {kind}", "", "docx, pdf, xlsx, json", number=one.number, kind=visit.path["file"][:40]
        )
    return _file(visit, one, f"{kind}.{suffix}", one.number)


def ledger(visit: Visit) -> Response:
    """The ledger of connected units of a plane."""
    plane, suffix = visit.path["plane"], "." + visit.path["file"].rpartition(".")[2]
    if plane not in list(visit.every_plane) or suffix not in MEDIA:
        raise Missing("{number} is not written as {kind}", "", "docx, pdf, xlsx, json", number=_("Ledger"), kind=suffix)
    return _file(visit, declaration_ledger.of(visit.desk, Plane(plane), visit.own), f"ledger{suffix}", plane)


def _file(visit: Visit, content: Declaration | declaration_ledger.Ledger, name: str, number: str) -> Response:
    suffix = "." + name.rpartition(".")[2]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / f"paper{suffix}"
        declaration_papers.write(content, place, visit.desk)
        made = place.read_bytes()
    full = quote(f"{number}-{name}", safe="")
    return Response(
        made,
        media_type=MEDIA[suffix],
        headers={"Content-Disposition": f"attachment; filename=\"{name}\"; filename*=UTF-8''{full}"},
    )


PAGES = (
    Page("/declarations", Deed.READ, listed),
    Page("/declarations/ledger/{plane}/{file}", Deed.READ, ledger),
    Page("/declarations/{number}/papers/{file}", Deed.READ, paper),
    Page("/declarations/{number}", Deed.READ, show),
)
