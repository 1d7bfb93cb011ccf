"""Claims (声明) to addresses: who says by ARP, neighbour advertisements or DHCP that an address is its own; and who disagrees."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from netops.egress.flows import address_text, mac_text
from netops.egress.judge import VIRTUAL_ROUTERS
from netops.egress.listening.link import ARP
from netops.egress.listening.observation import Seen, moment
from netops.egress.listening.packets import ICMP6, Packets

MOST_ADDRESSES = 65_536
MOST_CARDS = 8
PROXY = 8
"""A card that claims so many addresses answers for others (proxy ARP, RFC 1027): it is no rival."""
NEIGHBOR_ADVERTISEMENT = 136
TOGETHER_NS = 600 * 1_000_000_000
"""A claim and its rival's stand side by side when they are no further apart."""


class Claim(NamedTuple):
    """The claims of one card to one address: ns of the first and of the last, how many."""

    first: int
    last: int
    times: int


class Claims:
    """All claims of a capture; bounded."""

    def __init__(self) -> None:
        self.by_ip: dict[str, dict[int, Claim]] = {}
        self.by_mac: dict[int, set[str]] = {}
        self.returned: dict[str, int] = {}
        """How often an older claim came back after a rival's, by address."""
        self._latest: dict[str, int] = {}

    def feed(self, packets: Packets) -> None:
        """Take the ARP packets and neighbour advertisements among *packets*."""
        arp = np.flatnonzero((packets.kind == ARP) & (packets.depth == 0) & (packets.head + 28 <= packets.end))
        for row in arp.tolist():
            octets = packets.octets(row, 28)
            if octets[:6] == b"\0\x01\x08\0\x06\x04" and any(octets[14:18]) and any(octets[8:14]):
                ip = address_text(0, 0xFFFF << 32 | int.from_bytes(octets[14:18], "big"))
                self.claim(ip, int.from_bytes(octets[8:14], "big"), int(packets.at[row]))
        advertised = (packets.proto == ICMP6) & (packets.dport >> 8 == NEIGHBOR_ADVERTISEMENT) & (packets.depth == 0)
        for row in np.flatnonzero(advertised & (packets.length >= 24) & (packets.ttl == 255)).tolist():
            octets = packets.body(row, 24)
            if octets[16:18] == b"\x02\x01":
                ip = address_text(int.from_bytes(octets[:8], "big"), int.from_bytes(octets[8:16], "big"))
                self.claim(ip, int.from_bytes(octets[18:24], "big"), int(packets.at[row]))

    def claim(self, ip: str, mac: int, at: int) -> None:
        """One card says that an address is its own."""
        if mac >> 8 in VIRTUAL_ROUTERS or mac >> 40 & 1:
            return
        if ip not in self.by_ip and len(self.by_ip) >= MOST_ADDRESSES:
            return
        cards = self.by_ip.setdefault(ip, {})
        if mac not in cards and len(cards) >= MOST_CARDS:
            return
        before = cards.get(mac)
        cards[mac] = Claim(before.first, at, before.times + 1) if before else Claim(at, at, 1)
        self.by_mac.setdefault(mac, set()).add(ip)
        latest = self._latest.get(ip)
        if before is not None and latest not in (None, mac) and at - before.last <= TOGETHER_NS:
            self.returned[ip] = self.returned.get(ip, 0) + 1
        self._latest[ip] = mac

    def is_owner(self, ip: str, mac: int) -> bool:
        """Whether this card said that the address is its own, and does not answer for many."""
        return mac in self.by_ip.get(ip, {}) and len(self.by_mac[mac]) < PROXY

    def conflicts(self) -> Iterator[tuple[Seen, Claim]]:
        """
        Addresses that two cards claim by turns; an address that was handed on, and stays there, is none.

        Cards that answer for many (proxy ARP) and the cards of virtual routers are no rivals.
        """
        for ip, times in self.returned.items():
            cards = {mac: claim for mac, claim in self.by_ip[ip].items() if len(self.by_mac[mac]) < PROXY}
            if len(cards) < 2:
                continue
            several = sorted(cards.items(), key=lambda pair: pair[1].first)
            claims = [
                {"mac": mac_text(mac), "first": moment(one.first), "last": moment(one.last), "count": one.times}
                for mac, one in several
            ]
            newest = several[-1]
            whole = Claim(several[0][1].first, max(one.last for _, one in several), sum(one.times for _, one in several))
            facts = {"claims": claims, "turns": times}
            sure = 0.95 if times > 1 else 0.8
            yield Seen("address_conflict", ip, ip, ip, "claim", mac=mac_text(newest[0]), facts=facts, sure=sure), whole
