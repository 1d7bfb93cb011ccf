"""Recheck (复查): the same questions asked again, how an incident's findings stand after, and what was silent."""

from __future__ import annotations

from typing import Any

from netops.core import docket
from netops.core.finding import STANDING, Finding
from netops.core.journal import Act
from netops.core.observation import Unreachable
from netops.desk import Desk
from netops.incidents import casebook, clocks, handling
from netops.incidents.incident import Event, Incident
from netops.rounds import Progress, diary, silent
from netops.topology import snapshots

CONCLUDED_BY = {"TP": ("walk",), "AD": ("walk", "reconcile"), "DC": ("walk", "reconcile"), "EG": ("walk", "egress")}
"""The rounds that conclude findings of a room, in their order."""


def run(desk: Desk, incident: Incident) -> tuple[list[Finding], list[Unreachable]]:
    """
    An incident's findings as they stand now, oldest first.

    Returns:
        The findings, and the devices that they name and that did not answer the last walk: silence proves nothing.
    """
    findings = [docket.one(desk.store, name) for name in incident.findings]
    named = {name for finding in findings for name in _named(finding.subject)}
    return findings, [one for one in snapshots.silent(desk.store, incident.plane) if one.device in named]


def again(desk: Desk, incident: Incident, progress: Progress = silent) -> tuple[str, ...]:
    """
    Ask again what the findings were concluded from: the same rounds, with the same rules and parameters.

    Returns:
        Names of the rounds that ran.
    """
    codes = {docket.one(desk.store, name).code[:2] for name in incident.findings}
    wanted = {name for code in codes for name in CONCLUDED_BY.get(code, ())}
    rounds = tuple(name for name in diary.ROUNDS if name in wanted)
    for name in rounds:
        diary.run(desk, name, progress)
    return rounds


def record(
    desk: Desk, act: Act, incident: Incident, findings: list[Finding], unseen: list[Unreachable], rounds: tuple[str, ...] = ()
) -> Event:
    """
    Write down that an incident was rechecked: clean only when nothing stands and nothing that it names was silent.

    The questions are written down with it, as the evidence has them: kind, source, and query with its parameters.
    """
    standing = [one.id for one in findings if one.state in STANDING]
    casebook.locked(act, incident.number)
    return handling.record(
        act, incident.number, clocks.load(desk.playbooks), "recheck", act.at, clean=not standing and not unseen,
        standing=standing, unseen=[one.device for one in unseen], rounds=list(rounds), asked=_asked(desk, findings),
    )  # fmt: skip


def _asked(desk: Desk, findings: list[Finding]) -> list[dict[str, Any]]:
    """Every question that the evidence of these findings answers, each once."""
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for one in findings:
        for piece in docket.pieces(desk.store, one.evidence):
            key = (piece.kind, piece.source, piece.query)
            found.setdefault(key, {"finding": one.id, "kind": piece.kind, "source": piece.source, "query": piece.query})
    return list(found.values())


def _named(subject: dict[str, Any]) -> set[str]:
    """Devices and switches in a subject, on both ends."""
    ends = [subject, *(end for end in (subject.get("a"), subject.get("b")) if isinstance(end, dict))]
    return {str(end[key]) for end in ends for key in ("device", "switch") if end.get(key)}
