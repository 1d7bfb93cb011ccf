"""How a rule of egress tells what it found: subject, owner, place and peer of one group of flows."""

from __future__ import annotations

import numpy as np

from netops.core.finding import Conclusion, Subject
from netops.core.plane import Plane
from netops.egress.flows import Column, mac_text
from netops.egress.fold import Group, moment, proof, text
from netops.egress.judge import PLANES, Facing, Judged, Observer, Port, Scene, Terminal


def conclusion(
    code: str,
    judged: Judged,
    scene: Scene,
    group: Group,
    plane: Plane,
    subject: Subject,
    organization: str,
    identity: str,
    facts: dict[str, str],
) -> Conclusion:
    """The conclusion about one group: count, window and samples out of its flows."""
    return Conclusion(
        code,
        plane,
        subject,
        organization,
        {"flows": str(len(group.rows)), **facts},
        (proof(judged, scene, group),),
        moment(judged, group),
        len(group.rows),
        identity,
    )


def about_interface(
    code: str, judged: Judged, scene: Scene, group: Group, place: Observer, port: Port
) -> Conclusion:
    """About the interface of a device by which the flows entered."""
    subject: Subject = {"device": place.device, "interface": port.name} | (
        {"ip": port.address} if port.address else {}
    )
    who = f"{place.device} {port.name}"
    return conclusion(
        code,
        judged,
        scene,
        group,
        place.plane,
        subject,
        place.organization,
        f"interface {place.device}/{port.name}",
        {"device": place.device, "interface": port.name, "who": who, "peer": peer_text(judged, group, "src")},
    )


def about_host(code: str, judged: Judged, scene: Scene, group: Group, mac: int, peer: str) -> Conclusion:
    """About the host with this MAC address; *peer* is the end of the flow that it talked with."""
    place, port = where(judged, scene, group)
    plane = PLANES[judged.plane[group.row]]
    seen = scene.by_mac.get(mac) or Terminal(plane, "", mac_text(mac))
    if not seen.switch and peer == "src" and place and port and place.is_switch and port.facing is Facing.LAN:
        seen = Terminal(plane, seen.ip, seen.mac, place.device, port.name, seen.organization)
    subject: Subject = ({"ip": seen.ip} if seen.ip else {}) | placed(seen)
    return conclusion(
        code,
        judged,
        scene,
        group,
        plane,
        subject,
        seen.organization or (place.organization if place else ""),
        f"mac {seen.mac}",
        {"who": seen.ip or seen.mac, "peer": peer_text(judged, group, peer)},
    )


def placed(seen: Terminal | None) -> Subject:
    """MAC, switch and port, as far as they are known."""
    pairs = (("mac", seen.mac), ("switch", seen.switch), ("port", seen.port)) if seen else ()
    return {name: value for name, value in pairs if value}


def where(judged: Judged, scene: Scene, group: Group) -> tuple[Observer | None, Port | None]:
    """The exporter and the interface that the newest flow entered."""
    address = judged.batch.exporters[judged.batch.exporter[group.row]]
    return scene.observers.get(address), scene.port.get((address, int(judged.batch["in_if"][group.row])))


def peer_text(judged: Judged, group: Group, end: str) -> str:
    """"address:port" of one end of the newest flow; the address alone where there is no port."""
    port = int(judged.batch["sport" if end == "src" else "dport"][group.row])
    return f"{text(judged, end, group.row)}:{port}" if port else text(judged, end, group.row)


def owner_of(judged: Judged, scene: Scene, group: Group, seen: Terminal | None) -> str:
    """The organization of the source: of its prefix, or of the terminal."""
    table = scene.tables[PLANES[judged.plane[group.row]]]
    return table.owners[int(judged.source[group.row])].organization or (seen.organization if seen else "")


def spaces(judged: Judged, scene: Scene, rows: Column) -> Column:
    """Spaces of owner rows, by each row's own plane; -1 where there is none."""
    result = np.full(len(rows), -1, np.int8)
    for number, plane in enumerate(PLANES):
        if plane in scene.tables:
            mine = judged.plane == number
            result[mine] = scene.tables[plane].spaces[rows[mine]]
    return result
