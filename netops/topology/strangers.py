"""Strangers (陌生设备): boxes, devices and routing neighbours that are not the registered ones."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from netops.core.basis import Basis
from netops.core.evidence import Evidence
from netops.core.finding import Conclusion, Severity, rule
from netops.core.language import N_
from netops.topology import baseline
from netops.topology.device import Adjacency
from netops.topology.expected import MIB_TABLES, Picture, network, within


@rule(
    "TP-105",
    "changed_device",
    Severity.MEDIUM,
    Basis(10),
    title=N_("{device} is another box than the one that is known"),
    because=N_("{kind}: {before} became {now}"),
)
def changed_device(picture: Picture) -> Iterator[Conclusion]:
    """
    TP-105: another box answers under a registered name.

    What: the serial number or the model is not the registered one (`serial`, `model` in devices.toml); or, where the
        register has no serial number, not that of the box that was accepted under this name; or, where no box tells a
        serial number, none of its MACs is left.
    Why: equipment is declared as it is (Article 10); a box that was swapped may carry what nobody looked at.
    Mend: find out who swapped it and why; when it was meant, write its serial number into
        `inventory/<plane>/devices.toml`, or `netops topology adopt DEVICE`.
    """
    for view in picture.here:
        entry = picture.expected.device.get((view.plane, view.key))
        if entry is None:
            continue
        known = picture.baselines.get((view.plane, view.key))
        found = baseline.unlike_paper(entry, view)
        if known is not None and not (entry.serial and view.serials) and not found:
            found = baseline.changes(known, view)
        if not found:
            continue
        first = found[0]
        body = {
            "changes": msgspec.to_builtins(found),
            "known": msgspec.to_builtins(known) if known else {},
            "seen": msgspec.to_builtins(baseline.of(view, view.at)),
        }
        yield Conclusion(
            "TP-105",
            picture.plane,
            {"device": view.key},
            entry.organization,
            {
                "device": view.key,
                "kind": baseline.CALLED[first.what],
                "before": first.before,
                "now": first.now,
            },
            (Evidence("snmp", view.key, "ENTITY-MIB entPhysicalTable, IF-MIB ifPhysAddress", body, view.at),),
            picture.at,
        )


@rule(
    "TP-108",
    "unknown_device",
    Severity.LOW,
    Basis(10),
    title=N_("{device} was walked and is not registered"),
    because=N_("it answers by SNMP at {address} and calls itself {name}"),
)
def unknown_device(picture: Picture) -> Iterator[Conclusion]:
    """
    TP-108: a device that answers by SNMP, and that nobody registered.

    What: it was walked by its address and answered the last time, and `devices.toml` of its plane has neither its name
        nor its address.
    Why: devices that connect are declared (Article 10); what is not registered is not walked again, and not watched.
    Mend: register it in `inventory/<plane>/devices.toml`, or take it off the network.
    """
    entries = [entry for entry in picture.expected.devices if entry.plane is picture.plane]
    addresses = {entry.address for entry in entries}
    for view in picture.views if entries else ():
        held = {view.address, *(one.address for one in view.addresses)}
        if view.plane is not picture.plane or view.stale or view.device in {entry.name for entry in entries}:
            continue
        if (view.plane, view.key) in picture.expected.device or held & addresses:
            continue
        yield Conclusion(
            "TP-108",
            picture.plane,
            {"device": view.key, "ip": view.address},
            "",
            {"device": view.key, "address": view.address, "name": view.system.name},
            (Evidence("snmp", view.address, "SNMPv2-MIB system", msgspec.to_builtins(view.system), view.at),),
            picture.at,
            identity=view.key,
        )


@rule(
    "TP-109",
    "unknown_router",
    Severity.MEDIUM,
    Basis(9),
    Basis(10),
    title=N_("{device} exchanges routes with {neighbour}, which nobody registered"),
    because=N_(
        "its {protocol} neighbour on {interface} is up; no device and no registered link has that address"
    ),
)
def unknown_router(picture: Picture) -> Iterator[Conclusion]:
    """
    TP-109: a routing neighbour that nobody knows.

    What: an OSPF, IS-IS or BGP neighbour is up; no device that was walked or registered has its address, router id or
        system id, and no prefix of links.toml or exits.toml explains it.
    Why: who exchanges routes decides where traffic goes; lines are not built on one's own (Article 9), and devices that
        connect are declared (Article 10).
    Mend: find the other end, register the device and the link, or end the neighbourhood.
    """
    known = _Known(picture)
    for view in picture.here:
        entry = picture.expected.device.get((view.plane, view.key))
        for one in view.adjacencies:
            if not one.is_up or known.has(one):
                continue
            called = one.remote_address or one.remote_id or one.remote_mac
            subject = {"device": view.key, "interface": one.interface, "ip": one.remote_address}
            table = MIB_TABLES.get(one.protocol, "")
            yield Conclusion(
                "TP-109",
                picture.plane,
                {key: value for key, value in subject.items() if value},
                entry.organization if entry else "",
                {
                    "device": view.key,
                    "interface": one.interface,
                    "neighbour": called,
                    "protocol": one.protocol.upper(),
                },
                (Evidence(one.protocol, view.key, table, msgspec.to_builtins(one), view.at),),
                picture.at,
                identity=f"{view.key}/{one.protocol}/{called}",
            )


class _Known:
    """Addresses, router ids and system ids of everybody known, and the prefixes that explain others."""

    def __init__(self, picture: Picture) -> None:
        expected, plane = picture.expected, picture.plane
        self._addresses = {held.address for view in picture.views for held in view.addresses}
        self._addresses |= {entry.address for entry in expected.devices}
        self._ids = {
            name for view in picture.views for name in (view.system.router_id, view.system.isis) if name
        }
        texts = [link.net for link in expected.links if link.plane is plane]
        texts += [one.net for one in expected.exits if one.plane is plane]
        self._nets = [net for text in texts if (net := network(text)) is not None]

    def has(self, one: Adjacency) -> bool:
        """Whether somebody known, or a registered prefix, explains a neighbour. BGP's remote id is an AS number."""
        is_named = one.protocol != "bgp" and (one.remote_id in self._ids or one.remote_id in self._addresses)
        return is_named or one.remote_address in self._addresses or within(one.remote_address, self._nets)
