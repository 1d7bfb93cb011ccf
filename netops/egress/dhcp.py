"""DHCP answers in flows: who offers leases on a LAN without being registered for it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from netops.core.basis import Basis
from netops.core.finding import Conclusion, Severity, Subject, rule
from netops.core.language import N_
from netops.egress.classify import Space
from netops.egress.flows import mac_text
from netops.egress.fold import Group, groups, text
from netops.egress.judge import PLANES, Facing, Judged, Observer, Port, Scene, Terminal, unnamed
from netops.egress.telling import conclusion, placed, spaces, where

UDP, SERVER_PORT, CLIENT_PORT = 17, 67, 68
"""RFC 2131 §4.1: answers of a server or of its relay go from 67 to 68."""


@rule(
    "EG-401",
    "rogue_dhcp",
    Severity.HIGH,
    Basis(11),
    title=N_("{ip} offers addresses on the LAN {segment} and is no registered DHCP server"),
    because=N_("{flows} DHCP answers of {ip} ({mac}) entered {device} {interface}; registered there: {servers}."),
)
def rogue_dhcp(judged: Judged, scene: Scene) -> Iterator[Conclusion]:
    """
    EG-401: DHCP answers come from an address that is no registered server or relay.

    What: flows from UDP port 67 to port 68 entered a LAN, and their source is neither in the dhcp_servers of a
        prefix of this plane nor an address of a device under management (a relay).
    Why: addresses are allocated by the authority (Article 11); a second server, such as a home router plugged in by
        its LAN side, gives terminals addresses, a gateway and a resolver that nobody allocated.
    Mend: unplug the box at the port named, or register the server in inventory/<plane>/prefixes.toml.
    Refuted: the register of the prefix names the server, or the sender is a relay of a managed device.
    """
    batch = judged.batch
    rows = batch["sport"] == SERVER_PORT
    if not rows.any():
        return
    rows &= (batch["proto"] == UDP) & (batch["dport"] == CLIENT_PORT)
    rows &= _is_lan(judged, scene) & (judged.plane >= 0)
    if not rows.any():
        return
    rows &= spaces(judged, scene, judged.source) != Space.DEVICES
    by_segment = _segments(judged, scene)
    for group in groups(judged, rows, judged.plane, by_segment, batch["src_hi"], batch["src_lo"]):
        plane, ip = PLANES[judged.plane[group.row]], text(judged, "src", group.row)
        place, port = where(judged, scene, group)
        if place is None or (plane, ip) in scene.dhcp_servers:
            continue
        if port is None:
            port = unnamed(int(batch["in_if"][group.row]))
        seen = _server(judged, scene, group, place, port)
        subject: Subject = {"ip": ip} | placed(seen)
        yield conclusion(
            "EG-401",
            judged,
            scene,
            group,
            plane,
            subject,
            place.organization or seen.organization,
            f"dhcp {port.segment or place.device} {ip}",
            {
                "ip": ip,
                "mac": seen.mac,
                "segment": port.segment or place.device,
                "device": place.device,
                "interface": port.name,
                "servers": ", ".join(sorted(address for of, address in scene.dhcp_servers if of is plane)),
            },
        )


def _is_lan(judged: Judged, scene: Scene) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Rows that entered a LAN: also by any port of a switch that nobody walks, for such answers pass no router."""
    places = [scene.observers.get(address) for address in judged.batch.exporters]
    blind = np.array([place is not None and place.is_switch and not place.ports for place in places] or [False])
    found = (judged.facing == Facing.LAN) | ((judged.facing == Facing.UNSEEN) & blind[judged.batch.exporter])
    return np.asarray(found, np.bool_)


def _segments(judged: Judged, scene: Scene) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """A number for the LAN of each row: the same for a switch and for the router of one LAN."""
    names = [scene.observers.get(address) for address in judged.batch.exporters]
    lans = [
        next((port.segment for port in one.ports if port.segment), one.device) if one and one.is_switch else ""
        for one in names
    ]
    known = {lan: number for number, lan in enumerate(dict.fromkeys(lans), 1)}
    numbers = np.array([known[lan] if lan else 0 for lan in lans], np.int64)
    # A router has a LAN a port: its rows are told apart by interface.
    own = (judged.batch.exporter.astype(np.int64) + 1) << 32 | judged.batch["in_if"].astype(np.int64)
    return np.where(numbers[judged.batch.exporter] > 0, numbers[judged.batch.exporter], own)


def _server(judged: Judged, scene: Scene, group: Group, place: Observer, port: Port) -> Terminal:
    """The host that answers: by its MAC address and the switch's port it entered by, or by where it was seen."""
    mac = int(judged.batch["src_mac"][group.row])
    seen = scene.by_mac.get(mac) or Terminal(place.plane, "", mac_text(mac) if mac else "")
    if place.is_switch:
        return Terminal(place.plane, seen.ip, seen.mac, place.device, port.name, seen.organization)
    return seen
