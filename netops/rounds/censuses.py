"""The census of a plane out of what the walks, the other sources, the ledger and the filings say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from netops.addresses.mention import Mention, is_virtual
from netops.addresses.prefix import PrefixRole
from netops.addresses.reconcile import Scene, Seen, place
from netops.addresses.span import Span, number
from netops.declarations import filings
from netops.declarations.census import Census, Owner, SeenDevice, Terminal
from netops.declarations.declaration import Declaration
from netops.declarations.renewal import renewal
from netops.desk import Desk
from netops.rounds.address_lines import today
from netops.topology import snapshots
from netops.topology.device import DeviceView, Role

UNKNOWN_COUNTS = timedelta(hours=1)
"""A terminal whose switch fell silent counts as present for so long."""
KINDS = {
    Role.FIREWALL: "防火墙", Role.CORE: "路由器", Role.AGGREGATION: "路由器", Role.EDGE: "路由器", Role.COUNTY: "路由器",
    Role.SWITCH: "交换机",
}  # fmt: skip
FORWARDING = frozenset({"bridge", "router"})


def of(desk: Desk, scene: Scene) -> Census:
    """What the plane declares, beside the terminals by the organization of their segment and the devices that were walked."""
    declared = tuple(filings.listed(desk.store, plane=scene.plane))
    views = snapshots.latest(desk.store, scene.plane)
    settings = desk.config.declarations
    counting = _Counting(
        scene, views, timedelta(days=settings.window_days), timedelta(hours=settings.settled_hours)
    )
    terminals = tuple(counting.terminals())
    addresses = _declared_addresses(declared)
    renewals = (renewal(one, today(desk), settings.renew_days, settings.remind_days) for one in declared)
    return Census(
        plane=scene.plane, at=scene.at, declarations=declared, terminals=terminals, excluded=len(counting.excluded),
        window_days=settings.window_days, devices=tuple(_devices(desk, scene, views)),
        unanswering=frozenset(_unanswering(desk, scene, views)), vacant=frozenset(_vacant(scene, addresses, counting.since)),
        owners=dict(_owners(desk, scene, addresses)), renewals=tuple(one for one in renewals if one is not None),
        platform=frozenset(one.code for one in desk.register.organizations if one.platform),
    )  # fmt: skip


def numbers(desk: Desk, scene: Scene) -> dict[str, int]:
    """How many terminals each organization has, as the census counts them; the scene needs no allocations for that."""
    settings, views = desk.config.declarations, snapshots.latest(desk.store, scene.plane)
    counting = _Counting(scene, views, timedelta(days=settings.window_days), timedelta(hours=settings.settled_hours))
    return dict(Counter(one.organization for one in counting.terminals()))


class _Counting:
    """The terminals of a plane: who is there, and who was there lately for long enough."""

    def __init__(self, scene: Scene, views: list[DeviceView], window: timedelta, settled: timedelta) -> None:
        self.scene, self.settled = scene, settled
        self.since = scene.at - window
        self.excluded: set[str] = set()
        self._forwarding = {
            mac
            for view in views
            for one in view.neighbors
            if FORWARDING & set(one.remote_capabilities)
            for mac in (one.remote_chassis, one.remote_mac)
            if mac
        }

    def terminals(self) -> Iterator[Terminal]:
        """Each card once for each organization in whose segment it is, or was and is nowhere else now."""
        ips: dict[tuple[str, str], set[str]] = {}
        places: dict[tuple[str, str], str] = {}
        here: set[tuple[str, str]] = set()
        for one in (*self.scene.sightings, *self.scene.located):
            is_here = self.scene.is_alive(one) or self.scene.is_unknown(one, UNKNOWN_COUNTS)
            if not is_here and not self._was_lately(one):
                continue
            organization = self._organization(one)
            if organization is None:
                continue
            key = (organization, one.mac)
            ips.setdefault(key, set()).add(one.ip)
            if is_here or key not in places:
                places[key] = place(one)
            if is_here:
                here.add(key)
        present = {mac for _, mac in here}
        for (organization, mac), found in sorted(ips.items()):
            is_here = (organization, mac) in here
            if is_here or mac not in present:
                yield Terminal(organization, mac, tuple(sorted(found)), places[organization, mac], is_here)

    def _was_lately(self, one: Seen) -> bool:
        if isinstance(one, Mention) or one.alive_at is None or one.alive_at < self.since:
            return False
        return one.alive_at - one.first_seen >= self.settled

    def _organization(self, one: Seen) -> str | None:
        """Whose terminal it is; None for what is none."""
        if (
            not one.ip
            or not one.mac
            or is_virtual(one.mac)
            or (one.device, one.interface) in self.scene.exits
        ):
            return None
        address = number(one.ip)
        segment = self.scene.segments.of(address)
        if segment is None or segment.role is not PrefixRole.POOL:
            return None
        if address in self.scene.own or one.mac in self.scene.devices or one.mac in self._forwarding:
            self.excluded.add(one.mac)
            return None
        return segment.organization


# ---- devices
def _devices(desk: Desk, scene: Scene, views: list[DeviceView]) -> Iterator[SeenDevice]:
    registered = {entry.name: entry for entry in desk.register.of(scene.plane).devices}
    for view in views:
        entry = registered.get(view.key)
        own = [held.address for held in view.addresses if not held.address.startswith(("fe80:", "127."))]
        first = entry.address if entry else view.address
        yield SeenDevice(
            view.key, entry.organization if entry else _segment_owner(scene, first), tuple(dict.fromkeys((first, *own))),
            view.model,
            KINDS.get(entry.role, "") if entry else "", view.at,
        )  # fmt: skip


def _segment_owner(scene: Scene, address: str) -> str:
    value = _number(address)
    segment = scene.segments.of(value) if value else None
    return segment.organization if segment is not None and segment.role is PrefixRole.POOL else ""


def _unanswering(desk: Desk, scene: Scene, views: list[DeviceView]) -> Iterator[str]:
    """Names and addresses of registered devices that are not walked, or did not answer."""
    walked = {view.key for view in views}
    for entry in desk.register.of(scene.plane).devices:
        if entry.name not in walked or entry.name in scene.silent:
            yield from (entry.name, entry.address)


# ---- addresses
def _declared_addresses(declared: tuple[Declaration, ...]) -> dict[str, list[str]]:
    """By declared management address, who declares it."""
    found: dict[str, list[str]] = {}
    for one in declared:
        for piece in one.equipment if one.stands else ():
            if piece.address and _number(piece.address):
                found.setdefault(piece.address, []).append(one.organization)
    return found


def _vacant(scene: Scene, addresses: dict[str, list[str]], since: datetime) -> Iterator[str]:
    used = {number(one.ip) for one in scene.sightings if one.ip and (one.alive_at or one.first_seen) >= since}
    used |= {number(one.ip) for one in scene.mentions if one.last_seen >= since}
    for text in addresses:
        address = _number(text)
        if address not in used and address not in scene.own and scene.covered(Span(address, address)):
            yield text


def _owners(desk: Desk, scene: Scene, addresses: dict[str, list[str]]) -> Iterator[tuple[str, Owner]]:
    """Whose a declared management address is, where that is another department than the one that declares it."""
    register = desk.register.of(scene.plane)
    platform = {entry.code for entry in register.organizations if entry.platform}
    devices = {entry.address: entry.organization for entry in register.devices}
    for text, organizations in addresses.items():
        address = _number(text)
        segment, held = scene.segments.of(address), scene.held.of(address)
        if devices.get(text) in organizations:
            continue
        if held is not None and held.organization not in platform:
            yield text, Owner(held.organization, allocation=held.id)
        elif (
            held is None
            and segment is not None
            and segment.role is PrefixRole.POOL
            and segment.organization not in platform
        ):
            yield text, Owner(segment.organization, prefix=segment.prefix)


def _number(text: str) -> int:
    """An address as its number; 0, which nobody has, for what is none."""
    try:
        return number(text)
    except ValueError:
        return 0
