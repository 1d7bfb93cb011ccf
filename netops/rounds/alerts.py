"""Alerts from outside (外部告警): what Alertmanager sends becomes findings, and is resolved when it says so."""

from __future__ import annotations

from typing import Any

from netops.core import docket
from netops.core.evidence import Evidence
from netops.core.finding import STANDING, Conclusion
from netops.core.plane import Plane
from netops.desk import Desk
from netops.incidents.alertmanager import Alert
from netops.incidents.rules import EXTERNAL

GRAVE = ("critical", "page", "high", "error")
"""Values of the label *severity* that make an alert grave."""
NAMES = ("device", "instance", "host", "hostname", "node")
"""Labels that may name a registered device."""


def receive(desk: Desk, alerts: list[Alert]) -> docket.Settlement:
    """Write alerts down as findings of the configured plane; an alert that says resolved resolves its own finding only."""
    plane = desk.config.alertmanager.plane
    firing = [_conclusion(desk, plane, one) for one in alerts if one.is_firing]
    over = {one.identity for one in alerts if not one.is_firing}
    standing = [one for one in docket.listed(desk.store, state=STANDING, plane=plane) if one.code in EXTERNAL]
    spared = [one.id for one in standing if one.subject.get("alert") not in over]
    return docket.settle(desk.store, EXTERNAL, firing, plane=plane, at=desk.clock(), scope=EXTERNAL, spared=spared)


def _conclusion(desk: Desk, plane: Plane, alert: Alert) -> Conclusion:
    register = desk.register.of(plane)
    named = (alert.labels.get(name, "") for name in NAMES)
    spelled = [name for value in named for name in (value, value.rpartition(":")[0])]
    device = next((register.device[name] for name in spelled if name in register.device), None)
    told = alert.labels.get("organization", "")
    organization = told if told in register.organization else device.organization if device else ""
    code = "IN-101" if alert.labels.get("severity", "").lower() in GRAVE else "IN-102"
    subject: dict[str, Any] = {"alert": alert.identity, "name": alert.name}
    if device:
        subject["device"] = device.name
    body: dict[str, object] = {"labels": _bounded(alert.labels), "annotations": _bounded(alert.annotations)}
    proof = Evidence("alert", "alertmanager", f"fingerprint {alert.identity}", body, desk.clock())
    facts = {"name": alert.name or "—", "summary": alert.summary}
    return Conclusion(code, plane, subject, organization, facts, (proof,), desk.clock(), identity=f"alert {alert.identity}")


def _bounded(given: dict[str, str]) -> dict[str, str]:
    """Labels as text of a bearable length, so many at most."""
    return {key[:100]: value[:500] for key, value in sorted(given.items())[:64]}
