"""Questions that cross rooms: what a rule says, and how everything stands."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from datetime import datetime
from functools import cache
from importlib import import_module
from typing import Any

import msgspec

from netops.core import tally
from netops.core.errors import Missing
from netops.core.finding import ROOMS, Finding, Rule, Severity
from netops.core.language import _, called, series, sided, spoken
from netops.core.plane import Plane
from netops.core.ways import WAYS
from netops.desk import Desk


# ---- rules and findings
@cache
def _rules_of(room: str) -> dict[str, Rule]:
    """One room's rules; empty for a room that has none yet."""
    try:
        module = import_module(f"netops.{room}.rules")
    except ModuleNotFoundError as error:
        if error.name not in (f"netops.{room}", f"netops.{room}.rules"):
            raise
        return {}
    found: dict[str, Rule] = module.RULES
    return found


def rules() -> dict[str, Rule]:
    """Every rule of every room, by code."""
    found = [_rules_of(room) for room in sorted(set(ROOMS.values()))]
    return dict(sorted((code, one) for room in found for code, one in room.items()))


def rule_of(finding: Finding) -> Rule:
    """The rule that concluded it; only its own room is imported."""
    return _rules_of(ROOMS[finding.code[:2]])[finding.code]


def rule(code: str) -> Rule:
    """
    The rule with this code, or with this kind.

    Raises:
        Missing: there is none.
    """
    wanted = code.strip()
    for one in rules().values():
        if wanted.upper() == one.code or wanted == one.kind:
            return one
    raise Missing("there is no rule {code}", "", "netops explain lists them", code=code)


def explained(rule: Rule) -> list[str]:
    """What a rule's docstring says, in the language in use: its sentence, then what, why and mend, each by itself."""
    paragraphs = [" ".join(part.split()) for part in rule.explanation.split("\n\n")]
    return [_(line) for part in paragraphs for line in _labelled(part)]


def refuted(rule: Rule) -> str:
    """What would refute what it says, in the language in use; "" where its docstring does not tell."""
    paragraphs = [" ".join(part.split()) for part in rule.explanation.split("\n\n")]
    return next((_(line) for part in paragraphs for line in _labelled(part) if line.startswith("Refuted: ")), "")


def _labelled(paragraph: str) -> list[str]:
    """A paragraph split before What:, Why:, Mend: and Refuted:, each a message of its own."""
    return [part.strip() for part in re.split(r"(?=\b(?:What|Why|Mend|Refuted): )", paragraph) if part.strip()]


def title(finding: Finding) -> str:
    """What the finding says, in the language in use."""
    return _filled(rule_of(finding).title, finding.facts)


def because(finding: Finding) -> str:
    """Why it says so, in the language in use: in the words of the witness that spoke last, or of the rule."""
    return _filled(finding.facts.get("said") or rule_of(finding).because, finding.facts)


class _Facts(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "—"


WORDS = ("plane", "severity", "state", "kind", "role", "verdict", "grade", "reason")
"""Facts that are words of ours; everything else is a name, a number or an address, and is shown as it is."""


ORGANIZATIONS = ("organization", "holder")
"""Facts that are codes of organizations, shown by their names."""


BOTH = ("to_whom", "source")
"""Facts that the office's files say as "中文 / English"."""


def _filled(message: str, facts: dict[str, str]) -> str:
    told = {name: _told(name, value) or "—" for name, value in facts.items()}
    ending = f"_{spoken()}"
    told |= {name.removesuffix(ending): value for name, value in told.items() if name.endswith(ending)}
    return _(message).format_map(_Facts(told))


def _told(name: str, value: str) -> str:
    if name in ORGANIZATIONS:
        return called(value)
    if name == "how":
        return series(_(WAYS.get(way, way)) for way in value.split(", "))
    if name in BOTH:
        return sided(value)
    return _(value) if name in WORDS else value


def finding_record(finding: Finding) -> dict[str, Any]:
    """A finding as the contract of DESIGN §4 has it."""
    kept = {name: getattr(finding, name) for name in Finding.__struct_fields__ if name != "facts"}
    return {**kept, "title": title(finding), "because": because(finding)}


# ---- status
class PlaneStatus(msgspec.Struct):
    """
    How one plane stands; every number is a count, utilization a ratio.

    Args:
        unwalked: registered devices that nobody has asked yet.
        unreachable: registered devices that did not answer last time.
        overdue: clocks of open incidents that ran out, as "INC-2026-0001 C-4H".
    """

    plane: Plane
    devices: int
    unwalked: int
    unreachable: list[str]
    pools: int
    utilization: float
    declarations: dict[str, int]
    exits: dict[str, int]
    incidents: dict[str, int]
    findings: dict[str, int]
    by_room: dict[str, int]
    next_deadline: datetime | None
    next_deadline_of: str
    rounds: dict[str, Any]
    overdue: list[str] = []

    @property
    def is_seen(self) -> bool:
        """Whether every registered device answered: what was not seen is never called in order."""
        return bool(self.devices) and not self.unwalked and not self.unreachable


def status(desk: Desk, planes: Collection[Plane] | None = None, organization: str = "") -> list[PlaneStatus]:
    """How each served plane stands, or each of *planes*; of one organization what is its own, when it is given."""
    from netops.addresses import ledger
    from netops.declarations import filings
    from netops.incidents import casebook
    from netops.rounds import diary
    from netops.topology import snapshots

    wanted = [plane for plane in desk.planes if planes is None or plane in planes]
    findings = tally.counted(desk.store, by=("plane", "code", "severity"), planes=wanted, organization=organization)
    reachable = snapshots.reachable(desk.store)
    runs = diary.last(desk.store)
    declared = filings.listed(desk.store, organization=organization)
    standing = []
    for plane in wanted:
        register = desk.register.of(plane)
        devices = [device for device in register.devices if organization in ("", device.organization)]
        pools = [pool for pool in ledger.pools(desk.store, plane) if organization in ("", pool.organization)]
        size = sum(pool.size for pool in pools)
        mine = [one for one in findings if one.plane == plane]
        incidents = [
            one for one in casebook.listed(desk.store, plane=plane, open_only=True) if organization in ("", one.organization)
        ]  # fmt: skip
        clocks = sorted(
            (deadline.due, incident.number)
            for incident in incidents
            for deadline in incident.deadlines
            if deadline.stopped is None and deadline.due is not None
        )
        standing.append(
            PlaneStatus(
                plane,
                len(devices),
                sum(bool(device.snmp) and (plane, device.name) not in reachable for device in devices),
                [device.name for device in devices if reachable.get((plane, device.name)) is False],
                len(pools),
                sum(pool.allocated for pool in pools) / size if size else 0.0,
                _counted(one.state for one in declared if one.plane == plane),
                _counted(one.kind for one in register.exits if organization in ("", one.organization)),
                _counted(one.grade for one in incidents),
                _summed((each, one.number) for each in Severity for one in mine if one.severity == each),
                _summed((ROOMS[one.code[:2]], one.number) for one in mine),
                clocks[0][0] if clocks else None,
                clocks[0][1] if clocks else "",
                {name: {"outcome": run.outcome, "ended": run.ended} for name, run in runs.items()},
                [f"{one.number} {clock.key}" for one in incidents for clock in one.deadlines
                 if clock.warning(desk.clock()) == 100],
            )
        )
    return standing


def _summed(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name, number in pairs:
        counts[str(name)] = counts.get(str(name), 0) + number
    return counts


def _counted(names: Any) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name in names:
        counts[str(name)] = counts.get(str(name), 0) + 1
    return counts
