"""Inspections beside each other: last time and this time, items by organizations, points and the yearly assessment."""

from __future__ import annotations

from collections.abc import Sequence

from netops.core import journal
from netops.core.clock import CITY_ZONE, city_time
from netops.core.errors import Missing, Refused
from netops.core.language import N_, _
from netops.desk import Desk
from netops.documents import xlsx
from netops.inspections import archive, assessment, comparison
from netops.inspections.answer import Result
from netops.inspections.assessment import Assessed, Rules
from netops.inspections.comparison import Comparison, Matrix
from netops.inspections.inspection import Inspection
from netops.inspections.score import Score, score
from netops.rounds import known
from netops.rounds.declaration_words import head_words, name_of

MARKS = {Result.CONFORM: "✓", Result.PARTIAL: "!", Result.NONCONFORM: "✗", Result.NOT_APPLICABLE: "·", Result.UNCHECKED: "?"}

MOVES = {
    "worse": "bad", "better": "good", "new": "note", "gone": "note", "seen": "good", "lost": "unseen", "other": "note",
    "otherwise": "note", "same": "open",
}  # fmt: skip
LABELS = {
    "worse": N_("got worse"), "better": N_("got better"), "new": N_("newly asked"), "gone": N_("asked no more"),
    "seen": N_("checked now"), "lost": N_("checked no more"), "other": N_("applies otherwise"),
    "otherwise": N_("for another reason"), "same": N_("as before"),
}  # fmt: skip


def newest(desk: Desk, catalogue: str, organization: str = "", year: int = 0) -> list[Inspection]:
    """
    The newest inspection of each organization by a catalogue, in the order of the register; of a year, when one is given.

    Raises:
        Missing: there is none.
    """
    every = archive.listed(desk.store, organization=organization, catalogue=catalogue)
    last = {one.organization: one for one in every if not year or one.opened_at.astimezone(CITY_ZONE).year == year}
    if not last:
        raise Missing(
            "there is no inspection by {name}", "", "netops inspect run --catalogue {name}", name=catalogue
        )
    order = {one.code: place for place, one in enumerate(desk.register.organizations)}
    return sorted(last.values(), key=lambda one: (order.get(one.organization, len(order)), one.organization))


def pair(desk: Desk, number: str, before: str = "") -> Comparison:
    """
    An inspection beside the one before it, or beside another of the same organization.

    Raises:
        Missing: there is no such inspection, or none before it.
        Refused: they are of different organizations or catalogues.
    """
    one = archive.one(desk.store, number)
    if before:
        earlier = archive.one(desk.store, before)
        if (earlier.organization, earlier.catalogue.head.name) != (one.organization, one.catalogue.head.name):
            raise Refused(
                "{number} and {before} were not compared", "they are of different organizations or catalogues",
                "netops inspect list", number=number, before=before,
            )  # fmt: skip
        return comparison.compare(*sorted((earlier, one), key=lambda each: (each.opened_at, each.number)))
    every = archive.listed(desk.store, organization=one.organization, catalogue=one.catalogue.head.name)
    last = comparison.previous(every, one)
    if last is None:
        raise Missing(
            "{number} was not compared", "it is the first of its organization by this catalogue",
            "netops inspect run --new --organization {organization}", number=number, organization=one.organization,
        )  # fmt: skip
    return comparison.compare(last, one)


def comparisons(desk: Desk, catalogue: str, organization: str = "") -> tuple[list[Comparison], list[str]]:
    """The newest inspection of each organization beside the one before it; and those that were inspected once only."""
    every = archive.listed(desk.store, organization=organization, catalogue=catalogue)
    made, once = [], []
    for one in newest(desk, catalogue, organization):
        last = comparison.previous(every, one)
        if last is None:
            once.append(one.organization)
        else:
            made.append(comparison.compare(last, one))
    return made, once


# ---- points
def scores(desk: Desk, inspections: Sequence[Inspection]) -> list[Score]:
    """The score of each, by the weights of the office."""
    weights = assessment.load(desk.playbooks).scores
    return [score(one, weights) for one in inspections]


def assessed(desk: Desk, catalogue: str, year: int) -> tuple[Rules, list[Assessed], list[str]]:
    """The yearly assessment: the rules, every organization inspected in the year, and those that were not."""
    rules = assessment.load(desk.playbooks)
    inspections = newest(desk, catalogue, year=year)
    done = {one.organization for one in inspections}
    left = [one.code for one in known.bound(desk) if one.code not in done]
    return rules, assessment.assess(inspections, rules), left


# ---- sheets
def matrix_sheet(desk: Desk, made: Matrix, title: str) -> bytes:
    """Items by organizations as a workbook: one column an organization, the first three stay in sight and on each page."""
    heads = [xlsx.Column(_("number"), 10), xlsx.Column(_("item"), 40, wraps=True), xlsx.Column(_("not kept"), 8, right=True)]
    heads += [xlsx.Column(name_of(desk, code), 12, wraps=True) for code, _number in made.organizations]
    rows: list[list[xlsx.Cell]] = [
        [name, question, made.failing(place), *(shown(cell) for cell in made.cells[place])]
        for place, (name, question) in enumerate(made.items)
    ]
    numbers = "  ".join(f"{name_of(desk, code)} {number}" for code, number in made.organizations)
    remarks = (_("written at {at}").format(at=city_time(desk.clock())),)
    sheet = xlsx.Sheet(_("matrix"), heads, rows, title, remarks, (numbers, head_words(_journal(desk))), landscape=True, kept=3)
    return xlsx.render([sheet], title, desk.clock())


def shown(cell: Result | None) -> str:
    """A cell with its sign and its word; empty where the item is not asked."""
    return "" if cell is None else f"{MARKS[cell]} {_(cell)}"


def assessment_sheet(desk: Desk, rules: Rules, made: Sequence[Assessed], year: int) -> bytes:
    """The yearly assessment as a workbook: the ranking, and every point with its evidence on a second sheet."""
    title = _("Assessment of e-government {year}").format(year=year)
    heads = [xlsx.Column(_("rank"), 6, right=True), xlsx.Column(_("organization"), 26), xlsx.Column(_("points"), 8, right=True),
             xlsx.Column(_("grade"), 10),
             *(xlsx.Column(f"{one.title} ({one.weight:g})", 14, right=True, wraps=True) for one in rules.dimensions),
             xlsx.Column(_("share checked"), 10), xlsx.Column(_("inspection"), 15)]  # fmt: skip
    rows: list[list[xlsx.Cell]] = [
        [one.rank or "—", name_of(desk, one.organization), one.points, one.grade or "—", *(part.points for part in one.parts),
         f"{one.checked:.0%}", one.inspection]
        for one in made
    ]  # fmt: skip
    told: list[list[xlsx.Cell]] = [
        [name_of(desk, one.organization), part.title, point.item, point.question, _(point.result), point.worth, point.earned,
         point.reason, " ".join((*point.findings, *point.evidence)), point.objection]
        for one in made for part in one.parts for point in part.score.points
    ]  # fmt: skip
    names = (N_("organization"), N_("dimension"), N_("number"), N_("item"), N_("result"), N_("worth"), N_("earned"), N_("why"),
             N_("evidence"), N_("objection"))  # fmt: skip
    widths = (22, 16, 10, 36, 10, 7, 7, 36, 30, 24)
    columns = [xlsx.Column(_(name), width, wraps=width > 20, right=width == 7)
               for name, width in zip(names, widths, strict=True)]  # fmt: skip
    remarks = (_("written at {at}").format(at=city_time(desk.clock())),)
    first = xlsx.Sheet(_("ranking"), heads, rows, title, remarks, (head_words(_journal(desk)),), landscape=True, kept=2)
    second = xlsx.Sheet(_("points"), columns, told, f"{title} {_('points')}", remarks, landscape=True, kept=3)
    return xlsx.render([first, second], title, desk.clock())


def _journal(desk: Desk) -> str:
    return journal.head(desk.store)
