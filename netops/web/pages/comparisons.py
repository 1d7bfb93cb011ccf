"""Inspections beside each other: what changed since last time, what each comes to in points, and the yearly assessment."""

from __future__ import annotations

import re
from collections.abc import Callable

from starlette.responses import Response

from netops.core import journal
from netops.core.errors import Missing
from netops.core.language import _, called, series
from netops.core.permission import Deed
from netops.inspections import archive
from netops.inspections.answer import Result
from netops.inspections.assessment import Assessed, Rules
from netops.inspections.comparison import Change, Comparison, Move
from netops.inspections.inspection import Inspection
from netops.inspections.score import Point
from netops.rounds import inspect_compare as rounds
from netops.rounds.address_lines import today
from netops.web.pages import words
from netops.web.pages.inspections import MARKS, result_words, seen
from netops.web.pages.page import Page, Shown
from netops.web.pages.table import Cell, Table
from netops.web.pages.visit import Visit, path

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _trail(*more: tuple[str, str]) -> list[tuple[str, str]]:
    return [("/inspections", _("Inspections")), *more]


def _catalogue(visit: Visit) -> tuple[str, list[tuple[str, str, bool]]]:
    """The catalogue that is asked for, else the first that something was inspected by; and a tab for each."""
    titles: dict[str, str] = {}
    for one in visit.remember("inspections", 5.0, lambda: archive.latest(visit.desk.store)):
        if seen(visit, one):
            titles.setdefault(one.catalogue.head.name, one.catalogue.title)
    names = sorted(titles)
    name = visit.chosen("catalogue", names) or ("measures" if "measures" in names else names[0] if names else "")
    tabs = [(visit.here(catalogue=each), titles[each], each == name) for each in names]
    return name, tabs if len(tabs) > 1 else []


# ---- last time and this time
def changes(visit: Visit) -> Shown:
    """The newest inspection of each organization beside the one before it, in numbers."""
    name, tabs = _catalogue(visit)
    several: list[Comparison] = []
    once: list[str] = []
    if name:
        several, once = visit.remember(
            ("comparisons", name), 10.0, lambda: rounds.comparisons(visit.desk, name, visit.own), late=True, mark=_head(visit)
        )
    worse = sum(one.count()[Move.WORSE] for one in several)
    repeated = sum(len(one.repeated) for one in several)
    shown = [move for move in Move if any(one.count()[move] for one in several)]
    rows: list[list[str | Cell]] = [
        [
            words.organization(one.organization),
            Cell(one.before, path("inspections", one.before), short=True),
            Cell(one.after, path("inspections", one.after, "changes"), short=True),
            *(_count(one.count()[move], move) for move in shown),
            Cell(str(len(one.repeated)), mark="bad" if one.repeated else ""),
        ]
        for one in several
    ]
    table = Table(
        "changes",
        _("Since the inspection before"),
        [_("organization"), _("before"), _("now"), *(_(rounds.LABELS[move]) for move in shown), _("not kept again")],
        rows,
        _("Nobody was inspected twice by this catalogue."),
        frozenset(range(3, 4 + len(shown))),
        csv=visit.here(format="csv", table="changes"),
    )
    answer = (
        _("{count} organizations were inspected again: {worse} items got worse, {repeated} are not kept again.").format(
            count=len(several), worse=worse, repeated=repeated
        )
        if several
        else _("Nobody was inspected twice by this catalogue.")
    )
    under = _("inspected once only: {names}").format(names=series(map(called, once))) if once else ""
    mark = "bad" if worse or repeated else "good" if several else ""
    return Shown("list.html", answer, {"tabs": tabs, "acts": []}, [table], under, _trail(), mark=mark)


def _head(visit: Visit) -> Callable[[], str]:
    return lambda: journal.head(visit.desk.store)


def _count(number: int, move: Move) -> Cell:
    return Cell(str(number), mark=rounds.MOVES[move] if number and move is not Move.SAME else "")


def _one(visit: Visit) -> Inspection:
    one = archive.one(visit.desk.store, visit.path["number"][:32].upper())
    if not seen(visit, one):
        raise Missing("there is no inspection {number}", "", "netops inspect list", number=one.number)
    return one


def change(visit: Visit) -> Shown:
    """One inspection beside the one before it, item by item; what stayed the same only when it is asked for."""
    one = _one(visit)
    trail = _trail((path("inspections", one.number), one.number))
    try:
        made = rounds.pair(visit.desk, one.number, visit.asked("before"))
    except Missing as error:  # the first of its organization: that is an answer, too
        what, why, _mend = error.told()
        return Shown("list.html", f"{what}: {why}", {"tabs": [], "acts": []}, under=called(one.organization), trail=trail)
    every = visit.asked("every") != ""
    rows = [_change(made, each) for each in made.changes if every or each.move is not Move.SAME or each.repeated]
    counts = made.count()
    table = Table(
        "changes",
        _("Since the inspection before"),
        [_("item"), _("what is asked"), _("change"), _("before"), _("now"), _("why"), _("evidence")],
        rows,
        _("Nothing changed."),
        csv=visit.here(format="csv", table="changes"),
    )
    answer = _("{number} of {organization}: {worse} items got worse since {before}, {better} got better.").format(
        number=made.after,
        organization=called(made.organization),
        worse=counts[Move.WORSE],
        before=made.before,
        better=counts[Move.BETTER],
    )
    tabs = [(visit.here(every=None), _("what changed"), not every), (visit.here(every="1"), _("all"), every)]
    return Shown(
        "list.html",
        answer,
        {"tabs": tabs, "acts": []},
        [table],
        f"{made.before} ({made.version_before}) → {made.after} ({made.version_after})",
        trail,
        mark="bad" if made.is_bad else "good",
    )


def _change(made: Comparison, one: Change) -> list[str | Cell]:
    fresh = one.move in (Move.SEEN, Move.NEW) and one.after in (Result.PARTIAL, Result.NONCONFORM)
    mark = "bad" if fresh else rounds.MOVES[one.move]
    return [
        Cell(one.item, path("inspections", made.after, one.item) if one.after is not None else "", short=True),
        one.question,
        Cell(_(rounds.LABELS[one.move]), mark=mark, under=_("not kept again") if one.repeated else ""),
        _result(one.before),
        _result(one.after),
        one.reason_after or one.reason_before,
        Cell(" ".join(one.findings or one.evidence[:1]), path("findings", one.findings[0]) if one.findings else ""),
    ]


def _result(one: Result | None) -> Cell:
    return Cell("—") if one is None else Cell(result_words(one), mark=MARKS[one], short=True)


# ---- points
def scores(visit: Visit) -> Shown:
    """The score of the newest inspection of each organization, the lowest first."""
    name, tabs = _catalogue(visit)
    every = (
        visit.remember(
            ("scores", name),
            10.0,
            lambda: rounds.scores(visit.desk, rounds.newest(visit.desk, name, visit.own)),
            late=True,
            mark=_head(visit),
        )
        if name
        else []
    )
    every = sorted(every, key=lambda one: (one.ratio is None, one.ratio or 0.0, one.organization))
    rows: list[list[str | Cell]] = [
        [
            words.organization(one.organization),
            Cell(one.inspection, path("inspections", one.inspection, "scores"), short=True),
            Cell("—") if one.ratio is None else Cell(words.share(one.ratio), share=one.ratio, short=True),
            f"{one.earned:g} / {one.worth:g}",
            Cell(str(one.unchecked), mark="unseen" if one.unchecked else ""),
            str(one.objections),
        ]
        for one in every
    ]
    table = Table(
        "scores",
        _("Scores"),
        [_("organization"), _("inspection"), _("score"), _("earned"), _("unchecked"), _("objections")],
        rows,
        _("There is no inspection yet."),
        frozenset({3, 4, 5}),
        csv=visit.here(format="csv", table="scores"),
    )
    known = [one for one in every if one.ratio is not None]
    answer = (
        _("{organization} has the lowest score, {lowest}; the middle one is {middle}.").format(
            organization=called(known[0].organization),
            lowest=words.share(known[0].ratio or 0.0),
            middle=words.share(known[len(known) // 2].ratio or 0.0),
        )
        if known
        else _("Nothing was checked that counts.")
    )
    under = _("What was not checked neither earns nor costs points; the weights are in playbooks/assessment.toml.")
    return Shown("list.html", answer, {"tabs": tabs, "acts": []}, [table], under, _trail())


def score(visit: Visit) -> Shown:
    """The score of one inspection, item by item: what each point rests on, and what the body objects."""
    (made,) = rounds.scores(visit.desk, [_one(visit)])
    rows: list[list[str | Cell]] = [
        [
            Cell(one.item, path("inspections", made.inspection, one.item), short=True),
            one.question,
            _result(one.result),
            _earned(one),
            one.reason,
            Cell(" ".join((*one.findings, *one.evidence[:1])), path("findings", one.findings[0]) if one.findings else ""),
            one.objection,
        ]
        for one in made.points
    ]
    table = Table(
        "points",
        _("Points"),
        [_("item"), _("what is asked"), _("counts"), _("points"), _("why"), _("evidence"), _("objection")],
        rows,
        _("Nothing was checked that counts."),
        frozenset({3}),
        csv=visit.here(format="csv", table="points"),
    )
    answer = _("{number} of {organization}: {score}, {earned} of {worth} points.").format(
        number=made.inspection,
        organization=called(made.organization),
        score="—" if made.ratio is None else words.share(made.ratio),
        earned=f"{made.earned:g}",
        worth=f"{made.worth:g}",
    )
    return Shown(
        "list.html",
        answer,
        {"tabs": [], "acts": []},
        [table],
        _("{count} items were not checked and do not count").format(count=made.unchecked),
        _trail((path("inspections", made.inspection), made.inspection)),
        mark="unseen" if made.unchecked else "",
    )


def _earned(point: Point) -> str:
    return f"{'—' if point.earned is None else f'{point.earned:g}'} / {point.worth:g}"


# ---- the year
def assessment(visit: Visit) -> Shown:
    """The yearly assessment of Article 33: every organization inspected in the year, the best first."""
    name, tabs = _catalogue(visit)
    this = today(visit.desk).year
    year = visit.counted("year", this, 2200) or this
    try:
        rules, made, left = rounds.assessed(visit.desk, name, year)
    except Missing:
        return Shown(
            "list.html",
            _("Nobody was inspected in {year}.").format(year=year),
            {"tabs": tabs, "acts": _years(visit, year, this)},
            under=_("The assessment is made of the inspections of a year."),
            trail=_trail(),
            mark="unseen",
        )
    table = Table(
        "assessment",
        _("Assessment of e-government {year}").format(year=year),
        [
            _("rank"),
            _("organization"),
            _("points"),
            _("grade"),
            *(f"{one.title} ({one.weight:g})" for one in rules.dimensions),
            _("share checked"),
            _("inspection"),
        ],
        [_assessed(one) for one in made],
        _("Nothing was checked that counts."),
        frozenset({0, *range(4, 5 + len(rules.dimensions))}),
        csv=visit.here(format="csv", table="assessment"),
    )
    graded = [one for one in made if one.grade]
    answer = _("{year}: {count} organizations are assessed, {graded} have a grade, {left} were not inspected.").format(
        year=year, count=len(made), graded=len(graded), left=len(left)
    )
    acts = [*_years(visit, year, this), (path("inspections", "assessment", f"{year}.xlsx", catalogue=name), "XLSX")]
    return Shown(
        "list.html",
        answer,
        {"tabs": tabs, "acts": acts},
        [table],
        _told(rules, left),
        _trail(),
        mark="unseen" if left or len(graded) < len(made) else "",
    )


def _years(visit: Visit, year: int, this: int) -> list[tuple[str, str]]:
    others = [year - 1, *([year + 1] if year < this else [])]
    return [(visit.here(year=one), str(one)) for one in others if one >= 2000]


def _told(rules: Rules, left: list[str]) -> str:
    said = _("A grade needs {share} of the points checked; the weights are in playbooks/assessment.toml.").format(
        share=words.share(rules.least)
    )
    if left:
        names = series(map(called, left[:8])) + (" …" if len(left) > 8 else "")
        said += " " + _("Not inspected: {names}.").format(names=names)
    return said


def _assessed(one: Assessed) -> list[str | Cell]:
    points = Cell("—") if one.points is None else Cell(f"{one.points:.1f}", share=one.points / 100, short=True)
    return [
        str(one.rank or "—"),
        words.organization(one.organization),
        points,
        Cell(one.grade or "—", mark="" if one.grade else "unseen", short=True),
        *("—" if part.points is None else f"{part.points:.1f}" for part in one.parts),
        words.share(one.checked),
        Cell(one.inspection, path("inspections", one.inspection, "scores"), short=True),
    ]


def sheet(visit: Visit) -> Response:
    """The yearly assessment as a workbook: the ranking, and every point with its evidence."""
    text = visit.path["year"]
    name, _tabs = _catalogue(visit)
    if not re.fullmatch(r"2[01]\d\d", text):
        raise Missing("there is no assessment of {year}", "", "", year=text[:8])
    rules, made, _left = rounds.assessed(visit.desk, name, int(text))
    content = rounds.assessment_sheet(visit.desk, rules, made, int(text))
    headers = {"Content-Disposition": f'attachment; filename="assessment-{text}.xlsx"'}
    return Response(content, media_type=XLSX, headers=headers)


PAGES = (
    Page("/inspections/changes", Deed.READ, changes),
    Page("/inspections/scores", Deed.READ, scores),
    Page("/inspections/assessment", Deed.READ, assessment, bound=False),
    Page("/inspections/assessment/{year}.xlsx", Deed.READ, sheet, bound=False),
    Page("/inspections/{number}/changes", Deed.READ, change),
    Page("/inspections/{number}/scores", Deed.READ, score),
)
