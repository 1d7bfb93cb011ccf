"""How grave an incident is: thresholds and proposals as data, and the rule and value that gave the grade."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

import msgspec

from netops.core.language import N_, Said, Text
from netops.core.toml import Source, settled, until_changed
from netops.incidents.incident import Grade, Grading


class Metric(msgspec.Struct, frozen=True):
    """A value that thresholds ask for, as people call it."""

    id: str
    title_zh: str
    title_en: str


class Threshold(msgspec.Struct, frozen=True):
    """One number of the national grading guide: *metric* at *at_least* or above gives *grade*."""

    grade: Grade
    metric: str
    at_least: float
    unit: Literal["seconds", "ratio", "person", "count", "CNY"]
    verified: bool
    mark: Literal["verified", "secondary", "memory"]
    source: str
    note: str = ""


class Proposal(msgspec.Struct, frozen=True):
    """The office's own rule for kinds of finding that reach no threshold; no *kinds* is the rule for all others."""

    id: str
    grade: Grade
    kinds: tuple[str, ...]
    because_zh: str
    because_en: str
    verified: bool
    source: str


class Scale(msgspec.Struct, frozen=True):
    """Every rule of grading."""

    thresholds: tuple[Threshold, ...]
    proposals: tuple[Proposal, ...]
    metrics: tuple[Metric, ...]

    def grade(self, kinds: Iterable[str], metrics: Mapping[str, float] | None = None) -> Grading:
        """
        Propose a grade: the gravest threshold that a measured value reaches, else the office's rule for the kinds.

        Args:
            metrics: measured values by metric, in the unit of the threshold.
        """
        measured = metrics or {}
        reached = [one for one in self.thresholds if measured.get(one.metric, float("-inf")) >= one.at_least]
        proposal = self._proposal(frozenset(kinds))
        gravest = min(reached, key=lambda one: (one.grade, not one.verified), default=None)
        if gravest is None or proposal.grade < gravest.grade:
            return Grading(
                proposal.grade,
                proposal.id,
                proposal.because_zh,
                proposal.because_en,
                proposal.verified,
                proposal.source,
            )
        value, unit = measured[gravest.metric], gravest.unit
        named = next(one for one in self.metrics if one.id == gravest.metric)
        least, grade = gravest.at_least, gravest.grade
        return Grading(
            grade,
            gravest.metric,
            f"{named.title_zh} {quantity(value, unit, 'zh')}，达到{grade.title_zh}的 {quantity(least, unit, 'zh')}（含本数）",
            f"{named.title_en} {quantity(value, unit, 'en')}: grade {grade} is from {quantity(least, unit, 'en')}",
            gravest.verified,
            gravest.source,
            value,
            gravest.at_least,
            gravest.unit,
        )

    def _proposal(self, kinds: frozenset[str]) -> Proposal:
        fitting = [one for one in self.proposals if kinds & set(one.kinds)]
        return min(fitting, key=lambda one: one.grade, default=None) or next(
            one for one in self.proposals if not one.kinds
        )


def quantity(value: float, unit: str, language: str) -> str:
    """A measured value as people read it: hours and minutes, percent, whole numbers with their unit."""
    chinese = language == "zh"
    if unit == "seconds":
        minutes, seconds = divmod(round(value), 60)
        words = ("小时", "分", "秒") if chinese else ("h", "min", "s")
        counts = (minutes // 60, minutes % 60, seconds)
        return " ".join(f"{count} {word}" for count, word in zip(counts, words, strict=True) if count) or f"0 {words[2]}"
    if unit == "ratio":
        return f"{value:.4g}" if value > 1 else f"{value * 100:.4g} %"
    named = {"person": ("人", "people"), "count": ("次", "times"), "CNY": ("元", "CNY")}[unit]
    return f"{value:,.15g} {named[0 if chinese else 1]}"


@until_changed(lambda playbooks: [playbooks / "law" / "grading.toml"])
def load(playbooks: Path) -> Scale:
    """
    Read `law/grading.toml`.

    Raises:
        Faults: every fault at once.
    """
    faults: list[Text] = []
    source = Source(playbooks / "law" / "grading.toml", "law/grading.toml", faults)
    source.unknown({"metrics", "thresholds", "proposals"})
    metrics = tuple(one for _, one in source.entries("metrics", Metric))
    thresholds = source.entries("thresholds", Threshold)
    for index, one in thresholds:
        if one.metric not in {metric.id for metric in metrics}:
            source.fault(Said("{metric} has no [[metrics]] entry", metric=one.metric), "thresholds", index, "metric")
        if one.verified != (one.mark == "verified"):
            source.fault(Said(
                "verified is {verified} but mark is {mark!r}", verified=one.verified, mark=one.mark
            ), "thresholds", index, "mark")
    proposals = source.entries("proposals", Proposal)
    if not faults and not any(not one.kinds for _, one in proposals):
        source.fault(N_("one proposal must have kinds = []: the rule for everything else"), "proposals")
    settled("the grading rules were not read", faults, "mend the lines above; netops playbook check reads them again")
    return Scale(tuple(one for _, one in thresholds), tuple(one for _, one in proposals), metrics)
