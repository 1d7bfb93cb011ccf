"""Hosts (主机) of a capture: what each address shows of the machine behind it, and whether there are several; bounded."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from netops.egress.flows import Column, mac_text
from netops.egress.listening import crowd, stacks
from netops.egress.listening.claims import Claims
from netops.egress.listening.lines import Connection
from netops.egress.listening.observation import Seen
from netops.egress.listening.packets import TCP, UDP, Packets
from netops.egress.listening.trails import Trail

MOST_HOSTS = 65_536
MOST_CONNECTIONS = 4000
MOST_SYNS = 4000
"""Looked into in one batch; a flood of them is no fingerprint."""
MOST_NUMBERED = 4000
"""Packets of one batch whose identification is followed."""
MOST_TEXTS = 32
SYN, SYN_ACK = 0x02, 0x12
BELOW = np.array(list(stacks.BELOW), np.int64)
LEAST_BELOW = 5
"""Packets with a TTL below an initial one, before they mean anything."""
LOOPBACK_OR_LESS = {"0.0.0.0", "::", "127.0.0.1", "::1"}  # noqa: S104 - an address to be left out


class Host:
    """One address, outermost packets only."""

    __slots__ = ("agents", "brands", "connections", "fingerprint", "first", "ip", "last", "macs", "model", "names", "packets",
                 "recent", "signatures", "trails", "ttls", "vendor")  # fmt: skip

    def __init__(self, ip: str, at: int) -> None:
        self.ip, self.first, self.last, self.packets = ip, at, at, 0
        self.macs: Counter[int] = Counter()
        self.ttls: Counter[int] = Counter()
        """Of TCP and UDP to single receivers."""
        self.signatures: Counter[str] = Counter()
        self.agents: dict[str, None] = {}
        self.names: dict[str, None] = {}
        self.brands: dict[str, None] = {}
        """Whose machines it asks for names like."""
        self.trails: dict[int, Trail] = {}
        """By initial TTL."""
        self.connections: deque[Connection] = deque(maxlen=MOST_CONNECTIONS)
        self.recent: deque[tuple[int, str]] = deque(maxlen=32)
        self.fingerprint = self.vendor = self.model = ""

    @property
    def is_mixed(self) -> bool:
        """Whether its connections show more than one stack, or its agents more than one device."""
        stacks_seen = {(ttl, layout) for ttl, _, _, layout in (one.split(":", 3) for one in self.signatures)}
        return len(stacks_seen) > 1 or len({stacks.device(agent) for agent in self.agents} - {""}) > 1

    @property
    def system(self) -> str:
        """What system it runs, by its stack, "" when none is known."""
        for signature, _ in self.signatures.most_common(3):
            ttl, _, _, layout = signature.split(":", 3)
            if found := stacks.system(f"{ttl}:{layout}"):
                return found
        return ""


class Hosts:
    """
    All hosts of a capture.

    Args:
        is_here: whether an address with this MAC address stands on the LAN that is listened to, as far as others know
            (the register, the walk); without it only what the capture shows itself counts.
    """

    def __init__(self, claims: Claims, is_here: Callable[[str, int], bool] | None = None) -> None:
        self.claims, self.is_here = claims, is_here
        self.by_ip: dict[str, Host] = {}
        self.of_mac: dict[int, set[str]] = {}

    def feed(self, packets: Packets) -> None:
        """Take packets in: who sends, with what TTL, and how connections begin."""
        is_single = (packets.dst_mac >> np.uint64(40) & np.uint64(1)) == 0
        rows = np.flatnonzero((packets.depth == 0) & (packets.proto >= 0))
        if not len(rows):
            return
        is_plain = is_single[rows] & ((packets.proto[rows] == TCP) | (packets.proto[rows] == UDP))
        ttl = np.where(is_plain, packets.ttl[rows], 0)
        table = np.stack([packets.src_hi[rows], packets.src_lo[rows], packets.src_mac[rows], ttl.astype(np.uint64)], axis=1)
        _, first, number = np.unique(_hashed(table), return_index=True, return_inverse=True)
        counts = np.bincount(number)
        latest = np.zeros(len(first), np.int64)
        np.maximum.at(latest, number, packets.at[rows])
        for place, count, at in zip(first.tolist(), counts.tolist(), latest.tolist(), strict=True):
            row = int(rows[place])
            host = self.host(packets.source(row), int(packets.at[row]))
            if host is None:
                continue
            mac = int(packets.src_mac[row])
            host.packets, host.last = host.packets + count, max(host.last, at)
            if mac and (mac in host.macs or len(host.macs) < 8):
                host.macs[mac] += count
                self.of_mac.setdefault(mac, set()).add(host.ip)
            if ttl[place] and len(host.ttls) < 64:
                host.ttls[int(ttl[place])] += count
        self._beginnings(packets)

    def host(self, ip: str, at: int) -> Host | None:
        """The host with this address, new or known; None for what is no host, or too many."""
        found = self.by_ip.get(ip)
        if found is None and ip not in LOOPBACK_OR_LESS and len(self.by_ip) < MOST_HOSTS:
            found = self.by_ip[ip] = Host(ip, at)
        return found

    def _beginnings(self, packets: Packets) -> None:
        begins = (packets.proto == TCP) & (packets.depth == 0) & (packets.flags & 0x3F == SYN)
        numbered = self._numbered(packets, begins)
        for row in np.flatnonzero(begins)[:MOST_SYNS].tolist():
            host = self.by_ip.get(packets.source(row))
            if host is None:
                continue
            start = int(packets.transport[row]) + 20
            options = packets.frames.octets[start : start + int(packets.options[row])].tobytes()
            ttl = int(packets.ttl[row])
            stack, signature, scale, stamp = stacks.shape(ttl, int(packets.window[row]), options)
            if signature in host.signatures or len(host.signatures) < MOST_TEXTS:
                host.signatures[signature] += 1
            sport, peer = int(packets.sport[row]), packets.destination(row)
            if (sport, peer) not in host.recent:  # a SYN that is sent again begins nothing new
                host.recent.append((sport, peer))
                hops = stacks.initial(ttl) - ttl if ttl in stacks.BELOW else 0
                host.connections.append(Connection(int(packets.at[row]), stack, sport, peer, int(packets.dport[row]), "", hops,
                                                   scale, stamp, numbered.get(row, 0)))  # fmt: skip

    def _numbered(self, packets: Packets, begins: Column) -> dict[int, int]:
        """By the rows of *begins*, the line that each connection's identifications go on with; of what passed a router only."""
        is_far = np.isin(packets.ttl, BELOW) & (packets.proto == TCP) & (packets.depth == 0) & (packets.offset == 0)
        found: dict[int, int] = {}
        for row in np.flatnonzero(is_far & (packets.ip_id > 0))[:MOST_NUMBERED].tolist():
            host = self.by_ip.get(packets.source(row))
            if host is None:
                continue
            trail = host.trails.setdefault(stacks.initial(int(packets.ttl[row])), Trail())
            end = hash((int(packets.dst_hi[row]), int(packets.dst_lo[row])))
            begun = bool(begins[row])
            line = trail.follow(end, int(packets.sport[row]), int(packets.ip_id[row]), begins=begun)
            if begun:
                found[row] = line
        return found

    def agent(self, ip: str, port: int, agent: str, _at: int) -> None:
        """A user agent that was heard from a port of a host."""
        host = self.by_ip.get(ip)
        if host is None:
            return
        if len(host.agents) < 4 * MOST_TEXTS:
            host.agents[agent[:300]] = None
        for place in range(len(host.connections) - 1, max(-1, len(host.connections) - 200), -1):
            if host.connections[place].sport == port:
                host.connections[place] = host.connections[place]._replace(agent=agent[:300])
                return
        host.connections.append(Connection(_at, "", port, "", 0, agent[:300]))

    def brand(self, ip: str, brand: str) -> None:
        """A name that only one brand's machines ask for was heard from a host."""
        host = self.by_ip.get(ip)
        if host is not None and len(host.brands) < MOST_TEXTS:
            host.brands[brand] = None

    def note(self, ip: str, at: int, *, name: str = "", fingerprint: str = "", vendor: str = "", model: str = "") -> None:
        """What messages tell of a host."""
        host = self.host(ip, at)
        if host is None:
            return
        if name and len(host.names) < MOST_TEXTS:
            host.names[name[:64]] = None
        host.fingerprint, host.vendor = fingerprint or host.fingerprint, vendor or host.vendor
        host.model = model or host.model

    # ---- several behind one
    def stands_here(self, host: Host) -> bool:
        """
        Whether the host itself sends the frames that bear its address, and no router for it.

        It said so by ARP or DHCP; or the register knows; or its one card speaks for it alone among neighbours of its own
        /24 that said so.
        """
        if len(host.macs) != 1:
            return False
        [mac] = host.macs
        if self.claims.is_owner(host.ip, mac) or (self.is_here is not None and self.is_here(host.ip, mac)):
            return True
        if len(self.of_mac.get(mac, ())) > 2 or ":" in host.ip:
            return False
        near = host.ip.rpartition(".")[0] + "."
        return any(ip.startswith(near) and mac not in cards for ip, cards in self.claims.by_ip.items())

    def crowds(self, standing: Mapping[str, Sequence[crowd.Standing]]) -> Iterator[tuple[Seen, Host]]:
        """
        Addresses behind which several machines stand, with every way in which it shows.

        Args:
            standing: connections of which each machine keeps one, by address.
        """
        for host in self.by_ip.values():
            below = sum(count for ttl, count in host.ttls.items() if ttl in stacks.BELOW)
            whole = sum(host.ttls.values())
            may_be_behind = below >= LEAST_BELOW and below * 5 >= whole
            # Counting machines is dear: only where something speaks for more than one.
            if not (may_be_behind or host.is_mixed) or not self.stands_here(host):
                continue
            is_behind = may_be_behind
            # What the box begins itself passed no router: it is none of those behind it.
            begun = [one for one in host.connections if one.hops or not one.stack or not is_behind]
            found = crowd.estimate(begun or tuple(host.connections), standing.get(host.ip, ()), host.brands)
            ways = [("ttl", 0.85 if below * 2 > whole else 0.65)] if is_behind else []
            several = [(way, 0.5) for way in found.by]
            if not is_behind and len(several) < 2:
                continue
            [(mac, _)] = host.macs.most_common(1)
            facts = {
                "hosts": max(1, found.hosts), "at_least": max(1, found.least), "hosts_confidence": found.confidence,
                "ttls": {str(ttl): count for ttl, count in sorted(host.ttls.items())},
                "devices": sorted(filter(None, set(map(stacks.device, host.agents))))[:16],
                "agents": list(host.agents)[:8], "signatures": dict(host.signatures.most_common(8)),
            }  # fmt: skip
            for by, sure in [*ways, *several]:
                yield Seen("hidden_nat", "nat", "NAT", host.ip, by, mac=mac_text(mac), facts=facts, sure=sure), host


def _hashed(table: Column) -> Column:
    """A number for each row, equal for equal rows."""
    key = np.zeros(len(table), np.uint64)
    with np.errstate(over="ignore"):
        for column in range(table.shape[1]):
            key = (key ^ table[:, column]) * np.uint64(0x9E3779B97F4A7C15)
            key ^= key >> np.uint64(29)
    return key
