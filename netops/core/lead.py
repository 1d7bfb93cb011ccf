"""Leads (线索): what one witness saw that speaks for one kind of finding, and may not suffice alone."""

from __future__ import annotations

from datetime import datetime

import msgspec

from netops.core.evidence import Evidence
from netops.core.finding import Subject
from netops.core.plane import Plane


class Lead(msgspec.Struct, frozen=True):
    """
    One thing that one witness saw.

    Args:
        witness: short key, such as "cellular_mac"; `playbooks/witnesses.toml` says what it is worth.
        accuses: the kind of finding that it speaks for, such as "rogue_exit_host".
        subject: as in a finding.
        said: what it saw, a message id with places for *facts*.
    """

    witness: str
    accuses: str
    plane: Plane
    subject: Subject
    organization: str
    said: str
    facts: dict[str, str]
    evidence: Evidence
    at: datetime


def identity(subject: Subject) -> str:
    """What makes two witnesses speak of the same: a card, else an address, else a port or an interface."""
    if subject.get("mac"):
        return f"mac {subject['mac']}"
    if subject.get("ip"):
        return f"ip {subject['ip']}"
    device, port = subject.get("switch") or subject.get("device"), subject.get("port") or subject.get("interface")
    return f"port {device}/{port}" if device or port else ""


def names(subject: Subject) -> set[str]:
    """Every way in which a subject is named: its card, its address, its port."""
    found = {f"{key} {subject[key]}" for key in ("mac", "ip") if subject.get(key)}
    device, port = subject.get("switch") or subject.get("device"), subject.get("port") or subject.get("interface")
    if device and port:
        found.add(f"port {device}/{port}")
    return found
