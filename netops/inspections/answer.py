"""Answers to checklist items: five results, a judgement with its reason, and what a named check is. Pure."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from datetime import timedelta
from enum import StrEnum
from typing import Any

import msgspec

from netops.core.clock import city_time
from netops.core.evidence import Evidence
from netops.core.finding import Finding
from netops.core.language import N_
from netops.core.plane import Plane
from netops.inspections.facts import DeviceFact, Facts, Look


class Result(StrEnum):
    """符合、部分符合、不符合、不适用、未检查."""

    CONFORM = "conform"
    PARTIAL = "partial"
    NONCONFORM = "nonconform"
    NOT_APPLICABLE = "not_applicable"
    UNCHECKED = "unchecked"


RESULTS_ZH = {
    Result.CONFORM: "符合",
    Result.PARTIAL: "部分符合",
    Result.NONCONFORM: "不符合",
    Result.NOT_APPLICABLE: "不适用",
    Result.UNCHECKED: "未检查",
}


class Judgement(msgspec.Struct, frozen=True):
    """
    What a check says of one item.

    Args:
        reason: English message id whose `{name}` places *facts* fill.
        findings: ids of the findings it stands on.
        evidence: ids of their evidence.
        looked: records that were read for it, with their versions; kept in its piece of evidence.
    """

    result: Result
    reason: str
    facts: dict[str, str] = {}
    findings: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    looked: tuple[str, ...] = ()


Parameter = int | str | bool
"""What a catalogue may give a check."""
MOST_LOOKED = 50


class Check:
    """
    A named automatic check: a pure function of the facts and its parameters.

    The function's keyword arguments, numbers, words and switches with a default, are the parameters that
    a catalogue may set.
    """

    def __init__(self, function: Callable[..., Judgement]) -> None:
        self.function, self.name = function, function.__name__
        self.explanation = inspect.cleandoc(function.__doc__ or "")
        arguments = list(inspect.signature(function).parameters.values())[1:]
        self.parameters: dict[str, Parameter] = {one.name: one.default for one in arguments}

    def __call__(self, facts: Facts, **parameters: Parameter) -> Judgement:
        """Judge the facts."""
        return self.function(facts, **parameters)

    def evidence(self, facts: Facts, judgement: Judgement, parameters: dict[str, Any]) -> Evidence:
        """The judgement as a piece of evidence: what was asked with which parameters, what came out, when."""
        asked = ", ".join(
            f"{name}={value}" for name, value in sorted({**self.parameters, **parameters}.items())
        )
        looks = {name: look.at.isoformat() if look.at else None for name, look in sorted(facts.looks.items())}
        body: dict[str, Any] = {
            "organization": facts.code,
            "result": judgement.result,
            "facts": judgement.facts,
            "findings": list(judgement.findings),
            "register": facts.version,
            "looks": looks,
        }
        if judgement.looked:
            body["records"] = list(judgement.looked[:MOST_LOOKED])
            body["records_total"] = len(judgement.looked)
        return Evidence("inspection", f"check {self.name}", asked, body, facts.at)


def conform(reason: str, **facts: object) -> Judgement:
    """Everything that had to be seen was seen, and is in order."""
    return _judgement(Result.CONFORM, reason, facts)


def partial(reason: str, *findings: Finding, **facts: object) -> Judgement:
    """Part of the duty is kept."""
    return _judgement(Result.PARTIAL, reason, facts, findings)


def nonconform(reason: str, *findings: Finding, **facts: object) -> Judgement:
    """A breach was seen."""
    return _judgement(Result.NONCONFORM, reason, facts, findings)


def not_applicable(reason: str, **facts: object) -> Judgement:
    """The duty does not bind this organization."""
    return _judgement(Result.NOT_APPLICABLE, reason, facts)


def unchecked(reason: str, **facts: object) -> Judgement:
    """What the answer needs could not be seen; never taken for conform."""
    return _judgement(Result.UNCHECKED, reason, facts)


def _judgement(
    result: Result, reason: str, facts: dict[str, object], findings: Iterable[Finding] = ()
) -> Judgement:
    findings = tuple(findings)
    return Judgement(
        result,
        reason,
        {name: str(value) for name, value in facts.items()},
        tuple(one.id for one in findings),
        tuple(dict.fromkeys(piece for one in findings for piece in one.evidence)),
    )


# ---- what several checks ask first
def listing(names: Iterable[str], most: int = 5) -> str:
    """Names for a sentence: sorted, the first *most*, and how many more."""
    ordered = sorted(set(names))
    return ", ".join(ordered[:most]) + (f" … (+{len(ordered) - most})" if len(ordered) > most else "")


def unlooked(facts: Facts, sources: Iterable[str], fresh_hours: int) -> Judgement | None:
    """Unchecked when a source was never looked at or too long ago, else None."""
    for name in sources:
        look = facts.looks.get(name, Look())
        if look.at is None:
            return unchecked(look.why or N_("{source} was never looked at"), source=name)
        if facts.at - look.at > timedelta(hours=fresh_hours):
            return unchecked(
                N_("{source} was last looked at {at}, more than {hours} hours ago"),
                source=name,
                at=city_time(look.at),
                hours=fresh_hours,
            )
    return None


def unseen(facts: Facts, planes: Iterable[Plane], fresh_hours: int) -> Judgement | None:
    """
    Unchecked when the walk does not show the organization in one of *planes*, else None.

    That is: the plane is not served here or was not walked lately, none of the devices that show the
    organization is walked, or one of them is silent.
    """
    for plane in planes:
        if plane not in facts.planes:
            return unchecked(N_("the {plane} is not served by this instance"), plane=plane)
        if (stale := unlooked(facts, [f"walk/{plane}"], fresh_hours)) is not None:
            return stale
        watched = [one for one in facts.watched(plane) if one.asked]
        if not watched:
            return unchecked(N_("no device that serves it in the {plane} is walked"), plane=plane)
        if (dark := darkness(facts, watched, fresh_hours)) is not None:
            return dark
    return None


def darkness(facts: Facts, devices: Iterable[DeviceFact], fresh_hours: int) -> Judgement | None:
    """Unchecked when one of *devices* was silent, or answered only in part, at the last walk; else None."""
    since, devices = facts.at - timedelta(hours=fresh_hours), tuple(devices)
    if silent := [one.name for one in devices if one.seen_at is None or one.seen_at < since]:
        return unchecked(N_("{devices} did not answer the walk"), devices=listing(silent))
    if half := [one.name for one in devices if one.partial]:
        return unchecked(N_("{devices} answered the walk only in part"), devices=listing(half))
    return None
