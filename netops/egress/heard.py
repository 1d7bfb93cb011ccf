"""What was heard (旁听研判): observations of packets and logs, held against register and topology; what they prove. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from netops.core.basis import Basis
from netops.core.evidence import Evidence
from netops.core.finding import Conclusion, Rule, Severity, Subject, rule
from netops.core.language import N_
from netops.core.plane import Plane
from netops.egress.classify import Space
from netops.egress.flows import address_value, mac_value
from netops.egress.judge import Scene, Terminal
from netops.egress.listening.observation import ALARMING, Observation
from netops.egress.telling import placed

ALIKE = {"socks4": "socks", "socks5": "socks", "ipsec": "ipsec-nat"}
"""What a handshake shows, by the key that ports and protocol numbers have on the watchlist: one tunnel is one finding."""
OURS = (Space.INSIDE, Space.ALLOCATED)


@dataclass(frozen=True)
class Heard:
    """
    Observations of one plane, and what they are held against.

    Args:
        place: the device that was listened at, or the source; *interface* its interface, or "".
        contacts: internet addresses that terminals sent to without an answer, by terminal: packets, first, last, samples.
    """

    plane: Plane
    scene: Scene
    observations: tuple[Observation, ...]
    place: str
    interface: str = ""
    contacts: dict[str, Contact] = field(default_factory=dict)

    @property
    def segment(self) -> str:
        """The registered LAN that was listened to, "" when the register does not tell."""
        ports = [port for one in self.scene.observers.values() if one.device == self.place for port in one.ports]
        named = [port.segment for port in ports if port.name == self.interface and port.segment]
        several = {port.segment for port in ports if port.segment}
        return named[0] if named else several.pop() if len(several) == 1 else ""

    def space(self, ip: str) -> Space:
        """What kind of space an address lies in."""
        return self._owner(ip)[0]

    def organization(self, ip: str) -> str:
        """Whose it is, "" for nobody's."""
        seen = self.terminal(ip)
        return self._owner(ip)[1] or (seen.organization if seen else "")

    def terminal(self, ip: str, mac: str = "") -> Terminal | None:
        """The terminal with this address, or this MAC, as the walk saw it."""
        return self.scene.by_ip.get((self.plane, ip)) or self.scene.by_mac.get(mac_value(mac) if mac else 0)

    def is_device(self, mac: str) -> bool:
        """Whether a MAC address is a managed device's."""
        return bool(mac) and mac_value(mac) in self.scene.device_macs

    def is_ours(self, ip: str) -> bool:
        """Whether an address is a terminal's of this plane."""
        return self.space(ip) in OURS

    def is_internet(self, ip: str) -> bool:
        """Whether an address is on the internet."""
        return bool(ip) and self.space(ip) is Space.INTERNET

    def _owner(self, ip: str) -> tuple[Space, str]:
        table = self.scene.tables.get(self.plane)
        if table is None:
            return Space.SPECIAL, ""
        hi, lo = (np.array([half], np.uint64) for half in address_value(ip))
        owner = table.owners[int(table.owner(hi, lo)[0])]
        return Space(owner.space), owner.organization


@dataclass
class Contact:
    """Packets of one terminal to the internet that nobody answered."""

    packets: int = 0
    first: datetime | None = None
    last: datetime | None = None
    peers: dict[str, int] = field(default_factory=dict)

    def add(self, peer: str, packets: int, first: datetime, last: datetime) -> None:
        """One conversation more."""
        self.packets += packets
        self.first = min(self.first or first, first)
        self.last = max(self.last or last, last)
        if len(self.peers) < 20:
            self.peers[peer] = self.peers.get(peer, 0) + packets


def concluded(heard: Heard) -> list[Conclusion]:
    """Everything that was heard and asks to be told, one conclusion a subject."""
    found: dict[str, Conclusion] = {}
    for sense in SENSES:
        for conclusion in sense(heard):
            before = found.get(conclusion.key)
            found[conclusion.key] = conclusion if before is None else _joined(before, conclusion)
    return list(found.values())


def _joined(one: Conclusion, other: Conclusion) -> Conclusion:
    """Two of the same subject: the later one's words, both their evidence."""
    first, last = sorted((one, other), key=lambda each: each.at)
    pieces = (*first.evidence, *last.evidence)
    return Conclusion(
        last.code, last.plane, first.subject | last.subject, last.organization or first.organization, last.facts, pieces[-10:],
        last.at, first.count + last.count, last.identity,
    )  # fmt: skip


def evidence(heard: Heard, one: Observation) -> Evidence:
    """What one witness saw: how it was recognised, from when to when, how often."""
    where = f"{heard.place} {heard.interface}".strip() or one.where
    body: dict[str, object] = {
        "kind": one.kind, "what": one.what, "ip": one.ip, "mac": one.mac, "peer": one.peer, "port": one.port, "by": list(one.by),
        "confidence": one.confidence, "names": list(one.names), "first": one.first.isoformat(), "last": one.last.isoformat(),
        "count": one.count, "file": one.where, "facts": _plain(one.facts),
    }  # fmt: skip
    return Evidence(one.source, where[:256], f"egress capture: {one.kind} {one.what}", body, one.last)


def _plain(facts: dict[str, object]) -> dict[str, object]:
    import msgspec

    plain: dict[str, object] = msgspec.to_builtins(facts)
    return plain


def _conclusion(
    heard: Heard, code: str, one: Observation, ip: str, identity: str, said: str, facts: dict[str, str]
) -> Conclusion:
    """About the terminal with this address; *said* in place of the rule's own words, "" for those."""
    card = one.mac if ip == one.ip and not heard.is_device(one.mac) else ""
    seen = heard.terminal(ip, card)
    subject: Subject = {"ip": ip} | ({"mac": card} if card else {}) | placed(seen)
    if card and heard.interface and "switch" not in subject:
        subject |= {"switch": heard.place, "port": heard.interface}
    told = {"ip": ip, "count": str(one.count)} | facts | ({"said": said} if said else {})
    pieces = (evidence(heard, one),)
    return Conclusion(
        code, heard.plane, subject, heard.organization(ip), told, pieces, one.last, max(1, one.count), identity
    )


def _ends(heard: Heard, one: Observation) -> tuple[str, str]:
    """Our end and the internet's of an observation, ("", "") when it does not go from one to the other."""
    for near, far in ((one.ip, one.peer), (one.peer, one.ip)):
        if near and heard.is_ours(near) and ((not far and near == one.ip) or heard.is_internet(far)):
            is_published = near == one.peer and (near, one.port) in heard.scene.published
            return ("", "") if is_published else (near, far)
    return "", ""


def _how(one: Observation) -> str:
    return ", ".join(one.by)


# ---- the rules whose findings flows may open as well
def heard_tunnels(heard: Heard) -> Iterator[Conclusion]:
    """Tunnels and proxies to the internet, by their handshakes (EG-402)."""
    if heard.plane is not Plane.EXTRANET:
        return
    for one in heard.observations:
        if one.kind not in ("tunnel", "proxy", "dns_tunnel", "icmp_tunnel") or one.confidence < ALARMING:
            continue
        near, far = _ends(heard, one)
        if not near or (one.kind in ("tunnel", "proxy") and not far):
            continue
        what = {"openvpn": "openvpn-tcp" if one.protocol == 6 else "openvpn-udp"}.get(one.what, ALIKE.get(one.what, one.what))
        what = one.kind if one.kind.endswith("_tunnel") else what
        said = N_("{count} packets between {ip} and {peer} are {tunnel}: recognised by {how}; {percent}% sure.")
        facts = {"peer": far or one.what, "tunnel": one.name, "how": _how(one), "percent": _percent(one.confidence)}
        yield _conclusion(heard, "EG-402", one, near, f"ip {near} {what}", said, facts)


def heard_servers(heard: Heard) -> Iterator[Conclusion]:
    """DHCP servers that nobody registered (EG-401)."""
    scene = heard.scene
    for one in heard.observations:
        if one.kind != "dhcp_server":
            continue
        facts = one.facts
        known = {one.ip, str(facts.get("sender", "")), str(facts.get("relay", ""))} - {""}
        is_registered = any((heard.plane, ip) in scene.dhcp_servers or heard.space(ip) is Space.DEVICES for ip in known)
        if is_registered or heard.is_device(one.mac):
            continue
        registered = ", ".join(sorted(ip for plane, ip in scene.dhcp_servers if plane is heard.plane)) or "—"
        said = N_(
            "{count} DHCP answers of {ip} ({mac}) were heard at {place}; it gives {given} and the gateway {gateway};"
            " registered: {servers}."
        )
        gateway = ", ".join(map(str, facts.get("routers", []))) or "—"
        place = f"{heard.place} {heard.interface}".strip() or one.where
        given = str(facts.get("given", "")) or "—"
        told = {
            "mac": one.mac, "segment": heard.segment or place, "place": place, "given": given, "gateway": gateway,
            "servers": registered,
        }  # fmt: skip
        yield _conclusion(heard, "EG-401", one, one.ip, f"dhcp {heard.segment or place} {one.ip}", said, told)


def heard_crowds(heard: Heard) -> Iterator[Conclusion]:
    """Addresses behind which several machines stand (EG-404)."""
    for one in heard.observations:
        if one.kind != "hidden_nat" or one.confidence < ALARMING or heard.is_device(one.mac) or not heard.is_ours(one.ip):
            continue
        facts = one.facts
        said = N_(
            "Packets of {ip} had passed a router before ({ttls}): {percent}% sure, by {how}. About {hosts} machines stand behind"
            " it, {number}% sure within one; {least} at least."
        )
        ttls = ", ".join(f"TTL {ttl}: {count}" for ttl, count in facts.get("ttls", {}).items())
        told = {
            "mac": one.mac, "ttls": ttls, "hosts": str(facts.get("hosts", 1)), "least": str(facts.get("at_least", 1)),
            "how": _how(one), "percent": _percent(one.confidence), "number": _percent(float(facts.get("hosts_confidence", 0.5))),
        }  # fmt: skip
        yield _conclusion(heard, "EG-404", one, one.ip, f"mac {one.mac}" if one.mac else f"ip {one.ip}", said, told)


def heard_questions(heard: Heard) -> Iterator[Conclusion]:
    """Intranet hosts that ask for the internet (EG-202)."""
    if heard.plane is not Plane.INTRANET:
        return
    for one in heard.observations:
        is_asked = one.kind in ("connectivity_check", "public_resolver", "encrypted_dns", "remote_control", "file_sharing")
        if is_asked and heard.is_ours(one.ip) and one.confidence >= ALARMING:
            said = N_("{ip} asked for {name} ({names}) {count} times, by {how}.")
            names = ", ".join(one.names[:3]) or one.peer or "—"
            facts = {"name": one.name, "names": names, "peer": one.peer or names, "how": _how(one), "flows": str(one.count)}
            yield _conclusion(heard, "EG-202", one, one.ip, f"ip {one.ip}", said, facts)
    for ip, contact in heard.contacts.items():
        if heard.is_ours(ip) and contact.first and contact.last:
            peers = ", ".join(sorted(contact.peers, key=lambda peer: -contact.peers[peer])[:3])
            one = Observation(
                kind="internet_contact", what="internet", name="internet", ip=ip, mac="", peer=peers, port=0, protocol=0,
                by=("address",), confidence=0.9, first=contact.first, last=contact.last, count=contact.packets, names=(),
                is_alarm=True, source="capture", where=heard.place, facts={"peers": contact.peers},
            )  # fmt: skip
            said = N_("{ip} sent {count} packets to internet addresses, such as {peer}; no answer was seen.")
            yield _conclusion(heard, "EG-202", one, ip, f"ip {ip}", said, {"peer": peers, "flows": str(contact.packets)})


def _percent(ratio: float) -> str:
    return f"{ratio * 100:.0f}"


# ---- the rules of listening alone
@rule(
    "EG-407",
    "remote_control",
    Severity.MEDIUM,
    Basis(12),
    title=N_("{ip} is under remote control by {tool}"),
    because=N_("{count} packets or questions between {ip} and {peer} are {tool}: recognised by {how}; {percent}% sure."),
)
def remote_control(heard: Heard) -> Iterator[Conclusion]:
    """
    EG-407: remote-control software connects a terminal with the internet.

    What: a handshake, a certificate or a name of playbooks/watchlists/remote-control.toml was heard between a terminal of
        the extranet and the internet, or the terminal asked for such a name. A visit to the maker's page is left out.
    Why: departments use the shared exit, whose security measures see what passes (Article 12); who controls a terminal
        from outside is inside.
    Mend: ask the department who uses it and for what; remove it, or accept the finding until a date when it was approved.
    Refuted: an approval of that tool for that terminal, or only the maker's page was visited, as a longer capture
        shows.
    """
    yield from _services(heard, "EG-407", "remote_control")


@rule(
    "EG-408",
    "file_sharing",
    Severity.LOW,
    Basis(12),
    title=N_("{ip} shares files with strangers by {tool}"),
    because=N_("{count} packets or questions between {ip} and {peer} are {tool}: recognised by {how}; {percent}% sure."),
)
def file_sharing(heard: Heard) -> Iterator[Conclusion]:
    """
    EG-408: peer-to-peer file sharing runs on a terminal.

    What: a handshake of BitTorrent, or a name of playbooks/watchlists/file-sharing.toml, was heard between a terminal of the
        extranet and the internet.
    Why: departments use the shared exit, whose security measures see what passes (Article 12); peers send and fetch files
        past them.
    Mend: ask the department; remove the program, or accept the finding until a date.
    Refuted: the program distributes updates by peers on an approved service, as its tracker or info hash shows.
    """
    yield from _services(heard, "EG-408", "file_sharing")


@rule(
    "EG-409",
    "encrypted_dns",
    Severity.LOW,
    Basis(12),
    title=N_("{ip} resolves names by {tool} past the city's resolver"),
    because=N_("{count} packets between {ip} and {peer} are {tool} ({names}): recognised by {how}; {percent}% sure."),
)
def encrypted_dns(heard: Heard) -> Iterator[Conclusion]:
    """
    EG-409: a terminal asks a public resolver through encryption.

    What: DNS over TLS, HTTPS or QUIC to a resolver of playbooks/watchlists/public-resolvers.toml, or to port 853.
    Why: names are resolved and kept by the city's own resolver (Article 12); encrypted questions hide what a terminal
        looks for, tunnels and infections among it.
    Mend: switch it off in the browser or system, by policy where there are many; or accept the finding until a date.
    Refuted: the resolver is the city's own, or its policy sends terminals there.
    """
    yield from _services(heard, "EG-409", "encrypted_dns")


@rule(
    "EG-410",
    "rogue_router",
    Severity.HIGH,
    Basis(11),
    title=N_("{ip} advertises itself as a router and is none of ours"),
    because=N_(
        "{count} router advertisements of {ip} ({mac}) for {prefixes} were heard at {place}; no managed device has this card."
    ),
)
def rogue_router(heard: Heard) -> Iterator[Conclusion]:
    """
    EG-410: router advertisements come from a card that is no managed device's.

    What: ICMPv6 router advertisements with a lifetime above 0, from a MAC address that no walked device has.
    Why: addresses are allocated by the authority (Article 11); who advertises a prefix gives every terminal of the LAN an
        address, a gateway and a resolver that nobody allocated.
    Mend: unplug the box at the port named, or register and walk the router.
    Refuted: the card is a managed device's that no walk has read yet, or a router that is registered.
    """
    for one in heard.observations:
        is_router = one.kind == "router_advertisement" and int(one.facts.get("lifetime", 0)) > 0
        if is_router and heard.scene.device_macs and one.mac and not heard.is_device(one.mac):
            prefixes = ", ".join(map(str, one.facts.get("prefixes", []))) or "—"
            place = f"{heard.place} {heard.interface}".strip() or one.where
            told = {"mac": one.mac, "prefixes": prefixes, "place": place}
            yield _conclusion(heard, "EG-410", one, one.ip, f"mac {one.mac}", "", told)


def _services(heard: Heard, code: str, kind: str) -> Iterator[Conclusion]:
    if heard.plane is not Plane.EXTRANET:
        return
    for one in heard.observations:
        if one.kind != kind or one.confidence < ALARMING:
            continue
        near, far = _ends(heard, one)
        if near:
            names = ", ".join(one.names[:3]) or "—"
            facts = {"tool": one.name, "peer": far or names, "names": names}
            facts |= {"how": _how(one), "percent": _percent(one.confidence)}
            yield _conclusion(heard, code, one, near, f"ip {near} {one.what}", "", facts)


OWN_RULES: dict[str, Rule] = {one.code: one for one in (remote_control, file_sharing, encrypted_dns, rogue_router)}
"""What only listening tells."""
SENSES: tuple[Callable[[Heard], Iterable[Conclusion]], ...] = (
    heard_questions, heard_servers, heard_tunnels, heard_crowds, *OWN_RULES.values(),
)  # fmt: skip
"""The first four open findings that flows open as well, with words of their own: one subject is one finding."""
