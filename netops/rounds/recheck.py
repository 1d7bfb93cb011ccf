"""Recheck (复查): how an incident's findings stand, and which of the devices that they name were silent."""

from __future__ import annotations

from typing import Any

from netops.core import docket
from netops.core.finding import Finding
from netops.core.observation import Unreachable
from netops.desk import Desk
from netops.incidents.incident import Incident
from netops.topology import snapshots


def run(desk: Desk, incident: Incident) -> tuple[list[Finding], list[Unreachable]]:
    """
    An incident's findings as they stand now, oldest first.

    Returns:
        The findings, and the devices that they name and that did not answer the last walk: silence proves nothing.
    """
    findings = [docket.one(desk.store, name) for name in incident.findings]
    named = {name for finding in findings for name in _named(finding.subject)}
    return findings, [one for one in snapshots.silent(desk.store, incident.plane) if one.device in named]


def _named(subject: dict[str, Any]) -> set[str]:
    """Devices and switches in a subject, on both ends."""
    ends = [subject, *(end for end in (subject.get("a"), subject.get("b")) if isinstance(end, dict))]
    return {str(end[key]) for end in ends for key in ("device", "switch") if end.get(key)}
