"""The rules of the topology room, by code."""

from __future__ import annotations

from collections.abc import Iterator

from netops.core.finding import Conclusion, Rule
from netops.topology import condition, contacts, drift, isolation, strangers, twins
from netops.topology.expected import Picture

RULES: dict[str, Rule] = {
    "TP-001": drift.missing_device,
    "TP-002": drift.missing_link,
    "TP-003": drift.undeclared_link,
    "TP-005": drift.unknown_neighbour,
    "TP-101": isolation.bypass_link,
    "TP-102": isolation.cross_plane,
    "TP-103": isolation.rogue_exit_router,
    "TP-104": isolation.intranet_exit,
    "TP-105": strangers.changed_device,
    "TP-106": condition.link_speed,
    "TP-107": condition.link_down,
    "TP-108": strangers.unknown_device,
    "TP-109": strangers.unknown_router,
    "TP-110": twins.registered_twice,
    "TP-111": twins.duplicate_name,
    "TP-112": contacts.contact,
}


def conclude(picture: Picture) -> Iterator[Conclusion]:
    """Everything that the room concludes about one plane."""
    for rule in RULES.values():
        yield from rule(picture)
