"""Devices as they were last seen, each with what the register says of it: the record of lists."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from netops.core.language import _
from netops.core.plane import Plane
from netops.desk import Desk
from netops.topology import snapshots
from netops.topology.device import DeviceView


class DeviceRecord(msgspec.Struct, frozen=True):
    """
    One device.

    Args:
        name: what the store knows it by; *sys_name*: what it calls itself.
        at: when it was last walked with success; *stale*: it has not answered since; *partial*: something was not read.
        why: why it was read in part, in the language in use, or "".
        role, organization: as the register says, or "".
        interfaces to neighbors: how many of each it has.
    """

    plane: Plane
    name: str
    sys_name: str
    address: str
    at: datetime
    stale: bool
    partial: bool
    why: str
    registered: bool
    organization: str
    role: str
    aliases: tuple[str, ...]
    model: str
    serials: tuple[str, ...]
    software: str
    descr: str
    object_id: str
    location: str
    uptime_seconds: float
    interfaces: int
    addresses: int
    routes: int
    arp: int
    fdb: int
    vlans: int
    neighbors: int


def records(desk: Desk, views: Iterable[DeviceView]) -> list[DeviceRecord]:
    """The records of devices, in their order."""
    entries = {(entry.plane, entry.name): entry for entry in desk.register.devices}
    doubts = {key: _(note.text).format(**note.facts) for key, note in snapshots.doubts(desk.store).items()}
    found = []
    for view in views:
        entry = entries.get((view.plane, view.key))
        counts = (len(getattr(view, name)) for name in DeviceRecord.__struct_fields__[-7:])
        found.append(DeviceRecord(
            view.plane, view.key, view.system.name, view.address, view.at, view.stale, view.partial,
            doubts.get((view.plane, view.key), ""), entry is not None, entry.organization if entry else "",
            str(entry.role) if entry else "", view.aliases, view.model, view.serials, view.software, view.system.descr,
            view.system.object_id, view.system.location, view.system.uptime_seconds, *counts,
        ))  # fmt: skip
    return found
