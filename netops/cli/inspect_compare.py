"""`netops inspect compare | matrix | score | assess`: inspections beside each other, and what they come to in points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from netops.cli import Command, desk, output
from netops.cli.printing import Column, labelled, sign
from netops.core.language import N_, _, called

if TYPE_CHECKING:
    from netops.cli.printing import Output
    from netops.inspections.assessment import Assessed, Rules
    from netops.inspections.comparison import Change, Comparison, Matrix
    from netops.inspections.score import Point, Score

STYLES = {"bad": "red", "good": "green", "note": "yellow", "unseen": "yellow", "open": "dim"}
FEW = 8
"""Organizations that have a column of their own on a terminal; more share one, a sign each."""
catalogue_option = click.option("--catalogue", "name", default="measures", show_default=True, help=N_("Name of the catalogue."))


@click.command(cls=Command)
@click.argument("number", default="")
@click.argument("before", default="")
@catalogue_option
@click.option("--organization", metavar="CODE", default="", help=N_("Only this organization."))
@click.option("--all", "everything", is_flag=True, help=N_("What stayed the same too."))
def compare(number: str, before: str, name: str, organization: str, everything: bool) -> None:
    """
    What changed since the inspection before: of NUMBER item by item, or of every organization in numbers.

    Exit code 1 when something is not kept that was kept, was not checked, or was not kept last time either.
    """
    from netops.rounds import inspect_compare

    out = output()
    with desk() as opened:
        if number:
            made = inspect_compare.pair(opened, number, before)
            _items(out, made, opened.register.name(made.organization), everything)
            bad = made.is_bad
        else:
            several, once = inspect_compare.comparisons(opened, name, organization)
            _overview(out, several, once)
            bad = any(one.is_bad for one in several)
    raise SystemExit(int(bad))


def _items(out: Output, made: Comparison, organization: str, everything: bool) -> None:
    from netops.rounds.inspect_compare import LABELS

    rows = made.changes if everything or out.json else [one for one in made.changes if one.move != "same" or one.repeated]
    counts = made.count()
    said = "  ".join(f"{_(LABELS[move])} {count}" for move, count in counts.items() if count)
    out.records("change", [_change(made, one) for one in rows], [
        Column("", lambda row: sign(_kind(row)), style=lambda row: STYLES[_kind(row)]),
        Column(N_("item"), lambda row: f"{row['item']} {row['question']}"),
        Column(N_("change"), lambda row: _(LABELS[row["move"]]) + (" · " + _("not kept again") if row["repeated"] else "")),
        Column(N_("before"), lambda row: _(row["before"]) if row["before"] else "—"),
        Column(N_("now"), lambda row: _(row["after"]) if row["after"] else "—"),
        Column(N_("why"), lambda row: row["reason_after"] or row["reason_before"]),
        Column(N_("evidence"), lambda row: " ".join(row["findings"] or row["evidence"][:1])),
    ], title=f"{organization}  {made.before} ({made.version_before}) → {made.after} ({made.version_after})",
       note=said, empty=_("Nothing changed."), next_step=f"netops inspect show {made.after} ITEM")  # fmt: skip


def _change(made: Comparison, one: Change) -> dict[str, Any]:
    from msgspec import structs

    return {"organization": made.organization, "inspection_before": made.before, "inspection": made.after, **structs.asdict(one)}


def _kind(row: dict[str, Any]) -> str:
    """What sign it bears: how it moved, or, where it was not checked before, what it is now."""
    from netops.rounds.inspect_compare import MOVES

    fresh = row["move"] in ("seen", "new") and row["after"] in ("partial", "nonconform")
    return "bad" if fresh else MOVES[row["move"]]


def _overview(out: Output, several: list[Comparison], once: list[str]) -> None:
    from netops.rounds.inspect_compare import LABELS

    rows = [
        {"organization": one.organization, "before": one.before, "after": one.after, "repeated": len(one.repeated),
         **{str(move): count for move, count in one.count().items()}}
        for one in several
    ]  # fmt: skip

    def count(move: str, style: str = "") -> Column:
        return Column(LABELS[move], lambda row: row[move], right=True, style=style)

    out.records("comparison", rows, [
        Column(N_("organization"), lambda row: called(row["organization"]), style="cyan"),
        Column(N_("before"), lambda row: row["before"]), Column(N_("now"), lambda row: row["after"]),
        count("worse", "red"), count("better", "green"), count("seen"), count("lost", "yellow"), count("otherwise"),
        count("other"), count("new"), count("gone"), count("same", "dim"),
        Column(N_("not kept again"), lambda row: row["repeated"], right=True, style="red"),
    ], note=_("inspected once only: {names}").format(names=", ".join(map(called, once))) if once else "",
       empty=_("Nobody was inspected twice by this catalogue."),
       next_step=f"netops inspect compare {several[0].after}" if several else "netops inspect run --new")  # fmt: skip


# ---- items by organizations
@click.command(cls=Command)
@catalogue_option
@click.option("--failing", is_flag=True, help=N_("Only items that somebody does not keep wholly."))
def matrix(name: str, failing: bool) -> None:
    """
    Every item of a catalogue by every organization, from the newest inspections: a table, --json, -o FILE.csv or FILE.xlsx.

    Exit code 1 when something is not kept.
    """
    from dataclasses import replace

    from netops.core import files
    from netops.inspections import comparison
    from netops.rounds import inspect_compare

    out = output()
    with desk() as opened:
        newest = inspect_compare.newest(opened, name)
        made = comparison.matrix(newest)
        whole = made
        made = made.worst() if failing else made
        title = f"{newest[0].catalogue.title} {newest[0].catalogue.head.version}"
        if out.file is not None and out.file.suffix.lower() == ".xlsx":
            files.put(inspect_compare.matrix_sheet(opened, made, title), out.file)
            replace(out, file=None).say(_("{path} is written.").format(path=out.file))
        else:
            _matrix(out, made, title)
    raise SystemExit(int(any(whole.failing(place) for place in range(len(whole.items)))))


def _matrix(out: Output, made: Matrix, title: str) -> None:
    from netops.rounds.inspect_compare import MARKS, shown

    codes = [code for code, _number in made.organizations]
    rows: list[dict[str, Any]] = [
        {"item": name, "question": question, "failing": made.failing(place),
         "results": dict(zip(codes, made.cells[place], strict=True))}
        for place, (name, question) in enumerate(made.items)
    ]  # fmt: skip
    columns = [Column(N_("number"), lambda row: row["item"], style="cyan"), Column(N_("item"), lambda row: row["question"]),
               Column(N_("not kept"), lambda row: row["failing"], right=True)]  # fmt: skip
    is_csv = out.csv or (out.file is not None and out.file.suffix.lower() == ".csv")
    note = ""
    if is_csv or len(codes) <= FEW:
        columns += [_cell(code) for code in codes]
    else:
        columns.append(Column(N_("organizations"), lambda row: _tens(
            "".join(MARKS[one] if one else " " for one in row["results"].values())), whole=True))  # fmt: skip
        note = "  ".join(f"{place}.{called(code)}" for place, code in enumerate(codes, 1))
    legend = "  ".join(shown(one) for one in MARKS)
    out.records("item", rows, columns, title=title, note=f"{legend}\n{note}".strip(), next_step="netops inspect compare")


def _cell(code: str) -> Column:
    from netops.rounds.inspect_compare import shown

    return Column(called(code), lambda row: shown(row["results"][code]))


def _tens(signs: str) -> str:
    """In groups of ten, to be counted."""
    return " ".join(signs[place : place + 10] for place in range(0, len(signs), 10))


# ---- points
@click.command(cls=Command)
@click.argument("number", default="")
@catalogue_option
def score(number: str, name: str) -> None:
    """
    The score of every organization, or of NUMBER item by item: what each point rests on, and what the body objects.

    The weights are in playbooks/assessment.toml. What was not checked neither earns nor costs points, and is counted.
    """
    from netops.inspections import archive
    from netops.inspections.score import told
    from netops.rounds import inspect_compare

    out = output()
    with desk() as opened:
        if number:
            (one,) = inspect_compare.scores(opened, [archive.one(opened.store, number)])
            out.record("score", told(one), lambda: _points(out, one))
            return
        every = inspect_compare.scores(opened, inspect_compare.newest(opened, name))
        out.records("score", [told(one) for one in every], [
            Column(N_("organization"), lambda row: called(row["organization"]), style="cyan"),
            Column(N_("inspection"), lambda row: row["inspection"]),
            Column(N_("score"), lambda row: "—" if row["ratio"] is None else f"{row['ratio']:.1%}", right=True),
            Column(N_("earned"), lambda row: f"{row['earned']:g} / {row['worth']:g}", right=True),
            Column(N_("unchecked"), lambda row: row["unchecked"], right=True),
            Column(N_("objections"), lambda row: row["objections"], right=True),
        ], next_step=f"netops inspect score {every[0].inspection}")  # fmt: skip


def _points(out: Output, one: Score) -> None:
    ratio = "—" if one.ratio is None else f"{one.ratio:.1%}"
    out.line(f"{one.inspection}  {called(one.organization)}  {ratio}  {one.earned:g} / {one.worth:g}", style="bold")
    marks = {"conform": "good", "partial": "note", "nonconform": "bad", "unchecked": "unseen"}
    out.records("point", one.points, [
        Column("", lambda point: sign(marks[point.result]), style=lambda point: STYLES[marks[point.result]]),
        Column(N_("item"), lambda point: f"{point.item} {point.question}"),
        Column(N_("points"), _earned, right=True),
        Column(N_("why"), lambda point: point.reason),
        Column(N_("evidence"), lambda point: " ".join((*point.findings, *point.evidence))),
        Column(N_("objection"), lambda point: point.objection),
    ], note=_("{count} items were not checked and do not count").format(count=one.unchecked),
       next_step=f"netops inspect show {one.inspection} ITEM;  netops evidence show EV-…")  # fmt: skip


def _earned(point: Point) -> str:
    return f"{'—' if point.earned is None else f'{point.earned:g}'} / {point.worth:g}"


@click.command(cls=Command)
@click.option("--year", type=click.IntRange(2000, 2200), help=N_("Of which year; else the present one."))
@catalogue_option
def assess(year: int | None, name: str) -> None:
    """
    The yearly assessment of Article 33 from the inspections of the year: disclosure, sharing, projects, application.

    Dimensions, weights and grades are in playbooks/assessment.toml. -o FILE.xlsx has every point with its evidence.
    """
    from dataclasses import replace

    from netops.core import files
    from netops.rounds import inspect_compare
    from netops.rounds.address_lines import today

    out = output()
    with desk() as opened:
        meant = year or today(opened).year
        rules, made, left = inspect_compare.assessed(opened, name, meant)
        if out.file is not None and out.file.suffix.lower() == ".xlsx":
            files.put(inspect_compare.assessment_sheet(opened, rules, made, meant), out.file)
            replace(out, file=None).say(_("{path} is written.").format(path=out.file))
            return
        _assessed(out, rules, made, left, meant)


def _assessed(out: Output, rules: Rules, made: list[Assessed], left: list[str], year: int) -> None:
    from msgspec import structs

    def dimension(place: int) -> Column:
        one = rules.dimensions[place]
        return Column(f"{one.title} ({one.weight:g})", lambda row: _number(row["parts"][place].points), right=True)

    rows = [{**structs.asdict(one), "year": year} for one in made]
    out.records("assessment", rows, [
        Column(N_("rank"), lambda row: row["rank"] or "—", right=True),
        Column(N_("organization"), lambda row: called(row["organization"]), style="cyan"),
        Column(N_("points"), lambda row: _number(row["points"]), right=True),
        Column(N_("grade"), lambda row: row["grade"] or "—"),
        *(dimension(place) for place in range(len(rules.dimensions))),
        Column(N_("share checked"), lambda row: f"{row['checked']:.0%}", right=True),
        Column(N_("inspection"), lambda row: row["inspection"]),
    ], title=_("Assessment of e-government {year}").format(year=year),
       note=labelled(_("not inspected this year")) + ", ".join(map(called, left)) if left else "",
       next_step=f"netops inspect assess --year {year} -o FILE.xlsx")  # fmt: skip


def _number(points: float | None) -> str:
    return "—" if points is None else f"{points:.1f}"
