"""The baseline (设备基线): which box stood under a name when it was accepted, and whether it is still the same. Pure."""

from __future__ import annotations

import re
from datetime import datetime

import msgspec

from netops.core.language import N_
from netops.core.plane import Plane
from netops.topology.device import DeviceView, RegisteredDevice

KEPT_MACS = 16
CALLED = {"serial": N_("serial number"), "model": N_("model"), "mac": N_("MAC")}
"""What a box differs in, as people call it."""
PHYSICAL = (6, 62, 69, 117, 161)
"""IANAifType of Ethernet in its generations, and of aggregates."""


class Baseline(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    A box as it was when somebody accepted it, or when it was first seen.

    Args:
        serials: of its chassis, one for each member of a stack; empty when it tells none.
        macs: chassis id, bridge MAC and those of its physical ports, at most 16.
        adopted_by: who accepted it, or "" when it was only the first that was seen.
    """

    plane: Plane
    device: str
    since: datetime
    serials: tuple[str, ...] = ()
    model: str = ""
    macs: tuple[str, ...] = ()
    adopted_by: str = ""


class Change(msgspec.Struct, frozen=True):
    """One thing in which a box differs: "serial", "model" or "mac", as it was and as it is."""

    what: str
    before: str
    now: str


def of(view: DeviceView, at: datetime, adopted_by: str = "") -> Baseline:
    """The baseline that a device gives as it was seen."""
    own = [mac for mac in (view.chassis, view.system.bridge) if mac.count(":") == 5]
    ports = sorted({one.mac for one in view.interfaces if one.mac and one.type in PHYSICAL})
    macs = tuple(dict.fromkeys([*own, *ports]))[:KEPT_MACS]
    return Baseline(view.plane, view.key, at, view.serials, view.model, macs, adopted_by)


def completed(known: Baseline, view: DeviceView) -> Baseline:
    """The same box, with what it tells now and did not tell before."""
    fresh = of(view, known.since)
    return msgspec.structs.replace(
        known,
        serials=known.serials or fresh.serials,
        model=known.model or fresh.model,
        macs=known.macs or fresh.macs,
    )


def changes(known: Baseline, view: DeviceView) -> list[Change]:
    """
    In what the box differs from its baseline; what one of the two does not tell says nothing.

    Serial numbers decide alone. Without them another model does, and MACs of which not one is left: a port card may be
    changed, an agent set up anew.
    """
    was, now = set(known.serials), set(view.serials)
    if was and now:
        if was - now and now - was:
            return [Change("serial", ", ".join(sorted(was - now)), ", ".join(sorted(now - was)))]
        return []
    found = []
    if known.model and view.model and known.model != view.model:
        found.append(Change("model", known.model, view.model))
    macs = view.macs()
    if known.macs and macs and not macs & set(known.macs):
        found.append(Change("mac", known.macs[0], min(macs)))
    return found


def unlike_paper(entry: RegisteredDevice, view: DeviceView) -> list[Change]:
    """In what the box differs from what the register says it is; what either does not say is not compared."""
    found = []
    if entry.serial and view.serials and not set(entry.serial.split()) & set(view.serials):
        found.append(Change("serial", entry.serial, ", ".join(view.serials)))
    if entry.model and view.model and not _is_like(entry.model, view.model):
        found.append(Change("model", entry.model, view.model))
    return found


def _is_like(written: str, told: str) -> bool:
    """Whether a model as people write it ("接入交换机 S5735-L24T") can be what a chassis calls itself."""
    paper, seen = (re.sub(r"[^0-9a-z]", "", text.lower()) for text in (written, told))
    if not paper or not seen or seen in paper or paper in seen:
        return True
    parts = re.findall(r"[0-9a-z]+", written.lower())
    return any(len(part) > 3 and re.search(r"\d", part) and part in seen for part in parts)
