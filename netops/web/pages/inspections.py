"""Inspections: the matrix of departments and items, and answers of three parties side by side."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape
from starlette.responses import Response

from netops.core import docket
from netops.core.errors import Missing
from netops.core.language import _, called
from netops.core.permission import Deed
from netops.inspections import archive
from netops.inspections.answer import Result
from netops.inspections.comparison import Matrix, matrix
from netops.inspections.inspection import Inspection, Party
from netops.rounds import inspect as rounds
from netops.web.pages import words
from netops.web.pages.page import Page, Shown
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
    return visit.who.may_across(Deed.READ, visit.desk.planes, one.organization)


def listed(visit: Visit) -> Shown:
    """The newest inspection of each department as a matrix: a row a department, a column an item."""
    every = _every(visit)
    names = sorted({one.catalogue.head.name for one in every})
    name = visit.chosen("catalogue", names) or (names[0] if names else "")
    mine = [one for one in every if one.catalogue.head.name == name]
    of: Matrix = visit.remember(("matrix of", name), 10.0, lambda: matrix(sorted(mine, key=lambda one: called(one.organization))))
    drawn, plain = visit.remember(("matrix", name), 10.0, lambda: _matrix(of))
    items = dict(of.items)
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
        _("Inspections: {count}; items that do not conform: {bad}, that wait for an inspector: {waiting}.").format(
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
            "matrix": drawn,
            "items": items,
            "letters": {result: (LETTERS[result], result_words(result)) for result in RESULTS},
        },
        [table, flat],
        mark="bad" if bad else "note" if waiting else "",
    )


def _matrix(of: Matrix) -> tuple[Markup, list[list[str]]]:
    """The rows of the matrix, one for each organization, as HTML with every text in it escaped, and as texts for its CSV."""
    said = {result: escape(result_words(result)) for result in RESULTS}
    rows, plain = [], []
    for place, (organization, number) in enumerate(of.organizations):
        where, label = escape(path("inspections", number)), called(organization)
        cells, texts = [], [label]
        for (name, _question), results in zip(of.items, of.cells, strict=True):
            result, id_ = results[place], escape(name)
            if result is None:
                cells.append("<td></td>")
                texts.append("—")
                continue
            cells.append(
                f'<td><a class="m-{result}" href="{where}/{id_}" aria-label="{id_}: {said[result]}">{LETTERS[result]}</a></td>'
            )
            texts.append(result_words(result))
        rows.append(f'<tr><th scope="row"><a href="{where}">{escape(label)}</a></th>{"".join(cells)}</tr>')
        plain.append(texts)
    return Markup("\n".join(rows)), plain  # noqa: S704 - every text in it is escaped above


def one_of(visit: Visit) -> Inspection:
    """
    The inspection that the address names.

    Raises:
        Missing: there is none that may be seen.
    """
    number = visit.path["number"][:32].upper()
    missing = Missing("there is no inspection {number}", "", "netops inspect list", number=number)
    try:
        one = archive.one(visit.desk.store, number)
    except Missing:
        raise missing from None
    if not seen(visit, one):
        raise missing
    return one


def party_of(visit: Visit) -> Party | None:
    """As whom somebody answers: a department for itself, whoever inspects as the inspector; None for whoever only reads."""
    if visit.own:
        return Party.DEPARTMENT if visit.may(Deed.ANSWER, None, visit.own) else None
    return Party.INSPECTOR if visit.may(Deed.INSPECT) else None


def show(visit: Visit) -> Shown:
    """One checklist: each item with what the three parties say of it, side by side."""
    one = one_of(visit)
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
    party = party_of(visit)
    acts = [
        *([(path("inspections", one.number, "answer"), _("Answer as {party}").format(party=_(party)))] if party else []),
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
    one, record = record_of(visit)
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
    party = party_of(visit)
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


def record_of(visit: Visit) -> tuple[Inspection, dict[str, Any]]:
    """
    The inspection and the item that the address names, the item with what every party says.

    Raises:
        Missing: there is none that may be seen.
    """
    one, name = one_of(visit), visit.path["item"][:32]
    record = next((each for each in one.records() if each["id"] == name), None)
    if record is None:
        raise Missing("{number} has no item {item}", "", "netops inspect show {number}", number=one.number, item=name)
    return one, record


def file(visit: Visit) -> Response:
    """The checklist as a document for people to sign."""
    one, kind = one_of(visit), visit.path["kind"]
    if kind not in MEDIA:
        raise Missing("{number} is not written as {kind}", "", "docx, pdf, json", number=one.number, kind=kind[:16])
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / f"checklist.{kind}"
        rounds.write_checklist(visit.desk, one.number, place)
        made = place.read_bytes()
    return Response(
        made, media_type=MEDIA[kind], headers={"Content-Disposition": f'attachment; filename="{one.number}.{kind}"'}
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
