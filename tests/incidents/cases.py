"""Invented findings and incidents that the tests of this room share, and the law as it ships."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from netops.core.basis import Basis
from netops.core.finding import Finding, Severity, State
from netops.core.plane import Plane
from netops.incidents import clocks
from netops.incidents.incident import Deadline, Grade, Grading, Incident, Stage
from tests.conftest import NOON

PLAYBOOKS = Path(__file__).parents[2] / "playbooks"
LAW = clocks.load(PLAYBOOKS)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def finding(
    number: str, kind: str = "rogue_exit_router", organization: str = "health", severity: str = "high",
    state: State = State.OPEN, plane: Plane = Plane.EXTRANET, code: str = "EG-101", last_seen: float = 0,
) -> Finding:
    """A finding last seen so many hours after NOON."""
    return Finding(
        id=number, code=code, kind=kind, plane=plane, severity=Severity(severity), organization=organization,
        subject={"device": "r1", "interface": number}, basis=(Basis(12),), facts={}, first_seen=NOON,
        last_seen=NOON + last_seen * HOUR, count=1, state=state, evidence=("EV-0123456789ab",))


def graded(grade: str = "IV") -> Grading:
    return Grading(Grade(grade), "local-egress", "因为", "because", verified=False, source="here")


def incident(number: str = "INC-2026-0001", **fields: object) -> Incident:
    """An incident of one finding, F-0001, of the health commission's own exit, known at NOON."""
    given: dict[str, object] = {
        "number": number, "plane": Plane.EXTRANET, "organization": "health", "cause": "unauthorized_egress",
        "cause_zh": "擅自开设互联网出口", "cause_en": "unauthorized internet exit", "category": "6.7",
        "category_zh": "资源未授权使用事件", "grading": graded(), "state": Stage.DETECTED, "occurred": NOON - HOUR,
        "detected": NOON, "known": NOON, "findings": ("F-0001",)}
    return Incident(**given | fields)  # type: ignore[arg-type]


def deadline(kind: str = "C-4H", due: float = 4, stopped: float | None = None) -> Deadline:
    """A clock from NOON, due and stopped so many hours later."""
    return Deadline(kind, "初报", "first report", NOON, NOON + due * HOUR, "谁", "给谁", "办法", verified=True,
                    stopped=None if stopped is None else NOON + stopped * HOUR)
