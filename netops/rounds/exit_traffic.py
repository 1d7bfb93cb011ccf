"""Traffic of each internet exit over time (出口流量): unfiled ones first, then the shared, the filed and the counties'."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta

import msgspec

from netops.core.clock import CITY_ZONE
from netops.core.language import N_
from netops.core.plane import Plane
from netops.desk import Desk
from netops.egress import hits
from netops.egress.exit import ExitKind, RegisteredExit
from netops.egress.judge import Verdict

UNFILED = "unfiled"
WINDOWS = {
    "hour": (timedelta(hours=1), timedelta(minutes=1)),
    "day": (timedelta(days=1), timedelta(minutes=15)),
    "week": (timedelta(days=7), timedelta(hours=2)),
    "month": (timedelta(days=30), timedelta(hours=6)),
}
"""How far back, and one step of time: counters are kept by the minute for a week, then by the hour."""
KINDS = {
    UNFILED: N_("unfiled"), ExitKind.SHARED: N_("shared"), ExitKind.SEPARATE: N_("separate"), ExitKind.COUNTY: N_("county"),
}  # fmt: skip
"""In the order in which they are shown."""


class Amount(msgspec.Struct, frozen=True):
    """What passed: flows, packets and bytes of both directions; *estimated* of the flows are estimates of sampled ones."""

    flows: int = 0
    packets: int = 0
    bytes: int = 0
    estimated: int = 0

    def __add__(self, other: Amount) -> Amount:
        return Amount(
            self.flows + other.flows, self.packets + other.packets, self.bytes + other.bytes, self.estimated + other.estimated
        )


class Way(msgspec.Struct, frozen=True):
    """
    A way to the internet and what passed there.

    Args:
        exit: id in the register; "" for what is not told apart.
        kind: a key of KINDS: "unfiled" also for a separate exit whose filing is missing or has lapsed.
        interface: ifName; of an unfiled way the one that traffic from the internet entered by, and only that is counted.
        steps: bytes in each step of time.
    """

    plane: Plane
    exit: str
    kind: str
    organization: str
    device: str
    interface: str
    total: Amount
    steps: tuple[int, ...]

    @property
    def name(self) -> str:
        """The exit, or the interface that nobody filed as one; "" for what is not told apart."""
        return self.exit or (f"{self.device}:{self.interface}" if self.device else "")


class Traffic(msgspec.Struct, frozen=True):
    """
    The ways between two times.

    Args:
        times: when each step of time begins.
    """

    since: datetime
    until: datetime
    step_seconds: int
    times: tuple[datetime, ...]
    ways: tuple[Way, ...]


def traffic(desk: Desk, window: str, planes: Collection[Plane], organization: str = "") -> Traffic:
    """
    What passed at each exit within a window up to now. Registered exits without traffic are there too.

    Args:
        window: a key of WINDOWS.
        organization: whose traffic alone is told, and whose exits by name: others' only by their kind.
    """
    until = desk.clock()
    length, step = WINDOWS[window]
    since = until - length
    count = length // step
    only = {"plane": sorted(planes)} | ({"organization": [organization]} if organization else {})
    steps: dict[Place, list[int]] = defaultdict(lambda: [0] * count)
    totals: dict[Place, Amount] = defaultdict(Amount)
    registered = {(one.plane, one.id): one for one in desk.register.exits if one.plane in planes}
    places = _Places(desk, registered, organization)
    by = ("plane", "exporter", "exit_kind", "exit", "verdict")
    for one in hits.sums(desk.store, by, since, until, step=step, only=only):
        plane, exporter, kind, name, verdict = one.keys
        if kind == "none" and verdict != Verdict.UNFILED_EXIT.label:
            continue
        key = places.of(Plane(plane), exporter, kind, name)
        steps[key][one.step] += one.bytes
        totals[key] += Amount(one.flows, one.packets, one.bytes, one.estimated)
    for (plane, name), entry in registered.items():
        if organization in ("", entry.organization):
            totals[places.of(plane, "", entry.kind, name)] += Amount()
    ways = (Way(*place, total, tuple(steps[place])) for place, total in totals.items())
    order = list(KINDS)
    return Traffic(
        since, until, int(step.total_seconds()), tuple(since + step * place for place in range(count)),
        tuple(sorted(ways, key=lambda way: (order.index(way.kind), -way.total.bytes, way.name))),
    )  # fmt: skip


Place = tuple[Plane, str, str, str, str, str]
"""What a way is called: plane, exit, kind, organization, device, interface."""


class _Places:
    """What ways are called, as far as an organization may know."""

    def __init__(self, desk: Desk, registered: dict[tuple[Plane, str], RegisteredExit], organization: str) -> None:
        self._registered, self._organization = registered, organization
        self._device = desk.register.device
        self._today = desk.clock().astimezone(CITY_ZONE).date().isoformat()
        self._alone: dict[tuple[str, str], list[RegisteredExit]] = defaultdict(list)
        for one in registered.values():
            if device := self._device.get(one.device):
                self._alone[device.address, one.kind].append(one)

    def of(self, plane: Plane, exporter: str, kind: str, name: str) -> Place:
        """The way that counters with this exporter, kind and name of an exit belong to."""
        entry = self._registered.get((plane, name))
        if entry is None and not name and len(alone := self._alone[exporter, kind]) == 1:
            [entry] = alone  # counted before exits were told apart, and there is only this one of its kind
        if entry is not None:
            kind = UNFILED if is_unfiled(entry, self._today) else entry.kind
            whose, device, interface, name = entry.organization, entry.device, entry.interface or entry.net, entry.id
        elif kind == "none":
            device, _colon, interface = name.partition(":")
            place = self._device.get(device)
            kind, name, whose = UNFILED, "", place.organization if place else ""
        else:
            whose = device = interface = ""
        if self._organization not in ("", whose):
            name = whose = device = interface = ""
        return plane, name, kind, whose, device, interface


def is_unfiled(one: RegisteredExit, today: str) -> bool:
    """Whether it is a separate exit without a filing in force on this day, "2026-03-01" (Article 12)."""
    return one.kind is ExitKind.SEPARATE and (not one.filing or (bool(one.valid_until) and one.valid_until < today))
