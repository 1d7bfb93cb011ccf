"""The yearly assessment (绩效考核, Article 33): dimensions, their weights and systems from the office's file. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from netops.core.language import N_, Said, Text, spoken
from netops.core.toml import Source, settled
from netops.inspections.inspection import Inspection
from netops.inspections.score import Score, Weights, score

FILE = "assessment.toml"


class Dimension(msgspec.Struct, frozen=True):
    """
    `[[dimension]]`: one of the fields that Article 33 names.

    Args:
        weight: points of the whole, beside the other dimensions'. *systems*: whose items count in it (`law/systems.toml`).
    """

    key: str
    zh: str
    en: str
    weight: float
    systems: tuple[str, ...]

    @property
    def title(self) -> str:
        """In the language in use."""
        return self.en if spoken() == "en" else self.zh


class Grade(msgspec.Struct, frozen=True):
    """`[[grade]]`: from so many of a hundred points on."""

    zh: str
    en: str
    from_points: float

    @property
    def title(self) -> str:
        """In the language in use."""
        return self.en if spoken() == "en" else self.zh


class Rules(msgspec.Struct, frozen=True):
    """
    The whole file.

    Args:
        least: share of an organization's points that must have been checked; below it no grade is given.
    """

    scores: Weights
    dimensions: tuple[Dimension, ...]
    grades: tuple[Grade, ...] = ()
    least: float = 0.5


class Part(msgspec.Struct, frozen=True):
    """One dimension of one organization; *points*: of a hundred, None where nothing of it was checked."""

    key: str
    title: str
    weight: float
    points: float | None
    score: Score


class Assessed(msgspec.Struct, frozen=True):
    """
    One organization in a year.

    Args:
        points: of a hundred, over the dimensions that something was checked of; None where there is none.
        checked: share of the points that were checked, 0.0-1.0. *grade*: "" where too little was.
        rank: from 1, equal points the same; 0 without points.
    """

    organization: str
    inspection: str
    parts: tuple[Part, ...]
    points: float | None
    checked: float
    grade: str
    rank: int = 0


def load(playbooks: Path) -> Rules:
    """
    The office's file `assessment.toml`.

    Raises:
        Faults: it is not there, or cannot be read so: all at once.
    """
    faults: list[Text] = []
    source = Source(playbooks / FILE, FILE, faults)
    source.unknown({"scores", "dimension", "grade", "least"})
    raw = source.content
    held = raw.get("scores", {})
    weights = (source.struct(held, Weights, "scores") if isinstance(held, dict) else None) or Weights()
    if not 0 <= weights.nonconform <= weights.partial <= weights.conform <= 1:
        source.fault(N_("what answers earn must rise from nonconform to conform, between 0 and 1"), "scores")
    dimensions = [one for _index, one in source.entries("dimension", Dimension)]
    taken: set[str] = set()
    for index, one in enumerate(dimensions):
        if one.weight <= 0:
            source.fault(Said("{weight} is not above 0", weight=one.weight), "dimension", index, "weight")
        if one.key in taken:
            source.fault(Said("{name!r} is there already", name=one.key), "dimension", index, "key")
        taken.add(one.key)
    least: Any = raw.get("least", 0.5)
    if not isinstance(least, int | float) or isinstance(least, bool) or not 0 <= least <= 1:
        source.fault(N_("must be between 0 and 1"), key="least")
        least = 0.5
    grades = sorted((one for _index, one in source.entries("grade", Grade)), key=lambda one: -one.from_points)
    if not dimensions and not faults:
        source.fault(N_("there is no [[dimension]]"))
    settled("the assessment was not read", faults, "mend the lines above")
    return Rules(weights, tuple(dimensions), tuple(grades), float(least))


def assess(inspections: Sequence[Inspection], rules: Rules) -> list[Assessed]:
    """Every organization with its points, the best first; one inspection of each."""
    made = [_assessed(one, rules) for one in inspections]
    made.sort(key=lambda one: (one.points is None, -(one.points or 0), one.organization))
    ranked: list[Assessed] = []
    for place, one in enumerate(made, 1):
        before = ranked[-1] if ranked else None
        same = before is not None and before.points == one.points
        rank = 0 if one.points is None else before.rank if same and before else place
        ranked.append(msgspec.structs.replace(one, rank=rank))
    return ranked


def _assessed(inspection: Inspection, rules: Rules) -> Assessed:
    parts = tuple(_part(inspection, one, rules.scores) for one in rules.dimensions)
    counted = [one for one in parts if one.points is not None]
    weight = sum(one.weight for one in counted)
    points = round(sum(one.points * one.weight for one in counted if one.points is not None) / weight, 1) if weight else None
    binding = sum(point.worth for one in parts for point in one.score.points)
    checked = sum(one.score.worth for one in parts) / binding if binding else 0.0
    grade = ""
    if points is not None and checked >= rules.least:
        grade = next((one.title for one in rules.grades if points >= one.from_points), "")
    return Assessed(inspection.organization, inspection.number, parts, points, checked, grade)


def _part(inspection: Inspection, one: Dimension, weights: Weights) -> Part:
    made = score(inspection, weights, [item for item in inspection.catalogue.items if item.system in one.systems])
    ratio = made.ratio
    return Part(one.key, one.title, one.weight, None if ratio is None else round(100 * ratio, 1), made)
