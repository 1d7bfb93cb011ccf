"""Drift (账实不符): what is registered and not seen, and seen and not registered."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from netops.core.basis import Basis
from netops.core.evidence import Evidence
from netops.core.finding import Conclusion, Severity, rule
from netops.core.language import N_
from netops.topology import condition
from netops.topology import map as maps
from netops.topology import path as paths
from netops.topology.expected import Picture, pair, shown_end, sources, subject_end
from netops.topology.isolation import is_bypass
from netops.topology.sightings import HOSTS

SHOWN = 12


@rule(
    "TP-001",
    "missing_device",
    Severity.MEDIUM,
    Basis(10),
    title=N_("{device} does not answer"),
    because=N_(
        "it is registered, was asked by SNMP at {address}, and gave no usable answer; not reached behind it: {behind}"
    ),
)
def missing_device(picture: Picture) -> Iterator[Conclusion]:
    """
    TP-001: a registered device does not answer.

    What: the register says that the device is there and how to ask it, and it gave no usable answer in this walk. Devices
        that can be reached only over it, by the links that were last known, are named with it and get no finding of
        their own; one that has a second way does.
    Why: what was declared (Article 10) must be there to be seen; nothing that hangs below it can be judged meanwhile.
    Mend: see whether it has power and a way to it, and whether its credential is still the one in `[snmp.credentials]`;
        if it was taken away, take it out of `inventory/<plane>/devices.toml`.
    """
    for one in picture.unseen:
        entry = picture.expected.device.get((picture.plane, one.device))
        if entry is None or one.plane is not picture.plane or one.device in picture.hidden:
            continue
        why = one.why.format(**one.facts)
        behind = [device for device, parents in picture.hidden.items() if one.device in parents]
        yield Conclusion(
            "TP-001",
            picture.plane,
            {"device": one.device},
            entry.organization,
            {"device": one.device, "address": one.address, "behind": _listed(behind)},
            (Evidence("snmp", one.address, "SNMPv2-MIB sysUpTime.0", _silence(why, behind), one.at),),
            picture.at,
        )


def _listed(names: list[str]) -> str:
    """At most a dozen names, and how many there are."""
    more = f", … ({len(names)})" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _silence(why: str, behind: list[str]) -> dict[str, object]:
    return {"answer": "", "why": why} | ({"behind": behind} if behind else {})


@rule(
    "TP-002",
    "missing_link",
    Severity.LOW,
    Basis(10),
    title=N_("the link {a} – {b} is not seen"),
    because=N_("it is registered{net}; both devices answered and speak LLDP, and neither names the other"),
)
def missing_link(picture: Picture) -> Iterator[Conclusion]:
    """
    TP-002: a registered link that neither end sees.

    What: both devices were walked whole, both speak a neighbour protocol, and no row of either is this link, whose ports
        are not down either (that is TP-107). For the way between a gateway and its switch any path over other devices
        is enough.
    Why: a link that is not there makes the register wrong, and what it carried goes another way (Article 10).
    Mend: see to the cable; or mend `inventory/<plane>/links.toml`.
    """
    lost = [cable for cable, _ in condition.down(picture)]
    for cable, is_written, links in picture.explained:
        if cable in lost:
            continue
        if links or cable.plane is not picture.plane or not {cable.a, cable.b} <= picture.speakers:
            continue
        if not is_written and paths.over_links(picture.links_here, cable.a, cable.b):
            continue
        entry = picture.expected.device.get((picture.plane, cable.a))
        a, b = sorted((cable.a, cable.b))
        subject = {
            "a": {"device": cable.a, "interface": cable.a_interface},
            "b": {"device": cable.b, "interface": cable.b_interface},
        }
        yield Conclusion(
            "TP-002",
            picture.plane,
            subject,
            entry.organization if entry else "",
            {"a": cable.a, "b": cable.b, "net": f" ({cable.net})" if cable.net else ""},
            (Evidence("register", "links.toml", cable.net, msgspec.to_builtins(cable), picture.at),),
            picture.at,
            identity=f"{a}--{b}/{cable.net}/{cable.a_interface}/{cable.b_interface}",
        )


@rule(
    "TP-003",
    "undeclared_link",
    Severity.MEDIUM,
    Basis(9),
    Basis(10),
    title=N_("the link {a} – {b} is not registered"),
    because=N_("{protocols} on {told} tells of it, and no registered link explains it"),
)
def undeclared_link(picture: Picture) -> Iterator[Conclusion]:
    """
    TP-003: a link that the register does not have.

    What: a neighbour protocol or two forwarding tables tell of a link within one organization, or with a device of the
        platform, that is in neither links.toml nor prefixes.toml (gateway and switch).
    Why: whoever changes the connection declares it anew (Article 10); lines are not built on one's own (Article 9).
    Mend: register the link, or unplug it.
    """
    for link in picture.links_here:
        if link.layer != 2 or "fdb" in link.protocols:
            continue
        if picture.is_declared(link) or is_bypass(picture, link):
            continue
        yield Conclusion(
            "TP-003",
            picture.plane,
            {"a": subject_end(link.a), "b": subject_end(link.b)},
            picture.organization(link.a) or picture.organization(link.b),
            {
                "a": shown_end(link.a),
                "b": shown_end(link.b),
                "protocols": sources(link),
                "told": ", ".join(sorted({claim.device for claim in link.claims})),
            },
            picture.proof(link),
            picture.at,
            identity=pair(link),
        )


@rule(
    "TP-005",
    "unknown_neighbour",
    Severity.LOW,
    Basis(10),
    title=N_("{device} {interface} has an unknown neighbour"),
    because=N_("{protocol} names {neighbour}, which is not in the register"),
)
def unknown_neighbour(picture: Picture) -> Iterator[Conclusion]:
    """
    TP-005: a network device that nobody registered.

    What: a neighbour row names a device (not a telephone or a computer) that is neither registered nor walked.
    Why: devices that connect are declared (Article 10); what is not known cannot be watched.
    Mend: find it at the port, register it or take it off.
    """
    for view, neighbor in maps.unknown_neighbors(picture.here, picture.directory):
        if neighbor.remote_capabilities and set(neighbor.remote_capabilities) <= HOSTS:
            continue
        entry = picture.expected.device.get((view.plane, view.key))
        called = (
            neighbor.remote_name or neighbor.remote_chassis or neighbor.remote_address or neighbor.remote_port
        )
        told = {
            "device": view.key,
            "interface": neighbor.local_interface,
            "mac": neighbor.remote_mac,
            "ip": neighbor.remote_address,
        }
        yield Conclusion(
            "TP-005",
            picture.plane,
            {key: value for key, value in told.items() if value},
            entry.organization if entry else "",
            {
                "device": view.key,
                "interface": neighbor.local_interface,
                "protocol": neighbor.protocol.upper(),
                "neighbour": called,
            },
            (Evidence(neighbor.protocol, view.key, "", msgspec.to_builtins(neighbor), view.at),),
            picture.at,
            identity=f"{view.key}/{neighbor.local_interface}/{neighbor.remote_chassis or called}",
        )
