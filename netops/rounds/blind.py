"""Blind spots (盲区): what each sense sees of every segment of every organization, and which breaches nobody would see there."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from netops.addresses.prefix import PrefixRole, RegisteredPrefix
from netops.core import journal
from netops.core.language import N_
from netops.core.plane import Plane
from netops.desk import Desk
from netops.egress import hits
from netops.rounds import coverage
from netops.rounds.archive import folder_of
from netops.topology import snapshots

PROBED = timedelta(days=7)
"""A run of probes speaks for so long."""
SENSES = {
    "arp": N_("gateway"),
    "fdb": N_("switch"),
    "flow": N_("flows out"),
    "flow_inside": N_("flows within"),
    "probe": N_("probe"),
    "beacon": N_("beacon"),
    "mirror": N_("mirror port"),
    "mirror_exit": N_("mirror at an exit"),
    "log": N_("resolver's log"),
}
"""What can see a segment, in the order in which they are shown."""
KEPT = "kept"
"""Flows are kept: what comes to nothing, or drowns somebody, is looked for in those of the last minutes."""
FINDS: dict[str, tuple[set[str], ...]] = {
    "rogue_exit_host": ({"probe", "arp"}, {"beacon"}),
    "rogue_exit_router": ({"arp"}, {"flow"}),
    "bypass_link": ({"arp"}, {"flow"}),
    "intranet_exit": ({"flow_inside"}, {"probe", "arp"}, {"beacon"}, {"mirror"}),
    "cross_plane": ({"fdb"}, {"flow"}),
    "unallocated_address": ({"arp"}, {"flow"}),
    "address_conflict": ({"arp"}, {"mirror"}),
    "over_declared": ({"arp"},),
    "rogue_dhcp": ({"flow_inside"}, {"mirror"}),
    "rogue_router": ({"mirror"},),
    "hidden_nat": ({"flow", "arp"}, {"flow_inside", "arp"}, {"mirror"}),
    "intranet_public_query": ({"flow"}, {"flow_inside"}, {"mirror"}, {"log"}),
    "tunnel": ({"flow"}, {"mirror"}, {"mirror_exit"}),
    "remote_control": ({"mirror"}, {"mirror_exit"}, {"log"}),
    "file_sharing": ({"mirror"}, {"mirror_exit"}, {"log"}),
    "encrypted_dns": ({"mirror"}, {"mirror_exit"}),
    "network_scan": ({"flow", KEPT}, {"flow_inside", KEPT}),
    "traffic_flood": ({"flow", KEPT}, {"flow_inside", KEPT}),
}
"""
Kinds of findings to the senses that find them in a segment: each set suffices, and all of it is needed (a probe asks whom a walk
has seen; flows tell a home router by the card that a walk has seen). Measured: docs/guide/senses.md.
"""
KINDS = {
    "rogue_exit_host": N_("a terminal's own line"),
    "rogue_exit_router": N_("an unfiled exit"),
    "bypass_link": N_("a private backbone"),
    "intranet_exit": N_("an intranet exit"),
    "cross_plane": N_("a link between the planes"),
    "unallocated_address": N_("an unallocated address"),
    "address_conflict": N_("an address conflict"),
    "over_declared": N_("terminals beyond the declaration"),
    "rogue_dhcp": N_("a DHCP server of its own"),
    "hidden_nat": N_("a hidden network"),
    "intranet_public_query": N_("intranet hosts that ask the internet"),
    "tunnel": N_("a tunnel"),
    "remote_control": N_("remote control"),
    "file_sharing": N_("file sharing"),
    "encrypted_dns": N_("encrypted DNS"),
    "rogue_router": N_("a router that advertises itself"),
    "network_scan": N_("a scan"),
    "traffic_flood": N_("a flood"),
    "unfiled_separate_exit": N_("an exit whose filing lapsed"),
    "shared_port": N_("several terminals on one port"),
    "moved_terminal": N_("a moved terminal"),
}
"""Kinds of findings as people call them."""
ONLY = {
    "intranet_exit": Plane.INTRANET,
    "intranet_public_query": Plane.INTRANET,
    "rogue_exit_host": Plane.EXTRANET,
    "rogue_exit_router": Plane.EXTRANET,
    "tunnel": Plane.EXTRANET,
    "remote_control": Plane.EXTRANET,
    "file_sharing": Plane.EXTRANET,
    "encrypted_dns": Plane.EXTRANET,
}


class Segment(msgspec.Struct, frozen=True):
    """
    One segment and who watches it.

    Args:
        senses: those that see it now.
        missing: the others, each with why, as a message id with places for *facts*.
        blind_to: kinds of findings that nobody would see there.
    """

    organization: str
    plane: Plane
    prefix: str
    gateway: str
    switch: str
    senses: tuple[str, ...]
    missing: dict[str, str]
    blind_to: tuple[str, ...]


def segments(desk: Desk, organization: str = "") -> list[Segment]:
    """Every registered segment of the planes served, those of *organization* only when it is given."""
    at = desk.clock()
    walked = {
        (plane, name)
        for plane in desk.planes
        for name in snapshots.answering(desk.store, plane, at - coverage.max_age(desk))
    }
    heard = {
        row.device: row.last_seen
        for row in hits.exporters(desk.store)
        if at - row.last_seen < timedelta(seconds=desk.config.flows.silent_seconds)
    }
    probed = _probed(desk, at)
    listened = _listened(desk, at)
    found = [
        _segment(desk, plane, one, walked, heard, probed, listened)
        for plane in desk.planes
        for one in desk.register.of(plane).prefixes
        if one.role is PrefixRole.POOL and (not organization or one.organization == organization)
    ]
    return sorted(found, key=lambda one: (one.organization, one.plane, one.prefix))


def _segment(
    desk: Desk,
    plane: Plane,
    one: RegisteredPrefix,
    walked: set[tuple[Plane, str]],
    heard: dict[str, datetime],
    probed: dict[Plane, dict[str, str]],
    listened: set[str],
) -> Segment:
    register = desk.register
    missing: dict[str, str] = {}
    for sense, name in (("arp", one.gateway), ("fdb", one.switch)):
        device = register.device.get(name)
        if not name:
            missing[sense] = N_("none is registered for this segment")
        elif device is None or not device.snmp:
            missing[sense] = N_("nobody asks it by SNMP")
        elif (plane, name) not in walked:
            missing[sense] = N_("it did not answer of late")
    for sense, name in (("flow", one.gateway), ("flow_inside", one.switch)):
        device = register.device.get(name)
        if not name:
            missing[sense] = N_("none is registered for this segment")
        elif device is None or not device.exporter:
            missing[sense] = N_("it is no exporter of flows")
        elif name not in heard:
            missing[sense] = N_("it sent no flows of late")
    missing |= probed[plane]
    places = {name.partition(":")[0] for name in listened}
    if not places & {one.gateway, one.switch} - {""}:
        missing["mirror"] = N_("no mirror port was listened to there for a week")
    if not places & {way.device for way in register.of(plane).exits}:
        missing["mirror_exit"] = N_("no mirror port of an exit was listened to for a week")
    if not any(log.plane is plane for log in desk.config.logs):
        missing["log"] = N_("no log of a resolver is followed: [[logs]] in config.toml")
    senses = tuple(sense for sense in SENSES if sense not in missing)
    there = {*senses, *([KEPT] if folder_of(desk) else [])}
    blind = tuple(
        kind for kind, ways in FINDS.items() if not any(way <= there for way in ways) and ONLY.get(kind, plane) is plane
    )
    return Segment(one.organization, plane, one.prefix, one.gateway, one.switch, senses, missing, blind)


def _listened(desk: Desk, at: datetime) -> set[str]:
    """What mirror ports showed within a week, as whoever listened called it: DEVICE or DEVICE:INTERFACE."""
    runs = [one for one in journal.log(desk.store, 200, verb="egress listen") if at - one.at < PROBED]
    return {str(one.after.get("where", "")) for one in runs if isinstance(one.after, dict)}


def _probed(desk: Desk, at: datetime) -> dict[Plane, dict[str, str]]:
    """Why probes and beacons say nothing, by plane."""
    settings = desk.config.probe
    runs = [one for one in journal.log(desk.store, 200, verb="egress probe") if at - one.at < PROBED]
    asked = {one.after.get("plane") for one in runs if isinstance(one.after, dict)}
    found: dict[Plane, dict[str, str]] = {}
    for plane in desk.planes:
        missing = {}
        if not settings.beacon:
            missing["probe"] = N_("no sensor is configured in [probe]")
        elif plane not in asked:
            missing["probe"] = N_("nothing was probed for a week")
        if not settings.beacon_url:
            missing["beacon"] = N_("no beacon_url is configured in [probe]")
        found[plane] = missing
    return found
