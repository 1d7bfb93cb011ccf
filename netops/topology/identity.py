"""
Who a device is (设备身份): by what is burned into it, never by its name alone. Pure.

Two walks met one device when the strongest thing that both tell agrees: its serial numbers, its LLDP chassis id, its MAC
as a bridge, its SNMP engine, the MACs of its ports. A name may be given twice, an address may be used twice, and a box
may be replaced under its name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from netops.core.plane import Plane
from netops.topology.device import DeviceView
from netops.topology.facing import SHARED_VIRTUAL

Kind = Literal["serial", "chassis", "bridge", "engine", "mac"]
KINDS: tuple[Kind, ...] = ("serial", "chassis", "bridge", "engine", "mac")
"""Strongest first."""
Keys = Mapping[str, frozenset[str]]
ETHERNET = 6
MAX_MACS = 8
"""The lowest ones of its ports: enough to tell two boxes apart."""
ENOUGH = 0.5
"""Share of the MACs of the smaller side that must be the other's too; a few are shared by design or by mistake."""


class Replacement(msgspec.Struct, frozen=True):
    """
    A device that is another one than before, under the same name (换机).

    Args:
        kind: what told it: "serial", "chassis", "bridge", "engine" or "mac".
        before, after: what it said of itself, in order.
    """

    plane: Plane
    device: str
    kind: str
    before: tuple[str, ...]
    after: tuple[str, ...]


def keys(view: DeviceView) -> dict[str, frozenset[str]]:
    """What a device is known by, by kind; a kind that it does not tell is not there."""
    macs = {one.mac for one in view.interfaces if one.type == ETHERNET and one.mac and _is_own(one.mac)}
    found: dict[str, frozenset[str]] = {
        "serial": frozenset(view.serials),
        "chassis": frozenset(
            {view.chassis} if view.chassis.count(":") == 5 and _is_own(view.chassis) else ()
        ),
        "bridge": frozenset(
            {view.system.bridge} if view.system.bridge and _is_own(view.system.bridge) else ()
        ),
        "engine": frozenset({view.system.engine} - {""}),
        "mac": frozenset(sorted(macs)[:MAX_MACS]),
    }
    return {kind: values for kind, values in found.items() if values}


def _is_own(mac: str) -> bool:
    return mac[1] not in "13579bdf" and not mac.startswith(SHARED_VIRTUAL)


def same(a: Keys, b: Keys) -> str:
    """
    "same" or "other" by the strongest kind that both tell, with that kind after a colon; "" when nothing compares.

    One chassis with several virtual devices in it (Cisco VDC) has one serial number, and a MAC for each: serial
    numbers that agree are overruled where the chassis id and the bridge's MAC, as far as told, disagree. Engine ids are
    cloned with the image that holds them, so they are overruled by MACs that disagree.
    """
    for kind in KINDS:
        if kind not in a or kind not in b:
            continue
        is_same = _agree(a, b, kind)
        if is_same and kind in OVERRULED:
            others = [_agree(a, b, one) for one in OVERRULED[kind] if one in a and one in b]
            is_same = not others or any(others)
        return f"{'same' if is_same else 'other'}:{kind}"
    return ""


OVERRULED = {"serial": ("chassis", "bridge"), "engine": ("mac",)}


def _agree(a: Keys, b: Keys, kind: str) -> bool:
    both = len(a[kind] & b[kind])
    return both >= min(len(a[kind]), len(b[kind])) * ENOUGH if kind == "mac" else both > 0


def is_same(a: Keys, b: Keys) -> bool:
    """Whether they are known to be one device."""
    return same(a, b).startswith("same")


def replaced(plane: Plane, device: str, before: Keys, after: Keys) -> Replacement | None:
    """What changed when a device under one name turned out to be another one; None when it is the same, or unknown."""
    verdict, _, kind = same(before, after).partition(":")
    if verdict != "other":
        return None
    return Replacement(plane, device, kind, tuple(sorted(before[kind])), tuple(sorted(after[kind])))


def fold(views: Sequence[DeviceView]) -> list[DeviceView]:
    """
    Each device once: of several views of one device in one plane, the one that answered, is registered, comes first.

    The names and addresses of the others are its aliases. What stands in both planes stays apart: that it is one device
    is a finding there, not a fold.
    """
    told = [keys(view) for view in views]
    by_key: dict[tuple[Plane, str, str], list[int]] = defaultdict(list)
    for number, (view, held) in enumerate(zip(views, told, strict=True)):
        for kind, values in held.items():
            for value in values:
                by_key[view.plane, kind, value].append(number)
    root = list(range(len(views)))

    def top(number: int) -> int:
        while root[number] != number:
            number = root[number]
        return number

    for numbers in by_key.values():
        for other in numbers[1:]:
            if top(other) != top(numbers[0]) and is_same(told[numbers[0]], told[other]):
                root[top(other)] = top(numbers[0])
    groups: dict[int, list[DeviceView]] = defaultdict(list)
    for number, view in enumerate(views):
        groups[top(number)].append(view)
    return [_one(group) for group in groups.values()]


def _one(group: Sequence[DeviceView]) -> DeviceView:
    if len(group) == 1:
        return group[0]
    best = min(group, key=lambda view: (view.stale, not view.registered, view.key))
    names = {name for view in group for name in (view.key, view.address)} - {best.key, best.address}
    return msgspec.structs.replace(best, aliases=tuple(sorted(names)))
