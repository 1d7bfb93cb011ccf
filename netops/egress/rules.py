"""The rules on egress: what unfiled ways out, intranet contacts and stray sources look like in flows."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np

from netops.core.basis import Basis
from netops.core.finding import Conclusion, Rule, Severity, Subject, rule
from netops.core.language import N_
from netops.core.plane import Plane
from netops.egress.attacks import ATTACK_RULES
from netops.egress.bypass import bypass_link
from netops.egress.crossing import planes_joined
from netops.egress.dhcp import rogue_dhcp
from netops.egress.fold import groups, text
from netops.egress.heard import OWN_RULES as LISTENING_RULES
from netops.egress.hidden import hidden_nat
from netops.egress.judge import PLANES, Facing, Judged, Scene, Verdict
from netops.egress.reflection import intranet_line, rogue_exit_host
from netops.egress.telling import (
    about_host,
    about_interface,
    conclusion,
    owner_of,
    peer_text,
    placed,
    spaces,
    where,
)
from netops.egress.tunnels import tunnel
from netops.egress.witness import WITNESS_RULES


@rule(
    "EG-101",
    "rogue_exit_router",
    Severity.HIGH,
    Basis(12),
    title=N_("Unfiled internet exit at {device} {interface}"),
    because=N_(
        "{flows} flows from the internet, such as {peer}, entered {device} by {interface}, which nothing registered explains."
    ),
)
def rogue_exit_router(judged: Judged, scene: Scene) -> Iterator[Conclusion]:
    """
    EG-101: traffic with the internet crosses an interface that nobody filed as an exit.

    What: answers from internet addresses entered a device of the extranet by an interface that is up and is neither
        a registered exit, a registered link, a LAN, nor a neighbour under management.
    Why: departments share the platform's internet exit; a separate one needs its technical and security scheme on
        file with the authority; counties are excepted (Article 12).
    Mend: disconnect the line, or file the scheme and register the exit in inventory/extranet/exits.toml.
    Refuted: the exit's filing in the register, or the interface's own address and neighbour showing that no internet
        line ends there.
    """
    for group in groups(
        judged, judged.verdict == Verdict.UNFILED_EXIT, judged.batch.exporter, judged.batch["in_if"]
    ):
        place, port = where(judged, scene, group)
        if place and port:
            yield about_interface("EG-101", judged, scene, group, place, port)


@rule(
    "EG-102",
    "unfiled_separate_exit",
    Severity.HIGH,
    Basis(12),
    title=N_("Separate exit {exit} is used without a valid filing"),
    because=N_(
        "{flows} flows used the separate exit {exit} at {device}; its filing is {filing}, valid until {until}."
    ),
)
def lapsed_exit(judged: Judged, scene: Scene) -> Iterator[Conclusion]:
    """
    EG-102: a registered separate exit is used although its filing is missing or has lapsed.

    What: flows crossed a separate exit whose entry has no filing number, or whose filing ended before today.
    Why: a separate internet access needs its technical and security scheme on file (Article 12).
    Mend: file or renew the scheme and update the exit's entry, or stop using the exit.
    Refuted: the filing, in force on the days named.
    """
    for group in groups(judged, judged.verdict == Verdict.LAPSED_EXIT, judged.exit):
        one = scene.exits[judged.exit[group.row]]
        subject: Subject = {"device": one.device} | ({"interface": one.interface} if one.interface else {})
        yield conclusion(
            "EG-102",
            judged,
            scene,
            group,
            one.plane,
            subject,
            one.organization,
            f"exit {one.id}",
            {
                "exit": one.id,
                "device": one.device,
                "filing": one.filing or "—",
                "until": one.valid_until or "—",
            },
        )


@rule(
    "EG-201",
    "intranet_exit",
    Severity.CRITICAL,
    Basis(8),
    title=N_("The intranet reaches the internet by {who}"),
    because=N_(
        "{flows} intranet flows with internet addresses, such as {peer}, pass by {who}. The intranet has no way out."
    ),
)
def intranet_exit(judged: Judged, scene: Scene) -> Iterator[Conclusion]:
    """
    EG-201: somebody carries intranet traffic to the internet.

    What: internet addresses answered inside the intranet, or intranet hosts sent internet traffic to another
        terminal's MAC address; the terminal that carries it, or the interface it came in by, is named.
    Why: the intranet must be separated from the internet (Article 8).
    Mend: take the terminal off the network, remove its second link (dongle, hotspot, line), and examine it.
    Refuted: the address named as carrier turns out to be a registered exchange system or security device that ends
        the connection.
    """
    batch, verdict = judged.batch, judged.verdict
    rows = (verdict == Verdict.INTRANET_INTERNET) & (judged.plane == PLANES.index(Plane.INTRANET))
    if not rows.any():
        return
    devices, terminals = scene.macs
    answers = rows & (spaces(judged, scene, judged.source) == 0)
    by_host = np.isin(batch["src_mac"], terminals) | ((judged.facing == Facing.LAN) & (batch["src_mac"] != 0))
    by_host &= ~np.isin(batch["src_mac"], devices)
    culprit = np.where(answers, batch["src_mac"], batch["dst_mac"])
    for group in groups(judged, rows & (~answers | by_host), culprit):
        yield about_host(
            "EG-201",
            judged,
            scene,
            group,
            int(culprit[group.row]),
            peer="src" if answers[group.row] else "dst",
        )
    at_port = answers & ~by_host & (judged.facing == Facing.UNKNOWN)
    for group in groups(judged, at_port, batch.exporter, batch["in_if"]):
        place, port = where(judged, scene, group)
        if place and port:
            yield about_interface("EG-201", judged, scene, group, place, port)


@rule(
    "EG-202",
    "intranet_public_query",
    Severity.HIGH,
    Basis(8),
    title=N_("Intranet host {ip} asks for the internet"),
    because=N_("{flows} flows from {ip} to internet addresses, such as {peer}; no answer was seen."),
)
def intranet_public_query(
    judged: Judged, scene: Scene, answered: frozenset[str] = frozenset()
) -> Iterator[Conclusion]:
    """
    EG-202: an intranet host sends to internet addresses, and nobody answers.

    What: an address of the intranet sent to internet addresses (public DNS, connectivity checks, updates) towards
        its gateway; attempts, not success.
    Why: the intranet is separated from the internet (Article 8); a host that asks for it was configured for, or
        came from, a network that has it.
    Mend: find the program or setting that asks; point DNS, time and updates to the intranet's own servers.
    Refuted: the destinations are addresses that the intranet itself uses, of a prefix that is missing in the
        register.
    """
    sent = (judged.verdict == Verdict.INTRANET_QUERY) & (spaces(judged, scene, judged.source) != 3)
    for group in groups(judged, sent, judged.batch["src_hi"], judged.batch["src_lo"]):
        ip = text(judged, "src", group.row)
        if ip not in answered:
            seen = scene.by_ip.get((Plane.INTRANET, ip))
            yield conclusion(
                "EG-202",
                judged,
                scene,
                group,
                Plane.INTRANET,
                {"ip": ip} | placed(seen),
                owner_of(judged, scene, group, seen),
                f"ip {ip}",
                {"ip": ip, "peer": peer_text(judged, group, "dst")},
            )


@rule(
    "EG-203",
    "cross_plane",
    Severity.CRITICAL,
    Basis(8),
    title=N_("{ip} sends between the two planes"),
    because=N_(
        "{flows} flows from {ip} to {peer} were seen in this plane; one of the two addresses belongs to the other plane."
    ),
)
def cross_plane(judged: Judged, scene: Scene) -> Iterator[Conclusion]:
    """
    EG-203: a terminal of one plane sends with, or to, an address of the other plane.

    What: a flow that entered by a terminal's port has its source or destination in the other plane's space.
    Why: the two planes must be separated from each other (Article 8).
    Mend: find the terminal by its MAC address and port, take it off, and look for the cable or second card.
    Refuted: a registered exchange system translates between the planes there, or the other plane's space is used
        twice by allocation.
    """
    mac = judged.batch["src_mac"]
    rows = (
        (judged.verdict == Verdict.CROSS_PLANE) & (judged.facing == Facing.LAN) & np.isin(mac, scene.macs[1])
    )
    for group in groups(judged, rows, judged.plane, mac):
        seen = scene.by_mac[int(mac[group.row])]
        ip = text(judged, "src", group.row)
        yield conclusion(
            "EG-203",
            judged,
            scene,
            group,
            PLANES[judged.plane[group.row]],
            {"ip": ip} | placed(seen),
            seen.organization,
            f"mac {seen.mac}",
            {"ip": ip, "peer": text(judged, "dst", group.row)},
        )


@rule(
    "EG-301",
    "unallocated_address",
    Severity.MEDIUM,
    Basis(11),
    title=N_("{ip} is used and allocated to nobody"),
    because=N_("{flows} flows came from {ip}, such as one to {peer}; no allocation covers this address."),
)
def unallocated_address(judged: Judged, scene: Scene) -> Iterator[Conclusion]:
    """
    EG-301: a source inside the plane's space belongs to no allocation.

    What: flows entered a LAN from an address of the plane that is allocated to nobody and is no device's.
    Why: addresses are allocated by the authority and kept in a ledger (Article 11).
    Mend: allocate the address to the department, or have the host take one from its pool.
    Refuted: an allocation or filing that holds the address, made before the traffic and missing in the ledger.
    """
    batch = judged.batch
    rows = judged.verdict == Verdict.UNALLOCATED_SOURCE
    for group in groups(judged, rows, judged.plane, batch["src_hi"], batch["src_lo"]):
        plane, ip = PLANES[judged.plane[group.row]], text(judged, "src", group.row)
        seen = scene.by_ip.get((plane, ip)) or scene.by_mac.get(int(batch["src_mac"][group.row]))
        yield conclusion(
            "EG-301",
            judged,
            scene,
            group,
            plane,
            {"ip": ip} | placed(seen),
            owner_of(judged, scene, group, seen),
            f"ip {ip}",
            {"ip": ip, "peer": text(judged, "dst", group.row)},
        )


@rule(
    "EG-302",
    "spoofed_source",
    Severity.MEDIUM,
    Basis(11),
    title=N_("{who} sends with an address that cannot be its own"),
    because=N_("{flows} flows from {peer} entered the LAN at {place} by the card of {who}; such an address cannot be there."),
)
def spoofed_source(judged: Judged, scene: Scene) -> Iterator[Conclusion]:
    """
    EG-302: a terminal sends with a source address that cannot be there.

    What: flows whose source is an internet address, or one that no host may have (loopback, multicast, reserved: RFC 6890),
        entered a LAN by the card of a terminal.
    Why: addresses are allocated by the authority, and a terminal uses its own (Article 11); forged sources hide who sends
        (RFC 2827).
    Mend: look at the terminal: a second line that is passed on, a program that forges, or a wrong setting; filter sources at
        the access switch (IP source guard).
    Refuted: the source belongs to a registered device behind that card (a tunnel's end, a load balancer), or the
        exporter names cards wrongly.
    """
    batch = judged.batch
    rows = judged.verdict == Verdict.SPOOFED_SOURCE
    if not rows.any():
        return
    for group in groups(judged, rows & np.isin(batch["src_mac"], scene.macs[1]), batch["src_mac"]):
        place, _ = where(judged, scene, group)
        told = about_host("EG-302", judged, scene, group, int(batch["src_mac"][group.row]), peer="src")
        yield msgspec.structs.replace(told, facts=told.facts | {"place": place.device if place else ""})


STRAY_RULES: tuple[Rule, ...] = (rogue_dhcp, tunnel, hidden_nat)
"""What no verdict tells: these look at every batch, also when all its verdicts are in order."""

FLOW_RULES: dict[str, Rule] = {
    one.code: one
    for one in (
        rogue_exit_router,
        lapsed_exit,
        intranet_exit,
        intranet_public_query,
        cross_plane,
        planes_joined,
        bypass_link,
        unallocated_address,
        spoofed_source,
        *STRAY_RULES,
    )
}
"""What the flow watch applies to every batch, and releases when it is fed no more."""

PROBE_RULES: dict[str, Rule] = {one.code: one for one in (rogue_exit_host, intranet_line)}
"""What answers to probes and beacons prove."""

RULES: dict[str, Rule] = FLOW_RULES | PROBE_RULES | WITNESS_RULES | LISTENING_RULES | ATTACK_RULES
