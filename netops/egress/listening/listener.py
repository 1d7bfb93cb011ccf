"""The listener (旁听): packets in, observations out; it keeps what it needs of each host and conversation, and no more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec
import numpy as np

from netops.egress.flows import mac_text
from netops.egress.listening import link, streams
from netops.egress.listening.carriers import PORTS, Echoes, carriers
from netops.egress.listening.claims import Claims
from netops.egress.listening.crowd import Standing
from netops.egress.listening.exchanges import Exchanges
from netops.egress.listening.frames import Frames
from netops.egress.listening.hosts import Host, Hosts
from netops.egress.listening.introductions import Words
from netops.egress.listening.messages import Messages
from netops.egress.listening.named import Named
from netops.egress.listening.observation import Observation, Seen, Sightings, moment
from netops.egress.listening.packets import ICMP, ICMP6, TCP, UDP, Packets, dissected
from netops.egress.listening.querylogs import QueryFormat
from netops.egress.listening.questions import Questions
from netops.egress.listening.services import Services
from netops.egress.listening.shapes import LEAST_EXCHANGES, exchanges
from netops.egress.listening.talks import Talk, Talks
from netops.egress.watchlists import Signature

PORT_NAMES = {
    (UDP, 53): "DNS", (TCP, 53): "DNS", (UDP, 5353): "mDNS", (UDP, 5355): "LLMNR", (UDP, 137): "NetBIOS", (UDP, 138): "NetBIOS",
    (TCP, 139): "NetBIOS", (UDP, 67): "DHCP", (UDP, 68): "DHCP", (UDP, 546): "DHCPv6", (UDP, 547): "DHCPv6", (UDP, 1900): "SSDP",
    (UDP, 123): "NTP", (UDP, 161): "SNMP", (UDP, 162): "SNMP", (UDP, 514): "syslog", (TCP, 22): "SSH", (TCP, 23): "Telnet",
    (TCP, 25): "SMTP", (TCP, 80): "HTTP", (TCP, 443): "TLS", (TCP, 445): "SMB", (TCP, 993): "IMAPS", (TCP, 3389): "RDP",
    (UDP, 3544): "Teredo", (UDP, 4789): "VXLAN", (UDP, 8472): "VXLAN", (UDP, 6081): "Geneve", (UDP, 2152): "GTP-U",
    (UDP, 1701): "L2TP", (UDP, 17500): "Dropbox LAN sync",
    (UDP, 5060): "SIP", (TCP, 5060): "SIP",
}  # fmt: skip
"""What a conversation is taken for where nothing recognised it."""
KIND_NAMES = {link.ARP: "ARP", link.IPV4: "IPv4", link.IPV6: "IPv6", link.LLC_KIND + 0x42: "STP", 0x88CC: "LLDP", 0x8863: "PPPoE",
              0x8809: "LACP", link.LLC_KIND + 0xAA: "SNAP", 0x888E: "EAPOL", link.UNKNOWN: "unknown"}  # fmt: skip
PROTOCOL_NAMES = {TCP: "TCP", UDP: "UDP", ICMP: "ICMP", ICMP6: "ICMPv6", 2: "IGMP", 47: "GRE", 50: "ESP", 51: "AH",
                  89: "OSPF", 112: "VRRP", 132: "SCTP", 103: "PIM", 4: "IP-in-IP", 41: "6in4"}  # fmt: skip


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a capture held.

    Args:
        duration_seconds: from the first packet to the last.
        ipv4_hosts, ipv6_hosts: different addresses, those inside tunnels too.
        protocols: packets by protocol, most frequent first.
    """

    packets: int
    octets: int
    first: datetime | None
    last: datetime | None
    duration_seconds: float
    ipv4_hosts: int
    ipv6_hosts: int
    protocols: dict[str, int]
    fragments: int
    unreadable: int


class HostSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One host of a capture, and what it shows of itself."""

    ip: str
    mac: str
    packets: int
    system: str
    names: tuple[str, ...]
    vendor: str
    dhcp_fingerprint: str
    model: str
    ttls: dict[str, int]
    devices: tuple[str, ...]
    agents: tuple[str, ...]
    signatures: tuple[str, ...]


class Listener:
    """
    Takes frames in as they come, and tells what was seen so far at any time.

    Args:
        services: the watchlists' services.
        signatures: what tunnels look like by port, of `playbooks/watchlists/tunnels.toml`.
        source, where: who says so: capture or listen, and the file or interface.
        is_here: see `Hosts`.
        words: by what consumer boxes and wireless bridges are known.
    """

    def __init__(
        self,
        services: Services,
        signatures: Iterable[Signature] = (),
        source: str = "capture",
        where: str = "",
        is_here: Callable[[str, int], bool] | None = None,
        words: Sequence[str] = (),
    ) -> None:
        self.sightings = Sightings(source, where)
        self.claims = Claims()
        self.hosts = Hosts(self.claims, is_here)
        self.named = Named(services, self.hosts.agent, self.hosts.brand)
        self.questions = Questions()
        self.messages = Messages(self.hosts, self.named, self.questions, Words(words))
        self.talks, self.echoes = Talks(), Echoes()
        self.streams, self.exchanges = streams.Streams(self.named), Exchanges(self.named)
        self.services = services
        self.formats: tuple[QueryFormat, ...] = ()
        """Of logs, for whoever reads them in place of packets."""
        self.by_port = {(one.protocol, port): one for one in signatures for port in one.ports}
        self.packets = self.octets = self.fragments = self.unreadable = 0
        self.first = self.last = -1
        self.protocols: Counter[str] = Counter()
        self.carried: Counter[str] = Counter()
        self.addresses: tuple[set[int], set[tuple[int, int]]] = set(), set()

    # ---- in
    def feed(self, frames: Frames) -> None:
        """Take frames in."""
        if not len(frames):
            return
        packets = dissected(frames)
        self._count(frames, packets)
        self.claims.feed(packets)
        self.hosts.feed(packets)
        self.echoes.feed(packets)
        for seen, at in self.messages.read(packets):
            self.sightings.note(seen, at)
        for seen, at, count in carriers(packets):
            self.sightings.note(seen, at, count)
        for talk in self.talks.feed(packets):
            reader = self.streams if talk.proto == TCP else self.exchanges
            for seen in reader.read(talk):
                self.sightings.note(seen, talk.last, 0)

    def _count(self, frames: Frames, packets: Packets) -> None:
        self.packets += len(frames)
        self.octets += int(np.minimum(frames.wire, 1 << 20).sum())
        first, last = int(frames.at.min()), int(frames.at.max())
        self.first, self.last = first if self.first < 0 else min(self.first, first), max(self.last, last)
        self.fragments += int(((packets.offset > 0) | (packets.more > 0)).sum())
        carrying = np.unique(packets.parent[packets.parent >= 0])
        is_leaf = np.ones(len(packets), bool)
        is_leaf[carrying] = False
        for row in carrying[packets.proto[carrying] == UDP].tolist():
            self.carried[_carrier(int(packets.dport[row]), int(packets.sport[row]))] += 1
        has_ports = ((packets.proto == TCP) | (packets.proto == UDP)) & ((packets.sport > 0) | (packets.dport > 0))
        other = is_leaf & ~(has_ports & (packets.offset == 0))
        for kind, proto, count in _counted(packets.kind[other], packets.proto[other]):
            name = PROTOCOL_NAMES.get(proto, f"IP {proto}") if proto >= 0 else KIND_NAMES.get(kind, f"0x{kind & 0xFFFF:04x}")
            self.protocols[name] += count
            self.unreadable += count if proto < 0 and kind == link.UNKNOWN else 0
        for name in ("src", "dst"):
            hi, lo = (getattr(packets, f"{name}_{half}")[packets.proto >= 0] for half in ("hi", "lo"))
            is_four = (hi == 0) & (lo >> np.uint64(32) == 0xFFFF)
            if len(self.addresses[0]) < 1 << 20:
                self.addresses[0].update(np.unique(lo[is_four]).tolist())
            if len(self.addresses[1]) < 1 << 20:
                self.addresses[1].update(map(tuple, np.unique(np.stack([hi[~is_four], lo[~is_four]], axis=1), axis=0).tolist()))

    # ---- out
    def observations(self) -> list[Observation]:
        """What was seen so far, alarms first."""
        for seen, claim in self.claims.conflicts():
            self.sightings.put(seen, claim.first, claim.last, claim.times)
        crowds: dict[str, list[tuple[Seen, Host]]] = {}
        for seen, host in self.hosts.crowds(self._standing()):
            crowds.setdefault(host.ip, []).append((seen, host))
        for several in crowds.values():
            for number, (seen, host) in enumerate(several):
                if number:
                    self.sightings.note(seen, host.last, 0)
                else:
                    self.sightings.put(seen, host.first, host.last, host.packets)
        for seen, domain in self.questions.tunnels():
            self.sightings.put(seen, domain.first, domain.last, domain.asked)
        for seen, pair in self.echoes.tunnels():
            self.sightings.put(seen, pair.first, pair.last, pair.total)
        for talk in self.talks:
            for seen in self._shaped(talk):
                self.sightings.note(seen, talk.last, 0)
        self.sightings.recount(self._volumes())
        return self.sightings.told({host.ip: mac for host in self.hosts.by_ip.values() if (mac := _mac(host))})

    def _standing(self) -> dict[str, list[Standing]]:
        """Connections of which every machine of a brand keeps one, by address: recognised by name, or by port and address."""
        found: dict[str, list[Standing]] = {}
        for talk in self.talks:
            if talk.proto != TCP or talk.depth or not talk.is_answered:
                continue
            brand = next((mark.removeprefix("standing ") for mark in talk.marks if mark.startswith("standing ")), "")
            if not brand and not talk.begun and (service := self.services.by_port(TCP, talk.port)) and service.standing:
                brand = service.brand if self.services.at(talk.peer) is service else ""
            if brand:
                found.setdefault(talk.ip, []).append(Standing(brand, talk.port, talk.first, talk.last))
        return found

    def _volumes(self) -> dict[tuple[str, str], tuple[int, int, int]]:
        """By the ends of conversations: packets, ns of the first and the last."""
        found: dict[tuple[str, str], tuple[int, int, int]] = {}
        for talk in self.talks:
            count, first, last = found.get((talk.ip, talk.peer), (0, talk.first, talk.last))
            found[talk.ip, talk.peer] = count + sum(talk.packets), min(first, talk.first), max(last, talk.last)
        return found

    def _shaped(self, talk: Talk) -> Iterator[Seen]:
        """What a conversation shows by its whole: SSH that forwards, octets like noise, a port that is used for one thing."""
        if talk.label == "SSH" and talk.shape:
            count = exchanges(talk)
            if count >= LEAST_EXCHANGES:
                seen = _of(talk, "tunnel", "ssh-forward", "SSH -D / -L", "shape")
                yield seen._replace(facts={"exchanges": count}, sure=min(0.75, 0.4 + 0.03 * count))
        elif not talk.label and not talk.marks:
            signature = self.by_port.get((talk.proto, talk.port))
            for seen in streams.noise(talk) if talk.proto == TCP else ():
                yield seen
                if signature is not None:
                    yield _of(talk, "tunnel", signature.key, signature.name, "shape")
                    yield _of(talk, "tunnel", signature.key, signature.name, "port")
            sent, answers = talk.packets[talk.client], talk.packets[talk.server]
            if signature is not None and sent >= signature.packets and answers >= signature.answers:
                yield _of(talk, "tunnel", signature.key, signature.name, "port")
            service = self.services.by_port(talk.proto, talk.port)
            if service is not None and sent >= 5 and answers >= 5:
                yield _of(talk, service.kind.value, service.key, service.name, "port")

    def summary(self) -> Summary:
        """What the packets were, in numbers."""
        names = self.protocols + Counter()
        for label, count in self.talks.let_go.items():
            names[label or "TCP / UDP"] += count
        for talk in self.talks:
            names[label_of(talk)] += sum(talk.packets)
        names.subtract(self.carried)  # what stands inside is counted as what it is
        names = +names
        return Summary(
            packets=self.packets, octets=self.octets, first=moment(self.first) if self.packets else None,
            last=moment(self.last) if self.packets else None, duration_seconds=round((self.last - self.first) / 1e9, 6),
            ipv4_hosts=len(self.addresses[0]), ipv6_hosts=len(self.addresses[1]), protocols=dict(names.most_common()),
            fragments=self.fragments, unreadable=self.unreadable,
        )  # fmt: skip

    def seen_hosts(self) -> list[HostSeen]:
        """Every host that sent something, the busiest first."""
        from netops.egress.listening import stacks

        found = sorted(self.hosts.by_ip.values(), key=lambda host: -host.packets)
        return [
            HostSeen(
                ip=host.ip, mac=_mac(host), packets=host.packets, system=host.system or _by_vendor(host), names=tuple(host.names),
                vendor=host.vendor, dhcp_fingerprint=host.fingerprint, model=host.model,
                ttls={str(ttl): count for ttl, count in sorted(host.ttls.items())},
                devices=tuple(sorted(filter(None, set(map(stacks.device, host.agents))))), agents=tuple(host.agents)[:8],
                signatures=tuple(text for text, _ in host.signatures.most_common(4)),
            )
            for host in found
        ]  # fmt: skip


def _carrier(port: int, other: int) -> str:
    known = PORTS.get(port) or PORTS.get(other)
    return known[1] if known else ""


def _of(talk: Talk, kind: str, what: str, name: str, by: str) -> Seen:
    return Seen(kind, what, name, talk.ip, by, talk.peer, talk.port, talk.proto, depth=talk.depth)


def label_of(talk: Talk) -> str:
    """The protocol of a conversation: recognised, or by its port, or only TCP or UDP."""
    if talk.label:
        return talk.label
    for side in (talk.server, talk.client):
        if name := PORT_NAMES.get((talk.proto, talk.ends[side][1])):
            return name
    return "TCP" if talk.proto == TCP else "UDP"


def _mac(host: Host) -> str:
    return mac_text(host.macs.most_common(1)[0][0]) if host.macs else ""


def _by_vendor(host: Host) -> str:
    for prefix, name in (("android", "Linux / Android"), ("MSFT", "Windows"), ("dhcpcd", "Linux / Android"), ("udhcp", "Linux")):
        if host.vendor.startswith(prefix):
            return name
    return ""


def _counted(kind: Any, proto: Any) -> Iterator[tuple[int, int, int]]:
    pairs, counts = np.unique(np.stack([kind, proto], axis=1), axis=0, return_counts=True)
    for (one, other), count in zip(pairs.tolist(), counts.tolist(), strict=True):
        yield one, other, count
