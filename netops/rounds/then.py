"""Who had it then (当时是谁): terminal, switch port, user organization and declaration at the time of an event."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from netops.core.clock import rfc3339
from netops.core.errors import Missing
from netops.core.evidence import Evidence
from netops.core.finding import Finding
from netops.desk import Desk
from netops.rounds import who
from netops.topology.sightings import SightingSpan


def had(desk: Desk, finding: Finding) -> dict[str, Any]:
    """
    Who had what a finding names, when it was first seen.

    Returns:
        ip, mac, name, switch, port, organization, organization_name, declaration, allocation, seen, of what was known
        then; "" where nothing tells. Empty when the finding names no address, card or port.
    """
    subject = finding.subject
    asked = str(subject.get("ip") or subject.get("mac") or "")
    told: dict[str, Any] = {
        "ip": str(subject.get("ip", "")), "mac": str(subject.get("mac", "")), "name": "",
        "switch": str(subject.get("switch", "")), "port": str(subject.get("port", "")),
    }  # fmt: skip
    past = desk.then(finding.first_seen)
    if not asked:
        device = told["switch"] or str(subject.get("device", ""))
        if not device:
            return {}
        told |= {"switch": device, "port": told["port"] or str(subject.get("interface", ""))}
        known = past.register.of(finding.plane).device.get(device)
        return _whose(desk, past, told, known.organization if known else finding.organization)
    try:
        answers = [one for one in who.who(past, asked) if one.plane == finding.plane and one.what in ("address", "mac")]
    except Missing:
        answers = []
    for one in answers:
        if span := _span(one, told["mac"]):
            told |= {"mac": told["mac"] or span.mac, "ip": told["ip"] or span.ip, "switch": span.switch or told["switch"],
                     "port": span.port or told["port"], "seen": rfc3339(span.last_seen)}  # fmt: skip
        told["name"] = told["name"] or next(iter(one.names), "")
        if one.allocation:
            told |= {"declaration": one.allocation.declaration, "allocation": one.allocation.id}
    organization = next((one.organization for one in answers if one.organization), finding.organization)
    return _whose(desk, past, told, organization)


def _span(one: who.Answer, mac: str) -> SightingSpan | None:
    """The sighting that held then, of this card when one is named; else the nearest one."""
    mine = [span for span in one.sightings if not mac or span.mac == mac] or one.sightings
    return mine[-1] if mine else next(iter(one.near), None)


def _whose(desk: Desk, past: Desk, told: dict[str, Any], organization: str) -> dict[str, Any]:
    """With the organization, as it was called then; one that was not registered yet as it is called now."""
    register = past.register if organization in past.register.organization else desk.register
    told["organization"] = organization
    told["organization_name"] = register.name(organization) if organization else ""
    return told


def proof(finding: Finding, told: dict[str, Any], at: datetime) -> Evidence:
    """The same as evidence: what was asked of the store, and what it said."""
    asked = told.get("ip") or told.get("mac") or told.get("switch", "")
    query = f"netops who {asked} --at {rfc3339(finding.first_seen)}"
    return Evidence("ledger", "netops", query, {"finding": finding.id, **told}, at)
