"""Scans and floods (扫描、洪泛) in kept flows: a source that tries many in vain; more packets than anybody wants. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from netops.core.basis import Basis
from netops.core.finding import Conclusion, Rule, Severity, Subject, rule
from netops.core.language import N_
from netops.egress.attack_limits import Limits
from netops.egress.classify import Space
from netops.egress.flows import Batch, Column, grouped
from netops.egress.fold import Group, text
from netops.egress.judge import PLANES, Judged, Scene
from netops.egress.kept import KEPT, batch_of, joined_low
from netops.egress.match import View
from netops.egress.telling import conclusion, owner_of, peer_text, placed, spaces

TCP, UDP, ICMP, ICMP6 = 6, 17, 1, 58
SYN, ACK = 2, 16
STARTS = 1 | SYN | 8 | 32
"""Flags that open something, or are sent to see what comes: FIN, SYN, PSH, URG."""
FEW = 3
"""Packets: more of one flow without an answer is a stream, not a try."""
ECHO = (8 << 8, 128 << 8)
"""Echo requests of ICMP and ICMPv6, as flows have type and code in the port of the far end."""
MOST_SUSPECTS = 200
"""Addresses that are looked at closely in one round."""
MOST_ROWS = 4_000_000
LOOKED_AT = 0.01
"""Of a limit: what is less in one chunk of flows is left out of the sums."""
MINUTE = 60_000
ANSWERED = 0.1
"""A target that sends back more than this share of the packets is served, not flooded."""
SHARE = 0.1
"""Of a flood: who sent less is not named."""
OURS = (Space.INSIDE, Space.ALLOCATED, Space.DEVICES)
Address = tuple[int, int]
"""The two columns of an address."""


# ---- what is looked at
def tries(view: View) -> Batch:
    """
    Flows that came to nothing as far as they show it: TCP that was never acknowledged, a few packets of UDP, echo requests.

    Where an exporter tells no flags, a few packets of TCP are one too; answers are looked for later.
    """
    proto, flags, port = (view.column(name) for name in ("proto", "tcp_flags", "dport"))
    few = view.column("packets") <= FEW
    tcp = (proto == TCP) & ((flags & ACK) == 0) & (((flags & STARTS) != 0) | ((flags == 0) & few))
    echo = ((proto == ICMP) & (port == ECHO[0])) | ((proto == ICMP6) & (port == ECHO[1]))
    return taken(View(view, np.flatnonzero(tcp | ((proto == UDP) & few) | echo)))


def taken(view: View) -> Batch:
    """The flows of a view in memory, as they are judged."""
    return batch_of({name: view.column(name) for name in KEPT}, view.names)


Volume = dict[tuple[int, int, int, int, str], float]
"""Packets a second by target (two columns), protocol, minute and exporter."""


def volume(view: View, limits: Limits) -> Volume:
    """How much of what could flood went where; what is far below the limits is left out."""
    proto, flags = view.column("proto"), view.column("tcp_flags")
    syn = (proto == TCP) & ((flags & (SYN | ACK)) == SYN)
    view = View(view, np.flatnonzero(syn | np.isin(proto, (UDP, ICMP, ICMP6))))
    if not len(view):
        return {}
    hi = view.column("dst_hi").astype(np.uint64)
    lo = joined_low(view.column("dst_mid"), view.column("dst_low"))
    minute = view.column("received").astype(np.int64) // MINUTE
    start = int(minute.min())
    ends = [lo & np.uint64(0xFFFFFFFF), lo >> np.uint64(32), hi & np.uint64(0xFFFFFFFF), hi >> np.uint64(32)]
    group, rows = grouped(*ends, view.column("proto"), minute - start, view.column("exporter"))
    sums = np.bincount(group, _rate(view.value("packets"), view.column("duration")))
    least = np.where(view.column("proto")[rows] == TCP, limits.syn_per_second, limits.many_per_second) * LOOKED_AT
    keys = zip(
        hi[rows].tolist(), lo[rows].tolist(), view.column("proto")[rows].tolist(), minute[rows].tolist(),
        [view.names.exporters[number] for number in view.column("exporter")[rows]], strict=True,
    )  # fmt: skip
    return {key: rate for key, rate, enough in zip(keys, sums.tolist(), (sums >= least).tolist(), strict=True) if enough}


def _rate(packets: Column, duration: Column) -> Column:
    """Packets a second of each flow within the minute in which it came; long flows are spread over their time."""
    rate: Column = packets.astype(np.float64) * 1000 / np.maximum(duration.astype(np.int64), MINUTE)
    return rate


def targets(volumes: Iterable[Volume], limits: Limits) -> list[Address]:
    """Addresses that got as much as a flood, the most first."""
    sums: Volume = {}
    for one in volumes:
        for key, rate in one.items():
            sums[key] = sums.get(key, 0.0) + rate
    most: dict[Address, float] = {}
    for (hi, lo, proto, _minute, _exporter), rate in sums.items():
        share = rate / (limits.syn_per_second if proto == TCP else limits.many_per_second)
        if share >= 1:
            most[hi, lo] = max(most.get((hi, lo), 0.0), share)
    return sorted(most, key=lambda address: -most[address])[:MOST_SUSPECTS]


def suspects(judged: Judged, scene: Scene, limits: Limits) -> list[Address]:
    """Addresses of our own that tried so many hosts or ports, the most first."""
    batch = judged.batch
    rows = np.flatnonzero(np.isin(spaces(judged, scene, judged.source), OURS)) if len(batch) else np.zeros(0, np.intp)
    if not len(rows):
        return []
    source, place = _numbered(batch, "src", rows)
    target, _ = _numbered(batch, "dst", rows)
    proto, port = batch["proto"][rows], batch["dport"][rows]
    hosts = _distinct(len(place), source, target, proto)
    ports = _distinct(len(place), source, target, proto, port)
    counts = np.maximum(hosts / limits.hosts, ports / limits.ports)
    order = [number for number in np.argsort(-counts, kind="stable").tolist() if counts[number] >= 1]
    return [_address(batch, "src", int(rows[place[number]])) for number in order[:MOST_SUSPECTS]]


def _distinct(size: int, source: Column, *columns: Column) -> Column:
    """How many different values of *columns* each source has."""
    _, first = grouped(source, *columns)
    return np.bincount(source[first], minlength=size)


def _numbered(batch: Batch, end: str, rows: Column) -> tuple[Column, Column]:
    """A number for each different address of one end, and a place in *rows* of each."""
    hi, lo = batch[f"{end}_hi"][rows], batch[f"{end}_lo"][rows]
    halves = [half for one in (hi, lo) for half in (one & np.uint64(0xFFFFFFFF), one >> np.uint64(32))]
    return grouped(*halves)


def _address(batch: Batch, end: str, row: int) -> Address:
    return int(batch[f"{end}_hi"][row]), int(batch[f"{end}_lo"][row])


def _rows(batch: Batch, end: str, address: Address) -> Column:
    """Rows with this address at one end."""
    return np.flatnonzero((batch[f"{end}_lo"] == np.uint64(address[1])) & (batch[f"{end}_hi"] == np.uint64(address[0])))


class Tried(NamedTuple):
    """
    What one source tried in vain.

    Args:
        rows: of the tries that nothing came of.
        hosts, ports: how many different hosts by one protocol, and ports of one host at most.
        share: of all that it tried, a ratio.
    """

    rows: Column
    hosts: int
    ports: int
    share: float


def tried(source: Address, batch: Batch, met: Batch) -> Tried:
    """
    What came of the tries of one source.

    Args:
        batch: tries of anybody.
        met: all flows from and to the source. Where nothing at all goes to it, only TCP shows that nothing came of it.
    """
    mine, out, back = _rows(batch, "src", source), _rows(met, "src", source), _rows(met, "dst", source)
    kept = out[(met["proto"][out] != TCP) | ((met["tcp_flags"][out] & ACK) != 0) | (met["tcp_flags"][out] == 0)]
    answers, talks = set(_services(met, back, "src", "sport")), set(_services(met, kept, "dst", "dport"))
    # A SYN that was sampled out of a connection, or sent again before one, is no try in vain: the rest of it is there too.
    opened = set(_services(met, kept[(met["proto"][kept] == TCP) & (met["tcp_flags"][kept] != 0)], "dst", "dport"))
    shows = (batch["proto"][mine] == TCP) & (batch["tcp_flags"][mine] != 0)
    asked = _services(batch, mine, "dst", "dport")
    vain = np.array(
        [(one not in opened) if sure else (len(back) > 0 and one not in answers) for one, sure in zip(asked, shows, strict=True)],
        bool,
    )
    lost = {one for one, is_vain in zip(asked, vain, strict=True) if is_vain}
    done = talks - lost
    hosts: dict[int, set[Address]] = {}
    ports: dict[Address, set[tuple[int, int]]] = {}
    for hi, lo, protocol, port in lost:
        hosts.setdefault(protocol, set()).add((hi, lo))
        ports.setdefault((hi, lo), set()).add((protocol, port))
    return Tried(
        mine[vain], max(map(len, hosts.values()), default=0), max(map(len, ports.values()), default=0),
        len(lost) / max(len(lost) + len(done), 1),
    )  # fmt: skip


def _services(batch: Batch, rows: Column, end: str, port: str) -> list[tuple[int, int, int, int]]:
    """(address, protocol, port) of one end of each row; ICMP by the address alone, for an answer has another type."""
    proto = batch["proto"][rows]
    ports = np.where(np.isin(proto, (ICMP, ICMP6)), 0, batch[port][rows])
    columns = batch[f"{end}_hi"][rows], batch[f"{end}_lo"][rows], proto, ports
    return list(zip(*(column.tolist() for column in columns), strict=True))


# ---- rules
@rule(
    "EG-501",
    "network_scan",
    Severity.MEDIUM,
    Basis(17, duty="A17-4"),
    title=N_("{ip} scans the network"),
    because=N_(
        "{ip} tried {hosts} hosts and up to {ports} ports of one, such as {peer}, within {minutes} minutes; {share}% was in vain."
    ),
)
def network_scan(judged: Judged, scene: Scene, limits: Limits, met: Batch, sources: list[Address]) -> Iterator[Conclusion]:
    """
    EG-501: an address of ours tries many hosts or many ports, and little comes of it.

    What: within some minutes one address sent TCP that was never acknowledged, UDP that nobody answered, or echo requests in
        vain to more hosts, or more ports of one host, than playbooks/watchlists/attacks.toml allows, and most of all that
        it tried came to nothing. Refuted by a monitoring system or an ordered scan (name it there, with owner, reason and end),
        or by programs that look for many peers.
    Why: nobody may harm the running of public networks (Article 17); a scan from inside is how a taken over machine looks for
        the next one.
    Mend: isolate the machine, find the program that sends, clean the machine and report.
    Refuted: an inspection or a scanner of the office at that time, or a service whose clients all failed alike.
    """
    for source in sources:
        found = tried(source, judged.batch, met)
        if max(found.hosts / limits.hosts, found.ports / limits.ports) < 1 or found.share < limits.unanswered:
            continue
        newest = found.rows[np.argmax(judged.batch["received"][found.rows])]
        group = Group(int(newest), found.rows)
        plane, ip = PLANES[judged.plane[group.row]], text(judged, "src", group.row)
        seen = scene.by_ip.get((plane, ip))
        has_ports = judged.batch["proto"][group.row] in (TCP, UDP)
        told = {
            "ip": ip, "hosts": str(found.hosts), "ports": str(found.ports), "minutes": str(limits.window_minutes),
            "share": f"{found.share * 100:.0f}",
            "peer": peer_text(judged, group, "dst") if has_ports else text(judged, "dst", group.row),
        }  # fmt: skip
        subject: Subject = {"ip": ip} | placed(seen)
        yield conclusion(
            "EG-501", judged, scene, group, plane, subject, owner_of(judged, scene, group, seen), f"ip {ip}", told
        )


@rule(
    "EG-502",
    "traffic_flood",
    Severity.HIGH,
    Basis(17, duty="A17-4"),
    title=N_("{peer} is flooded by {service}"),
    because=N_("{rate} packets a second of {service} went to {peer}, from {sources} addresses such as {ip}; little came back."),
)
def traffic_flood(
    met: Judged, scene: Scene, limits: Limits, addresses: list[Address]
) -> Iterator[Conclusion]:
    """
    EG-502: more packets go to an address than anybody could want there.

    What: within a minute more SYN without a connection to one port, more UDP of many sources (or of one, much more), or more
        ICMP than playbooks/watchlists/attacks.toml allows, and the address sends almost nothing back. One finding for each
        organization that sent a tenth of it or more; what comes from outside is nobody's. Refuted by a log server, a
        recorder or a test: name it there, with owner, reason and end.
    Why: nobody may harm the running of public networks (Article 17).
    Mend: block the sources at their switch ports, look for what sends, and report; for one from outside ask the carrier.
    Refuted: an approved transfer or test, or a service that was merely in demand, as its answers show.
    """
    batch = met.batch
    for address in addresses:
        to, back = _rows(batch, "dst", address), _rows(batch, "src", address)
        for service, rows, rate in _floods(batch, to, back, limits):
            for group, share in _senders(met, scene, rows):
                row = group.row
                plane, ip, peer = PLANES[met.plane[row]], text(met, "src", row), text(met, "dst", row)
                is_ours = int(spaces(met, scene, met.source)[row]) in OURS
                seen = scene.by_ip.get((plane, ip)) or scene.by_mac.get(int(batch["src_mac"][row]))
                organization = owner_of(met, scene, group, seen)
                told = {
                    "peer": peer, "service": service, "rate": f"{rate * share:.0f}", "ip": ip,
                    "sources": str(len(_numbered(batch, "src", group.rows)[1])),
                }  # fmt: skip
                subject: Subject = {"ip": ip} | placed(seen) if is_ours or seen else {"ip": peer}
                yield conclusion(
                    "EG-502", met, scene, group, plane, subject, organization, f"flood {organization} {peer} {service}", told
                )


def _floods(batch: Batch, to: Column, back: Column, limits: Limits) -> Iterator[tuple[str, Column, float]]:
    """What floods one address: the service, its rows, and packets a second at most."""
    proto, flags = batch["proto"], batch["tcp_flags"]
    tcp = to[proto[to] == TCP]
    for port in np.unique(batch["dport"][tcp]).tolist():
        all_of_it = tcp[batch["dport"][tcp] == port]
        rows = all_of_it[(flags[all_of_it] & (SYN | ACK)) == SYN]
        rate = _peak(batch, rows)
        if rate >= limits.syn_per_second and len(rows) >= (1 - ANSWERED) * len(all_of_it):
            yield f"TCP {port} SYN", rows, rate
    udp = to[proto[to] == UDP]
    rate, replied = _peak(batch, udp), _peak(batch, back[proto[back] == UDP])
    is_many = rate >= limits.many_per_second and len(udp) and len(_numbered(batch, "src", udp)[1]) >= limits.many_sources
    if (is_many or rate >= limits.one_per_second) and replied < ANSWERED * rate:
        yield "UDP", udp, rate
    icmp = to[np.isin(proto[to], (ICMP, ICMP6))]
    if (rate := _peak(batch, icmp)) >= limits.many_per_second:
        yield "ICMP", icmp, rate


def _peak(batch: Batch, rows: Column) -> float:
    """Packets a second in the fullest minute, as the exporter saw them that saw most."""
    if not len(rows):
        return 0.0
    packets = batch["packets"][rows].astype(np.float64) * np.maximum(batch["sampling_interval"][rows], 1)
    rate = _rate(packets, batch["last"][rows] - batch["first"][rows])
    minute = batch["received"][rows] // MINUTE
    group, _ = grouped(minute - minute.min(), batch.exporter[rows])
    return float(np.bincount(group, rate).max())


def _senders(met: Judged, scene: Scene, rows: Column) -> Iterator[tuple[Group, float]]:
    """The rows of each organization, or of each card that belongs to nobody, that sent enough of it; and its share."""
    batch = met.batch
    owners: Mapping[int, list[str]] = {
        number: [one.organization for one in scene.tables[plane].owners]
        for number, plane in enumerate(PLANES)
        if plane in scene.tables
    }
    names = [owners[plane][owner] for plane, owner in zip(met.plane[rows].tolist(), met.source[rows].tolist(), strict=True)]
    known = {mac: one.organization for mac, one in scene.by_mac.items()}
    senders: dict[str, list[int]] = {}
    for place, (name, mac) in enumerate(zip(names, batch["src_mac"][rows].tolist(), strict=True)):
        senders.setdefault(name or known.get(mac, ""), []).append(place)
    packets = batch["packets"][rows].astype(np.float64)
    for places in senders.values():
        mine = rows[np.array(places)]
        share = float(packets[np.array(places)].sum() / max(packets.sum(), 1.0))
        if share >= SHARE:
            yield Group(int(mine[np.argmax(batch["packets"][mine])]), mine), share


ATTACK_RULES: dict[str, Rule] = {one.code: one for one in (network_scan, traffic_flood)}
"""What the round of this name looks for in kept flows."""
