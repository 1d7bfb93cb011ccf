"""Messages (报文内容) that hosts send on their own: DNS, DHCP, router advertisements, names of NetBIOS, SSDP and mDNS."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from netops.egress.flows import mac_text
from netops.egress.listening import dhcp, dns, http, introductions
from netops.egress.listening.hosts import Hosts
from netops.egress.listening.introductions import Introduction, Words
from netops.egress.listening.named import Named
from netops.egress.listening.observation import Seen
from netops.egress.listening.packets import ICMP6, UDP, Packets
from netops.egress.listening.questions import Questions
from netops.egress.listening.talks import macs_of

DNS, MDNS, LLMNR, NETBIOS, SSDP, WSD = 53, 5353, 5355, 137, 1900, 3702
DHCP_SERVER, DHCP_CLIENT, DHCP6_CLIENT, DHCP6_SERVER = 67, 68, 546, 547
INTRODUCED = {introductions.MNDP: introductions.mndp, introductions.UBIQUITI: introductions.ubiquiti}
PORTS = np.array(
    [DNS, MDNS, LLMNR, NETBIOS, SSDP, DHCP_SERVER, DHCP_CLIENT, DHCP6_CLIENT, DHCP6_SERVER, *INTRODUCED], np.int64
)
MOST_MESSAGES = 20_000
"""Looked into in one batch, each kind alike; more is a flood."""


MOST_TRANSLATED = 64
"""Cards kept of those that one bridge stands for."""


class Messages:
    """
    Reads the messages of a batch of packets.

    Args:
        words: by what consumer boxes are known.
    """

    def __init__(self, hosts: Hosts, named: Named, questions: Questions, words: Words | None = None) -> None:
        self.hosts, self.named, self.questions, self.words = hosts, named, questions, words or Words()
        self.translated: dict[int, set[str]] = {}
        self.left_out = 0

    def read(self, packets: Packets) -> Iterator[tuple[Seen, int]]:
        """What they show, each with its time."""
        is_ours = np.isin(packets.sport, PORTS) | np.isin(packets.dport, PORTS)
        rows = np.flatnonzero((packets.proto == UDP) & (packets.offset == 0) & (packets.length > 0) & is_ours)
        self.left_out += max(0, len(rows) - MOST_MESSAGES)
        for row in rows[:MOST_MESSAGES].tolist():
            at = int(packets.at[row])
            for seen in self._datagram(packets, row, at):
                yield seen, at
        told = (packets.proto == ICMP6) & (packets.dport >> 8 == dhcp.ROUTER_ADVERTISEMENT) & (packets.depth == 0)
        for row in np.flatnonzero(told & (packets.ttl == 255))[:MOST_MESSAGES].tolist():
            start = int(packets.transport[row])
            found = dhcp.advertisement(packets.frames.octets[start : int(packets.end[row])].tobytes())
            if found is not None:
                yield _router(packets, row, found), int(packets.at[row])
        for kind, reader in ((introductions.LLDP, introductions.lldp), (introductions.CDP, introductions.cdp)):
            for row in np.flatnonzero((packets.kind == kind) & (packets.depth == 0))[:MOST_MESSAGES].tolist():
                if (one := reader(packets.octets(row, 1500))) is not None and self.words.is_box(one):
                    yield _box(packets, row, "", one), int(packets.at[row])

    def _datagram(self, packets: Packets, row: int, at: int) -> Iterator[Seen]:
        ports = int(packets.sport[row]), int(packets.dport[row])
        body = packets.body(row)
        if DNS in ports or MDNS in ports or LLMNR in ports:
            yield from self._dns(packets, row, at, body, ports)
        elif packets.depth[row]:
            return
        elif DHCP_SERVER in ports or DHCP_CLIENT in ports:
            yield from self._dhcp(packets, row, at, body)
        elif NETBIOS in ports:
            if len(body) > 12 and body[2] >> 3 & 0xF in (0, 5, 6, 8) and (name := dns.netbios(body)) and body[2] >> 3 & 0xF:
                self.hosts.note(packets.source(row), at, name=name)
                yield from self._called(packets, row, "NetBIOS", name)
        elif ports[0] in INTRODUCED or ports[1] in INTRODUCED:
            one = INTRODUCED[ports[0] if ports[0] in INTRODUCED else ports[1]](body)
            if one is not None:
                self.hosts.note(packets.source(row), at, name=one.name, model=one.model)
                yield _box(packets, row, packets.source(row), one)
        elif SSDP in ports:
            yield from self._ssdp(packets, row, at, body)
        elif DHCP6_SERVER == ports[0] and (found := dhcp.read6(body)) is not None and found.type in (2, 7):
            facts = {"duid": found.server, "resolvers": list(found.resolvers)}
            ip = packets.source(row)
            yield Seen("dhcp_server", ip, "DHCPv6", ip, "offer", mac=macs_of(packets, row), facts=facts)

    def _dns(self, packets: Packets, row: int, at: int, body: bytes, ports: tuple[int, int]) -> Iterator[Seen]:
        try:
            message = dns.read(body)
        except dns.Malformed:
            return
        is_plain, depth = DNS in ports, int(packets.depth[row])
        source, destination = packets.source(row), packets.destination(row)
        if message.is_answer:
            if is_plain:
                self.questions.answered(destination, source, message)
            elif not depth:
                yield from self._introduced(packets, row, source, at, message)
        elif is_plain and ports[1] == DNS:
            for name, kind in message.questions:
                self.questions.asked(source, destination, name, kind, at, depth)
                yield from self.named.question(source, destination, name, ports[1], depth)

    def _introduced(self, packets: Packets, row: int, source: str, at: int, message: dns.Message) -> Iterator[Seen]:
        """A host names itself by mDNS or LLMNR."""
        for one in message.answers:
            if one.type in (dns.A, dns.AAAA) and one.data == source:
                name = one.name.removesuffix(".local")
                self.hosts.note(source, at, name=name)
                yield from self._called(packets, row, "mDNS", name)
            elif one.type in (dns.PTR, dns.SRV):  # the instance of a service: "Redmi Router AX6000._http._tcp.local"
                yield from self._called(packets, row, "mDNS", (one.data if one.type == dns.PTR else one.name).partition("._")[0])

    def _called(self, packets: Packets, row: int, protocol: str, *texts: str, ip: str = "", mac: str = "") -> Iterator[Seen]:
        """A box by the words that it uses of itself."""
        if self.words.name(*texts):
            told = " ".join(filter(None, texts))[:120]
            one = Introduction(protocol, told, "", mac, frozenset())
            yield _box(packets, row, ip or packets.source(row), one)

    def _bridged(self, packets: Packets, row: int, mac: str) -> Iterator[Seen]:
        """A card asks for an address on behalf of another: a wireless bridge, which has one card on the air for all behind it."""
        card = int(packets.src_mac[row])
        if not card or mac_text(card) == mac or packets.source(row) != "0.0.0.0":  # noqa: S104 - of who has none yet
            return
        cards = self.translated.setdefault(card, set()) if len(self.translated) < MOST_MESSAGES else set()
        if len(cards) < MOST_TRANSLATED:
            cards.add(mac)
        facts, text = {"protocol": "DHCP", "cards": sorted(cards), "roles": ["bridge"]}, mac_text(card)
        yield Seen("consumer_device", "bridge", "wireless bridge", "", "protocol", text, mac=text, facts=facts)

    def _dhcp(self, packets: Packets, row: int, at: int, body: bytes) -> Iterator[Seen]:
        found = dhcp.read(body)
        if found is None:
            return
        if not found.is_reply:
            ip = found.client or (found.address if found.type == dhcp.REQUEST else "")
            if ip and found.mac:
                self.hosts.note(ip, at, name=found.host, fingerprint=found.wanted, vendor=found.vendor)
            if found.mac and not found.relay:
                yield from self._bridged(packets, row, found.mac)
                yield from self._called(packets, row, "DHCP", found.host, found.vendor, ip=ip, mac=found.mac)
            return
        if found.address and found.mac and found.type == dhcp.ACK:
            self.hosts.claims.claim(found.address, int(found.mac.replace(":", ""), 16), at)
        if found.type not in (dhcp.OFFER, dhcp.ACK, dhcp.NAK):
            return
        sender = packets.source(row)
        server = found.server or sender
        relay = found.relay or (sender if sender != server else "")
        facts = {
            "server": server, "sender": sender, "relay": relay, "given": found.address, "to": found.mac,
            "routers": list(found.routers), "resolvers": list(found.resolvers),
        }  # fmt: skip
        mac = "" if relay else macs_of(packets, row)
        yield Seen("dhcp_server", server, "DHCP", server, "offer", mac=mac, facts=facts)

    def _ssdp(self, packets: Packets, row: int, at: int, body: bytes) -> Iterator[Seen]:
        head = http.read(body)
        if head is None or head.method == "M-SEARCH":
            return
        kind = " ".join(head.fields.get(field, "") for field in ("nt", "st", "usn"))
        server, ip = head.fields.get("server", "")[:120], packets.source(row)
        self.hosts.note(ip, at, model=server)
        if introductions.GATEWAY.search(kind):
            facts = {"protocol": "UPnP", "device": kind[:200], "server": server}
            yield Seen("consumer_device", "gateway", server or "UPnP", ip, "protocol", mac=macs_of(packets, row), facts=facts)
        else:
            yield from self._called(packets, row, "UPnP", server)


def _box(packets: Packets, row: int, ip: str, one: Introduction) -> Seen:
    """A box that introduced itself; by its card where it has no address."""
    mac = macs_of(packets, row) or one.mac
    ip = "" if ip in ("0.0.0.0", "::") else ip  # noqa: S104 - of who has none yet
    facts = {"protocol": one.protocol, "device": " ".join(filter(None, (one.name, one.model)))[:160], "roles": sorted(one.roles)}
    what = one.protocol.lower().replace(" ", "-")
    name = (one.name or one.model or one.protocol)[:60]
    return Seen("consumer_device", what, name, ip, "protocol", "" if ip else mac, mac=mac, facts=facts)


def _router(packets: Packets, row: int, found: dhcp.Advertisement) -> Seen:
    facts = {"lifetime": found.lifetime, "prefixes": list(found.prefixes), "resolvers": list(found.resolvers)}
    mac = found.mac or (mac_text(int(packets.src_mac[row])) if packets.src_mac[row] else "")
    ip = packets.source(row)
    return Seen("router_advertisement", ip, "RA", ip, "offer", mac=mac, facts=facts)
