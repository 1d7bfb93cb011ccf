"""Findings (问题): what a room concluded from what was seen, in one shape for all rooms."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from netops.core.basis import Basis
from netops.core.evidence import Evidence, digest
from netops.core.plane import Plane

Subject = dict[str, Any]
"""Any of ip, mac, device, interface, switch, port, organization; or a and b, each {device, interface}."""


class Severity(StrEnum):
    """How much it matters, worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class State(StrEnum):
    """Where a finding stands."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    ACCEPTED = "accepted"
    RECTIFYING = "rectifying"
    RESOLVED = "resolved"
    REOPENED = "reopened"


STANDING = (State.OPEN, State.ACKNOWLEDGED, State.RECTIFYING, State.REOPENED)
"""States in which a finding still asks for something."""


class Conclusion(msgspec.Struct, frozen=True):
    """
    What a rule says now, before the docket gives it a number and a history.

    Args:
        code: the rule, such as "EG-101".
        subject: what it is about; identifies the finding together with *code* and *plane*.
        organization: code of the responsible organization, or "" when nobody's.
        facts: values for the places in the rule's title and because.
    """

    code: str
    plane: Plane
    subject: Subject
    organization: str
    facts: dict[str, str]
    evidence: tuple[Evidence, ...]
    at: datetime
    count: int = 1
    identity: str = ""
    """Stable text that makes two conclusions the same finding; "" means the whole subject."""
    basis: tuple[Basis, ...] = ()
    """Where this one stands, when the rule applies to several articles; else the rule's."""

    @property
    def key(self) -> str:
        """Equal for the same rule about the same subject in the same plane."""
        return digest([self.code, self.plane, self.identity or self.subject])


class Rule:
    """
    One rule of a room: its code, kind and texts, and the function that applies it.

    The function's docstring (What, Why, Mend) is what `netops explain CODE` prints; *title* and
    *because* are English message ids with `{name}` places filled from a conclusion's facts.
    """

    def __init__(
        self,
        code: str,
        kind: str,
        severity: Severity,
        basis: tuple[Basis, ...],
        title: str,
        because: str,
        apply: Callable[..., Iterable[Conclusion]],
    ) -> None:
        self.code, self.kind, self.severity, self.basis = code, kind, severity, basis
        self.title, self.because, self.apply = title, because, apply
        self.explanation = inspect.cleandoc(apply.__doc__ or "")

    def __call__(self, *args: Any, **kwargs: Any) -> Iterable[Conclusion]:
        """What the rule concludes from what it is given."""
        return self.apply(*args, **kwargs)

    @property
    def room(self) -> str:
        """topology, addresses, declarations, egress, registers, incidents or inspections."""
        return ROOMS[self.code[:2]]


ROOMS: Mapping[str, str] = {
    "TP": "topology",
    "AD": "addresses",
    "DC": "declarations",
    "EG": "egress",
    "RG": "registers",
    "IN": "incidents",
    "IS": "inspections",
}


def rule(
    code: str, kind: str, severity: Severity, *basis: Basis, title: str, because: str
) -> Callable[[Callable[..., Iterable[Conclusion]]], Rule]:
    """Make a rule of a function that yields conclusions; see `Rule`."""
    return lambda function: Rule(code, kind, severity, basis, title, because, function)


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """
    A conclusion with a number and a history, as the docket keeps it.

    Args:
        id: readable number, such as "F-0042".
        evidence: ids of what proves it, newest last, at most 20.
        accepted_until: ISO date until which an exception stands, or "".
    """

    id: str
    code: str
    kind: str
    plane: Plane
    severity: Severity
    organization: str
    subject: Subject
    basis: tuple[Basis, ...]
    facts: dict[str, str]
    first_seen: datetime
    last_seen: datetime
    count: int
    state: State
    evidence: tuple[str, ...]
    reason: str = ""
    accepted_until: str = ""
