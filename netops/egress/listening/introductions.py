"""Introductions (自我介绍): what boxes tell a LAN of themselves by LLDP, CDP, MNDP and Ubiquiti's discovery; pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from netops.egress.flows import mac_text
from netops.egress.listening.dns import shown

LLDP, CDP = 0x88CC, 0x2000
"""EtherType, and the protocol number behind Cisco's SNAP."""
MNDP, UBIQUITI = 5678, 10001
"""UDP ports: help.mikrotik.com, Neighbor discovery; Wireshark packet-ubdp.c."""
MOST_FIELDS = 64
LLDP_ROLES = {3: "access point", 4: "router", 5: "telephone"}
"""Bits of the system capabilities that are switched on (IEEE 802.1AB-2016 §8.5.8.1)."""
CDP_ROLES = {0: "router", 1: "bridge", 7: "telephone"}
RADIO_MODES = {2: "wireless station", 3: "access point"}
ROUTING = frozenset({"access point", "router", "wireless station"})
"""What lets several machines through one port."""


class Introduction(NamedTuple):
    """
    One message.

    Args:
        protocol: as people call it; *name*: what the box is called; *model*: what it is, with its software; *mac*: its own.
        roles: access point, router, bridge, telephone, wireless station.
    """

    protocol: str
    name: str
    model: str
    mac: str
    roles: frozenset[str]


def lldp(octets: bytes) -> Introduction | None:
    """A message of LLDP from its first field on (IEEE 802.1AB-2016 §8); None for anything else."""
    name = model = mac = ""
    roles = frozenset[str]()
    at = 0
    for _ in range(MOST_FIELDS):
        if at + 2 > len(octets):
            break
        head = int.from_bytes(octets[at : at + 2], "big")
        kind, value = head >> 9, octets[at + 2 : at + 2 + (head & 0x1FF)]
        at += 2 + (head & 0x1FF)
        if kind == 0 or len(value) < head & 0x1FF:
            break
        if kind == 1 and len(value) == 7 and value[0] == 4:
            mac = mac_text(int.from_bytes(value[1:], "big"))
        elif kind == 5:
            name = _text(value)
        elif kind == 6:
            model = _text(value)
        elif kind == 7 and len(value) >= 4:
            roles = _roles(int.from_bytes(value[2:4], "big"), LLDP_ROLES)
    return Introduction("LLDP", name, model, mac, roles) if octets[:1] == b"\x02" else None


def cdp(octets: bytes) -> Introduction | None:
    """A message of the Cisco Discovery Protocol from its version on, which others speak as well; None for anything else."""
    if len(octets) < 8 or octets[0] not in (1, 2):
        return None
    found = dict(_fields(octets[4:], includes_head=True))
    model = " ".join(filter(None, (_text(found.get(6, b"")), _text(found.get(5, b"")))))
    roles = _roles(int.from_bytes(found.get(4, b""), "big"), CDP_ROLES)
    return Introduction("CDP", _text(found.get(1, b"")), model, "", roles) if found else None


def mndp(octets: bytes) -> Introduction | None:
    """A message of MikroTik's Neighbor Discovery Protocol; None for a question or anything else."""
    found = dict(_fields(octets[4:])) if len(octets) > 8 else {}
    if len(found.get(1, b"")) != 6 or not found.get(5):
        return None
    model = " ".join(filter(None, (_text(found.get(key, b"")) for key in (8, 12, 7))))
    return Introduction("MNDP", _text(found[5]), model, _mac(found[1]), frozenset({"router"}))


def ubiquiti(octets: bytes) -> Introduction | None:
    """An answer or announcement of Ubiquiti's discovery; None for a question or anything else."""
    if len(octets) < 8 or octets[0] not in (1, 2) or int.from_bytes(octets[2:4], "big") != len(octets) - 4:
        return None
    found: dict[int, bytes] = {}
    at = 4
    for _ in range(MOST_FIELDS):
        if at + 3 > len(octets):
            break
        size = int.from_bytes(octets[at + 1 : at + 3], "big")
        found.setdefault(octets[at], octets[at + 3 : at + 3 + size])
        at += 3 + size
    card = found.get(1) or found.get(2, b"")[:6]
    if len(card) != 6:
        return None
    model = _text(found.get(0x14) or found.get(0x15) or found.get(0x0C, b""))
    radio = _text(found.get(0x0D, b""))
    mode = RADIO_MODES.get(int.from_bytes(found.get(0x0E, b"")[:4], "little"))
    model = " ".join(filter(None, (model, _text(found.get(3, b"")), f"SSID {radio}" if radio else "")))
    return Introduction("Ubiquiti discovery", _text(found.get(0x0B, b"")), model, _mac(card), frozenset({mode} if mode else ()))


GATEWAY = re.compile(r"InternetGatewayDevice|WANIPConnection|WANPPPConnection|WANDevice|WFADevice|WFAWLANConfig", re.IGNORECASE)
"""What a home router calls itself by UPnP and Wi-Fi Protected Setup."""
DESCRIBED = re.compile(rb"<(deviceType|friendlyName|manufacturer|modelName|modelNumber)>([^<]{1,120})<")


def description(octets: bytes) -> Introduction | None:
    """A home gateway's or access point's description of itself (UPnP Device Architecture 2.0 §2.3); None for any other's."""
    found: dict[bytes, bytes] = {}
    for key, value in DESCRIBED.findall(octets):
        found.setdefault(key, value)
    kind = _text(found.get(b"deviceType", b""))
    if not (GATEWAY.search(kind) or "WLANAccessPointDevice" in kind) or b"modelName" not in found:
        return None
    model = " ".join(_text(found[key]) for key in (b"manufacturer", b"modelName", b"modelNumber") if key in found)
    return Introduction("UPnP", _text(found.get(b"friendlyName", b"")), model, "", frozenset({"router"}))


class Words:
    """
    By what consumer boxes and wireless bridges are known.

    Args:
        words: what they call themselves, of `playbooks/watchlists/consumer.toml`.
    """

    def __init__(self, words: Sequence[str] = ()) -> None:
        # A word stands at the beginning of one, and numbers may follow it: TL-WR886N, but not the DECO of a DECODER.
        known = "|".join(re.escape(word) + "(?![a-z])" * word[-1:].isalpha() for word in words)
        self._known = re.compile(rf"(?<![a-z0-9])(?:{known})", re.IGNORECASE) if known else None

    def name(self, *texts: str) -> bool:
        """Whether any of these speaks of such a box."""
        return self._known is not None and any(self._known.search(text) for text in texts if text)

    def is_box(self, one: Introduction) -> bool:
        """Whether who introduces itself so lets several machines through one port: by its name, or by what it says it is."""
        if self.name(one.name, one.model) or one.protocol in ("MNDP", "Ubiquiti discovery"):
            return True
        return bool(one.roles & ROUTING) and "telephone" not in one.roles


def _fields(octets: bytes, *, includes_head: bool = False) -> Iterator[tuple[int, bytes]]:
    """Fields of a kind and a length of two octets each; of CDP the length counts these four as well."""
    at = 0
    for _ in range(MOST_FIELDS):
        if at + 4 > len(octets):
            break
        kind, size = int.from_bytes(octets[at : at + 2], "big"), int.from_bytes(octets[at + 2 : at + 4], "big")
        size -= 4 if includes_head else 0
        if size < 0 or at + 4 + size > len(octets):
            break
        yield kind, octets[at + 4 : at + 4 + size]
        at += 4 + size


def _roles(bits: int, names: dict[int, str]) -> frozenset[str]:
    return frozenset(name for bit, name in names.items() if bits >> bit & 1)


def _text(octets: bytes) -> str:
    return " ".join(shown(octets.rstrip(b"\0")[:200].replace(b"\r", b" ").replace(b"\n", b" ")).split())[:120]


def _mac(octets: bytes) -> str:
    return mac_text(int.from_bytes(octets, "big"))
