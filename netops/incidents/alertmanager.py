"""Alertmanager's webhook, version 4, both ways: payloads that are read, and payloads that are written. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from netops.core.clock import rfc3339
from netops.core.errors import NetopsError
from netops.core.evidence import digest
from netops.core.plane import Plane
from netops.incidents.announcement import LABELS, Item

MAX_BYTES, MAX_ALERTS, MAX_TEXT = 1 << 20, 1000, 500
NEVER = "0001-01-01T00:00:00Z"
OWN = "NetopsIncident"
"""Name of the alerts that netops sends: it never takes its own back."""


class Alert(msgspec.Struct, frozen=True):
    """One alert as it came; *fingerprint* names it for as long as it lasts."""

    status: str
    labels: dict[str, str]
    annotations: dict[str, str] = {}
    starts_at: datetime | None = msgspec.field(default=None, name="startsAt")
    fingerprint: str = ""

    @property
    def is_firing(self) -> bool:
        """Whether it stands."""
        return self.status == "firing"

    @property
    def name(self) -> str:
        """Its alertname, cut to a bearable length."""
        return self.labels.get("alertname", "")[:MAX_TEXT]

    @property
    def summary(self) -> str:
        """What it says."""
        said = self.annotations.get("summary") or self.annotations.get("description") or self.name
        return " ".join(said.split())[:MAX_TEXT]

    @property
    def identity(self) -> str:
        """What makes two of them the same."""
        return self.fingerprint[:64] or "|".join(f"{key}={value}" for key, value in sorted(self.labels.items()))[:MAX_TEXT]


class _Payload(msgspec.Struct):
    version: str
    alerts: list[Alert]


def read(body: bytes) -> list[Alert]:
    """
    The alerts of a payload.

    Raises:
        NetopsError: it is too large, no JSON, another version, or holds too many alerts.
    """
    try:
        if len(body) > MAX_BYTES:
            raise ValueError(f"larger than {MAX_BYTES >> 20} MiB")
        payload = msgspec.json.decode(body, type=_Payload)
        if payload.version != "4":
            raise ValueError(f"version {payload.version[:10]!r}, and 4 is understood")
        if len(payload.alerts) > MAX_ALERTS:
            raise ValueError(f"more than {MAX_ALERTS} alerts")
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise NetopsError("the alerts were not taken", "{reason}", "send Alertmanager's webhook, version 4",
                          reason=error) from error  # fmt: skip
    return [one for one in payload.alerts if one.name != OWN]


def payload(items: list[Item], receiver: str, url: str, text: str) -> dict[str, Any]:
    """News as Alertmanager would send it: one alert an item; no label or annotation names an address or a device."""
    if items and items[0].incident.plane is Plane.INTRANET:
        alerts = [_counted(items, url, text)]
    else:
        alerts = [_alert(one, url) for one in items]
    firing = any(one["status"] == "firing" for one in alerts)
    plane = str(items[0].incident.plane) if items else ""
    return {
        "version": "4",
        "groupKey": f'{{}}:{{plane="{plane}"}}',
        "truncatedAlerts": 0,
        "status": "firing" if firing else "resolved",
        "receiver": receiver,
        "groupLabels": {"plane": plane},
        "commonLabels": {"alertname": OWN, "plane": plane},
        "commonAnnotations": {"summary": text},
        "externalURL": url,
        "alerts": alerts,
    }


def _alert(one: Item, url: str) -> dict[str, Any]:
    incident = one.incident
    labels = {"alertname": OWN, "plane": str(incident.plane), "incident": incident.number, "grade": str(incident.grade)}
    labels["kind"] = one.kind
    if one.clock:
        labels["clock"] = one.clock.key
    return {
        "status": "resolved" if one.kind == "closed" else "firing",
        "labels": labels,
        "annotations": {"summary": f"{incident.number} {incident.title}: {LABELS[one.kind]}"},
        "startsAt": rfc3339(incident.detected),
        "endsAt": rfc3339(incident.closed) if incident.closed else NEVER,
        "generatorURL": url,
        "fingerprint": digest(labels)[:16],
    }


def _counted(items: list[Item], url: str, text: str) -> dict[str, Any]:
    """About the intranet one alert that only counts."""
    labels = {"alertname": OWN, "plane": str(Plane.INTRANET), "news": str(len(items))}
    return {
        "status": "firing",
        "labels": labels,
        "annotations": {"summary": text},
        "startsAt": rfc3339(max(one.at for one in items)),
        "endsAt": NEVER,
        "generatorURL": url,
        "fingerprint": digest(labels)[:16],
    }
