"""Packets taken apart for a person to look at, field by field: by scapy, in the child process that has nothing to lose."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from netops.probes.reflect import child

MOST_FRAMES = 20
MOST_OCTETS = 2048
"""Of a frame; the rest of it is not looked at."""


class Layer(msgspec.Struct, frozen=True):
    """One layer of a packet by scapy's name: its fields in order, values as text."""

    name: str
    fields: dict[str, str]


class Dissection(msgspec.Struct, frozen=True):
    """One packet: number in its file from 1, ns since 1970 UTC, octets captured, layers from the outside in."""

    number: int
    at: int
    octets: int
    layers: tuple[Layer, ...]


def dissected(frames: Sequence[tuple[int, int, int, bytes]]) -> list[Dissection]:
    """
    Take frames apart, at most MOST_FRAMES of them.

    Args:
        frames: number, ns since 1970 UTC, LINKTYPE number and octets of each.

    Raises:
        NetopsError: the child did not answer, or it lacks scapy.
    """
    found = []
    with child([]) as ask:
        for number, at, link, octets in frames[:MOST_FRAMES]:
            request = {"do": "dissect", "link": link, "frame": base64.b64encode(octets[:MOST_OCTETS]).decode()}
            layers = tuple(msgspec.convert(layer, Layer) for layer in ask(request))
            found.append(Dissection(number, at, len(octets), layers))
    return found


def layers(link: int, octets: bytes) -> Iterator[dict[str, Any]]:
    """
    What `dissect` answers in the child: a layer a line. It has no capability and sends nothing.

    Raises:
        ValueError: scapy is not there, or the frame is too large.
    """
    if len(octets) > MOST_OCTETS:
        raise ValueError(f"a frame of {len(octets)} octets")
    try:
        from scapy.config import conf
        from scapy.layers import all as known
        from scapy.packet import Raw
    except ImportError as error:
        raise ValueError(f"scapy is not installed: {error}") from error
    del known
    first = conf.l2types.num2layer.get(link, Raw)
    try:
        packet = first(octets)
    except Exception:  # noqa: BLE001 - whatever a hostile frame makes a layer do
        packet = Raw(octets)
    while packet and packet.name != "NoPayload":
        yield {"name": packet.name, "fields": {field.name: _shown(packet, field) for field in packet.fields_desc}}
        packet = packet.payload


def _shown(packet: Any, field: Any) -> str:
    """A value as scapy writes it; never more than a line of it, and never a failure of its writers."""
    try:
        text = str(field.i2repr(packet, packet.getfieldval(field.name)))
    except Exception:  # noqa: BLE001 - whatever a hostile packet makes a writer do
        text = "?"
    return text[:200]
