"""Inspections: the matrix of departments and items, answers of three parties side by side, and answering on the page."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape
from starlette.responses import Response

from netops.core import docket, journal
from netops.core.errors import Missing
from netops.core.language import _, called
from netops.core.permission import Deed
from netops.inspections import archive
from netops.inspections.answer import Result
from netops.inspections.inspection import Inspection, Party
from netops.rounds import inspect as rounds
from netops.web.pages import words
from netops.web.pages.acting import seen_of
from netops.web.pages.page import Act, Field, Intent, Page, Shown, Step
from netops.web.pages.table import Cell, Table
from netops.web.pages.visit import Visit, path

LETTERS = {"conform": "✓", "partial": "◐", "nonconform": "✗", "not_applicable": "–", "unchecked": "?"}
MARKS = {"conform": "good", "partial": "note", "nonconform": "bad", "not_applicable": "open", "unchecked": "unseen"}
MEDIA = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
    "json": "application/json",
}
RESULTS = tuple(Result)


def _every(visit: Visit) -> list[Inspection]:
    found: list[Inspection] = visit.remember("inspections", 5.0, lambda: archive.latest(visit.desk.store))
    return [one for one in found if seen(visit, one)]


def seen(visit: Visit, one: Inspection) -> bool:
    """Whether an inspection may be seen: it tells of every plane that is served here."""
    return visit.who.may(Deed.READ, None, one.organization) and set(visit.desk.planes) <= visit.who.planes


def listed(visit: Visit) -> Shown:
    """The newest inspection of each department as a matrix: a row a department, a column an item."""
    every = _every(visit)
    names = sorted({one.catalogue.head.name for one in every})
    name = visit.chosen("catalogue", names) or (names[0] if names else "")
    mine = [one for one in every if one.catalogue.head.name == name]
    items: dict[str, str] = {}
    for one in mine:
        items |= {item.id: item.question for item in one.catalogue.items}
    matrix, plain = visit.remember(("matrix", name), 10.0, lambda: _matrix(mine, list(items)))
    rows: list[list[str | Cell]] = []
    for one in mine:
        progress = one.progress()
        rows.append(
            [
                Cell(one.number, path("inspections", one.number), short=True),
                words.organization(one.organization),
                f"{one.catalogue.title} {one.catalogue.head.version}",
                *(
                    Cell(
                        str(progress.results.get(result.value, 0)),
                        mark=MARKS[result] if progress.results.get(result.value, 0) else "",
                    )
                    for result in RESULTS
                    if result is not Result.NOT_APPLICABLE
                ),
                str(progress.to_confirm),
                words.time(one.checked_at),
                one.planned_for or "—",
            ]
        )
    heads = [
        _("number"),
        _("organization"),
        _("catalogue"),
        *(result_words(result) for result in RESULTS if result is not Result.NOT_APPLICABLE),
        _("to confirm"),
        _("checked"),
        _("planned for"),
    ]
    table = Table(
        "inspections",
        _("Inspections"),
        heads,
        rows,
        _("There is no inspection yet."),
        frozenset({3, 4, 5, 6, 7}),
        csv=visit.here(format="csv", table="inspections"),
    )
    flat = Table("matrix", _("Matrix"), [_("organization"), *items], plain, csv=visit.here(format="csv", table="matrix"))
    bad = sum(one.progress().results.get("nonconform", 0) for one in mine)
    waiting = sum(one.progress().to_confirm for one in mine)
    answer = (
        _("{count} inspections; {bad} items do not conform, {waiting} wait for an inspector.").format(
            count=len(mine), bad=bad, waiting=waiting
        )
        if mine
        else _("There is no inspection yet.")
    )
    tabs = [
        (
            visit.here(catalogue=each),
            next(one.catalogue.title for one in every if one.catalogue.head.name == each),
            each == name,
        )
        for each in names
    ]
    asked = {"catalogue": name}
    views = [
        (path("inspections", "changes", **asked), _("Compared with last time")),
        (path("inspections", "scores", **asked), _("Scores")),
        *([(path("inspections", "assessment", **asked), _("Yearly assessment"))] if not visit.own else []),
    ]
    return Shown(
        "inspections.html",
        answer,
        {
            "tabs": tabs if len(tabs) > 1 else [],
            "acts": views,
            "matrix": matrix,
            "items": items,
            "letters": {result: (LETTERS[result], result_words(result)) for result in RESULTS},
        },
        [table, flat],
        mark="bad" if bad else "note" if waiting else "",
    )


def _matrix(mine: list[Inspection], items: list[str]) -> tuple[Markup, list[list[str]]]:
    """The rows of the matrix as HTML, every text in it escaped, and as texts for its CSV."""
    said = {result.value: escape(result_words(result)) for result in RESULTS}
    rows, plain = [], []
    for one in sorted(mine, key=lambda one: called(one.organization)):
        where, label, cells, texts = (
            escape(path("inspections", one.number)),
            called(one.organization),
            [],
            [called(one.organization)],
        )
        for item in items:
            known = one.item(item)
            if known is None:
                cells.append("<td></td>")
                texts.append("—")
                continue
            result, id_ = str(one.result(known)), escape(item)
            cells.append(
                f'<td><a class="m-{result}" href="{where}/{id_}" aria-label="{id_}: {said[result]}">{LETTERS[result]}</a></td>'
            )
            texts.append(result_words(Result(result)))
        rows.append(f'<tr><th scope="row"><a href="{where}">{escape(label)}</a></th>{"".join(cells)}</tr>')
        plain.append(texts)
    return Markup("\n".join(rows)), plain  # noqa: S704 - every text in it is escaped above


def _one(visit: Visit) -> Inspection:
    number = visit.path["number"][:32].upper()
    missing = Missing("there is no inspection {number}", "", "netops inspect list", number=number)
    try:
        one = archive.one(visit.desk.store, number)
    except Missing:
        raise missing from None
    if not seen(visit, one):
        raise missing
    return one


def _party(visit: Visit) -> Party | None:
    """As whom somebody answers: a department for itself, whoever inspects as the inspector; None for whoever only reads."""
    if visit.own:
        return Party.DEPARTMENT if visit.may(Deed.ANSWER, None, visit.own) else None
    return Party.INSPECTOR if visit.may(Deed.INSPECT) else None


def show(visit: Visit) -> Shown:
    """One checklist: each item with what the three parties say of it, side by side."""
    one = _one(visit)
    progress, only = one.progress(), visit.chosen("answer", Result)
    rows: list[list[str | Cell]] = []
    for record in one.records():
        if record["answer"] == "not_applicable" and only != "not_applicable" and not visit.asked("every"):
            continue
        if only and record["answer"] != only:
            continue
        rows.append(
            [
                Cell(record["id"], path("inspections", one.number, record["id"]), short=True),
                Cell(record["question"], under=record["basis"]),
                Cell(result_words(Result(record["answer"])), mark=MARKS[record["answer"]], short=True),
                *(_said(record, party) for party in Party),
                Cell("" if record["confirmed"] else _("to confirm"), mark="" if record["confirmed"] else "note", short=True),
            ]
        )
    heads = [_("item"), _("what is asked"), _("counts"), *(_(party) for party in Party), _("state")]
    table = Table("items", _("Items"), heads, rows, _("No item is like this."), csv=visit.here(format="csv", table="items"))
    tabs = [
        (visit.here(answer=None), _("all"), not only),
        *(
            (visit.here(answer=result.value), f"{result_words(result)} {progress.results.get(result.value, 0)}", only == result)
            for result in RESULTS
        ),
    ]
    acts = [
        (path("inspections", one.number, "changes"), _("Compared with last time")),
        (path("inspections", one.number, "scores"), _("Scores")),
        *((path("inspections", one.number, f"file.{kind}"), kind.upper()) for kind in MEDIA),
    ]
    answer = _("{number} of {organization}: {answered} of {total} items are answered, {bad} do not conform.").format(
        number=one.number,
        organization=called(one.organization),
        answered=progress.answered,
        total=progress.total,
        bad=progress.results.get("nonconform", 0),
    )
    return Shown(
        "list.html",
        answer,
        {"tabs": tabs, "acts": acts},
        [table],
        under=f"{one.catalogue.title} {one.catalogue.head.version} · {', '.join(one.inspectors)} {one.planned_for}".strip(" ·"),
        trail=[("/inspections", _("Inspections"))],
        mark="bad" if progress.results.get("nonconform", 0) else "note" if progress.to_confirm else "good",
    )


def _said(record: dict[str, Any], party: Party) -> Cell:
    given = record["answers"].get(party)
    if given is None:
        return Cell("—")
    return Cell(_(given["answer"]), mark=MARKS[given["answer"]], under=given["reason"])


def item(visit: Visit) -> Shown:
    """One item: its duty, what each party said with its proof, and what mends it."""
    one, record = _record(visit)
    rows: list[list[str | Cell]] = [
        [
            Cell(_(party)),
            Cell(_(given["answer"]), mark=MARKS[given["answer"]]),
            given["reason"],
            words.time(given["at"]),
            given["actor"],
        ]
        for party, given in record["answers"].items()
    ]
    answers = Table(
        "answers",
        _("What each party says"),
        [_("party"), _("answer"), _("reason"), _("time"), _("who")],
        rows,
        _("Nobody has answered it."),
        csv=visit.here(format="csv", table="answers"),
    )
    findings = [docket.one(visit.desk.store, name) for name in record["findings"]]
    found = Table(
        "findings",
        _("Findings"),
        words.finding_heads(),
        [words.finding_row(each) for each in findings if visit.sees(each.plane, each.organization)],
        _("No finding belongs to it."),
        words.FINDING_RIGHT,
        csv=visit.here(format="csv", table="findings"),
    )
    pieces = docket.pieces(visit.desk.store, record["evidence"])
    evidence = Table(
        "evidence",
        _("Evidence"),
        [_("id"), _("kind"), _("source"), _("question"), _("time")],
        [[piece.id, _(piece.kind), piece.source, piece.query, words.time(piece.at)] for piece in pieces]
        if not visit.own or record["answers"]
        else [],
        _("No evidence is kept."),
        csv=visit.here(format="csv", table="evidence"),
    )
    facts: list[tuple[str, str | Cell | list[Cell]]] = [
        (_("basis"), record["basis"]),
        (_("text"), record["quote_zh"]),
        (_("method"), _(record["method"])),
        (_("severity"), words.severity(record["severity"])),
        (_("what mends it"), record["remedy"]),
    ]
    party = _party(visit)
    acts = (
        [(path("inspections", one.number, record["id"], "answer"), _("Answer as {party}").format(party=_(party)))]
        if party
        else []
    )
    return Shown(
        "record.html",
        f"{record['id']} {record['question']}",
        {"facts": facts, "acts": acts},
        [answers, found, evidence],
        under=called(one.organization),
        trail=[("/inspections", _("Inspections")), (path("inspections", one.number), one.number)],
        mark={"good": "good", "bad": "bad", "note": "note", "unseen": "unseen"}.get(MARKS[record["answer"]], ""),
    )


def _record(visit: Visit) -> tuple[Inspection, dict[str, Any]]:
    one, name = _one(visit), visit.path["item"][:32]
    record = next((each for each in one.records() if each["id"] == name), None)
    if record is None:
        raise Missing("{number} has no item {item}", "", "netops inspect show {number}", number=one.number, item=name)
    return one, record


def file(visit: Visit) -> Response:
    """The checklist as a document for people to sign."""
    one, kind = _one(visit), visit.path["kind"]
    if kind not in MEDIA:
        raise Missing("{number} is not written as {kind}", "", "docx, pdf, json", number=one.number, kind=kind[:16])
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / f"checklist.{kind}"
        rounds.write_checklist(visit.desk, one.number, place)
        made = place.read_bytes()
    return Response(
        made, media_type=MEDIA[kind], headers={"Content-Disposition": f'attachment; filename="{one.number}.{kind}"'}
    )


def answering(visit: Visit) -> Intent:
    """A person answers an item; what the machine and the others said stays beside it."""
    one, record = _record(visit)
    visit.who.require(Deed.ANSWER, None, one.organization)
    party = _party(visit) or Party.INSPECTOR
    if party is Party.INSPECTOR:
        visit.who.require(Deed.INSPECT)

    def stands() -> str:
        now = archive.one(visit.desk.store, one.number)
        known = now.item(record["id"])
        return seen_of(
            *(
                (given.actor, given.at, given.judgement.result) if known and (given := now.by(known, each)) else ""
                for each in Party
            )
        )

    def result_of(said: Mapping[str, str]) -> Result:
        return Result(said["answer"]) if said["answer"] in list(Result) else Result.UNCHECKED

    def plan(said: Mapping[str, str]) -> list[Step]:
        lines = [
            Step(
                _("{number} {item}: the {party} answers: {answer}").format(
                    number=one.number, item=record["id"], party=_(party), answer=result_words(result_of(said))
                ),
                "good",
            )
        ]
        for other, given in record["answers"].items():
            lines.append(
                Step(_("the {party} says: {answer}; that stays beside it").format(party=_(other), answer=_(given["answer"])))
            )
        return lines

    def do(said: Mapping[str, str], _key: str) -> None:
        with journal.act(visit.desk.store, visit.desk.actor, visit.desk.clock) as act:
            archive.fill(act, archive.one(visit.desk.store, one.number), record["id"], party, result_of(said), said["note"])

    fields = [
        Field(
            "answer",
            _("Answer"),
            "choice",
            record["answer"],
            required=True,
            choices=[(result.value, result_words(result)) for result in RESULTS],
        ),
        Field("note", _("What was seen; required where it contradicts the machine"), "area"),
    ]
    return Intent(
        f"{record['id']} {record['question']}",
        fields,
        plan,
        do,
        path("inspections", one.number, record["id"]),
        stands(),
        stands,
        facts=[
            (_("organization"), called(one.organization)),
            (_("basis"), record["basis"]),
            *(
                (_(other), f"{result_words(Result(given['answer']))} {given['reason']}")
                for other, given in record["answers"].items()
            ),
        ],
    )


def result_words(result: Result) -> str:
    """What people call a result."""
    return _(result).replace("_", " ")


PAGES = (
    Page("/inspections", Deed.READ, listed),
    Page("/inspections/{number}/file.{kind}", Deed.READ, file),
    Page("/inspections/{number}", Deed.READ, show),
    Page("/inspections/{number}/{item}", Deed.READ, item),
)
ACTS = (Act("/inspections/{number}/{item}/answer", Deed.ANSWER, answering),)
