"""Twins (重名与重复登记): one device under two names, and two devices under one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from netops.core.basis import Basis
from netops.core.evidence import Evidence
from netops.core.finding import Conclusion, Severity, rule
from netops.core.language import N_
from netops.topology import identity
from netops.topology.device import DeviceView
from netops.topology.expected import Picture


@rule(
    "TP-110",
    "registered_twice",
    Severity.LOW,
    Basis(10),
    title=N_("{device} and {other} are one device"),
    because=N_("both names lead to the box that is known by {kind} {value}"),
)
def registered_twice(picture: Picture) -> Iterator[Conclusion]:
    """
    TP-110: two entries of the register lead to one device.

    What: both were walked, and the same serial number, chassis id, bridge MAC or engine answered.
    Why: equipment is declared as it is (Article 10); counted twice, one of the two is missing somewhere else.
    Mend: take one of the entries out of `inventory/<plane>/devices.toml`, or correct its address.
    """
    for view in picture.here:
        others = [name for name in view.aliases if (view.plane, name) in picture.expected.device]
        entry = picture.expected.device.get((view.plane, view.key))
        if not others or entry is None:
            continue
        kind, value = next(iter((kind, min(values)) for kind, values in identity.keys(view).items()))
        yield Conclusion(
            "TP-110",
            picture.plane,
            {"device": view.key, "other": others[0]},
            entry.organization,
            {"device": view.key, "other": ", ".join(others), "kind": kind, "value": value},
            (_evidence(view),),
            picture.at,
        )


@rule(
    "TP-111",
    "duplicate_name",
    Severity.LOW,
    Basis(10),
    title=N_("{count} devices call themselves {name}"),
    because=N_("they are at {addresses}, and are not one device"),
)
def duplicate_name(picture: Picture) -> Iterator[Conclusion]:
    """
    TP-111: several devices of a plane call themselves the same.

    What: their sysName is one, and what they are known by is not.
    Why: neighbours are told by name; with two of one name nobody knows which one is meant, and a registered one cannot be
        told from a stranger (Article 10).
    Mend: give each its own sysName, the one of the register.
    """
    named: dict[str, list[DeviceView]] = defaultdict(list)
    for view in picture.here:
        if view.system.name:
            named[view.system.name.lower()].append(view)
    for name in sorted(named):
        views = sorted(named[name], key=lambda view: view.key)
        told = [identity.keys(view) for view in views]
        if len(views) < 2 or any(not keys for keys in told):
            continue
        entry = next((picture.expected.device.get((view.plane, view.key)) for view in views), None)
        yield Conclusion(
            "TP-111",
            picture.plane,
            {"device": views[0].key, "name": views[0].system.name},
            entry.organization if entry else "",
            {
                "count": str(len(views)),
                "name": views[0].system.name,
                "addresses": ", ".join(view.address for view in views),
            },
            tuple(map(_evidence, views[:20])),
            picture.at,
        )


def _evidence(view: DeviceView) -> Evidence:
    keys: dict[str, object] = {kind: sorted(values) for kind, values in identity.keys(view).items()}
    return Evidence("snmp", view.key, "ENTITY-MIB, LLDP-MIB, BRIDGE-MIB, SNMP-FRAMEWORK-MIB", keys, view.at)
