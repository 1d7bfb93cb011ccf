"""What UDP conversations begin with (握手): WireGuard, OpenVPN, IKE and ESP, L2TP, Tailscale, SoftEther, QUIC, BitTorrent."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import pairwise

from netops.egress.listening import quic
from netops.egress.listening.named import Named
from netops.egress.listening.observation import Seen
from netops.egress.listening.talks import Talk
from netops.egress.listening.tls import Hello

Found = Iterator[Seen]
Sides = tuple[list[bytes], list[bytes]]
"""Datagrams of the client and of the server."""
IKE, IKE_NAT = 500, 4500
DISCO = b"TS\xf0\x9f\x92\xac"
"""How Tailscale's discovery begins (tailscale, disco/disco.go)."""


class Exchanges:
    """Recognises conversations by their first datagrams."""

    def __init__(self, named: Named) -> None:
        self.named = named

    def read(self, talk: Talk) -> Found:
        """What this conversation shows that it did not show before."""
        sides = tuple([octets for of, octets in talk.datagrams if of == side] for side in (talk.client, talk.server))
        for known, read in HANDSHAKES:
            if known not in talk.marks:
                for seen in read(talk, sides):  # type: ignore[arg-type]
                    if seen.by != "shape":
                        talk.marks.add(known)
                    yield seen
        if "hello" not in talk.marks and not talk.label.startswith(("WireGuard", "OpenVPN")):
            yield from self._quic(talk)

    def _quic(self, talk: Talk) -> Found:
        last = talk.datagrams[-1][1] if talk.datagrams else b""
        if quic.version(last):
            talk.label = talk.label or "QUIC"
            pieces = [piece for _, octets in talk.datagrams for piece in quic.pieces(octets)]
            if (hello := quic.assembled(pieces)) is not None:
                talk.marks.add("hello")
                yield from self.named.hello(talk, hello)
        elif b"CHLO" in last[:64] and (name := quic.google(last)):
            talk.label = "QUIC"
            talk.marks.add("hello")
            yield from self.named.hello(talk, Hello(name, (), 0, ""))


def _of(talk: Talk, kind: str, what: str, name: str, by: str = "handshake", sure: float = 0.0) -> Iterator[Seen]:
    talk.label = name
    yield Seen(kind, what, name, talk.ip, by, talk.peer, talk.port, talk.proto, sure=sure, depth=talk.depth)


def _wireguard(talk: Talk, sides: Sides) -> Found:
    """Handshake (148 and 92 octets), or transport data whose counter goes on (wireguard.com/protocol)."""
    client, server = sides
    if "tailscale" in talk.marks:
        return
    everything = [*client, *server]
    if not everything or any(len(one) < 32 or one[0] not in (1, 2, 3, 4) or any(one[1:4]) for one in everything[:4]):
        return
    begins = any(len(one) == 148 and one[0] == 1 for one in everything)
    answers = any(len(one) == 92 and one[0] == 2 for one in everything)
    steady = any(_goes_on(side) for side in sides)
    if any(one[0] == 1 and len(one) == 148 for one in server) and not any(one[0] == 1 for one in client):
        talk.client = talk.server
    if (begins and (answers or steady)) or steady:
        yield from _of(talk, "tunnel", "wireguard", "WireGuard")
    elif begins and "begun wireguard" not in talk.marks:
        talk.marks.add("begun wireguard")
        yield from _of(talk, "tunnel", "wireguard", "WireGuard", "shape", 0.7)


def _goes_on(side: list[bytes]) -> bool:
    """Whether datagrams of one side carry one receiver and a counter that rises."""
    data = [one for one in side if len(one) >= 32 and one[0] == 4 and len(one) % 16 == 0 and not any(one[1:4])]
    counters = list(dict.fromkeys(int.from_bytes(one[8:16], "little") for one in data))  # two ports mirror a packet twice
    steps = [0 < after - before < 1 << 16 for before, after in pairwise(counters)]
    return len(counters) >= 3 and len({one[4:8] for one in data}) <= 2 and sum(steps) * 3 >= len(steps) * 2


def _tailscale(talk: Talk, sides: Sides) -> Found:
    if any(one.startswith(DISCO) for side in sides for one in side):
        yield from _of(talk, "tunnel", "tailscale", "Tailscale")


def _openvpn(talk: Talk, sides: Sides) -> Found:
    """A reset of the client and the server's answer; or one side that goes on with the session it began."""
    for client, server in (sides, (sides[1], sides[0])):
        resets = [one for one in client if 14 <= len(one) <= 600 and one[0] in (0x38, 0x50)]
        if not resets:
            continue
        session = resets[0][1:9]
        if not any(session):
            continue
        answered = any(len(one) >= 14 and one[0] == 0x40 for one in server)
        goes_on = [one for one in client if len(one) >= 14 and one[1:9] == session and one[0] in (0x20, 0x28)]
        if answered or len(goes_on) >= 2 or len([one for one in resets if one[1:9] == session]) >= 3:
            yield from _of(talk, "tunnel", "openvpn", "OpenVPN")
            return
    for client in sides:  # only the server's side was captured
        resets = [one for one in client if 14 <= len(one) <= 600 and one[0] == 0x40]
        if resets and len([one for one in client if one[1:9] == resets[0][1:9] and one[0] in (0x20, 0x28)]) >= 2:
            yield from _of(talk, "tunnel", "openvpn", "OpenVPN")
            return


def _ipsec(talk: Talk, sides: Sides) -> Found:
    """IKE (RFC 2408 §3.1, RFC 7296 §3.1), and ESP in UDP (RFC 3948), by a header whose length is right."""
    for one in (*sides[0], *sides[1]):
        marked = one[:4] == bytes(4) and len(one) > 32
        octets = one[4:] if marked else one
        is_port = bool({talk.ends[0][1], talk.ends[1][1]} & {IKE, IKE_NAT})
        is_head = len(octets) >= 28 and octets[17] in (0x10, 0x20) and int.from_bytes(octets[24:28], "big") == len(octets)
        if is_head and any(octets[:8]) and (marked or is_port) and octets[18] in IKE_EXCHANGES:
            yield from _of(talk, "tunnel", "ipsec", "IPsec")
            return
    if IKE_NAT in (talk.ends[0][1], talk.ends[1][1]):
        for side in sides:
            data = [one for one in side if len(one) >= 24 and any(one[:4])]
            counters = list(dict.fromkeys(int.from_bytes(one[4:8], "big") for one in data))
            if len(counters) >= 3 and len({one[:4] for one in data}) == 1 and counters == sorted(set(counters)):
                yield from _of(talk, "tunnel", "ipsec", "IPsec")
                return


IKE_EXCHANGES = frozenset((2, 3, 4, 5, 6, 32, 33, *range(34, 45)))


def _l2tp(talk: Talk, sides: Sides) -> Found:
    """Control messages of L2TP version 2 (RFC 2661 §3.1)."""
    for one in (*sides[0], *sides[1]) if 1701 in (talk.ends[0][1], talk.ends[1][1]) else ():
        if len(one) >= 12 and one[0] & 0xC8 == 0xC8 and one[1] & 0x0F == 2 and int.from_bytes(one[2:4], "big") == len(one):
            yield from _of(talk, "tunnel", "l2tp", "L2TP")
            return


def _softether(talk: Talk, sides: Sides) -> Found:
    """SoftEther's NAT traversal: its answers tell our own address, its questions carry an opcode."""
    for one in (*sides[0], *sides[1]):
        is_answer = re.match(rb"IP=\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3},PORT=\d+", one) is not None
        if is_answer or (b"opcode\0" in one[:24] and one[:3] == bytes(3)):
            yield from _of(talk, "tunnel", "softether", "SoftEther")
            return


def _teamviewer(talk: Talk, sides: Sides) -> Found:
    if sum(one[:1] == b"\0" and one[11:13] == b"\x17\x24" for side in sides for one in side) >= 2:
        yield from _of(talk, "remote_control", "teamviewer", "TeamViewer")


def _sharing(talk: Talk, sides: Sides) -> Found:
    """BitTorrent's distributed table (BEP 5), its local search (BEP 14), its trackers (BEP 15)."""
    for one in (*sides[0], *sides[1]):
        is_table = one[:1] == b"d" and one[-1:] == b"e" and re.match(rb"d1:[arq]", one) is not None and b"1:y1:" in one
        is_tracker = len(one) == 16 and one[:12] == bytes.fromhex("000004172710198000000000")
        if is_table or is_tracker or one.startswith(b"BT-SEARCH * HTTP/1.1"):
            yield from _of(talk, "file_sharing", "bittorrent", "BitTorrent")
            return


HANDSHAKES: tuple[tuple[str, Callable[[Talk, Sides], Found]], ...] = (
    ("tailscale", _tailscale),
    ("wireguard", _wireguard),
    ("openvpn", _openvpn),
    ("ipsec", _ipsec),
    ("l2tp", _l2tp),
    ("softether", _softether),
    ("teamviewer", _teamviewer),
    ("sharing", _sharing),
)
