"""MIB objects that topology needs: their OIDs, grouped as they are walked. Pure; no I/O."""

from __future__ import annotations

from netops.core.walk import Column, Value
from netops.probes.mibs import bridge, device, neighbors, routing
from netops.probes.mibs.group import CISCO, MIB2, Group, is_vendor

__all__ = ["CISCO", "GROUPS", "MIB2", "SYS_UPTIME", "VLAN_OBJECTS", "Group", "is_vendor", "picked", "suffix"]

SYS_UPTIME = f"{MIB2}.1.3.0"
"""Asked first: any answer to it means that the device lives."""
GROUPS: tuple[Group, ...] = (*device.GROUPS, *neighbors.GROUPS, *bridge.GROUPS, *routing.GROUPS)
VLAN_OBJECTS = ("dot1dTpFdbPort", "dot1dTpFdbStatus", "dot1dBasePortIfIndex")
"""What Cisco keeps once per VLAN, behind the community NAME@VLAN or the context vlan-N ("SNMP Community String Indexing")."""


def suffix(oid: str, column: str) -> tuple[int, ...] | None:
    """The row index of *oid* under *column*, or None when it lies elsewhere or is no OID."""
    if not oid.startswith(column) or oid[len(column) : len(column) + 1] != ".":
        return None
    try:
        return tuple(map(int, oid[len(column) + 1 :].split(".")))
    except ValueError:
        return None


def picked(variables: list[tuple[str, Value]]) -> dict[str, Column]:
    """The columns of GROUPS out of a whole recording (OID without a leading dot, value)."""
    wanted = {oid: name for group in GROUPS for name, oid in group.objects.items()}
    columns: dict[str, Column] = {}
    for oid, value in variables:
        at = len(oid)
        while (at := oid.rfind(".", 0, at)) > 0:
            if name := wanted.get(oid[:at]):
                if (index := suffix(oid, oid[:at])) is not None:
                    columns.setdefault(name, {})[index] = value
                break
    skipped = {name for group in GROUPS if not group.concerns(columns) for name in group.objects}
    return {name: rows for name, rows in columns.items() if name not in skipped}
