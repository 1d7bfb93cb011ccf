"""What a circular (通报) tells: results of an inspection of many, or of the yearly assessment, each line with its evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from netops.core.basis import Basis
from netops.core.clock import city_time
from netops.core.errors import NetopsError
from netops.core.evidence import Evidence
from netops.core.plane import Plane
from netops.desk import Desk
from netops.incidents import saying
from netops.incidents.legal_basis import Addressee
from netops.incidents.notice import Fact
from netops.incidents.papers import Topic
from netops.incidents.saying import pick, several
from netops.incidents.wording import Template
from netops.inspections import comparison
from netops.inspections.answer import Result
from netops.inspections.assessment import Assessed
from netops.inspections.inspection import Inspection
from netops.inspections.score import Score
from netops.rounds import grounds, inspect_compare
from netops.rounds.grounds import Ground

INSPECTED = (Basis(30, duty="A30-7"),)
"""Regular inspection of every department; Article 30 has 情况通报 too."""
ASSESSED = (Basis(16), Basis(25))
"""What Article 33 assesses and lets be told of: disclosure, and sharing of information resources."""
MOST_ITEMS = 12
"""Items that a line names; the record has every one."""


def inspections(desk: Desk, template: Template, subject: str, given: Mapping[str, str]) -> Ground:
    """
    The newest inspection of every organization by the catalogue *subject*.

    Raises:
        Missing: nobody was inspected by it.
    """
    newest = inspect_compare.newest(desk, subject)
    scores = inspect_compare.scores(desk, newest)
    told = [_inspected(desk, one, score) for one, score in zip(newest, scores, strict=True)]
    table = comparison.matrix(newest)
    worst = sorted(range(len(table.items)), key=lambda place: -table.failing(place))
    common = [f"{table.items[place][0]}{pick('（', ' (')}{table.failing(place)}{pick(' 个单位）', ')')}"
              for place in worst[:5] if table.failing(place)]  # fmt: skip
    counts = {result: sum(one.progress().results[result] for one in newest) for result in Result}
    days = sorted({city_time(one.checked_at or one.opened_at, "%Y-%m-%d") for one in newest})
    visited = pick("至", " to ").join(dict.fromkeys((saying.day(days[0]), saying.day(days[-1]))))
    values = {
        "visited": visited, "catalogue": newest[0].catalogue.title, "count": str(len(newest)),
        "conform": str(counts[Result.CONFORM]), "partial": str(counts[Result.PARTIAL]),
        "nonconform": str(counts[Result.NONCONFORM]), "unchecked": str(counts[Result.UNCHECKED]),
        "objections": str(sum(one.objections for one in scores)), "common": several(common) or pick("无", "none"),
    }  # fmt: skip
    return _ground(desk, template, "inspections", subject, values | dict(given), told, INSPECTED)


def assessment(desk: Desk, template: Template, subject: str, given: Mapping[str, str]) -> Ground:
    """
    The yearly assessment of the year *subject*.

    Raises:
        NetopsError: it is no year. Missing: nobody was inspected in it.
    """
    if not (subject.isdigit() and len(subject) == 4):
        raise NetopsError("the document was not drafted", "{text} is no year", "write it as 2026", text=subject[:20])
    rules, made, left = inspect_compare.assessed(desk, "measures", int(subject))
    told = [_assessed(desk, one, subject) for one in made]
    weights = several(f"{one.title}{pick(' ', ' ')}{one.weight:g}" for one in rules.dimensions)
    values = {
        "year": subject, "count": str(len(made)), "dimensions": weights,
        "left": several(grounds.named(desk, code) for code in left) or pick("无", "none"),
        "graded": str(sum(bool(one.grade) for one in made)),
    }  # fmt: skip
    return _ground(desk, template, "assessment", subject, values | dict(given), told, ASSESSED)


def _ground(
    desk: Desk, template: Template, about: str, subject: str, values: dict[str, str], told: Sequence[tuple[Fact, Evidence]],
    duties: tuple[Basis, ...],
) -> Ground:  # fmt: skip
    plane = Plane.EXTRANET if Plane.EXTRANET in desk.planes else desk.planes[0]
    said = {**grounds.common(desk, template, "", plane, subject), **values}
    facts = tuple(fact for fact, _piece in told)
    pieces = tuple(piece for _fact, piece in told)
    return Ground(
        topic=Topic(about=about, subject=subject, wording=template.name, due=grounds.reply_day(desk, template)),
        about=grounds.circumstances(desk, template, "", plane, said, facts, tuple(piece.id for piece in pieces)),
        duties=duties, addressee=Addressee.DEPARTMENT, evidence=pieces,
    )  # fmt: skip


def _inspected(desk: Desk, one: Inspection, score: Score) -> tuple[Fact, Evidence]:
    results = one.progress().results
    bad = [item.id for item in one.catalogue.items if one.result(item) in comparison.ORDER[:2]]
    body: dict[str, object] = {
        "organization": one.organization, "catalogue": one.catalogue.head.name, "version": one.catalogue.head.version,
        "results": results, "not_kept": bad, "earned": score.earned, "worth": score.worth, "objections": score.objections,
    }  # fmt: skip
    piece = Evidence("inspection", one.number, "results", body, one.checked_at or one.opened_at)
    shown = bad[:MOST_ITEMS] + ([pick("等", "…")] if len(bad) > MOST_ITEMS else [])
    says = {
        "name": grounds.named(desk, one.organization), "inspection": one.number, "items": several(shown) or pick("无", "none"),
        "points": "—" if score.ratio is None else f"{score.ratio:.1%}", "objections": str(score.objections),
        **{str(result): str(results[result]) for result in Result if result is not Result.NOT_APPLICABLE},
    }  # fmt: skip
    return Fact(one.organization, says, (piece.id,), INSPECTED), piece


def _assessed(desk: Desk, one: Assessed, year: str) -> tuple[Fact, Evidence]:
    parts = {part.key: part.points for part in one.parts}
    told = (f"{part.title} {'—' if part.points is None else f'{part.points:.1f}'}" for part in one.parts)
    body: dict[str, object] = {
        "organization": one.organization, "year": year, "points": one.points, "parts": parts, "rank": one.rank,
        "checked": one.checked, "items": {part.key: msgspec.to_builtins(part.score.points) for part in one.parts},
    }  # fmt: skip
    piece = Evidence("inspection", one.inspection, f"assessment {year}", body, desk.clock())
    says = {
        "name": grounds.named(desk, one.organization), "inspection": one.inspection, "rank": str(one.rank or "—"),
        "points": "—" if one.points is None else f"{one.points:.1f}", "grade": one.grade or pick("不评", "none"),
        "parts": pick("；", "; ").join(told),
        "checked": f"{one.checked:.0%}",
    }  # fmt: skip
    return Fact(one.organization, says, (piece.id,), ASSESSED), piece
