"""Tunnels and proxies in flows: a terminal that keeps a conversation with the internet which hides what it is."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from netops.core.basis import Basis
from netops.core.finding import Conclusion, Severity, Subject, rule
from netops.core.language import N_
from netops.core.plane import Plane
from netops.egress.classify import Space
from netops.egress.fold import groups, text
from netops.egress.judge import PLANES, Judged, Scene
from netops.egress.telling import conclusion, placed

REMEMBERED_SECONDS = 600
MAX_TALKS = 20_000

Key = tuple[int, int, int, int, int]
"""Inside address (two columns), remote address (two columns), position of the signature."""


class Talk:
    """Packets of one conversation by exporter, outward and inward: several exporters see the same packet."""

    __slots__ = ("answers", "latest", "packets")

    def __init__(self) -> None:
        self.packets: dict[str, int] = {}
        self.answers: dict[str, int] = {}
        self.latest = 0

    def is_kept(self, packets: int, answers: int) -> bool:
        """Whether some exporter saw so many outward, and some so many inward."""
        return (
            max(self.packets.values(), default=0) >= packets and max(self.answers.values(), default=0) >= answers
        )


class Talks:
    """The conversations of the last ten minutes that look like tunnels; bounded."""

    def __init__(self) -> None:
        self.talks: dict[Key, Talk] = {}

    def add(self, key: Key, exporter: str, packets: int, latest: int, *, is_outward: bool) -> Talk:
        """Count packets of one exporter."""
        talk = self.talks.pop(key, None) or Talk()
        if talk.latest < latest - REMEMBERED_SECONDS * 1000:
            talk = Talk()
        counts = talk.packets if is_outward else talk.answers
        counts[exporter] = counts.get(exporter, 0) + packets
        talk.latest = max(talk.latest, latest)
        self.talks[key] = talk
        while len(self.talks) > MAX_TALKS:
            del self.talks[next(iter(self.talks))]
        return talk


@rule(
    "EG-402",
    "tunnel",
    Severity.MEDIUM,
    Basis(12),
    title=N_("{ip} keeps a {tunnel} tunnel to {peer}"),
    because=N_("{packets} packets went from {ip} to {peer} by {service}, and {answers} came back within ten minutes."),
)
def tunnel(judged: Judged, scene: Scene, talks: Talks) -> Iterator[Conclusion]:
    """
    EG-402: a terminal of the extranet keeps a tunnel or proxy connection to the internet.

    What: packets in both directions between an address of the extranet and an internet address, by an IP protocol or
        far-end port of playbooks/watchlists/tunnels.toml (GRE, IPIP, ESP, WireGuard, OpenVPN, L2TP, PPTP, SOCKS, …),
        more than the thresholds there within ten minutes; devices under management, published ports and attempts
        without an answer are left out.
    Why: departments use the platform's exit, whose security measures see what passes (Article 12); a tunnel passes
        them by, and opens a way in.
    Mend: ask the department what it is for; end it, or accept the finding until a date when it was approved.
    Refuted: an approved connection of that kind to that peer, or an ordinary service at that port, as its names and
        certificates show.
    """
    if not scene.tunnels or Plane.EXTRANET not in scene.tables:
        return
    candidates = scene.shapes.may(*(judged.batch[name] for name in ("proto", "sport", "dport")))
    if not candidates.any():
        return
    judged = judged.take(candidates)
    batch = judged.batch
    spaces = scene.tables[Plane.EXTRANET].spaces
    is_ours = np.isin(spaces, (Space.INSIDE, Space.ALLOCATED))
    is_internet = spaces == Space.INTERNET
    extranet = judged.plane == PLANES.index(Plane.EXTRANET)
    source, destination = (np.where(extranet, one, 0) for one in (judged.source, judged.destination))
    outward = extranet & is_ours[source] & is_internet[destination]
    inward = extranet & is_internet[source] & is_ours[destination]
    shape = np.where(
        outward,
        scene.shapes.match(batch["proto"], batch["dport"], batch["sport"]),
        np.where(inward, scene.shapes.match(batch["proto"], batch["sport"], batch["dport"]), -1),
    )
    if not (shape >= 0).any():
        return
    near = [np.where(outward, batch[f"src_{half}"], batch[f"dst_{half}"]) for half in ("hi", "lo")]
    far = [np.where(outward, batch[f"dst_{half}"], batch[f"src_{half}"]) for half in ("hi", "lo")]
    for group in groups(judged, shape >= 0, *near, *far, shape):
        row, out = group.row, outward[group.rows]
        here, there = ("src", "dst") if outward[row] else ("dst", "src")
        ip, peer = text(judged, here, row), text(judged, there, row)
        if (ip, int(batch["sport" if outward[row] else "dport"][row])) in scene.published:
            continue
        signature = scene.shapes.signatures[shape[row]]
        key = (int(near[0][row]), int(near[1][row]), int(far[0][row]), int(far[1][row]), int(shape[row]))
        talk = Talk()
        for number in np.unique(batch.exporter[group.rows]).tolist():
            mine = batch.exporter[group.rows] == number
            for is_outward in (True, False):
                rows = group.rows[mine & (out == is_outward)]
                packets = int(np.minimum(batch["packets"][rows], 1 << 32).sum())
                latest = int(batch["received"][group.rows].max())
                talk = talks.add(key, batch.exporters[number], packets, latest, is_outward=is_outward)
        if not talk.is_kept(signature.packets, signature.answers):
            continue
        seen = scene.by_ip.get((Plane.EXTRANET, ip))
        owner = int((judged.source if outward[row] else judged.destination)[row])
        subject: Subject = {"ip": ip} | placed(seen)
        yield conclusion(
            "EG-402",
            judged,
            scene,
            group,
            Plane.EXTRANET,
            subject,
            scene.tables[Plane.EXTRANET].owners[owner].organization or (seen.organization if seen else ""),
            f"ip {ip} {signature.key}",
            {
                "ip": ip,
                "peer": peer,
                "tunnel": signature.name,
                "service": _service(signature.protocol, signature.ports),
                "packets": str(max(talk.packets.values())),
                "answers": str(max(talk.answers.values())),
            },
        )


def _service(protocol: int, ports: tuple[int, ...]) -> str:
    """Such as UDP 51820; a protocol without ports by its number."""
    name = {6: "TCP", 17: "UDP"}.get(protocol, f"IP {protocol}")
    return f"{name} {'/'.join(map(str, ports))}" if ports else name
