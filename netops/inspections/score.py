"""Points of an inspection (得分): what each item is worth, what its answer earns, and the evidence behind every point. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from netops.inspections.answer import Result
from netops.inspections.inspection import Inspection, Party, said
from netops.inspections.item import Item


class Weights(msgspec.Struct, frozen=True):
    """
    `[scores]` of `playbooks/assessment.toml`: what an answer earns of an item's points, as ratios.

    An item that is not applicable or was not checked is neither earned nor lost: it is left out, and counted beside the score.
    """

    conform: float = 1.0
    partial: float = 0.5
    nonconform: float = 0.0

    def share(self, result: Result) -> float | None:
        """Ratio that a result earns, or None when it does not count."""
        return {Result.CONFORM: self.conform, Result.PARTIAL: self.partial, Result.NONCONFORM: self.nonconform}.get(result)


class Point(msgspec.Struct, frozen=True):
    """
    What one item brought.

    Args:
        worth: points that it is worth. *earned*: points that its answer earned; None when it does not count.
        evidence, findings: what the answer that counts rests on: open them by `netops evidence show` and `netops finding show`.
        by: who gave that answer. *objection*: what the organization says to it, when it says otherwise, or "".
    """

    item: str
    question: str
    result: Result
    worth: float
    earned: float | None
    reason: str
    by: str
    evidence: tuple[str, ...]
    findings: tuple[str, ...]
    objection: str


class Score(msgspec.Struct, frozen=True):
    """
    The score of one inspection.

    Args:
        points: of every item that binds. *unchecked*: how many of them were not checked and so do not count.
    """

    inspection: str
    organization: str
    points: tuple[Point, ...]
    unchecked: int

    @property
    def worth(self) -> float:
        """Points that count."""
        return sum(one.worth for one in self.points if one.earned is not None)

    @property
    def earned(self) -> float:
        """Points that were earned."""
        return sum(one.earned for one in self.points if one.earned is not None)

    @property
    def ratio(self) -> float | None:
        """Share of the points that count, 0.0-1.0; None when none does."""
        return self.earned / self.worth if self.worth else None

    @property
    def objections(self) -> int:
        """How many answers the organization objects to."""
        return sum(bool(one.objection) for one in self.points)


def score(inspection: Inspection, weights: Weights, items: Iterable[Item] | None = None) -> Score:
    """The score of an inspection, over all of its items or over these."""
    chosen = [item for item in (inspection.catalogue.items if items is None else items)
              if inspection.result(item) is not Result.NOT_APPLICABLE]  # fmt: skip
    points = tuple(_point(inspection, item, weights) for item in chosen)
    return Score(inspection.number, inspection.organization, points, sum(one.earned is None for one in points))


def _point(inspection: Inspection, item: Item, weights: Weights) -> Point:
    answer, result = inspection.standing(item), inspection.result(item)
    share = weights.share(result)
    return Point(
        item.id, item.question, result, float(item.weight), None if share is None else share * item.weight, said(answer),
        answer.actor if answer else "", answer.judgement.evidence if answer else (), answer.judgement.findings if answer else (),
        objection(inspection, item),
    )  # fmt: skip


def objection(inspection: Inspection, item: Item) -> str:
    """What the organization says to an answer that it does not share, or ""; it is kept and shown, and changes no score."""
    department = inspection.by(item, Party.DEPARTMENT)
    standing = inspection.standing(item)
    if department is None or standing is None or department.judgement.result is standing.judgement.result:
        return ""
    return department.note or str(department.judgement.result)


def told(one: Score) -> Mapping[str, Any]:
    """A score in JSON."""
    return {
        "inspection": one.inspection, "organization": one.organization, "ratio": one.ratio, "earned": one.earned,
        "worth": one.worth, "unchecked": one.unchecked, "objections": one.objections, "points": one.points,
    }  # fmt: skip
